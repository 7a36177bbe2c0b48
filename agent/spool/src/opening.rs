//! Opening a spool: which life it is in, what the segments hold, what is missing.
//!
//! Invariant: opening writes nothing into a segment. What a crash tore stays where it is and is outrun by the next segment,
//! whose first number bounds what the torn one may claim.

use std::path::Path;

use crate::{
    Epoch, Error, Fs, Reason,
    cursor::{self, Cursor},
    frame::Frames,
    segment::{self, Segment},
};

/// How a spool came up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Begun {
    /// Nothing was there: a new epoch.
    Fresh,
    /// Cursor and segments were read.
    Resumed,
    /// The cursor was unreadable and was rebuilt from the segments: the same epoch.
    Rebuilt,
    /// Neither cursor nor segments were readable: a new epoch; what was in them cannot be declared.
    Restarted,
}

/// What opening found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Opening {
    /// How it came up.
    pub begun: Begun,
    /// Bytes behind the last good frame: a write that never finished.
    pub torn_bytes: u64,
    /// Numbers newly found unreadable.
    pub corrupt: u64,
}

/// A spool's memory, ready for use.
pub(crate) struct Found {
    pub(crate) cursor: Cursor,
    pub(crate) segments: Vec<Segment>,
    pub(crate) opening: Opening,
}

pub(crate) fn open<F: Fs>(fs: &F, dir: &Path, fresh: Epoch, wall: u64) -> Result<Found, Error> {
    let names = fs.list(dir).map_err(Error::io("cannot list", dir))?;
    let stored = cursor::load(fs, dir)?;
    let had_cursor = names.iter().any(|(name, _)| name == "cursor");
    let files: Vec<File> = names
        .into_iter()
        .filter_map(|(name, len)| File::parse(name, len))
        .collect();

    let (mut cursor, begun) = match stored {
        Some(cursor) => (cursor, Begun::Resumed),
        None => match newest_epoch(fs, dir, &files)? {
            Some(epoch) => (rebuilt(epoch, &files, wall), Begun::Rebuilt),
            None if had_cursor || !files.is_empty() => (Cursor::new(fresh, wall), Begun::Restarted),
            None => (Cursor::new(fresh, wall), Begun::Fresh),
        },
    };

    let own = segment::short(&cursor.epoch);
    let (mut files, foreign): (Vec<File>, Vec<File>) =
        files.into_iter().partition(|file| file.epoch == own);
    files.sort_by_key(|file| file.first);
    let lost_before = cursor.lost.corrupt;
    let (segments, torn_bytes) = scan(fs, dir, &mut cursor, &files)?;

    // The new epoch must be on disk before the files of the old one go. A full disk keeps nobody from sending what is on it:
    // what was found is found again, and the files go another time.
    match cursor::store(fs, dir, &cursor) {
        Ok(()) => remove(fs, dir, &foreign)?,
        Err(error) if error.is_of_a_full_disk() => {}
        Err(error) => return Err(error),
    }
    let corrupt = cursor.lost.corrupt - lost_before;
    Ok(Found {
        cursor,
        segments,
        opening: Opening {
            begun,
            torn_bytes,
            corrupt,
        },
    })
}

fn remove<F: Fs>(fs: &F, dir: &Path, files: &[File]) -> Result<(), Error> {
    for file in files {
        let path = dir.join(&file.name);
        fs.remove(&path).map_err(Error::io("cannot remove", path))?;
    }
    Ok(())
}

struct File {
    name: String,
    epoch: String,
    first: u64,
    len: u64,
}

impl File {
    fn parse(name: String, len: u64) -> Option<Self> {
        let (epoch, first) = segment::parse_name(&name)?;
        Some(Self {
            name,
            epoch,
            first,
            len,
        })
    }
}

/// Without a cursor: the epoch of the youngest segment with a whole header.
fn newest_epoch<F: Fs>(fs: &F, dir: &Path, files: &[File]) -> Result<Option<Epoch>, Error> {
    let mut newest: Option<(u64, u64, Epoch)> = None;
    for file in files {
        let path = dir.join(&file.name);
        let mut handle = fs.open(&path).map_err(Error::io("cannot open", &path))?;
        if let Some((epoch, born)) = read_header(fs, &mut handle)
            && newest.is_none_or(|(b, f, _)| (born, file.first) > (b, f))
        {
            newest = Some((born, file.first, epoch));
        }
    }
    Ok(newest.map(|(_, _, epoch)| epoch))
}

/// Everything before the oldest segment must have been settled, or its gaps are lost with the cursor; the receiver's number
/// decides what is sent again.
fn rebuilt(epoch: Epoch, files: &[File], wall: u64) -> Cursor {
    let own = segment::short(&epoch);
    let first = files
        .iter()
        .filter(|file| file.epoch == own)
        .map(|file| file.first)
        .min()
        .unwrap_or(1);
    let mut cursor = Cursor::new(epoch, wall);
    cursor.acknowledged = first - 1;
    cursor.head = first;
    cursor
}

/// Reads every frame once, declares what is missing, and finds the head.
fn scan<F: Fs>(
    fs: &F,
    dir: &Path,
    cursor: &mut Cursor,
    files: &[File],
) -> Result<(Vec<Segment>, u64), Error> {
    let mut segments = Vec::with_capacity(files.len());
    let mut expected = cursor.acknowledged + 1;
    let mut torn_bytes = 0;
    for (index, file) in files.iter().enumerate() {
        let ceiling = files.get(index + 1).map_or(u64::MAX, |next| next.first);
        let path = dir.join(&file.name);
        cursor.declare(expected, file.first - 1, Reason::Corrupt);
        let mut handle = fs.open(&path).map_err(Error::io("cannot open", &path))?;
        let born = read_header(fs, &mut handle).map_or(cursor.age, |(_, born)| born);
        grown_to(cursor, born);
        let mut segment = Segment {
            path,
            first: file.first,
            next: file.first,
            len: segment::HEADER.min(file.len),
            born,
        };
        let mut frames = Frames::new(fs, &mut handle, segment::HEADER, file.len);
        while let Some(frame) = frames
            .next(segment.next)
            .map_err(Error::io("cannot read", &segment.path))?
        {
            let next = frame.seq + u64::from(!frame.is_seal());
            if next > ceiling {
                break;
            }
            cursor.declare(segment.next, frame.seq.saturating_sub(1), Reason::Corrupt);
            segment.next = next;
            segment.len = frames.offset();
        }
        torn_bytes += file.len.saturating_sub(segment.len);
        expected = expected.max(segment.next);
        segments.push(segment);
    }
    // The cursor may know numbers that no segment shows any more.
    cursor.declare(expected, cursor.head - 1, Reason::Corrupt);
    cursor.head = cursor.head.max(expected);
    Ok((segments, torn_bytes))
}

/// While nothing is acknowledged no cursor is written: a segment may know of more of the spool's age than it does.
fn grown_to(cursor: &mut Cursor, born: u64) {
    let ahead = born.saturating_sub(cursor.age);
    cursor.age += ahead;
    cursor.wall = cursor.wall.saturating_add(ahead);
}

fn read_header<F: Fs>(fs: &F, file: &mut F::File) -> Option<(Epoch, u64)> {
    let mut bytes = [0; segment::HEADER as usize];
    let mut filled = 0;
    while filled < bytes.len() {
        match fs.read_at(file, filled as u64, &mut bytes[filled..]) {
            Ok(0) | Err(_) => return None,
            Ok(read) => filled += read,
        }
    }
    segment::parse_header(&bytes)
}
