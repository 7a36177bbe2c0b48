//! /var/log/wtmp: starts, shutdowns and clock changes as utmp(5) records.
//!
//! Invariant: any bytes give entries or nothing. A record is 384 bytes with 32-bit times on every 64-bit Linux that kept
//! the old layout; a file in the other byte order, a torn tail and records of a later layout are recognised or skipped.
//!
//! Not here: logins. User names in the file are never looked at, except the three reserved words of boot records.

use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

use jiff::Timestamp;

use crate::files;

const RECORD: usize = 384;
/// The newest 8 MiB: 21,000 records, years of boots.
const LIMIT: u64 = 8 * 1024 * 1024;
const LIMIT_BYTES: i64 = 8 * 1024 * 1024;

// Types of utmp(5).
const RUN_LEVEL: i16 = 1;
const BOOT: i16 = 2;
const NEW_TIME: i16 = 3;
const OLD_TIME: i16 = 4;

/// What a record says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Boot,
    /// systemd, or runlevel 0 or 6 of the old init.
    Shutdown(Towards),
    /// The clock's value before and after a change.
    OldTime,
    NewTime,
}

/// Where a shutdown goes, as far as the record says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Towards {
    Restart,
    Poweroff,
    Unsaid,
}

/// One record of interest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    pub kind: Kind,
    pub at: Timestamp,
}

/// The records below `root`, rotated file first. The error is a sentence for `blind_spots`.
pub fn read(root: &Path) -> Result<Vec<Entry>, String> {
    let mut entries = Vec::new();
    let mut seen = false;
    for path in ["/var/log/wtmp.1", "/var/log/wtmp"] {
        if let Some(bytes) = tail(&files::under(root, path)) {
            seen = true;
            entries.extend(parse(&bytes));
        }
    }
    if !seen {
        return Err(
            "boots: no readable /var/log/wtmp; restarts without a journal are not seen".to_owned(),
        );
    }
    Ok(entries)
}

/// The newest `LIMIT` bytes, from a record's edge.
fn tail(path: &Path) -> Option<Vec<u8>> {
    let mut file = files::open(path).ok()?;
    let length = file.metadata().ok()?.len();
    if length > LIMIT {
        // Both are multiples of the record size only by chance: align to the file's own grid.
        let torn = i64::try_from(length % RECORD as u64).ok()?;
        let back = LIMIT_BYTES / RECORD as i64 * RECORD as i64 + torn;
        file.seek(SeekFrom::End(-back)).ok()?;
    }
    let mut bytes = Vec::new();
    file.take(LIMIT + RECORD as u64)
        .read_to_end(&mut bytes)
        .ok()?;
    Some(bytes)
}

/// All entries of interest in file order. The torn end is dropped.
pub fn parse(bytes: &[u8]) -> Vec<Entry> {
    let is_foreign = is_other_byte_order(bytes);
    bytes
        .chunks_exact(RECORD)
        .filter_map(|record| entry(record, is_foreign))
        .collect()
}

/// Types are 0 to 9: in the other byte order they read as multiples of 256.
fn is_other_byte_order(bytes: &[u8]) -> bool {
    let types: Vec<i16> = bytes
        .chunks_exact(RECORD)
        .take(64)
        .filter_map(|record| Some(i16::from_le_bytes(record.get(..2)?.try_into().ok()?)))
        .collect();
    let plausible = |kind: &i16| (0..=9).contains(kind);
    let swapped = |kind: &i16| (0..=9).contains(&kind.swap_bytes());
    types.iter().filter(|kind| plausible(kind)).count()
        < types.iter().filter(|kind| swapped(kind)).count()
}

fn entry(record: &[u8], is_foreign: bool) -> Option<Entry> {
    // Offsets of struct utmp: type 0, pid 4, line 8, id 40, user 44, host 76, exit 332, session 336, seconds 340.
    let short = |at: usize| Some(i16::from_le_bytes(record.get(at..at + 2)?.try_into().ok()?));
    let long = |at: usize| Some(i32::from_le_bytes(record.get(at..at + 4)?.try_into().ok()?));
    let order16 = |value: i16| {
        if is_foreign {
            value.swap_bytes()
        } else {
            value
        }
    };
    let order32 = |value: i32| {
        if is_foreign {
            value.swap_bytes()
        } else {
            value
        }
    };
    let kind = order16(short(0)?);
    let seconds = order32(long(340)?);
    // 32 bits unsigned carry the layout to 2106; nothing was recorded before 1970.
    let at = Timestamp::from_second(i64::from(seconds.cast_unsigned())).ok()?;
    let user = record.get(44..76)?;
    let is_user = |word: &[u8]| user.starts_with(word) && user.get(word.len()) == Some(&0);
    let kind = match kind {
        BOOT => Kind::Boot,
        RUN_LEVEL if is_user(b"shutdown") => Kind::Shutdown(match order32(long(4)?) & 0xff {
            level if level == i32::from(b'6') => Towards::Restart,
            level if level == i32::from(b'0') => Towards::Poweroff,
            _ => Towards::Unsaid,
        }),
        // sysvinit: the new run level is the low byte of the pid field.
        RUN_LEVEL => match u8::try_from(order32(long(4)?) & 0xff).ok()? {
            b'6' => Kind::Shutdown(Towards::Restart),
            b'0' => Kind::Shutdown(Towards::Poweroff),
            _ => return None,
        },
        OLD_TIME => Kind::OldTime,
        NEW_TIME => Kind::NewTime,
        _ => return None,
    };
    Some(Entry { kind, at })
}

#[cfg(test)]
pub(super) mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    pub fn record(kind: i16, pid: i32, user: &str, seconds: i32) -> Vec<u8> {
        let mut out = vec![0_u8; RECORD];
        out[..2].copy_from_slice(&kind.to_le_bytes());
        out[4..8].copy_from_slice(&pid.to_le_bytes());
        out[8] = b'~';
        out[44..44 + user.len()].copy_from_slice(user.as_bytes());
        out[340..344].copy_from_slice(&seconds.to_le_bytes());
        out
    }

    #[test]
    fn starts_and_shutdowns_are_read_and_a_torn_end_is_dropped() {
        let mut bytes = record(2, 0, "reboot", 1000);
        bytes.extend(record(7, 4, "anna", 1100));
        bytes.extend(record(1, 0, "shutdown", 1200));
        bytes.extend(record(1, i32::from(b'6') + 256 * 53, "runlevel", 1201));
        bytes.extend(&record(2, 0, "reboot", 1300)[..100]);
        let kinds: Vec<Kind> = parse(&bytes).iter().map(|entry| entry.kind).collect();
        assert_eq!(
            kinds,
            [
                Kind::Boot,
                Kind::Shutdown(Towards::Unsaid),
                Kind::Shutdown(Towards::Restart)
            ]
        );
    }

    #[test]
    fn the_other_byte_order_is_recognised() {
        let mut bytes = Vec::new();
        for second in [1000, 2000] {
            let mut one = vec![0_u8; RECORD];
            one[..2].copy_from_slice(&2_i16.to_be_bytes());
            one[340..344].copy_from_slice(&i32::to_be_bytes(second));
            bytes.extend(one);
        }
        let seen = parse(&bytes);
        assert_eq!(seen.len(), 2);
        assert_eq!(seen[0].at.as_second(), 1000);
    }

    #[test]
    fn a_missing_file_is_a_sentence() {
        let root = tempfile::tempdir().unwrap();
        assert!(read(root.path()).unwrap_err().contains("wtmp"));
    }

    proptest! {
        #[test]
        fn any_bytes_are_survived(bytes in proptest::collection::vec(any::<u8>(), 0..1500)) {
            let _ = parse(&bytes);
        }
    }
}
