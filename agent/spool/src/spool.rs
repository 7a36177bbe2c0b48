//! The queue itself: append, read, acknowledge, drop.
//!
//! Invariant: a number is given only after its record is durable, and a file is removed only after the cursor that speaks for
//! its numbers is durable.

use std::{collections::VecDeque, io, ops::Range, path::PathBuf};

use crate::{
    Disk, Epoch, Error, Fs, Gap, LARGEST_STEP_MS, MAX_BATCH_GAPS, MAX_PAYLOAD, Opening, Reason,
    SEGMENT_BYTES, Stats,
    cursor::{self, Cursor},
    frame::{self, Frames},
    opening,
    segment::{self, Segment},
};

/// The cursor is written at least this often while numbers are acknowledged (see the crate doc).
const CURSOR_INTERVAL_MS: u64 = 60 * 1000;

/// A segment that is still written to is removed early once everything in it is settled and it has reached this size: at
/// rest the spool then takes a few pages.
const IDLE_SEGMENT_BYTES: u64 = 64 * 1024;

/// A segment spans at most this share of the age limit, so that expiry is that fine.
const AGE_STEPS: u64 = 8;

/// How large and how old the spool may grow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of all segments together.
    pub max_bytes: u64,
    /// Age of the oldest record, by the spool's own clock.
    pub max_age_ms: u64,
}

impl Default for Limits {
    /// 64 MiB hold about a month at rest; 30 days is how long a laptop may lie in a drawer.
    fn default() -> Self {
        Self {
            max_bytes: 64 * 1024 * 1024,
            max_age_ms: 30 * 24 * 60 * 60 * 1000,
        }
    }
}

/// One stored payload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Its number.
    pub seq: u64,
    /// The caller's tag, 1..=255.
    pub kind: u8,
    /// The caller's bytes.
    pub payload: Vec<u8>,
}

/// What follows a number: first gaps, then records without holes. Either may be empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Batch {
    /// Number of `records[0]`, or the number that comes next when there are none.
    pub first_seq: u64,
    /// In order, without holes.
    pub records: Vec<Record>,
    /// Lost numbers that lie directly before `first_seq`.
    pub gaps: Vec<Gap>,
}

impl Batch {
    /// The number after everything in this batch.
    pub fn next_seq(&self) -> u64 {
        self.first_seq + self.records.len() as u64
    }

    /// True when there is nothing to send.
    pub fn is_empty(&self) -> bool {
        self.records.is_empty() && self.gaps.is_empty()
    }
}

/// Where the last read ended, so that the next one need not search.
#[derive(Clone, Copy)]
struct Place {
    segment_first: u64,
    seq: u64,
    offset: u64,
}

/// The durable queue. One per directory and process.
pub struct Spool<F: Fs = Disk> {
    fs: F,
    dir: PathBuf,
    limits: Limits,
    cursor: Cursor,
    cursor_age: u64,
    segments: VecDeque<Segment>,
    /// The file behind the last segment, while it may grow.
    active: Option<F::File>,
    place: Option<Place>,
    /// Keeps other processes out.
    _lock: F::Lock,
}

impl<F: Fs> Spool<F> {
    /// Opens or begins the spool in `dir`. `fresh` is the epoch if a new life must begin; `wall` is Unix time in ms.
    ///
    /// # Errors
    /// [`Error::Locked`] when another process has it, [`Error::NoSpace`] and [`Error::Io`] from the file system.
    pub fn open(
        fs: F,
        dir: impl Into<PathBuf>,
        limits: Limits,
        fresh: Epoch,
        wall: u64,
    ) -> Result<(Self, Opening), Error> {
        let dir = dir.into();
        fs.prepare(&dir).map_err(Error::io("cannot create", &dir))?;
        let lock_path = dir.join("lock");
        let Some(lock) = fs
            .lock(&lock_path)
            .map_err(Error::io("cannot lock", lock_path))?
        else {
            return Err(Error::Locked(dir));
        };
        let opening::Found {
            cursor,
            segments,
            opening,
        } = opening::open(&fs, &dir, fresh, wall)?;
        let cursor_age = cursor.age;
        let mut spool = Self {
            fs,
            dir,
            limits,
            cursor,
            cursor_age,
            segments: segments.into(),
            active: None,
            place: None,
            _lock: lock,
        };
        spool.advance(wall);
        spool.remove_settled()?;
        Ok((spool, opening))
    }

    /// This life of the spool.
    pub fn epoch(&self) -> Epoch {
        self.cursor.epoch
    }

    /// The number that the next record will get.
    pub fn head(&self) -> u64 {
        self.cursor.head
    }

    /// New limits; they bite at the next append.
    pub fn set_limits(&mut self, limits: Limits) {
        self.limits = limits;
    }

    /// Appends all or nothing and returns the numbers given; they are durable.
    ///
    /// # Errors
    /// On every error no number was given: the caller may count the records as dropped or try again.
    pub fn append(&mut self, records: &[(u8, &[u8])], wall: u64) -> Result<Range<u64>, Error> {
        self.advance(wall);
        let size = Self::size(records)?;
        if size + segment::HEADER > self.limits.max_bytes {
            return Err(Error::OverQuota {
                got: size,
                limit: self.limits.max_bytes,
            });
        }
        if records.is_empty() {
            return Ok(self.cursor.head..self.cursor.head);
        }
        self.expire()?;
        self.make_room(size)?;
        self.open_segment(size)?;

        let first = self.cursor.head;
        let next = first + records.len() as u64;
        let mut bytes = Vec::with_capacity(size as usize);
        for (seq, (kind, payload)) in (first..).zip(records) {
            frame::encode(&mut bytes, seq, *kind, payload);
        }
        frame::encode(&mut bytes, next, frame::SEAL, &[]);
        self.write(&bytes)?;
        if let Some(segment) = self.segments.back_mut() {
            segment.len += bytes.len() as u64;
            segment.next = next;
        }
        self.cursor.head = next;
        Ok(first..next)
    }

    /// What follows from number `from` on: gaps first, then at most `max_records` records of about `max_bytes` together
    /// (one record always fits). Numbers that were settled and removed come back as gaps with [`Reason::Forgotten`].
    ///
    /// # Errors
    /// Only what may pass, such as too many open files. Damage becomes a gap.
    pub fn read(
        &mut self,
        from: u64,
        max_records: usize,
        max_bytes: usize,
    ) -> Result<Batch, Error> {
        let mut batch = Batch {
            first_seq: from.max(1),
            ..Batch::default()
        };
        while batch.records.is_empty()
            && batch.gaps.len() < MAX_BATCH_GAPS
            && batch.first_seq < self.cursor.head
        {
            if let Some(gap) = self.gap_at(batch.first_seq) {
                batch.first_seq = gap.last + 1;
                batch.gaps.push(gap);
                continue;
            }
            self.read_records(&mut batch, max_records.max(1), max_bytes)?;
        }
        Ok(batch)
    }

    /// Everything up to `seq` is settled at the receiver. Going back is ignored.
    ///
    /// # Errors
    /// [`Error::NotGiven`] when the number was never given.
    pub fn acknowledge(&mut self, seq: u64) -> Result<(), Error> {
        if seq >= self.cursor.head {
            return Err(Error::NotGiven {
                acknowledged: seq,
                head: self.cursor.head,
            });
        }
        if seq > self.cursor.acknowledged {
            self.cursor.acknowledged = seq;
            self.cursor.gaps.settle(seq);
            self.remove_settled()?;
        }
        if self.cursor.age.saturating_sub(self.cursor_age) >= CURSOR_INTERVAL_MS {
            self.note_cursor()?;
        }
        Ok(())
    }

    /// Begins a new epoch because the receiver knows numbers that this spool never gave (it was restored from a backup). What
    /// lies below `keep_from` is settled: the receiver has it under the old epoch. The rest is numbered anew.
    ///
    /// # Errors
    /// On error the old epoch stays in force.
    pub fn renew(&mut self, fresh: Epoch, keep_from: u64, wall: u64) -> Result<(), Error> {
        self.advance(wall);
        let mut cursor = Cursor {
            age: self.cursor.age,
            lost: self.cursor.lost,
            ..Cursor::new(fresh, self.cursor.wall)
        };
        let (old_head, old_segments) = (self.cursor.head, self.segments.clone());
        let mut fresh_segments = VecDeque::new();
        let mut from = keep_from;
        while from < old_head {
            // One segment of the new epoch per megabyte: memory stays small and nothing is appended to twice.
            let batch = self.read(from, usize::MAX, (SEGMENT_BYTES / 4) as usize)?;
            for gap in &batch.gaps {
                let count = gap
                    .last
                    .min(old_head - 1)
                    .saturating_sub(gap.first.max(from));
                let first = cursor.head;
                cursor.head += count + 1;
                // Counted as lost already under the old epoch.
                cursor.gaps.declare(first, first + count, gap.reason);
            }
            if !batch.records.is_empty() {
                fresh_segments.push_back(self.copy_segment(&fresh, cursor.head, &batch.records)?);
                cursor.head += batch.records.len() as u64;
            }
            if batch.next_seq() <= from {
                break;
            }
            from = batch.next_seq();
        }
        self.fs
            .sync_dir(&self.dir)
            .map_err(Error::io("cannot sync", &self.dir))?;
        cursor::store(&self.fs, &self.dir, &cursor)?;
        self.cursor_age = cursor.age;
        self.cursor = cursor;
        self.segments = fresh_segments;
        self.active = None;
        self.place = None;
        for segment in old_segments {
            self.remove_file(&segment)?;
        }
        Ok(())
    }

    /// Writes the cursor now, e.g. before the process ends.
    ///
    /// # Errors
    /// From the file system.
    pub fn flush(&mut self) -> Result<(), Error> {
        self.store_cursor()
    }

    /// A snapshot.
    pub fn stats(&self) -> Stats {
        let Cursor {
            epoch,
            acknowledged,
            head,
            age,
            lost,
            gaps,
            ..
        } = &self.cursor;
        let open = head - 1 - acknowledged;
        Stats {
            epoch: *epoch,
            head: *head,
            acknowledged: *acknowledged,
            waiting: open - gaps.within(acknowledged + 1, head - 1).min(open),
            bytes: self.bytes(),
            oldest_ms: self
                .segments
                .front()
                .map_or(0, |segment| age.saturating_sub(segment.born)),
            lost_full: lost.full,
            lost_expired: lost.expired,
            lost_corrupt: lost.corrupt,
        }
    }

    fn size(records: &[(u8, &[u8])]) -> Result<u64, Error> {
        let mut size = frame::stored(0);
        for (kind, payload) in records {
            if payload.len() > MAX_PAYLOAD {
                return Err(Error::TooLarge(payload.len()));
            }
            if *kind == frame::SEAL {
                return Err(Error::ReservedKind);
            }
            size += frame::stored(payload.len());
        }
        Ok(size)
    }

    fn bytes(&self) -> u64 {
        self.segments.iter().map(|segment| segment.len).sum()
    }

    /// Moves the spool's own clock (crate doc, "Age").
    fn advance(&mut self, wall: u64) {
        let step = wall.saturating_sub(self.cursor.wall).min(LARGEST_STEP_MS);
        self.cursor.age += step;
        self.cursor.wall = wall;
    }

    fn expire(&mut self) -> Result<(), Error> {
        while let Some(oldest) = self.segments.front()
            && self.cursor.age.saturating_sub(oldest.born) > self.limits.max_age_ms
        {
            self.drop_oldest(Reason::Expired)?;
        }
        Ok(())
    }

    fn make_room(&mut self, size: u64) -> Result<(), Error> {
        while !self.segments.is_empty()
            && self.bytes() + size + segment::HEADER > self.limits.max_bytes
        {
            self.drop_oldest(Reason::Full)?;
        }
        Ok(())
    }

    fn drop_oldest(&mut self, reason: Reason) -> Result<(), Error> {
        let Some(oldest) = self.segments.front().cloned() else {
            return Ok(());
        };
        if !oldest.is_empty() {
            let before = self.cursor.clone();
            self.cursor.declare(oldest.first, oldest.next - 1, reason);
            if let Err(error) = self.store_cursor() {
                self.cursor = before;
                return Err(error);
            }
        }
        self.forget_front(&oldest)
    }

    /// Removes every leading segment in which all is settled or lost.
    fn remove_settled(&mut self) -> Result<(), Error> {
        while let Some(oldest) = self.segments.front().cloned() {
            // Wholly lost: a crash came between declaring the gap and removing the file.
            let open = oldest.first.max(self.cursor.acknowledged + 1)..oldest.next;
            let lost = self
                .cursor
                .gaps
                .within(open.start, open.end.saturating_sub(1));
            let settled = open.is_empty() || lost == open.end - open.start;
            let growing = self.segments.len() == 1
                && self.active.is_some()
                && oldest.len < IDLE_SEGMENT_BYTES;
            if !settled || growing {
                break;
            }
            if !self.note_cursor()? {
                break;
            }
            self.forget_front(&oldest)?;
        }
        Ok(())
    }

    fn forget_front(&mut self, oldest: &Segment) -> Result<(), Error> {
        if self.segments.len() == 1 {
            self.active = None;
        }
        self.segments.pop_front();
        self.remove_file(oldest)
    }

    fn remove_file(&self, segment: &Segment) -> Result<(), Error> {
        match self.fs.remove(&segment.path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(Error::io("cannot remove", &segment.path)(error))
            }
            _ => Ok(()),
        }
    }

    fn store_cursor(&mut self) -> Result<(), Error> {
        cursor::store(&self.fs, &self.dir, &self.cursor)?;
        self.cursor_age = self.cursor.age;
        Ok(())
    }

    /// Writes the cursor if the disk takes it; false when it is full or read-only. What is settled then stays on disk and is
    /// removed another time: a full disk must not end a session that could empty the spool.
    fn note_cursor(&mut self) -> Result<bool, Error> {
        match self.store_cursor() {
            Ok(()) => Ok(true),
            Err(error) if error.is_of_a_full_disk() => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Makes the last segment one that `size` more bytes may go to.
    fn open_segment(&mut self, size: u64) -> Result<(), Error> {
        let longest = self.limits.max_age_ms / AGE_STEPS;
        let fits = self.segments.back().is_some_and(|last| {
            let young = self.cursor.age.saturating_sub(last.born) <= longest;
            last.is_empty() || (young && last.len + size <= SEGMENT_BYTES)
        });
        if self.active.is_some() && fits {
            return Ok(());
        }
        self.active = None;
        // A segment that never got a record would share its name with the new one.
        if self.segments.back().is_some_and(Segment::is_empty) {
            self.segments.pop_back();
        }
        let (epoch, first, born) = (self.cursor.epoch, self.cursor.head, self.cursor.age);
        let path = segment::path(&self.dir, &epoch, first);
        let mut file = self
            .fs
            .create(&path)
            .map_err(Error::io("cannot create", &path))?;
        let header = segment::header(&epoch, first, born);
        let begun = self
            .fs
            .write_at(&mut file, 0, &header)
            .and_then(|()| self.fs.sync(&mut file));
        if let Err(error) = begun.and_then(|()| self.fs.sync_dir(&self.dir)) {
            // Nothing was promised about this file; an empty or torn one is harmless, but it need not stay.
            self.fs.remove(&path).ok();
            return Err(Error::io("cannot begin", path)(error));
        }
        self.segments.push_back(Segment {
            path,
            first,
            next: first,
            len: segment::HEADER,
            born,
        });
        self.active = Some(file);
        Ok(())
    }

    /// Writes behind the last segment's end and makes it durable; on failure the segment is as before.
    fn write(&mut self, bytes: &[u8]) -> Result<(), Error> {
        let (Some(segment), Some(file)) = (self.segments.back(), self.active.as_mut()) else {
            return Ok(());
        };
        let written = self
            .fs
            .write_at(file, segment.len, bytes)
            .and_then(|()| self.fs.sync(file));
        let Err(error) = written else {
            return Ok(());
        };
        // After a failed sync the page cache cannot be trusted (it may drop the dirty pages and report success next time):
        // cut what was written, and let the next append begin a new segment, whose first number outranks any remains.
        self.fs.truncate(file, segment.len).ok();
        let path = segment.path.clone();
        self.active = None;
        Err(Error::io("cannot write", path)(error))
    }

    /// The gap that covers this number: declared, or forgotten because no segment reaches back that far.
    fn gap_at(&self, number: u64) -> Option<Gap> {
        if let Some(gap) = self.cursor.gaps.covering(number) {
            return Some(Gap {
                first: number,
                ..gap
            });
        }
        if self.segments.iter().any(|segment| segment.holds(number)) {
            return None;
        }
        let next_record = self
            .segments
            .iter()
            .filter(|segment| !segment.is_empty())
            .map(|s| s.first)
            .find(|first| *first > number);
        let next_gap = self.cursor.gaps.next_from(number);
        let end = next_record
            .into_iter()
            .chain(next_gap)
            .min()
            .unwrap_or(self.cursor.head);
        Some(Gap {
            first: number,
            last: end - 1,
            reason: Reason::Forgotten,
        })
    }

    /// Reads on from `batch.first_seq`, through as many segments as the limits allow, up to the next hole.
    fn read_records(
        &mut self,
        batch: &mut Batch,
        max_records: usize,
        max_bytes: usize,
    ) -> Result<(), Error> {
        let mut bytes = 0;
        loop {
            let expected = batch.next_seq();
            let Some(segment) = self
                .segments
                .iter()
                .find(|segment| segment.holds(expected))
                .cloned()
            else {
                return Ok(());
            };
            let stop = self.cursor.gaps.next_from(expected).unwrap_or(u64::MAX);
            let read = self.read_segment(&segment, batch, stop, max_records, max_bytes, &mut bytes);
            let damaged = match read {
                Ok(Stop::Enough) => return Ok(()),
                Ok(Stop::End) => None,
                Ok(Stop::Hole(last)) => Some(last),
                // The file is gone or its sectors are: what is left of it is lost.
                Err(error) if is_damage(&error) => Some(segment.next - 1),
                Err(error) => return Err(Error::io("cannot read", &segment.path)(error)),
            };
            if let Some(last) = damaged {
                self.place = None;
                self.cursor.declare(batch.next_seq(), last, Reason::Corrupt);
                return self.store_cursor();
            }
        }
    }

    fn read_segment(
        &mut self,
        segment: &Segment,
        batch: &mut Batch,
        stop: u64,
        max_records: usize,
        max_bytes: usize,
        bytes: &mut usize,
    ) -> io::Result<Stop> {
        let expected = batch.next_seq();
        let place = self
            .place
            .filter(|place| place.segment_first == segment.first && place.seq <= expected);
        let (mut seq, offset) = place.map_or((segment.first, segment::HEADER), |place| {
            (place.seq, place.offset)
        });
        let mut file = self.fs.open(&segment.path)?;
        let mut frames = Frames::new(&self.fs, &mut file, offset, segment.len);
        while batch.next_seq() < segment.next {
            if batch.next_seq() >= stop {
                return Ok(Stop::Enough);
            }
            let before = frames.offset();
            let Some(frame) = frames.next(seq)? else {
                return Ok(Stop::Hole(segment.next - 1));
            };
            let expected = batch.next_seq();
            if frame.seq > expected {
                return Ok(Stop::Hole((frame.seq - 1).min(segment.next - 1)));
            }
            seq = frame.seq + u64::from(!frame.is_seal());
            if frame.is_seal() || frame.seq < expected {
                continue;
            }
            let full =
                batch.records.len() >= max_records || *bytes + frame.payload.len() > max_bytes;
            if full && !batch.records.is_empty() {
                self.place = Some(Place {
                    segment_first: segment.first,
                    seq: frame.seq,
                    offset: before,
                });
                return Ok(Stop::Enough);
            }
            *bytes += frame.payload.len();
            batch.records.push(Record {
                seq: frame.seq,
                kind: frame.kind,
                payload: frame.payload,
            });
        }
        self.place = Some(Place {
            segment_first: segment.first,
            seq,
            offset: frames.offset(),
        });
        Ok(Stop::End)
    }

    fn copy_segment(
        &mut self,
        epoch: &Epoch,
        first: u64,
        records: &[Record],
    ) -> Result<Segment, Error> {
        let path = segment::path(&self.dir, epoch, first);
        let mut bytes = segment::header(epoch, first, self.cursor.age);
        for (seq, record) in (first..).zip(records) {
            frame::encode(&mut bytes, seq, record.kind, &record.payload);
        }
        let next = first + records.len() as u64;
        frame::encode(&mut bytes, next, frame::SEAL, &[]);
        let mut file = self
            .fs
            .create(&path)
            .map_err(Error::io("cannot create", &path))?;
        let written = self
            .fs
            .write_at(&mut file, 0, &bytes)
            .and_then(|()| self.fs.sync(&mut file));
        written.map_err(Error::io("cannot write", &path))?;
        Ok(Segment {
            path,
            first,
            next,
            len: bytes.len() as u64,
            born: self.cursor.age,
        })
    }
}

/// Why reading one segment ended.
enum Stop {
    /// A limit of the batch, or a gap.
    Enough,
    /// The segment's records are all read.
    End,
    /// The numbers up to this one cannot be read.
    Hole(u64),
}

/// EIO is 5 on every system that has it.
fn is_damage(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::NotFound || error.raw_os_error() == Some(5)
}
