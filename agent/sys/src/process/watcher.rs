//! Programs that live shorter than a cycle, through the kernel's process connector (connector(4), cn_proc.h).
//!
//! Invariant: opening it never fails the agent: without CAP_NET_ADMIN there is a sentence instead. Reading never blocks,
//! and what the kernel dropped because we were slow is counted, not ignored.
//!
//! Not here: identification. The event names a process id; whoever is quick enough finds it in /proc.

use std::io;
use std::mem::MaybeUninit;

use rustix::fd::OwnedFd;
use rustix::net::netlink::{CONNECTOR, SocketAddrNetlink};
use rustix::net::{self, AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType};

use super::ProcessEvent;

/// Multicast group and message id of the process events (CN_IDX_PROC, CN_VAL_PROC).
const PROC_INDEX: u32 = 1;
const PROC_VALUE: u32 = 1;
const LISTEN: u32 = 1;
/// nlmsghdr (16) + cn_msg (20).
const HEADER: usize = 36;
/// One event is under 100 bytes; the kernel sends one per message.
const MESSAGE: usize = 1024;
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
        Self::try_open().map_err(|error| {
            format!("processes shorter than the sampling interval: the kernel's process connector is not available ({})", error.kind())
        })
    }

    fn try_open() -> io::Result<Self> {
        let socket = net::socket_with(
            AddressFamily::NETLINK,
            SocketType::DGRAM,
            SocketFlags::CLOEXEC | SocketFlags::NONBLOCK,
            Some(CONNECTOR),
        )?;
        net::bind(&socket, &SocketAddrNetlink::new(0, PROC_INDEX))?;
        net::send(&socket, &subscription(), SendFlags::empty())?;
        Ok(Self {
            socket,
            overflows: 0,
        })
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

/// nlmsghdr, cn_msg and the word PROC_CN_MCAST_LISTEN.
fn subscription() -> Vec<u8> {
    const DONE: u16 = 3;
    let length = (HEADER + 4) as u32;
    let mut out = Vec::with_capacity(HEADER + 4);
    out.extend(length.to_ne_bytes());
    out.extend(DONE.to_ne_bytes());
    out.extend(0_u16.to_ne_bytes());
    out.extend(0_u32.to_ne_bytes());
    out.extend(0_u32.to_ne_bytes());
    out.extend(PROC_INDEX.to_ne_bytes());
    out.extend(PROC_VALUE.to_ne_bytes());
    out.extend([0_u8; 8]);
    out.extend(4_u16.to_ne_bytes());
    out.extend(0_u16.to_ne_bytes());
    out.extend(LISTEN.to_ne_bytes());
    out
}

/// struct proc_event: what u32, cpu u32, timestamp u64, then (tid, tgid, ...). A thread's events (tid ≠ tgid) are no
/// process'.
fn event_of(message: &[u8]) -> Option<ProcessEvent> {
    const EXEC: u32 = 2;
    const EXIT: u32 = 0x8000_0000;
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
        EXIT => Some(ProcessEvent::Exit {
            pid,
            status: word(6)?,
        }),
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
    fn starts_and_ends_of_processes_only() {
        assert_eq!(
            event_of(&message(2, 70, 70, 0)),
            Some(ProcessEvent::Exec { pid: 70 })
        );
        assert_eq!(
            event_of(&message(0x8000_0000, 70, 70, 256)),
            Some(ProcessEvent::Exit {
                pid: 70,
                status: 256
            })
        );
        assert_eq!(event_of(&message(0x8000_0000, 71, 70, 0)), None);
        assert_eq!(event_of(&message(1, 70, 70, 0)), None);
    }

    #[test]
    fn a_short_program_is_heard_or_the_blindness_is_told() {
        let mut watcher = match Watcher::open() {
            Ok(watcher) => watcher,
            Err(sentence) => {
                assert!(sentence.contains("process connector"));
                return;
            }
        };
        let mut child = std::process::Command::new("true").spawn().unwrap();
        let pid = child.id();
        child.wait().unwrap();
        let heard = (0..200).any(|_| {
            std::thread::sleep(std::time::Duration::from_millis(5));
            watcher
                .drain()
                .iter()
                .any(|event| matches!(event, ProcessEvent::Exit { pid: one, .. } if *one == pid))
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
