//! One segment file: its name, its header, and what is known of its content.
//!
//! Invariant: a file's name alone says its epoch and its first number, so a damaged header costs nothing.

use std::path::{Path, PathBuf};

use crate::{
    Epoch,
    frame::{u32_at, u64_at},
};

const MAGIC: &[u8; 8] = b"WEFTSEG1";
const SUFFIX: &str = ".segment";

/// Bytes before the first frame.
pub(crate) const HEADER: u64 = 44;

/// A segment on disk.
#[derive(Clone, Debug)]
pub(crate) struct Segment {
    pub(crate) path: PathBuf,
    /// Number of the first record.
    pub(crate) first: u64,
    /// Number that follows the last record (`first` when there are none).
    pub(crate) next: u64,
    /// Bytes that hold frames; what lies behind is torn.
    pub(crate) len: u64,
    /// The spool's age when it was begun, ms.
    pub(crate) born: u64,
}

impl Segment {
    pub(crate) fn holds(&self, number: u64) -> bool {
        self.first <= number && number < self.next
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.next == self.first
    }
}

pub(crate) fn path(dir: &Path, epoch: &Epoch, first: u64) -> PathBuf {
    dir.join(format!("{}-{first:016x}{SUFFIX}", short(epoch)))
}

/// First number, when the name is that of a segment; and whether it belongs to `epoch`.
pub(crate) fn parse_name(name: &str) -> Option<(String, u64)> {
    let (epoch, first) = name.strip_suffix(SUFFIX)?.split_once('-')?;
    let first = u64::from_str_radix(first, 16).ok()?;
    (epoch.len() == 16 && first >= 1).then(|| (epoch.to_owned(), first))
}

/// The epoch as it stands in names.
pub(crate) fn short(epoch: &Epoch) -> String {
    epoch[..8]
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

pub(crate) fn header(epoch: &Epoch, first: u64, born: u64) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(HEADER as usize);
    bytes.extend_from_slice(MAGIC);
    bytes.extend_from_slice(epoch);
    bytes.extend_from_slice(&first.to_le_bytes());
    bytes.extend_from_slice(&born.to_le_bytes());
    bytes.extend_from_slice(&crc32fast::hash(&bytes).to_le_bytes());
    bytes
}

/// Epoch and birth, when the header is whole.
pub(crate) fn parse_header(bytes: &[u8]) -> Option<(Epoch, u64)> {
    let body = bytes.get(..40)?;
    if body.get(..8)? != MAGIC || u32_at(bytes, 40)? != crc32fast::hash(body) {
        return None;
    }
    Some((body.get(8..24)?.try_into().ok()?, u64_at(body, 32)?))
}
