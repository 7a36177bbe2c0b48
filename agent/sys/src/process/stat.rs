//! One line of /proc/PID/stat, as proc_pid_stat(5) describes it.
//!
//! Invariant: any bytes give a value or `None`, and the name is taken between the first "(" and the last ")", because a
//! program may put blanks and parentheses into its own name.
//!
//! Not here: units; ticks and pages are converted by the table, which knows the kernel's.

/// The fields that a cycle needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stat<'a> {
    pub comm: &'a [u8],
    pub parent_pid: u32,
    pub kernel_thread: bool,
    pub user_ticks: u64,
    pub system_ticks: u64,
    pub start_ticks: u64,
    pub resident_pages: u64,
    pub is_zombie: bool,
}

/// PF_KTHREAD of the kernel's include/linux/sched.h.
const KERNEL_THREAD: u64 = 0x0020_0000;

pub fn parse(line: &[u8]) -> Option<Stat<'_>> {
    let open = line.iter().position(|byte| *byte == b'(')?;
    let close = line.iter().rposition(|byte| *byte == b')')?;
    let comm = line.get(open + 1..close)?;
    // After the name: state is field 3 of the page, so index 0 here.
    let mut fields = line
        .get(close + 1..)?
        .split(|byte| byte.is_ascii_whitespace())
        .filter(|field| !field.is_empty());
    let state = fields.next()?;
    let parent_pid = u32::try_from(number(fields.next()?)?).ok()?;
    // Skip pgrp, session, tty_nr, tpgid; then flags.
    let flags = number(fields.nth(4)?)?;
    // Skip minflt, cminflt, majflt, cmajflt; then utime, stime.
    let user_ticks = number(fields.nth(4)?)?;
    let system_ticks = number(fields.next()?)?;
    // Skip cutime, cstime, priority, nice, num_threads, itrealvalue; then starttime.
    let start_ticks = number(fields.nth(6)?)?;
    // Skip vsize; then rss.
    let resident_pages = number(fields.nth(1)?)?;
    Some(Stat {
        comm,
        parent_pid,
        kernel_thread: flags & KERNEL_THREAD != 0,
        user_ticks,
        system_ticks,
        start_ticks,
        resident_pages,
        is_zombie: state == b"Z",
    })
}

/// Non-negative decimal; the fields that we read are never negative except rss of a dying process, which counts as 0.
fn number(field: &[u8]) -> Option<u64> {
    if field.first() == Some(&b'-') {
        return Some(0);
    }
    let mut value = 0_u64;
    for byte in field {
        let digit = byte.checked_sub(b'0').filter(|digit| *digit <= 9)?;
        value = value.checked_mul(10)?.checked_add(u64::from(digit))?;
    }
    (!field.is_empty()).then_some(value)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    const LINE: &[u8] = b"4242 (we (ird) na) me) S 17 4242 4242 0 -1 4194304 500 0 3 0 120 30 0 0 20 0 1 0 98765 11000000 321 18446744073709551615 1 1\n";

    #[test]
    fn a_name_with_parentheses_is_whole() {
        let stat = parse(LINE).unwrap();
        assert_eq!(stat.comm, b"we (ird) na) me");
        assert_eq!(stat.parent_pid, 17);
        assert_eq!((stat.user_ticks, stat.system_ticks), (120, 30));
        assert_eq!(stat.start_ticks, 98765);
        assert_eq!(stat.resident_pages, 321);
        assert!(!stat.kernel_thread);
    }

    #[test]
    fn a_kernel_thread_is_known_by_its_flag() {
        let line = b"2 (kthreadd) S 0 0 0 0 -1 2129984 0 0 0 0 0 5 0 0 20 0 1 0 1 0 0 0";
        assert!(parse(line).unwrap().kernel_thread);
    }

    proptest! {
        #[test]
        fn any_bytes_are_survived(line in proptest::collection::vec(any::<u8>(), 0..400)) {
            let _ = parse(&line);
        }
    }
}
