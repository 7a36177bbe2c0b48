//! Lines of a file, numbered, with a limit: a file without line ends does not fill the memory.

use std::io::{self, BufRead, Read as _};

/// By. The largest honest line (an inventory, an osquery snapshot of all programs) is some hundred kilobytes.
const MAX_LINE: u64 = 8 * 1024 * 1024;

pub struct Lines<R> {
    from: R,
    pub number: u64,
    /// Where the newest line begins, By.
    pub offset: u64,
    next: u64,
    broken: bool,
}

/// A line as it stands in the file.
#[derive(Debug, PartialEq, Eq)]
pub enum Line {
    Text(String),
    /// Nothing, or a bracket that only holds an array of lines together.
    Empty,
    TooLong,
    NotText,
    /// The file cannot be read further: a packed file that is cut off, a disk that fails.
    Broken(String),
}

impl<R: BufRead> Lines<R> {
    pub fn new(from: R) -> Self {
        Self {
            from,
            number: 0,
            offset: 0,
            next: 0,
            broken: false,
        }
    }

    /// The next line; `None` at the end, or after a [`Line::Broken`].
    pub fn next(&mut self) -> Option<Line> {
        if self.broken {
            return None;
        }
        match self.read() {
            Ok(line) => line,
            Err(error) => {
                self.broken = true;
                self.number += 1;
                Some(Line::Broken(error.to_string()))
            }
        }
    }

    fn read(&mut self) -> io::Result<Option<Line>> {
        let mut bytes = Vec::new();
        let read = self
            .from
            .by_ref()
            .take(MAX_LINE)
            .read_until(b'\n', &mut bytes)?;
        if read == 0 {
            return Ok(None);
        }
        self.number += 1;
        self.offset = self.next;
        self.next += read as u64;
        if read as u64 == MAX_LINE && bytes.last() != Some(&b'\n') {
            self.skip()?;
            return Ok(Some(Line::TooLong));
        }
        let line = match String::from_utf8(bytes) {
            // Windows tools like to begin with a byte order mark.
            Ok(text) => match text.trim_start_matches('\u{feff}').trim() {
                "" | "[" | "]" | "," => Line::Empty,
                trimmed => Line::Text(trimmed.to_owned()),
            },
            Err(_) => Line::NotText,
        };
        Ok(Some(line))
    }

    fn skip(&mut self) -> io::Result<()> {
        loop {
            let buffer = self.from.fill_buf()?;
            if buffer.is_empty() {
                return Ok(());
            }
            let end = buffer.iter().position(|byte| *byte == b'\n');
            let used = end.map_or(buffer.len(), |at| at + 1);
            self.from.consume(used);
            self.next += used as u64;
            if end.is_some() {
                return Ok(());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn odd_lines_are_told_apart_and_numbered() {
        let mut bytes = b"\xef\xbb\xbf{\"a\":1}\r\n\n\xff\xfe\n".to_vec();
        bytes.extend(std::iter::repeat_n(b'x', MAX_LINE as usize + 10));
        bytes.extend(b"\nlast");
        let mut lines = Lines::new(bytes.as_slice());
        let mut all = Vec::new();
        while let Some(line) = lines.next() {
            all.push(line);
        }
        let text = |text: &str| Line::Text(text.into());
        assert_eq!(
            all,
            [
                text("{\"a\":1}"),
                Line::Empty,
                Line::NotText,
                Line::TooLong,
                text("last")
            ]
        );
        assert_eq!(lines.number, 5);
        assert_eq!(lines.offset as usize, bytes.len() - "last".len());
    }
}
