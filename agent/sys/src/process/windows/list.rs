//! The buffer of `NtQuerySystemInformation(SystemProcessInformation)`, read as bytes.
//!
//! Invariant: pure; every access is checked, a broken buffer gives the entries before the break.
//!
//! Layout: SYSTEM_PROCESS_INFORMATION of 64-bit Windows, stable since Vista (Microsoft Learn documents the head; the whole
//! is in System Informer's phnt headers).

use crate::process::{Instance, InstanceKey};

const NEXT_ENTRY: usize = 0x00;
const CREATE_TIME: usize = 0x20;
const USER_TIME: usize = 0x28;
const KERNEL_TIME: usize = 0x30;
const NAME_LENGTH: usize = 0x38;
const NAME_POINTER: usize = 0x40;
const PROCESS_ID: usize = 0x50;
const PARENT_ID: usize = 0x58;
const WORKING_SET: usize = 0x90;
const READ_BYTES: usize = 0xE8;
const WRITE_BYTES: usize = 0xF0;
/// A name longer than this is no file name (MAX_PATH, UTF-16).
const NAME_LIMIT: usize = 520;
/// 100-nanosecond units.
const UNITS_PER_SECOND: f64 = 1e7;
/// From 1601 (FILETIME) to 1970.
const EPOCH_DIFFERENCE: u64 = 116_444_736_000_000_000;
/// `InstanceKey::start_ticks` counts hundredths of a second.
const UNITS_PER_TICK: u64 = 100_000;

/// Reads the entries. `base` is the address at which the buffer lay when the kernel filled it: names are pointers into it.
pub fn parse(buffer: &[u8], base: u64) -> Vec<Instance> {
    let mut out = Vec::new();
    let mut at = 0_usize;
    while let Some(instance) = entry(buffer, at, base) {
        out.extend(instance);
        match number(buffer, at + NEXT_ENTRY, 4) {
            Some(next) if next > 0 && out.len() < crate::process::listed::MAX_PROCESSES => {
                let Some(following) = usize::try_from(next)
                    .ok()
                    .and_then(|next| at.checked_add(next))
                else {
                    break;
                };
                at = following;
            }
            _ => break,
        }
    }
    out
}

/// `None` beyond the buffer, `Some(None)` for the idle "process".
fn entry(buffer: &[u8], at: usize, base: u64) -> Option<Option<Instance>> {
    let field = |offset: usize| number(buffer, at.checked_add(offset)?, 8);
    let pid = u32::try_from(field(PROCESS_ID)?).ok()?;
    let written = field(WRITE_BYTES)?;
    if pid == 0 {
        return Some(None);
    }
    let name =
        name(buffer, at, base).unwrap_or_else(|| if pid == 4 { "System" } else { "" }.to_owned());
    Some(Some(Instance {
        key: InstanceKey {
            pid,
            start_ticks: field(CREATE_TIME)?.saturating_sub(EPOCH_DIFFERENCE) / UNITS_PER_TICK,
        },
        parent_pid: field(PARENT_ID)
            .and_then(|id| u32::try_from(id).ok())
            .unwrap_or(0),
        // "System", "Registry", "Memory Compression", "Secure System": the kernel's own, without a file.
        kernel_thread: !name.contains('.')
            && matches!(
                name.as_str(),
                "System" | "Registry" | "Memory Compression" | "Secure System" | "vmmem"
            ),
        comm: name.into(),
        cpu_time: (field(USER_TIME)?.saturating_add(field(KERNEL_TIME)?)) as f64 / UNITS_PER_SECOND,
        memory_usage: field(WORKING_SET)?,
        disk_io: Some(field(READ_BYTES)?.saturating_add(written)),
    }))
}

fn name(buffer: &[u8], at: usize, base: u64) -> Option<String> {
    let length = usize::try_from(number(buffer, at.checked_add(NAME_LENGTH)?, 2)?).ok()?;
    let pointer = number(buffer, at.checked_add(NAME_POINTER)?, 8)?;
    let start = usize::try_from(pointer.checked_sub(base)?).ok()?;
    let raw = buffer.get(start..start.checked_add(length.min(NAME_LIMIT))?)?;
    let units: Vec<u16> = raw
        .chunks_exact(2)
        .filter_map(|pair| Some(u16::from_le_bytes(pair.try_into().ok()?)))
        .collect();
    let text = String::from_utf16_lossy(&units);
    (!text.is_empty()).then_some(text)
}

/// A little-endian number of `width` bytes.
fn number(buffer: &[u8], at: usize, width: usize) -> Option<u64> {
    let raw = buffer.get(at..at.checked_add(width)?)?;
    Some(
        raw.iter()
            .rev()
            .fold(0, |sum, byte| (sum << 8) | u64::from(*byte)),
    )
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const BASE: u64 = 0x0000_0225_4000_0000;

    /// Writes entries as the kernel lays them out.
    fn buffer(entries: &[(u32, u32, &str)]) -> Vec<u8> {
        let mut out = Vec::new();
        for (index, (pid, parent, name)) in entries.iter().enumerate() {
            let at = out.len();
            let units: Vec<u8> = name.encode_utf16().flat_map(u16::to_le_bytes).collect();
            let length = 0x100 + units.len().next_multiple_of(8);
            out.resize(at + length, 0);
            let mut put = |offset: usize, bytes: &[u8]| {
                out[at + offset..at + offset + bytes.len()].copy_from_slice(bytes);
            };
            if index + 1 < entries.len() {
                put(NEXT_ENTRY, &u32::try_from(length).unwrap().to_le_bytes());
            }
            put(
                CREATE_TIME,
                &(EPOCH_DIFFERENCE + 17_000_000_000_000_000).to_le_bytes(),
            );
            put(USER_TIME, &20_000_000_u64.to_le_bytes());
            put(KERNEL_TIME, &5_000_000_u64.to_le_bytes());
            put(
                NAME_LENGTH,
                &u16::try_from(units.len()).unwrap().to_le_bytes(),
            );
            put(NAME_POINTER, &(BASE + at as u64 + 0x100).to_le_bytes());
            put(PROCESS_ID, &u64::from(*pid).to_le_bytes());
            put(PARENT_ID, &u64::from(*parent).to_le_bytes());
            put(WORKING_SET, &4096_u64.to_le_bytes());
            put(READ_BYTES, &1000_u64.to_le_bytes());
            put(WRITE_BYTES, &24_u64.to_le_bytes());
            put(0x100, &units);
        }
        out
    }

    #[test]
    fn entries_are_read_and_idle_is_none() {
        let raw = buffer(&[
            (0, 0, ""),
            (4, 0, "System"),
            (900, 4, "svchost.exe"),
            (1234, 900, "Übertrager.exe"),
        ]);
        let seen = parse(&raw, BASE);
        assert_eq!(seen.len(), 3);
        assert!(seen[0].kernel_thread && !seen[1].kernel_thread);
        assert_eq!(&*seen[2].comm, "Übertrager.exe");
        assert_eq!((seen[2].key.pid, seen[2].parent_pid), (1234, 900));
        assert_eq!(seen[2].key.start_ticks, 170_000_000_000);
        assert_eq!(
            (seen[1].cpu_time, seen[1].memory_usage, seen[1].disk_io),
            (2.5, 4096, Some(1024))
        );
    }

    #[test]
    fn a_broken_buffer_gives_what_stands_before_the_break() {
        let raw = buffer(&[(4, 0, "System"), (900, 4, "svchost.exe")]);
        for cut in 0..raw.len() {
            assert!(parse(&raw[..cut], BASE).len() <= 2);
        }
        let mut wild = raw.clone();
        wild[0..4].copy_from_slice(&u32::MAX.to_le_bytes());
        assert_eq!(parse(&wild, BASE).len(), 1);
        // A name that points elsewhere is no name.
        assert!(
            parse(&raw, 7)
                .iter()
                .all(|one| one.comm.is_empty() || &*one.comm == "System")
        );
        let mut circle = raw;
        circle[0..4].copy_from_slice(&1_u32.to_le_bytes());
        parse(&circle, BASE);
    }
}
