//! The cursor file: the spool's header and its memory across restarts.
//!
//! Invariant: it is replaced whole (write, sync, rename, sync the directory), so a reader finds the old or the new one.

use std::path::Path;

use crate::{
    Epoch, Error, Fs, Gap, Reason,
    frame::{u32_at, u64_at},
    gap::Gaps,
};

const MAGIC: &[u8; 8] = b"WEFTCUR1";
const NAME: &str = "cursor";
const FRESH: &str = "cursor.new";
const FIXED: usize = 84;
const GAP: usize = 17;

/// Numbers lost in this epoch, by reason.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Lost {
    pub(crate) full: u64,
    pub(crate) expired: u64,
    pub(crate) corrupt: u64,
}

/// What the cursor file says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Cursor {
    pub(crate) epoch: Epoch,
    pub(crate) acknowledged: u64,
    pub(crate) head: u64,
    pub(crate) age: u64,
    pub(crate) wall: u64,
    pub(crate) lost: Lost,
    pub(crate) gaps: Gaps,
}

impl Cursor {
    pub(crate) fn new(epoch: Epoch, wall: u64) -> Self {
        Self {
            epoch,
            acknowledged: 0,
            head: 1,
            age: 0,
            wall,
            lost: Lost::default(),
            gaps: Gaps::default(),
        }
    }

    pub(crate) fn declare(&mut self, first: u64, last: u64, reason: Reason) {
        let first = first.max(self.acknowledged + 1);
        if first > last {
            return;
        }
        let added = self.gaps.declare(first, last, reason);
        match reason {
            Reason::Full => self.lost.full += added,
            Reason::Expired => self.lost.expired += added,
            Reason::Corrupt => self.lost.corrupt += added,
            Reason::Forgotten => {}
        }
    }

    pub(crate) fn encode(&self) -> Vec<u8> {
        let gaps = self.gaps.as_slice();
        let mut bytes = Vec::with_capacity(FIXED + GAP * gaps.len() + 4);
        bytes.extend_from_slice(MAGIC);
        bytes.extend_from_slice(&self.epoch);
        let Lost {
            full,
            expired,
            corrupt,
        } = self.lost;
        for word in [
            self.acknowledged,
            self.head,
            self.age,
            self.wall,
            full,
            expired,
            corrupt,
        ] {
            bytes.extend_from_slice(&word.to_le_bytes());
        }
        bytes.extend_from_slice(&(gaps.len() as u32).to_le_bytes());
        for gap in gaps {
            bytes.extend_from_slice(&gap.first.to_le_bytes());
            bytes.extend_from_slice(&gap.last.to_le_bytes());
            bytes.push(gap.reason.code());
        }
        bytes.extend_from_slice(&crc32fast::hash(&bytes).to_le_bytes());
        bytes
    }

    /// `None` for anything that is not a whole cursor.
    pub(crate) fn decode(bytes: &[u8]) -> Option<Self> {
        let body = bytes.get(..bytes.len().checked_sub(4)?)?;
        if body.get(..8)? != MAGIC || u32_at(bytes, body.len())? != crc32fast::hash(body) {
            return None;
        }
        let count = u32_at(body, 80)? as usize;
        let mut gaps = Vec::new();
        for raw in body.get(FIXED..)?.chunks_exact(GAP).take(count) {
            let reason = Reason::from_code(*raw.get(16)?)?;
            gaps.push(Gap {
                first: u64_at(raw, 0)?,
                last: u64_at(raw, 8)?,
                reason,
            });
        }
        let cursor = Self {
            epoch: body.get(8..24)?.try_into().ok()?,
            acknowledged: u64_at(body, 24)?,
            head: u64_at(body, 32)?,
            age: u64_at(body, 40)?,
            wall: u64_at(body, 48)?,
            lost: Lost {
                full: u64_at(body, 56)?,
                expired: u64_at(body, 64)?,
                corrupt: u64_at(body, 72)?,
            },
            gaps: Gaps::from_untrusted(gaps),
        };
        (cursor.head >= 1 && cursor.acknowledged < cursor.head).then_some(cursor)
    }
}

/// Reads it; `None` when there is none or it is damaged.
pub(crate) fn load<F: Fs>(fs: &F, dir: &Path) -> Result<Option<Cursor>, Error> {
    let path = dir.join(NAME);
    match fs.load(&path) {
        Ok(bytes) => Ok(Cursor::decode(&bytes)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Error::io("cannot read", path)(error)),
    }
}

/// Replaces it durably.
pub(crate) fn store<F: Fs>(fs: &F, dir: &Path, cursor: &Cursor) -> Result<(), Error> {
    let (fresh, path) = (dir.join(FRESH), dir.join(NAME));
    let mut file = fs
        .create(&fresh)
        .map_err(Error::io("cannot create", &fresh))?;
    fs.write_at(&mut file, 0, &cursor.encode())
        .map_err(Error::io("cannot write", &fresh))?;
    fs.sync(&mut file)
        .map_err(Error::io("cannot write", &fresh))?;
    fs.rename(&fresh, &path)
        .map_err(Error::io("cannot replace", &path))?;
    fs.sync_dir(dir).map_err(Error::io("cannot sync", dir))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn survives_the_way_to_disk_and_refuses_every_single_flip() {
        let mut cursor = Cursor::new([7; 16], 5);
        cursor.head = 100;
        cursor.declare(3, 9, Reason::Full);
        cursor.declare(20, 20, Reason::Corrupt);
        let bytes = cursor.encode();
        assert_eq!(Cursor::decode(&bytes), Some(cursor));
        for bit in 0..bytes.len() * 8 {
            let mut flipped = bytes.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(Cursor::decode(&flipped), None, "bit {bit}");
        }
        for length in 0..bytes.len() {
            assert_eq!(Cursor::decode(&bytes[..length]), None);
        }
    }
}
