//! Starts of programs as they happen, through the kernel's process connector (connector(4), cn_proc.h).
//!
//! Invariant: opening it never fails the agent: where the kernel refuses (before 6.6 without CAP_NET_ADMIN, in a container)
//! there is a sentence instead. Reading never blocks, and what the kernel dropped because we were slow is counted, not ignored.
//!
//! Not here: identification. The event names a process id; whoever is quick enough finds it in /proc (see `listener`).

use std::io;
use std::mem::MaybeUninit;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::fd::OwnedFd;
use rustix::net::netlink::{CONNECTOR, SocketAddrNetlink};
use rustix::net::{self, AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType};

use super::ProcessEvent;

/// Multicast group and message id of the process events (CN_IDX_PROC, CN_VAL_PROC).
const PROC_INDEX: u32 = 1;
const PROC_VALUE: u32 = 1;
const LISTEN: u32 = 1;
/// PROC_EVENT_EXEC. Ends are not asked for: what is gone at the next look has ended.
const EXEC: u32 = 2;
/// nlmsghdr (16) + cn_msg (20).
const HEADER: usize = 36;
/// One event is under 100 bytes; the kernel sends one per message.
const MESSAGE: usize = 1024;
/// The kernel's queue in front of us: about a thousand starts. It grants less where the administrator allows less.
const QUEUE_BYTES: usize = 1024 * 1024;
/// Inode numbers of the first namespaces (proc_ns.h): the connector tells nobody outside them, without an error.
const FIRST_NAMESPACES: [(&str, &str); 2] = [
    ("/proc/self/ns/pid", "pid:[4026531836]"),
    ("/proc/self/ns/user", "user:[4026531837]"),
];
/// Since this version the kernel sends only the kinds of events that were asked for.
const FILTERS_SINCE: (u32, u32) = (6, 6);
/// Messages taken per call, so that a fork storm cannot keep us here.
const MAX_PER_DRAIN: usize = 4096;

/// An open connector.
#[derive(Debug)]
pub struct Watcher {
    socket: OwnedFd,
    /// Times that the kernel's queue overflowed: some events are missing.
    overflows: u64,
}

impl Watcher {
    /// Opens and subscribes. The error is a sentence for `blind_spots`.
    ///
    /// # Errors
    /// No permission, no such kernel feature, or a network namespace of its own (then the kernel refuses).
    pub fn open() -> Result<Self, String> {
        let blind = |reason: &str| {
            format!(
                "processes shorter than the sampling interval: the kernel's process connector is not available ({reason})"
            )
        };
        let is_outside = FIRST_NAMESPACES.iter().any(|(link, first)| {
            std::fs::read_link(link).is_ok_and(|own| own != std::path::Path::new(first))
        });
        if is_outside {
            return Err(blind("a container hears nothing of it"));
        }
        Self::try_open().map_err(|error| blind(&error.kind().to_string()))
    }

    fn try_open() -> io::Result<Self> {
        let socket = net::socket_with(
            AddressFamily::NETLINK,
            SocketType::DGRAM,
            SocketFlags::CLOEXEC | SocketFlags::NONBLOCK,
            Some(CONNECTOR),
        )?;
        net::bind(&socket, &SocketAddrNetlink::new(0, PROC_INDEX))?;
        // Refused only where a smaller queue must do.
        net::sockopt::set_socket_recv_buffer_size(&socket, QUEUE_BYTES).ok();
        net::send(
            &socket,
            &subscription(kernel_version() >= FILTERS_SINCE),
            SendFlags::empty(),
        )?;
        Ok(Self {
            socket,
            overflows: 0,
        })
    }

    /// Sleeps until something has happened. False when the socket is of no use any more.
    pub fn wait(&self) -> bool {
        let mut sockets = [PollFd::new(&self.socket, PollFlags::IN)];
        match poll(&mut sockets, None) {
            Ok(_) | Err(rustix::io::Errno::INTR) => true,
            Err(_) => false,
        }
    }

    /// Everything that has happened since the last call, oldest first.
    pub fn drain(&mut self) -> Vec<ProcessEvent> {
        let mut events = Vec::new();
        for _ in 0..MAX_PER_DRAIN {
            let mut buffer = [MaybeUninit::<u8>::uninit(); MESSAGE];
            match net::recv(&self.socket, &mut buffer, RecvFlags::empty()) {
                Ok(((message, _), _)) => events.extend(event_of(message)),
                // ENOBUFS: the kernel's queue was full; the socket goes on.
                Err(rustix::io::Errno::NOBUFS) => self.overflows += 1,
                Err(rustix::io::Errno::INTR) => {}
                Err(_) => break,
            }
        }
        events
    }

    /// How often events were lost because we were slow.
    pub fn overflows(&self) -> u64 {
        self.overflows
    }
}

/// nlmsghdr, cn_msg, the word PROC_CN_MCAST_LISTEN, and where the kernel filters, which events.
fn subscription(with_filter: bool) -> Vec<u8> {
    const DONE: u16 = 3;
    let payload: u16 = if with_filter { 8 } else { 4 };
    let length = HEADER as u32 + u32::from(payload);
    let mut out = Vec::with_capacity(HEADER + 8);
    out.extend(length.to_ne_bytes());
    out.extend(DONE.to_ne_bytes());
    out.extend(0_u16.to_ne_bytes());
    out.extend(0_u32.to_ne_bytes());
    out.extend(0_u32.to_ne_bytes());
    out.extend(PROC_INDEX.to_ne_bytes());
    out.extend(PROC_VALUE.to_ne_bytes());
    out.extend([0_u8; 8]);
    out.extend(payload.to_ne_bytes());
    out.extend(0_u16.to_ne_bytes());
    out.extend(LISTEN.to_ne_bytes());
    if with_filter {
        out.extend(EXEC.to_ne_bytes());
    }
    out
}

/// Major and minor; (0, 0) when it is not told.
fn kernel_version() -> (u32, u32) {
    let uname = rustix::system::uname();
    let release = uname.release().to_string_lossy();
    let mut parts = release
        .split(|c: char| !c.is_ascii_digit())
        .map(|part| part.parse().unwrap_or(0));
    (parts.next().unwrap_or(0), parts.next().unwrap_or(0))
}

/// struct proc_event: what u32, cpu u32, timestamp u64, then (tid, tgid, ...). A thread's events (tid ≠ tgid) are no
/// process'.
fn event_of(message: &[u8]) -> Option<ProcessEvent> {
    let word = |index: usize| {
        let at = HEADER + index * 4;
        let bytes = message.get(at..at + 4)?;
        Some(u32::from_ne_bytes(bytes.try_into().ok()?))
    };
    let (what, thread, pid) = (word(0)?, word(4)?, word(5)?);
    if thread != pid || pid == 0 {
        return None;
    }
    match what {
        EXEC => Some(ProcessEvent::Exec { pid }),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    fn message(what: u32, thread: u32, pid: u32, status: u32) -> Vec<u8> {
        let mut out = vec![0_u8; HEADER];
        for word in [what, 0, 0, 0, thread, pid, status, 17] {
            out.extend(word.to_ne_bytes());
        }
        out
    }

    #[test]
    fn starts_of_processes_only() {
        assert_eq!(
            event_of(&message(2, 70, 70, 0)),
            Some(ProcessEvent::Exec { pid: 70 })
        );
        assert_eq!(event_of(&message(0x8000_0000, 70, 70, 256)), None);
        assert_eq!(event_of(&message(2, 71, 70, 0)), None);
        assert_eq!(event_of(&message(1, 70, 70, 0)), None);
    }

    #[test]
    fn a_short_program_is_heard_or_the_blindness_is_told() {
        let mut watcher = match Watcher::open() {
            Ok(watcher) => watcher,
            Err(sentence) => {
                assert!(sentence.contains("process connector"));
                eprintln!("skipped: {sentence}");
                return;
            }
        };
        let mut child = std::process::Command::new("true").spawn().unwrap();
        let pid = child.id();
        child.wait().unwrap();
        let heard = (0..200).any(|_| {
            std::thread::sleep(std::time::Duration::from_millis(5));
            watcher.drain().contains(&ProcessEvent::Exec { pid })
        });
        assert!(heard);
    }

    proptest! {
        #[test]
        fn any_bytes_are_survived(message in proptest::collection::vec(any::<u8>(), 0..120)) {
            let _ = event_of(&message);
        }
    }
}
