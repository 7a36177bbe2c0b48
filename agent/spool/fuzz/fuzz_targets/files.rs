//! Any bytes as cursor and segment: opening, reading and appending never panic, and the next append is read back.
//! The first byte says where the cursor's bytes end.
#![no_main]

#[allow(dead_code)]
#[path = "../../tests/it/faulty.rs"]
mod faulty;

use std::path::PathBuf;

use weft_agent_spool::{Limits, Spool};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let Some((split, rest)) = bytes.split_first() else {
        return;
    };
    let (cursor, segment) = rest.split_at(usize::from(*split).min(rest.len()));
    let disk = faulty::Faulty::new(1);
    disk.restore(vec![
        (PathBuf::from("/spool/cursor"), cursor.to_vec()),
        (
            PathBuf::from("/spool/0101010101010101-0000000000000001.segment"),
            segment.to_vec(),
        ),
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
        let last = spool.read(given.start, 1, 100).expect("reads back");
        assert_eq!(last.records[0].payload, b"after");
    }
});
