//! The version record of a Windows executable that lies anywhere, e.g. on a mounted disk: found through the PE file's headers.
//!
//! Invariant: pure over bytes, on any system; any bytes give facts or `None`, and only the headers and the resource section
//! are read, however large the file is. What it says is a claim: nothing here is signed.
//!
//! Not here: what the record holds (see `version`). On Windows itself the system finds the record.

use std::io::{Read, Seek, SeekFrom};

use super::version::{self, Version};

/// Headers lie in the first page; linkers put at most a few hundred bytes before them.
const HEAD_LIMIT: u64 = 8 * 1024;
/// Icons make resources large; version information lies anywhere among them.
const SECTION_LIMIT: u64 = 16 * 1024 * 1024;
const MAX_SECTIONS: usize = 96;
/// Entries of one resource directory that are looked at.
const MAX_ENTRIES: usize = 4096;
const RT_VERSION: u32 = 16;

/// Of an open executable; `None` when it is no PE file or has no version resource.
pub fn read(file: &mut (impl Read + Seek)) -> Option<Version> {
    let mut head = Vec::new();
    file.seek(SeekFrom::Start(0)).ok()?;
    file.by_ref().take(HEAD_LIMIT).read_to_end(&mut head).ok()?;
    let place = resources(&head)?;
    let mut section = Vec::new();
    file.seek(SeekFrom::Start(place.file_offset)).ok()?;
    file.by_ref()
        .take(place.length.min(SECTION_LIMIT))
        .read_to_end(&mut section)
        .ok()?;
    version_data(&section, place.address, place.root).map(version::parse)
}

/// Where the resources lie.
struct Place {
    /// Address of the section in memory.
    address: u32,
    /// The root directory, from the section's begin.
    root: usize,
    file_offset: u64,
    length: u64,
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    let bytes = bytes.get(at..at.checked_add(2)?)?;
    Some(u16::from_le_bytes(bytes.try_into().ok()?))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    let bytes = bytes.get(at..at.checked_add(4)?)?;
    Some(u32::from_le_bytes(bytes.try_into().ok()?))
}

/// The section that holds data directory 2 (Microsoft's "PE Format").
fn resources(head: &[u8]) -> Option<Place> {
    const PE32: u16 = 0x10b;
    const PE32_PLUS: u16 = 0x20b;
    const SECTION: usize = 40;
    if head.get(..2)? != b"MZ" {
        return None;
    }
    let pe = usize::try_from(u32_at(head, 0x3c)?).ok()?;
    if head.get(pe..pe.checked_add(4)?)? != b"PE\0\0" {
        return None;
    }
    let sections = usize::from(u16_at(head, pe + 6)?).min(MAX_SECTIONS);
    let optional_length = usize::from(u16_at(head, pe + 20)?);
    let optional = pe + 24;
    let directories = match u16_at(head, optional)? {
        PE32 => optional + 96,
        PE32_PLUS => optional + 112,
        _ => return None,
    };
    if u32_at(head, directories - 4)? < 3 {
        return None;
    }
    let wanted = u32_at(head, directories + 2 * 8)?;
    if wanted == 0 {
        return None;
    }
    (0..sections).find_map(|index| {
        let at = optional + optional_length + index * SECTION;
        let (size, address) = (u32_at(head, at + 8)?, u32_at(head, at + 12)?);
        let (raw_size, raw) = (u32_at(head, at + 16)?, u32_at(head, at + 20)?);
        let offset = wanted.checked_sub(address)?;
        (offset < size.max(raw_size)).then_some(Place {
            address,
            root: offset as usize,
            file_offset: u64::from(raw),
            length: u64::from(raw_size),
        })
    })
}

/// Type, name, language: three levels of directories, then the data.
fn version_data(section: &[u8], address: u32, root: usize) -> Option<&[u8]> {
    const SUBDIRECTORY: u32 = 0x8000_0000;
    let below = |offset: u32| root.checked_add((offset & !SUBDIRECTORY) as usize);
    let types = below(entry(section, root, Some(RT_VERSION))?)?;
    let names = below(entry(section, types, None)?)?;
    let data = below(entry(section, names, None)?)?;
    let begin = u32_at(section, data)?.checked_sub(address)? as usize;
    let length = u32_at(section, data + 4)? as usize;
    section.get(begin..begin.checked_add(length)?)
}

/// Offset of the entry with this number, or of the first.
fn entry(section: &[u8], directory: usize, number: Option<u32>) -> Option<u32> {
    let named = usize::from(u16_at(section, directory.checked_add(12)?)?);
    let numbered = usize::from(u16_at(section, directory + 14)?);
    (0..(named + numbered).min(MAX_ENTRIES)).find_map(|index| {
        let at = directory + 16 + index * 8;
        let (name, offset) = (u32_at(section, at)?, u32_at(section, at + 4)?);
        number.is_none_or(|number| number == name).then_some(offset)
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;
    use std::io::Cursor;

    fn utf16(text: &str) -> Vec<u8> {
        text.encode_utf16()
            .chain([0])
            .flat_map(u16::to_le_bytes)
            .collect()
    }

    fn pad(bytes: &mut Vec<u8>) {
        while !bytes.len().is_multiple_of(4) {
            bytes.push(0);
        }
    }

    fn built(key: &str, is_text: bool, value: &[u8], children: &[Vec<u8>]) -> Vec<u8> {
        let mut out = vec![0; 6];
        out.extend(utf16(key));
        pad(&mut out);
        out.extend(value);
        for child in children {
            pad(&mut out);
            out.extend(child);
        }
        let length = out.len() as u16;
        let value_length = value.len() as u16 / if is_text { 2 } else { 1 };
        out[..2].copy_from_slice(&length.to_le_bytes());
        out[2..4].copy_from_slice(&value_length.to_le_bytes());
        out[4..6].copy_from_slice(&u16::from(is_text).to_le_bytes());
        out
    }

    /// A PE file with one section, which holds an icon's directory and version information.
    fn executable(is_64: bool) -> Vec<u8> {
        const ADDRESS: u32 = 0x3000;
        const RAW: u32 = 0x400;
        let string = |key: &str, value: &str| built(key, true, &utf16(value), &[]);
        let table = built(
            "040904b0",
            true,
            &[],
            &[
                string("CompanyName", "Example Ltd"),
                string("OriginalFilename", "rclone.exe"),
                string("ProductName", "Rclone"),
            ],
        );
        let info = built("StringFileInfo", true, &[], &[table]);
        let version = built("VS_VERSION_INFO", false, &[0; 52], &[info]);
        let directory = |entries: &[(u32, u32)]| {
            let mut out = vec![0; 14];
            out.extend((entries.len() as u16).to_le_bytes());
            for (number, offset) in entries {
                out.extend(number.to_le_bytes());
                out.extend(offset.to_le_bytes());
            }
            out
        };
        let mut section = directory(&[(3, 0x8000_0000 | 500), (16, 0x8000_0000 | 32)]);
        section.resize(32, 0);
        section.extend(directory(&[(1, 0x8000_0000 | 56)]));
        section.extend(directory(&[(1033, 80)]));
        section.extend((ADDRESS + 96).to_le_bytes());
        section.extend((version.len() as u32).to_le_bytes());
        section.resize(96, 0);
        section.extend(&version);
        let mut out = vec![0; 0x40];
        out[..2].copy_from_slice(b"MZ");
        out[0x3c..0x40].copy_from_slice(&0x40_u32.to_le_bytes());
        out.extend(b"PE\0\0");
        let optional = if is_64 { 112 + 128 } else { 96 + 128 };
        let mut coff = vec![0; 20];
        coff[2..4].copy_from_slice(&1_u16.to_le_bytes());
        coff[16..18].copy_from_slice(&(optional as u16).to_le_bytes());
        out.extend(coff);
        let mut header = vec![0; optional];
        let magic: u16 = if is_64 { 0x20b } else { 0x10b };
        header[..2].copy_from_slice(&magic.to_le_bytes());
        let directories = if is_64 { 112 } else { 96 };
        header[directories - 4..directories].copy_from_slice(&16_u32.to_le_bytes());
        header[directories + 16..directories + 20].copy_from_slice(&ADDRESS.to_le_bytes());
        out.extend(header);
        let mut row = b".rsrc\0\0\0".to_vec();
        for word in [section.len() as u32, ADDRESS, section.len() as u32, RAW] {
            row.extend(word.to_le_bytes());
        }
        row.resize(40, 0);
        out.extend(row);
        out.resize(RAW as usize, 0);
        out.extend(section);
        out
    }

    #[test]
    fn both_widths_tell_their_names() {
        for is_64 in [false, true] {
            let info = read(&mut Cursor::new(executable(is_64))).unwrap();
            assert_eq!(info.original_file_name, "rclone.exe");
            assert_eq!(info.company_name, "Example Ltd");
            assert_eq!(info.product_name, "Rclone");
        }
    }

    #[test]
    fn what_is_no_windows_program_says_nothing() {
        for bytes in [b"".as_slice(), b"MZ", b"\x7fELF", &[0; 9000]] {
            assert_eq!(read(&mut Cursor::new(bytes)), None);
        }
        let mut whole = std::fs::File::open(std::env::current_exe().unwrap()).unwrap();
        if cfg!(unix) {
            assert_eq!(read(&mut whole), None);
        }
    }

    proptest! {
        #[test]
        fn any_damage_is_survived(
            flips in proptest::collection::vec((0_usize..1700, any::<u8>()), 0..40),
            length in 0_usize..1800,
            is_64 in any::<bool>(),
        ) {
            let mut bytes = executable(is_64);
            for (at, value) in flips {
                if let Some(byte) = bytes.get_mut(at) {
                    *byte = value;
                }
            }
            bytes.truncate(length);
            let _ = read(&mut Cursor::new(bytes));
        }
    }
}
