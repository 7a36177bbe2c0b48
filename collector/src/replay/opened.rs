//! A history file as UTF-8 text, whatever its first bytes say it is: plain, packed by gzip, or UTF-16.
//!
//! **Invariant: the content decides, never the name.** Windows PowerShell writes UTF-16 when a person redirects its output,
//! and packed files travel under any name. What can be read twice, by offset, is only a plain file ([`is_plain`]).

use std::{
    fs::File,
    io::{self, BufRead, BufReader, Read},
    path::Path,
};

use anyhow::{Context as _, Result, bail};

/// By. Large enough that a disk is asked seldom.
const BUFFER: usize = 1 << 20;

const GZIP: [u8; 2] = [0x1f, 0x8b];
const UTF16_LITTLE: [u8; 2] = [0xff, 0xfe];
const UTF16_BIG: [u8; 2] = [0xfe, 0xff];

/// Opens a file, or standard input for "-".
pub fn open(path: &Path) -> Result<Box<dyn BufRead>> {
    if path == Path::new("-") {
        return understood(BufReader::with_capacity(BUFFER, io::stdin()))
            .context("cannot read standard input");
    }
    let file = File::open(path).with_context(|| format!("cannot read {}", path.display()))?;
    if file.metadata().is_ok_and(|about| about.is_dir()) {
        bail!("{} is a directory; name its files", path.display());
    }
    understood(BufReader::with_capacity(BUFFER, file))
        .with_context(|| format!("cannot read {}", path.display()))
}

/// True for a file whose bytes are the lines themselves, so that an offset finds a line again.
pub fn is_plain(path: &Path) -> bool {
    let begins = || -> io::Result<Vec<u8>> {
        let file = File::open(path)?;
        let mut first = Vec::new();
        file.take(2).read_to_end(&mut first)?;
        Ok(first)
    };
    // A pipe would wait for ever, or lose what others should read.
    path.metadata().is_ok_and(|about| about.is_file())
        && begins().is_ok_and(|first| ![GZIP, UTF16_LITTLE, UTF16_BIG].contains(&pair(&first)))
}

fn understood<R: BufRead + 'static>(mut file: R) -> io::Result<Box<dyn BufRead>> {
    let first = pair(file.fill_buf()?);
    Ok(match first {
        // Several members one after another are one file, as gzip itself reads them.
        GZIP => {
            let unpacked = flate2::bufread::MultiGzDecoder::new(file);
            let mut unpacked = BufReader::with_capacity(BUFFER, unpacked);
            match pair(unpacked.fill_buf().unwrap_or_default()) {
                UTF16_LITTLE => Box::new(Utf16::new(unpacked, u16::from_le_bytes)),
                UTF16_BIG => Box::new(Utf16::new(unpacked, u16::from_be_bytes)),
                _ => Box::new(unpacked),
            }
        }
        UTF16_LITTLE => Box::new(Utf16::new(file, u16::from_le_bytes)),
        UTF16_BIG => Box::new(Utf16::new(file, u16::from_be_bytes)),
        _ => Box::new(file),
    })
}

fn pair(bytes: &[u8]) -> [u8; 2] {
    match bytes {
        [a, b, ..] => [*a, *b],
        _ => [0; 2],
    }
}

/// UTF-16 turned into UTF-8 while it is read; what is no text becomes U+FFFD.
struct Utf16<R> {
    from: R,
    unit: fn([u8; 2]) -> u16,
    /// The first half of a pair that the last piece ended with.
    high: Option<u16>,
    text: Vec<u8>,
    at: usize,
}

/// Units turned at once.
const PIECE: usize = 16 * 1024;

impl<R: BufRead> Utf16<R> {
    fn new(from: R, unit: fn([u8; 2]) -> u16) -> BufReader<Self> {
        BufReader::with_capacity(
            BUFFER,
            Self {
                from,
                unit,
                high: None,
                text: Vec::new(),
                at: 0,
            },
        )
    }

    fn piece(&mut self) -> io::Result<()> {
        let mut bytes = Vec::with_capacity(2 * PIECE);
        self.from
            .by_ref()
            .take(2 * PIECE as u64)
            .read_to_end(&mut bytes)?;
        let ended = bytes.len() < 2 * PIECE;
        let mut units: Vec<u16> = self.high.take().into_iter().collect();
        // A lone last byte is cut off and no text.
        units.extend(
            bytes
                .chunks_exact(2)
                .map(|two| (self.unit)([two[0], two[1]])),
        );
        if !ended
            && units
                .last()
                .is_some_and(|unit| (0xd800..0xdc00).contains(unit))
        {
            self.high = units.pop();
        }
        self.text = char::decode_utf16(units)
            .map(|read| read.unwrap_or(char::REPLACEMENT_CHARACTER))
            .collect::<String>()
            .into_bytes();
        self.at = 0;
        Ok(())
    }
}

impl<R: BufRead> Read for Utf16<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.at == self.text.len() {
            self.piece()?;
        }
        let count = into.len().min(self.text.len() - self.at);
        into[..count].copy_from_slice(&self.text[self.at..self.at + count]);
        self.at += count;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::io::{Cursor, Write as _};

    use super::*;

    fn read(bytes: Vec<u8>) -> String {
        let mut text = String::new();
        understood(Cursor::new(bytes))
            .unwrap()
            .read_to_string(&mut text)
            .unwrap();
        text
    }

    fn packed(bytes: &[u8]) -> Vec<u8> {
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gzip.write_all(bytes).unwrap();
        gzip.finish().unwrap()
    }

    #[test]
    fn every_dress_gives_the_same_text() {
        // Longer than a piece, with pairs of units across its ends.
        let text = "\u{feff}{\"a\":\"ü 𝄞\"}\r\n".repeat(3_001);
        let little: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let big: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
        for bytes in [
            text.clone().into_bytes(),
            packed(text.as_bytes()),
            packed(&little),
            little,
            big,
        ] {
            assert!(read(bytes) == text);
        }
    }

    #[test]
    fn what_is_cut_off_gives_what_is_there() {
        let half: Vec<u8> = "\u{feff}ab\u{1d11e}"
            .encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect();
        assert_eq!(read(half[..half.len() - 3].to_vec()), "\u{feff}ab");
        assert_eq!(read(half[..half.len() - 2].to_vec()), "\u{feff}ab\u{fffd}");
        assert_eq!(read(Vec::new()), "");
    }
}
