//! The version record of a Windows program (VS_VERSIONINFO), read as bytes.
//!
//! Invariant: pure; nothing is read beyond the record, whatever its lengths say.
//!
//! Source: Microsoft Learn, "VS_VERSIONINFO", "StringFileInfo", "StringTable", "String".

/// What we take of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Version {
    pub original_file_name: String,
    pub description: String,
    pub product_name: String,
    pub company_name: String,
}

/// A record is a few kilobytes; a text of it is shown in a dialog.
const TEXT_LIMIT: usize = 256;
/// VS_VERSIONINFO > StringFileInfo > StringTable > String.
const DEPTH: usize = 4;

/// Reads the record; what is missing stays empty.
pub fn parse(record: &[u8]) -> Version {
    let mut out = Version::default();
    block(record, 0, &mut out);
    out
}

/// One block: length, value length, type, key, padding, value, padding, children. Gives the length.
fn block(raw: &[u8], depth: usize, out: &mut Version) -> Option<usize> {
    let word = |at: usize| {
        let pair = raw.get(at..at + 2)?;
        Some(usize::from(u16::from_le_bytes(pair.try_into().ok()?)))
    };
    let length = word(0)?;
    let value_length = word(2)?;
    let is_text = word(4)? == 1;
    let raw = raw.get(..length.min(raw.len()))?;
    let (key, after) = text(raw, 6, TEXT_LIMIT)?;
    let value = after.next_multiple_of(4);
    if depth + 1 == DEPTH {
        let (content, _) = text(raw, value, TEXT_LIMIT).unwrap_or_default();
        match key.as_str() {
            "OriginalFilename" => out.original_file_name = content,
            "FileDescription" => out.description = content,
            "ProductName" => out.product_name = content,
            "CompanyName" => out.company_name = content,
            _ => {}
        }
        return Some(length);
    }
    // A text's length counts UTF-16 units, a binary's bytes.
    let bytes = value_length * if is_text { 2 } else { 1 };
    let mut at = value.checked_add(bytes)?.next_multiple_of(4);
    while let Some(rest) = raw.get(at..).filter(|rest| !rest.is_empty()) {
        let Some(length) = block(rest, depth + 1, out).filter(|length| *length > 0) else {
            break;
        };
        at = at.checked_add(length)?.next_multiple_of(4);
    }
    Some(length)
}

/// A UTF-16 text that ends with zero, and where it ends.
fn text(raw: &[u8], at: usize, limit: usize) -> Option<(String, usize)> {
    let units: Vec<u16> = raw
        .get(at..)?
        .chunks_exact(2)
        .map_while(|pair| Some(u16::from_le_bytes(pair.try_into().ok()?)))
        .take_while(|unit| *unit != 0)
        .collect();
    let after = at + (units.len() + 1) * 2;
    let cut = units.get(..units.len().min(limit))?;
    Some((String::from_utf16_lossy(cut).trim().to_owned(), after))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn wide(text: &str) -> Vec<u8> {
        text.encode_utf16()
            .chain([0])
            .flat_map(u16::to_le_bytes)
            .collect()
    }

    fn pad(out: &mut Vec<u8>) {
        out.resize(out.len().next_multiple_of(4), 0);
    }

    /// As the resource compiler lays it out.
    fn make(key: &str, is_text: bool, value: &[u8], children: &[Vec<u8>]) -> Vec<u8> {
        let mut out = vec![0; 6];
        out.extend(wide(key));
        pad(&mut out);
        out.extend(value);
        for child in children {
            pad(&mut out);
            out.extend(child);
        }
        let units = if is_text {
            value.len() / 2
        } else {
            value.len()
        };
        let length = u16::try_from(out.len()).unwrap().to_le_bytes();
        out[0..2].copy_from_slice(&length);
        out[2..4].copy_from_slice(&u16::try_from(units).unwrap().to_le_bytes());
        out[4..6].copy_from_slice(&u16::from(is_text).to_le_bytes());
        out
    }

    fn record() -> Vec<u8> {
        let string = |key: &str, value: &str| make(key, true, &wide(value), &[]);
        let table = make(
            "040904b0",
            true,
            &[],
            &[
                string("CompanyName", "rclone.org"),
                string("FileDescription", "Rclone"),
                string("OriginalFilename", "rclone.exe"),
                string("ProductName", "Rclone"),
            ],
        );
        let strings = make("StringFileInfo", true, &[], &[table]);
        make("VS_VERSION_INFO", false, &[7; 52], &[strings])
    }

    #[test]
    fn the_original_name_is_found() {
        let seen = parse(&record());
        assert_eq!(seen.original_file_name, "rclone.exe");
        assert_eq!(seen.description, "Rclone");
        assert_eq!(
            (seen.product_name.as_str(), seen.company_name.as_str()),
            ("Rclone", "rclone.org")
        );
    }

    #[test]
    fn any_cut_and_any_length_is_survived() {
        let whole = record();
        for cut in 0..whole.len() {
            parse(&whole[..cut]);
        }
        for at in (0..whole.len()).step_by(2) {
            let mut wild = whole.clone();
            wild[at] = 0xFF;
            parse(&wild);
        }
        assert_eq!(parse(&[]), Version::default());
    }
}
