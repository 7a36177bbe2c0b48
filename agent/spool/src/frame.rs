//! Frames: how one record lies in a segment, and how to find the next good one after damage.
//!
//! Invariant: [`Frames`] yields only frames whose checksum holds, in rising order, and reads in windows, so its memory does not
//! grow with the segment. It does not judge what a hole means; `opening` and `spool` do.

use std::io;

use crate::{Fs, MAX_PAYLOAD};

/// Length, checksum, number and kind.
pub(crate) const HEADER: usize = 17;

/// The kind of a seal.
pub(crate) const SEAL: u8 = 0;

/// Read ahead in steps of this size: a few dozen records, a few pages.
const WINDOW: usize = 32 * 1024;

/// A damaged stretch is searched for frames whose number is at most this far ahead: more were never in one segment.
const FURTHEST: u64 = 1 << 20;

/// Appends one frame.
pub(crate) fn encode(into: &mut Vec<u8>, seq: u64, kind: u8, payload: &[u8]) {
    // A payload is at most MAX_PAYLOAD long, checked before it gets a number.
    let len = (payload.len() as u32).to_le_bytes();
    let seq = seq.to_le_bytes();
    into.extend_from_slice(&len);
    into.extend_from_slice(&checksum(&len, &seq, kind, payload).to_le_bytes());
    into.extend_from_slice(&seq);
    into.push(kind);
    into.extend_from_slice(payload);
}

/// Bytes that a payload takes in a segment.
pub(crate) fn stored(payload: usize) -> u64 {
    (HEADER + payload) as u64
}

fn checksum(len: &[u8], seq: &[u8], kind: u8, payload: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(len);
    hasher.update(seq);
    hasher.update(&[kind]);
    hasher.update(payload);
    hasher.finalize()
}

/// One good frame.
#[derive(Debug)]
pub(crate) struct Frame {
    pub(crate) seq: u64,
    pub(crate) kind: u8,
    pub(crate) payload: Vec<u8>,
}

impl Frame {
    pub(crate) fn is_seal(&self) -> bool {
        self.kind == SEAL
    }
}

/// Walks the frames of one segment.
pub(crate) struct Frames<'a, F: Fs> {
    fs: &'a F,
    file: &'a mut F::File,
    /// Offset of the next frame.
    at: u64,
    /// Length of the file.
    end: u64,
    window: Vec<u8>,
    /// Offset of window[0].
    base: u64,
}

impl<'a, F: Fs> Frames<'a, F> {
    pub(crate) fn new(fs: &'a F, file: &'a mut F::File, from: u64, end: u64) -> Self {
        Self {
            fs,
            file,
            at: from,
            end,
            window: Vec::new(),
            base: from,
        }
    }

    /// Offset behind the last frame that was returned.
    pub(crate) fn offset(&self) -> u64 {
        self.at
    }

    /// The next good frame whose number is at least `expected`, stepping over damage; `None` when no more follow.
    pub(crate) fn next(&mut self, expected: u64) -> io::Result<Option<Frame>> {
        let mut at = self.at;
        while at + HEADER as u64 <= self.end {
            if let Some((frame, next)) = self.frame_at(at, expected)? {
                self.at = next;
                return Ok(Some(frame));
            }
            at += 1;
        }
        Ok(None)
    }

    fn frame_at(&mut self, at: u64, expected: u64) -> io::Result<Option<(Frame, u64)>> {
        let header = self.bytes(at, HEADER)?;
        let (Some(len), Some(crc), Some(seq), Some(&kind)) = (
            u32_at(header, 0),
            u32_at(header, 4),
            u64_at(header, 8),
            header.get(16),
        ) else {
            return Ok(None);
        };
        // A seal carries the number that comes next, so it passes here too.
        let plausible =
            len as usize <= MAX_PAYLOAD && seq >= expected && seq - expected <= FURTHEST;
        let next = at + stored(len as usize);
        if !plausible || next > self.end || (kind == SEAL && len != 0) {
            return Ok(None);
        }
        let whole = self.bytes(at, HEADER + len as usize)?;
        let Some((header, payload)) = whole.split_at_checked(HEADER) else {
            return Ok(None);
        };
        if payload.len() != len as usize
            || checksum(&header[0..4], &header[8..16], kind, payload) != crc
        {
            return Ok(None);
        }
        Ok(Some((
            Frame {
                seq,
                kind,
                payload: payload.to_vec(),
            },
            next,
        )))
    }

    /// Up to `count` bytes at an offset; fewer only at the end of the file.
    fn bytes(&mut self, at: u64, count: usize) -> io::Result<&[u8]> {
        let inside = at >= self.base && at + count as u64 <= self.base + self.window.len() as u64;
        if !inside {
            self.refill(at, count.max(WINDOW))?;
        }
        let from = (at - self.base) as usize;
        let to = (from + count).min(self.window.len());
        Ok(self.window.get(from..to).unwrap_or_default())
    }

    fn refill(&mut self, at: u64, count: usize) -> io::Result<()> {
        let count = (self.end.saturating_sub(at)).min(count as u64) as usize;
        self.window.resize(count, 0);
        self.base = at;
        let mut filled = 0;
        while filled < count {
            match self
                .fs
                .read_at(self.file, at + filled as u64, &mut self.window[filled..])
            {
                Ok(0) => break,
                Ok(read) => filled += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        self.window.truncate(filled);
        Ok(())
    }
}

pub(crate) fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

pub(crate) fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_le_bytes(bytes.get(at..at + 8)?.try_into().ok()?))
}
