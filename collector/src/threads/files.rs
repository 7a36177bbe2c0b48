//! Files in posts: how big, how many, what they are, and how they are given out again.
//!
//! **Invariant: what a file is, its bytes say**, never its name or its sender; and nothing that was uploaded runs in the
//! reader's browser: pictures of four kinds are shown, everything else is offered for saving, always with `nosniff` and
//! a sandbox. Limits: [`MAX_FILE`] per file, [`MAX_FILES`] per post, [`QUOTA`] per person and for all; an upload that no
//! post took within [`ORPHAN`] is removed.

use jiff::SignedDuration;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;
use weft_collector_store::control::attachments::Quota;

/// A screenshot of a large screen, a crash dump's summary, an event log: 8 MiB each.
pub const MAX_FILE: usize = 8 * 1024 * 1024;
/// Files of one post: a screenful of pictures.
pub const MAX_FILES: usize = 10;
/// 200 MiB a person is a picture a day for two months; 8 GiB in all is what a backup should not exceed by accident.
pub const QUOTA: Quota = Quota {
    of_person: 200 * 1024 * 1024,
    of_all: 8 * 1024 * 1024 * 1024,
};
/// A draft may wait over a weekend.
pub const ORPHAN: SignedDuration = SignedDuration::from_hours(72);
/// Pixels of a picture: a browser needs four bytes for each.
const MAX_PIXELS: u64 = 50_000_000;
/// Characters of a name.
const MAX_NAME: usize = 120;
/// How a post names a file.
pub const SCHEME: &str = "attachment:";

/// Why a file is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    #[error("the file is empty")]
    Empty,
    #[error(
        "the file has {0} bytes; at most {MAX_FILE} are kept: put it where files live and link to it"
    )]
    Long(usize),
    #[error("the picture says it has {0} pixels; at most {MAX_PIXELS} are shown: make it smaller")]
    Huge(u64),
}

/// A file, looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Looked {
    pub media: &'static str,
    pub sha256: String,
    pub name: String,
}

/// Judges a file by its bytes.
pub fn look(bytes: &[u8], name: &str) -> Result<Looked, Unfit> {
    if bytes.is_empty() {
        return Err(Unfit::Empty);
    }
    if bytes.len() > MAX_FILE {
        return Err(Unfit::Long(bytes.len()));
    }
    let media = media(bytes);
    if let Some((width, height)) = size(media, bytes) {
        let pixels = u64::from(width) * u64::from(height);
        if pixels > MAX_PIXELS {
            return Err(Unfit::Huge(pixels));
        }
    }
    Ok(Looked {
        media,
        sha256: hex::encode(Sha256::digest(bytes)),
        name: safe_name(name, media),
    })
}

/// Shown in the page; everything else is offered for saving.
pub fn is_picture(media: &str) -> bool {
    matches!(
        media,
        "image/png" | "image/jpeg" | "image/gif" | "image/webp"
    )
}

/// The ids of the files that a post names, in order, each once.
pub fn named(markdown: &str) -> Vec<Uuid> {
    let mut found = Vec::new();
    let mut rest = markdown;
    while let Some(at) = rest.find(SCHEME) {
        rest = &rest[at + SCHEME.len()..];
        // 36 ASCII letters and dashes, or it is no id of ours.
        let id = rest.get(..36).and_then(|word| word.parse::<Uuid>().ok());
        if let Some(id) = id
            && !found.contains(&id)
        {
            found.push(id);
        }
    }
    found
}

/// By magic numbers; text is what is UTF-8 without controls. HTML and SVG are text here: they are never shown as such.
fn media(bytes: &[u8]) -> &'static str {
    match bytes {
        [0x89, b'P', b'N', b'G', 0x0D, 0x0A, 0x1A, 0x0A, ..] => "image/png",
        [0xFF, 0xD8, 0xFF, ..] => "image/jpeg",
        [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => "image/gif",
        [
            b'R',
            b'I',
            b'F',
            b'F',
            _,
            _,
            _,
            _,
            b'W',
            b'E',
            b'B',
            b'P',
            ..,
        ] => "image/webp",
        [b'%', b'P', b'D', b'F', b'-', ..] => "application/pdf",
        [b'P', b'K', 3, 4, ..] => "application/zip",
        [0x1F, 0x8B, ..] => "application/gzip",
        text if is_text(text) => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

fn is_text(bytes: &[u8]) -> bool {
    std::str::from_utf8(bytes).is_ok_and(|text| {
        text.chars()
            .all(|c| !c.is_control() || matches!(c, '\n' | '\r' | '\t'))
    })
}

/// Width and height, where the head of the file says so in one place.
fn size(media: &str, bytes: &[u8]) -> Option<(u32, u32)> {
    let big = |at: usize| Some(u32::from_be_bytes(bytes.get(at..at + 4)?.try_into().ok()?));
    let little16 = |at: usize| {
        Some(u32::from(u16::from_le_bytes(
            bytes.get(at..at + 2)?.try_into().ok()?,
        )))
    };
    match media {
        "image/png" => Some((big(16)?, big(20)?)),
        "image/gif" => Some((little16(6)?, little16(8)?)),
        "image/jpeg" => jpeg_size(bytes),
        "image/webp" => webp_size(bytes),
        _ => None,
    }
}

/// Walks the segments to the frame header.
fn jpeg_size(bytes: &[u8]) -> Option<(u32, u32)> {
    let word = |at: usize| Some(u16::from_be_bytes(bytes.get(at..at + 2)?.try_into().ok()?));
    let mut at = 2;
    loop {
        let marker = word(at)?;
        match marker {
            0xFFC0..=0xFFC3 | 0xFFC5..=0xFFC7 | 0xFFC9..=0xFFCB | 0xFFCD..=0xFFCF => {
                return Some((u32::from(word(at + 7)?), u32::from(word(at + 5)?)));
            }
            0xFF00..=0xFFFF => at += 2 + usize::from(word(at + 2)?.max(2)),
            _ => return None,
        }
    }
}

fn webp_size(bytes: &[u8]) -> Option<(u32, u32)> {
    let three = |at: usize| {
        let part = bytes.get(at..at + 3)?;
        Some(u32::from_le_bytes([part[0], part[1], part[2], 0]) + 1)
    };
    match bytes.get(12..16)? {
        b"VP8X" => Some((three(24)?, three(27)?)),
        _ => None,
    }
}

/// The last part of the name, without what deceives or has a meaning in a header; with the ending that its bytes have.
fn safe_name(name: &str, media: &str) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let kept: String = last
        .chars()
        .filter(|c| c.is_alphanumeric() || matches!(c, '.' | '-' | '_' | ' ' | '(' | ')'))
        .take(MAX_NAME)
        .collect();
    let kept = kept
        .trim()
        .trim_start_matches('.')
        .trim_end_matches(['.', ' ']);
    let ending = match media {
        "image/png" => "png",
        "image/jpeg" => "jpg",
        "image/gif" => "gif",
        "image/webp" => "webp",
        _ => "",
    };
    match (kept.is_empty(), ending) {
        (true, "") => "file".to_owned(),
        (true, ending) => format!("picture.{ending}"),
        (false, "") => kept.to_owned(),
        (false, ending) => {
            let stem = kept.rsplit_once('.').map_or(kept, |(stem, _)| stem);
            format!("{stem}.{ending}")
        }
    }
}

/// The value of `content-disposition`, with the name as RFC 8187 writes it: ASCII, nothing that ends a header.
pub fn disposition(name: &str, media: &str) -> String {
    let how = if is_picture(media) {
        "inline"
    } else {
        "attachment"
    };
    let plain: String = name
        .chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() || ".-_".contains(c) {
                c
            } else {
                '_'
            }
        })
        .collect();
    let mut encoded = String::new();
    for byte in name.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'.' | b'-' | b'_' => {
                encoded.push(char::from(byte))
            }
            other => encoded.push_str(&format!("%{other:02X}")),
        }
    }
    format!("{how}; filename=\"{plain}\"; filename*=UTF-8''{encoded}")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x10\0\0\0\x10\x08\x06";

    #[test]
    fn bytes_say_what_a_file_is() {
        for (bytes, name, media, kept) in [
            (PNG, "shot.exe", "image/png", "shot.png"),
            (
                b"\xFF\xD8\xFF\xE0",
                "../../etc/passwd",
                "image/jpeg",
                "passwd.jpg",
            ),
            (
                b"<svg onload=alert(1)>",
                "x.svg",
                "text/plain; charset=utf-8",
                "x.svg",
            ),
            (
                b"<script>alert(1)</script>",
                "x.html",
                "text/plain; charset=utf-8",
                "x.html",
            ),
            (
                b"MZ\x90\0",
                "setup.png",
                "application/octet-stream",
                "setup.png",
            ),
            (
                b"%PDF-1.7",
                "a\"\r\nSet-Cookie: x.pdf",
                "application/pdf",
                "aSet-Cookie x.pdf",
            ),
            (b"GIF89a\x01\0\x01\0", "", "image/gif", "picture.gif"),
            (b"x", "...", "text/plain; charset=utf-8", "file"),
            (
                b"x",
                "gpj\u{202E}exe.txt",
                "text/plain; charset=utf-8",
                "gpjexe.txt",
            ),
        ] {
            let looked = look(bytes, name).unwrap();
            assert_eq!(
                (looked.media, looked.name.as_str()),
                (media, kept),
                "{name}"
            );
        }
        assert_eq!(look(b"", "x"), Err(Unfit::Empty));
        assert_eq!(
            look(&vec![0; MAX_FILE + 1], "x"),
            Err(Unfit::Long(MAX_FILE + 1))
        );
    }

    #[test]
    fn a_picture_of_a_billion_pixels_is_refused() {
        let mut bomb = PNG.to_vec();
        bomb[16..24].copy_from_slice(&[0, 1, 0, 0, 0, 1, 0, 0]);
        assert_eq!(look(&bomb, "x"), Err(Unfit::Huge(1 << 32)));
        let jpeg = b"\xFF\xD8\xFF\xE0\0\x04xx\xFF\xC0\0\x0b\x08\xFF\xFF\xFF\xFF\x01";
        assert!(matches!(look(jpeg, "x"), Err(Unfit::Huge(_))));
        // Cut off anywhere, it is still only a file.
        for end in 1..jpeg.len() {
            let _ = look(&jpeg[..end], "x");
        }
    }

    #[test]
    fn a_post_names_its_files() {
        let id = "0198aaaa-0000-7000-8000-000000000001";
        let text = format!(
            "![a](attachment:{id}) [b](attachment:{id}) attachment:nope attachment:ééééééééééééééééééé"
        );
        assert_eq!(named(&text), [id.parse::<Uuid>().unwrap()]);
        assert_eq!(
            disposition("ü \"x\".txt", "text/plain"),
            "attachment; filename=\"___x_.txt\"; filename*=UTF-8''%C3%BC%20%22x%22.txt"
        );
    }
}
