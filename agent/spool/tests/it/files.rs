//! Any bytes as cursor and segment: opening, reading and appending never panic, and the next append is read back.
//!
//! Invariant: [`open_anything`] panics exactly when the spool breaks that promise. The test below and the fuzz target
//! (`agent/spool/fuzz`) share it. Not here: what a crash leaves behind (`life.rs`).

use std::path::PathBuf;

use weft_agent_spool::{Limits, Spool};

use crate::faulty::Faulty;

const CURSOR: &str = "/spool/cursor";
const SEGMENT: &str = "/spool/0101010101010101-0000000000000001.segment";

/// The first byte says where the cursor's bytes end.
pub fn open_anything(bytes: &[u8]) {
    let Some((split, rest)) = bytes.split_first() else {
        return;
    };
    let (cursor, segment) = rest.split_at(usize::from(*split).min(rest.len()));
    let disk = Faulty::new(1);
    disk.restore(vec![
        (PathBuf::from(CURSOR), cursor.to_vec()),
        (PathBuf::from(SEGMENT), segment.to_vec()),
    ]);
    let Ok((mut spool, _)) = Spool::open(disk, "/spool", Limits::default(), [1; 16], 0) else {
        return;
    };
    let mut next = spool.stats().acknowledged + 1;
    while next < spool.head() {
        let Ok(batch) = spool.read(next, 100, 10_000) else {
            return;
        };
        assert!(!batch.is_empty(), "a read below the head moves on");
        next = batch.next_seq();
    }
    if let Ok(given) = spool.append(&[(1, b"after")], 0) {
        let Ok(last) = spool.read(given.start, 1, 100) else {
            panic!("what was appended cannot be read");
        };
        assert_eq!(last.records[0].payload, b"after");
    }
}

/// The files of a spool that lived: ten records, five of them acknowledged.
fn lived() -> (Vec<u8>, Vec<u8>) {
    let disk = Faulty::new(1);
    let Ok((mut spool, _)) = Spool::open(disk.clone(), "/spool", Limits::default(), [1; 16], 0)
    else {
        panic!("an empty disk opens");
    };
    for size in 0..10 {
        let payload = vec![0xAB; size * 7];
        assert!(spool.append(&[(9, payload.as_slice())], 5).is_ok());
    }
    assert!(spool.acknowledge(5).is_ok() && spool.flush().is_ok());
    let file = |ending: &str| {
        let files = disk.backup();
        let found = files
            .into_iter()
            .find(|(path, _)| path.to_string_lossy().ends_with(ending));
        found.map(|(_, bytes)| bytes).unwrap_or_default()
    };
    let (cursor, segment) = (file("cursor"), file(".segment"));
    assert!(!cursor.is_empty() && cursor.len() < 256 && !segment.is_empty());
    (cursor, segment)
}

/// The fuzzer's way in a few thousand steps: real files with bytes changed, cut out, doubled and cut off.
#[test]
fn files_with_mistakes_are_opened_or_refused_and_never_panic() {
    const ROUNDS: u64 = 20_000;
    let (cursor, segment) = lived();
    let mut whole = vec![u8::try_from(cursor.len()).unwrap_or(0)];
    whole.extend(&cursor);
    whole.extend(&segment);
    open_anything(&whole);
    for seed in 1..=ROUNDS {
        let mut random = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let mut next = |below: usize| {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            usize::try_from(random >> 33).unwrap_or(0) % below.max(1)
        };
        let mut bytes = whole.clone();
        for _ in 0..=next(4) {
            let at = next(bytes.len());
            match next(6) {
                0 => bytes[at] ^= 1 << next(8),
                1 => bytes[at] = [0, 1, 0x7F, 0x80, 0xFF][next(5)],
                2 => bytes.truncate(at.max(1)),
                3 => drop(bytes.drain(at..(at + next(40)).min(bytes.len()))),
                4 => {
                    let piece = bytes[at..(at + next(60)).min(bytes.len())].to_vec();
                    bytes.splice(at..at, piece);
                }
                // A length or a number of four bytes that is far too large.
                _ => bytes
                    .iter_mut()
                    .skip(at)
                    .take(4)
                    .for_each(|byte| *byte = 0xFF),
            }
            if bytes.is_empty() {
                break;
            }
        }
        open_anything(&bytes);
    }
}
