//! The owner's journal: literally what the collector acknowledged, for `weft-agent sent`.
//!
//! Invariant: it holds only what left the laptop, bounded to two files of 4 MiB; at rest that is several days. It is no part of
//! the delivery: losing it loses nothing but the owner's view.

use std::{
    fs::{File, OpenOptions},
    io::{BufRead, BufReader, BufWriter, Write},
    path::{Path, PathBuf},
};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use weft_proto::v1::Observation;

const CURRENT: &str = "sent.jsonl";
const OLDER: &str = "sent.older.jsonl";

/// Two files of this size: 8 MiB together.
const MAX_FILE_BYTES: u64 = 4 * 1024 * 1024;

/// One line.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Sent {
    /// When the collector said that it is durable.
    pub acknowledged_at: Timestamp,
    /// The spool's epoch, hex.
    pub epoch: String,
    /// The number within it.
    pub seq: u64,
    /// The literal record.
    pub observation: Observation,
}

/// The writer.
pub(crate) struct Journal {
    directory: PathBuf,
}

impl Journal {
    pub(crate) fn new(state: &Path) -> Self {
        Self {
            directory: state.to_owned(),
        }
    }

    pub(crate) fn write(
        &mut self,
        epoch: &[u8],
        observations: impl Iterator<Item = (u64, Observation)>,
        now: Timestamp,
    ) {
        let mut observations = observations.peekable();
        if observations.peek().is_none() {
            return;
        }
        let epoch = hex::encode(epoch);
        let lines = observations.map(|(seq, observation)| Sent {
            acknowledged_at: now,
            epoch: epoch.clone(),
            seq,
            observation,
        });
        if let Err(error) = self.try_write(lines) {
            tracing::debug!(%error, "the owner's journal could not be written");
        }
    }

    fn try_write(&self, lines: impl Iterator<Item = Sent>) -> std::io::Result<()> {
        let path = self.directory.join(CURRENT);
        if std::fs::metadata(&path).is_ok_and(|metadata| metadata.len() > MAX_FILE_BYTES) {
            std::fs::rename(&path, self.directory.join(OLDER))?;
        }
        let mut options = OpenOptions::new();
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = BufWriter::new(options.create(true).append(true).open(path)?);
        for line in lines {
            serde_json::to_writer(&mut file, &line)?;
            file.write_all(b"\n")?;
        }
        file.flush()
    }
}

/// What is read of a line; the line itself is shown as it was written.
#[derive(Deserialize)]
struct Head {
    acknowledged_at: Timestamp,
    epoch: String,
    seq: u64,
}

/// Calls `each` with the literal line of everything sent since, oldest first. Lines that a crash tore are skipped.
///
/// # Errors
/// When a journal exists and cannot be read.
pub fn read(state: &Path, since: Timestamp, mut each: impl FnMut(&str)) -> std::io::Result<()> {
    let mut last: Option<(String, u64)> = None;
    for name in [OLDER, CURRENT] {
        let file = match File::open(state.join(name)) {
            Ok(file) => file,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
            Err(error) => return Err(error),
        };
        for line in BufReader::new(file).lines() {
            let line = line?;
            let Ok(head) = serde_json::from_str::<Head>(&line) else {
                continue;
            };
            // After a kill the last acknowledged numbers may have been written twice.
            let again = last
                .as_ref()
                .is_some_and(|(epoch, seq)| *epoch == head.epoch && *seq >= head.seq);
            if again {
                continue;
            }
            if head.acknowledged_at >= since {
                each(&line);
            }
            last = Some((head.epoch, head.seq));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn shows_the_literal_records_once() {
        let dir = tempfile::tempdir().unwrap();
        let mut journal = Journal::new(dir.path());
        let observation = Observation {
            observed_at: None,
            kind: None,
        };
        let now: Timestamp = "2026-01-02T03:04:05Z".parse().unwrap();
        journal.write(
            &[1; 16],
            [(1, observation.clone()), (2, observation.clone())].into_iter(),
            now,
        );
        journal.write(
            &[1; 16],
            [(2, observation.clone()), (3, observation.clone())].into_iter(),
            now,
        );
        std::fs::OpenOptions::new()
            .append(true)
            .open(dir.path().join(CURRENT))
            .unwrap()
            .write_all(b"{\"torn")
            .unwrap();
        let mut seen = Vec::new();
        read(dir.path(), now, |line| {
            seen.push(line.contains("\"seq\":3"))
        })
        .unwrap();
        assert_eq!(seen, [false, false, true]);
        let mut later = 0;
        read(dir.path(), now + jiff::SignedDuration::from_secs(1), |_| {
            later += 1
        })
        .unwrap();
        assert_eq!(later, 0);
    }
}
