//! The calls.
//!
//! Invariant: every buffer's length is passed with it; a call that fails means "not seen".
#![allow(unsafe_code)]

use std::time::Duration;

use super::{arguments, codesign};
use crate::command;
use crate::process::elsewhere::UNKNOWN_ACCOUNT;
use crate::process::place::{self, Known};
use crate::process::{About, Instance, InstanceKey, Place, UserClass};

/// A tool that hangs (a broken disk image) must not hold the look.
const CODESIGN: command::Limits = command::Limits {
    time: Duration::from_secs(5),
    max_bytes: 64 * 1024,
    max_lines: 200,
};
/// Programs on the sealed system volume are Apple's: the volume's own signature says so, no tool is asked.
const SEALED: [&str; 6] = [
    "/System",
    "/usr/bin",
    "/usr/sbin",
    "/usr/libexec",
    "/bin",
    "/sbin",
];
/// Accounts from here on are people's (Apple's convention; below are daemons, most with a name that begins with "_").
const FIRST_PERSON: u32 = 500;
const NOBODY: u32 = u32::MAX - 1;
const ARGUMENT_BYTES: usize = 256 * 1024;

/// Every process with its cost.
pub fn list() -> Option<Vec<Instance>> {
    // SAFETY: with a null buffer the call only counts.
    let count = unsafe { libc::proc_listallpids(std::ptr::null_mut(), 0) };
    // Some room for processes that begin meanwhile.
    let mut pids = vec![0_i32; usize::try_from(count).ok()? + 64];
    let bytes = i32::try_from(pids.len() * size_of::<i32>()).ok()?;
    // SAFETY: the buffer's length in bytes is passed with it.
    let found = unsafe { libc::proc_listallpids(pids.as_mut_ptr().cast(), bytes) };
    pids.truncate(usize::try_from(found).ok()?);
    Some(pids.into_iter().filter_map(instance).collect())
}

fn task(pid: i32) -> Option<libc::proc_taskallinfo> {
    // SAFETY: the structure is plain numbers, for which zeros are valid.
    let mut info: libc::proc_taskallinfo = unsafe { std::mem::zeroed() };
    let size = size_of::<libc::proc_taskallinfo>() as i32;
    // SAFETY: the structure's size is passed with it.
    let written = unsafe {
        libc::proc_pidinfo(
            pid,
            libc::PROC_PIDTASKALLINFO,
            0,
            (&raw mut info).cast(),
            size,
        )
    };
    (written == size).then_some(info)
}

fn bsd(pid: i32) -> Option<libc::proc_bsdinfo> {
    // SAFETY: the structure is plain numbers, for which zeros are valid.
    let mut info: libc::proc_bsdinfo = unsafe { std::mem::zeroed() };
    let size = size_of::<libc::proc_bsdinfo>() as i32;
    // SAFETY: the structure's size is passed with it. This flavour is answered for other accounts' processes too.
    let written =
        unsafe { libc::proc_pidinfo(pid, libc::PROC_PIDTBSDINFO, 0, (&raw mut info).cast(), size) };
    (written == size).then_some(info)
}

fn instance(pid: i32) -> Option<Instance> {
    let (bsd, cost) = match task(pid) {
        Some(info) => (info.pbsd, Some(info.ptinfo)),
        None => (bsd(pid)?, None),
    };
    let unit = nanoseconds_per_unit();
    Some(Instance {
        key: InstanceKey {
            pid: bsd.pbi_pid,
            start_ticks: bsd.pbi_start_tvsec * 100 + bsd.pbi_start_tvusec / 10_000,
        },
        parent_pid: bsd.pbi_ppid,
        comm: name(&bsd).into(),
        kernel_thread: bsd.pbi_pid == 0,
        cpu_time: cost.map_or(0.0, |cost| {
            (cost.pti_total_user.saturating_add(cost.pti_total_system)) as f64 * unit / 1e9
        }),
        memory_usage: cost.map_or(0, |cost| cost.pti_resident_size),
        disk_io: disk_io(pid),
    })
}

fn name(bsd: &libc::proc_bsdinfo) -> String {
    let of = |raw: &[libc::c_char]| {
        let bytes: Vec<u8> = raw
            .iter()
            .map(|letter| letter.cast_unsigned())
            .take_while(|byte| *byte != 0)
            .collect();
        String::from_utf8_lossy(&bytes).into_owned()
    };
    let long = of(&bsd.pbi_name);
    if long.is_empty() {
        of(&bsd.pbi_comm)
    } else {
        long
    }
}

/// Task times are in the processor's own units: 1 ns on Intel, 125/3 on Apple silicon.
fn nanoseconds_per_unit() -> f64 {
    #[repr(C)]
    #[derive(Default)]
    struct Timebase {
        numerator: u32,
        denominator: u32,
    }
    unsafe extern "C" {
        fn mach_timebase_info(info: *mut Timebase) -> i32;
    }
    let mut base = Timebase::default();
    // SAFETY: the structure is the documented one and is written by the call.
    unsafe { mach_timebase_info(&mut base) };
    if base.denominator == 0 {
        1.0
    } else {
        f64::from(base.numerator) / f64::from(base.denominator)
    }
}

fn disk_io(pid: i32) -> Option<u64> {
    // SAFETY: the structure is plain numbers, for which zeros are valid.
    let mut usage: libc::rusage_info_v2 = unsafe { std::mem::zeroed() };
    // SAFETY: the flavour names the structure that is passed.
    let status =
        unsafe { libc::proc_pid_rusage(pid, libc::RUSAGE_INFO_V2, (&raw mut usage).cast()) };
    (status == 0).then(|| {
        usage
            .ri_diskio_bytesread
            .saturating_add(usage.ri_diskio_byteswritten)
    })
}

/// Full path of its executable.
pub fn path_of(pid: u32) -> Option<String> {
    let mut buffer = vec![0_u8; libc::PROC_PIDPATHINFO_MAXSIZE as usize];
    // SAFETY: the buffer's length is passed with it.
    let length = unsafe {
        libc::proc_pidpath(
            i32::try_from(pid).ok()?,
            buffer.as_mut_ptr().cast(),
            buffer.len() as u32,
        )
    };
    let path = buffer.get(..usize::try_from(length).ok().filter(|length| *length > 0)?)?;
    Some(String::from_utf8_lossy(path).into_owned())
}

/// User number and class of its account.
pub fn account_of(pid: u32) -> (Option<u32>, UserClass) {
    let Some(uid) = i32::try_from(pid)
        .ok()
        .and_then(bsd)
        .map(|info| info.pbi_uid)
    else {
        return UNKNOWN_ACCOUNT;
    };
    let class = match uid {
        0 => UserClass::System,
        FIRST_PERSON..NOBODY => UserClass::Person,
        _ => UserClass::Service,
    };
    (Some(uid), class)
}

/// Its arguments; empty for another account's process without root.
pub fn arguments_of(pid: u32) -> Vec<String> {
    let mut name = [libc::CTL_KERN, libc::KERN_PROCARGS2, pid.cast_signed()];
    let mut buffer = vec![0_u8; ARGUMENT_BYTES];
    let mut length = buffer.len();
    // SAFETY: three parts of a name, the buffer's length passed with it, nothing is set.
    let status = unsafe {
        libc::sysctl(
            name.as_mut_ptr(),
            3,
            buffer.as_mut_ptr().cast(),
            &mut length,
            std::ptr::null_mut(),
            0,
        )
    };
    if status != 0 {
        return Vec::new();
    }
    arguments::parse(buffer.get(..length).unwrap_or_default())
}

/// Place class of a path.
pub fn place_of(path: &str, deleted: bool) -> Place {
    place::of(Known {
        path,
        deleted,
        ..Known::default()
    })
}

/// Signer and bundle id of a program.
pub fn about(path: &str) -> About {
    if SEALED.iter().any(|folder| place::is_below(path, folder)) {
        return About {
            signer: "Apple".to_owned(),
            ..About::default()
        };
    }
    // A broken signature is no signature.
    let holds = command::run(
        "/usr/bin/codesign",
        &["--verify", "--no-strict", path],
        CODESIGN,
    )
    .is_some_and(|output| output.success);
    if !holds {
        return About::default();
    }
    command::run_for_words("/usr/bin/codesign", &["-d", "--verbose=2", path], CODESIGN)
        .map(|output| codesign::parse(&String::from_utf8_lossy(&output.stdout)))
        .unwrap_or_default()
}

/// What an ordinary account cannot see.
pub fn blind_spots() -> Vec<String> {
    if rustix::process::geteuid().is_root() {
        Vec::new()
    } else {
        vec![
            "processes of other accounts: cost and arguments are not readable without root"
                .to_owned(),
        ]
    }
}
