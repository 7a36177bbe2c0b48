//! The calls.
//!
//! Invariant: a process is opened for the least right that answers (QUERY_LIMITED_INFORMATION) and closed at once.
#![allow(unsafe_code)]

use windows_sys::Wdk::System::SystemInformation::NtQuerySystemInformation;
use windows_sys::Wdk::System::Threading::{
    NtQueryInformationProcess, ProcessCommandLineInformation,
};
use windows_sys::Win32::Foundation::{STATUS_INFO_LENGTH_MISMATCH, UNICODE_STRING};
use windows_sys::Win32::Storage::FileSystem::{
    GetDriveTypeW, GetFileVersionInfoSizeW, GetFileVersionInfoW,
};
use windows_sys::Win32::System::Threading::{
    OpenProcess, PROCESS_QUERY_LIMITED_INFORMATION, QueryFullProcessImageNameW,
};
use windows_sys::Win32::System::WindowsProgramming::{DRIVE_FIXED, DRIVE_REMOTE, DRIVE_REMOVABLE};

use super::place::{self, Drive};
use super::{arguments, class, list as parser, signature, version};
use crate::process::elsewhere::UNKNOWN_ACCOUNT;
use crate::process::{About, Instance, Place, UserClass};
use crate::win32::{Handle, text, token, wide};

/// SystemProcessInformation (Microsoft Learn, NtQuerySystemInformation).
const SYSTEM_PROCESS_INFORMATION: i32 = 5;
/// 300 processes with their threads need half a megabyte; the kernel says when it is more.
const LIST_BYTES: usize = 1024 * 1024;
const LIST_LIMIT: usize = 64 * 1024 * 1024;
/// The longest path of Windows.
const PATH_UNITS: usize = 32 * 1024;
/// A version record is a few kilobytes.
const VERSION_LIMIT: u32 = 256 * 1024;
const ARGUMENT_BYTES: usize = 64 * 1024;

/// Every process with its cost.
pub fn list() -> Option<Vec<Instance>> {
    let mut size = LIST_BYTES;
    while size <= LIST_LIMIT {
        let mut buffer = vec![0_u64; size / 8];
        let mut needed = 0_u32;
        // SAFETY: the buffer's length in bytes is passed with it.
        let status = unsafe {
            NtQuerySystemInformation(
                SYSTEM_PROCESS_INFORMATION,
                buffer.as_mut_ptr().cast(),
                u32::try_from(size).ok()?,
                &mut needed,
            )
        };
        if status == STATUS_INFO_LENGTH_MISMATCH {
            size *= 2;
            continue;
        }
        if status < 0 {
            return None;
        }
        let base = buffer.as_ptr() as u64;
        let length = usize::try_from(needed).unwrap_or(size).min(size);
        // SAFETY: u64 has no invalid bytes, the slice is the buffer's own memory and shorter than it.
        let bytes = unsafe { std::slice::from_raw_parts(buffer.as_ptr().cast::<u8>(), length) };
        return Some(parser::parse(bytes, base));
    }
    None
}

fn open(pid: u32) -> Option<Handle> {
    // SAFETY: no pointers; the handle is ours.
    unsafe { Handle::own(OpenProcess(PROCESS_QUERY_LIMITED_INFORMATION, 0, pid)) }
}

/// Full path of its executable.
pub fn path_of(pid: u32) -> Option<String> {
    let process = open(pid)?;
    let mut buffer = vec![0_u16; PATH_UNITS];
    let mut length = PATH_UNITS as u32;
    // SAFETY: `length` says how many units the buffer holds.
    let done =
        unsafe { QueryFullProcessImageNameW(process.raw(), 0, buffer.as_mut_ptr(), &mut length) };
    (done != 0).then(|| text(&buffer))
}

/// Class of its account. Windows has no user number.
pub fn account_of(pid: u32) -> (Option<u32>, UserClass) {
    // The kernel's own process may not be opened and needs no asking.
    if pid == 4 {
        return (None, UserClass::System);
    }
    match open(pid).and_then(|process| token::sid_of(&process)) {
        Some(sid) => (None, class::of(&sid)),
        None => UNKNOWN_ACCOUNT,
    }
}

/// Its command line in words.
pub fn arguments_of(pid: u32) -> Vec<String> {
    let Some(process) = open(pid) else {
        return Vec::new();
    };
    let mut buffer = vec![0_u64; ARGUMENT_BYTES / 8];
    let mut needed = 0_u32;
    // SAFETY: the buffer's length in bytes is passed with it; on success it begins with a UNICODE_STRING whose text lies
    // in the same buffer, which is checked before it is read.
    unsafe {
        let status = NtQueryInformationProcess(
            process.raw(),
            ProcessCommandLineInformation,
            buffer.as_mut_ptr().cast(),
            ARGUMENT_BYTES as u32,
            &mut needed,
        );
        if status < 0 {
            return Vec::new();
        }
        let line = &*buffer.as_ptr().cast::<UNICODE_STRING>();
        let begin = buffer.as_ptr() as usize;
        let at = (line.Buffer as usize).wrapping_sub(begin);
        let length = usize::from(line.Length);
        if line.Buffer.is_null() || at > ARGUMENT_BYTES || at + length > ARGUMENT_BYTES {
            return Vec::new();
        }
        let units = std::slice::from_raw_parts(line.Buffer.cast_const(), length / 2);
        arguments::split(&String::from_utf16_lossy(units))
    }
}

/// A share's path, or one on a drive letter that stands for a share.
pub fn is_network_path(path: &str) -> bool {
    place_of(path, false) == Place::Network
}

/// Place class of a path.
pub fn place_of(path: &str, deleted: bool) -> Place {
    let drive = match path.get(..3) {
        Some(root) if root.ends_with(r":\") => {
            let root = wide(root);
            // SAFETY: the text ends with zero and lives during the call.
            match unsafe { GetDriveTypeW(root.as_ptr()) } {
                DRIVE_FIXED => Drive::Fixed,
                DRIVE_REMOVABLE => Drive::Removable,
                DRIVE_REMOTE => Drive::Network,
                _ => Drive::Unknown,
            }
        }
        _ => Drive::Unknown,
    };
    place::of(path, drive, deleted)
}

/// Version record and signature of a file.
pub fn about(path: &str) -> About {
    let version = version_record(path)
        .map(|raw| version::parse(&raw))
        .unwrap_or_default();
    About {
        signer: signature::signer(path).unwrap_or_default(),
        original_file_name: version.original_file_name,
        description: version.description,
        bundle_id: String::new(),
    }
}

fn version_record(path: &str) -> Option<Vec<u8>> {
    let path = wide(path);
    // SAFETY: the path ends with zero; the second call writes at most the length that is passed with the buffer.
    unsafe {
        let length = GetFileVersionInfoSizeW(path.as_ptr(), std::ptr::null_mut());
        if length == 0 || length > VERSION_LIMIT {
            return None;
        }
        let mut record = vec![0_u8; usize::try_from(length).ok()?];
        (GetFileVersionInfoW(path.as_ptr(), 0, length, record.as_mut_ptr().cast()) != 0)
            .then_some(record)
    }
}

/// What an ordinary account cannot see.
pub fn blind_spots() -> Vec<String> {
    if token::is_elevated() {
        Vec::new()
    } else {
        vec!["processes of other accounts: path, hash and account are not readable without an administrator's account".to_owned()]
    }
}
