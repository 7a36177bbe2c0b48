//! The spool against a plain queue, with power cuts at every file operation, bit flips, full disks and wild clocks.
//!
//! Invariant under test: every number that was given is read back unchanged, or declared, or acknowledged; never twice, never
//! silently gone.
#![allow(clippy::unwrap_used)]

mod faulty;
mod files;
mod life;

use std::collections::BTreeMap;

use faulty::Faulty;
use proptest::prelude::*;
use weft_agent_spool::{Begun, Disk, Error, Limits, Opening, Reason, Spool};

const DIR: &str = "/spool";
const SMALL: Limits = Limits {
    max_bytes: 40_000,
    max_age_ms: 1_000_000,
};

fn open(fs: &Faulty, limits: Limits) -> Result<(Spool<Faulty>, Opening), Error> {
    Spool::open(fs.clone(), DIR, limits, [1; 16], 0)
}

/// Reads everything from `from` on: records by number, and lost numbers with their reason.
fn drain(spool: &mut Spool<Faulty>, from: u64) -> (BTreeMap<u64, Vec<u8>>, BTreeMap<u64, Reason>) {
    let (mut records, mut lost) = (BTreeMap::new(), BTreeMap::new());
    let mut next = from;
    while next < spool.head() {
        let batch = spool.read(next, 7, 900).unwrap();
        for gap in &batch.gaps {
            assert_eq!(gap.first, next, "gaps are contiguous");
            lost.extend((gap.first..=gap.last).map(|number| (number, gap.reason)));
            next = gap.last + 1;
        }
        assert_eq!(batch.first_seq, next);
        for record in &batch.records {
            assert_eq!(record.seq, next);
            records.insert(next, record.payload.clone());
            next += 1;
        }
        assert!(!batch.is_empty(), "a read below the head always moves on");
    }
    assert_eq!(next, spool.head(), "no hole and nothing behind the head");
    (records, lost)
}

#[derive(Clone, Debug)]
enum Step {
    Append(Vec<u8>),
    Acknowledge(u8),
    Wait(u32),
    Reopen,
    PowerCutDuring(u8, Vec<u8>),
    FullDisk(u16),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let lengths = || prop::collection::vec(any::<u8>(), 1..6);
    let step = prop_oneof![
        6 => lengths().prop_map(Step::Append),
        3 => any::<u8>().prop_map(Step::Acknowledge),
        1 => (0u32..200_000).prop_map(Step::Wait),
        1 => Just(Step::Reopen),
        3 => (0u8..14, lengths()).prop_map(|(at, sizes)| Step::PowerCutDuring(at, sizes)),
        1 => any::<u16>().prop_map(Step::FullDisk),
    ];
    prop::collection::vec(step, 1..60)
}

/// The queue as it should be.
#[derive(Default)]
struct Model {
    given: BTreeMap<u64, Vec<u8>>,
    acknowledged: u64,
    counter: u32,
    wall: u64,
}

impl Model {
    fn payloads(&mut self, sizes: &[u8]) -> Vec<Vec<u8>> {
        sizes
            .iter()
            .map(|size| {
                self.counter += 1;
                let mut payload = self.counter.to_le_bytes().to_vec();
                payload.resize(4 + usize::from(*size) * 4, 0xAB);
                payload
            })
            .collect()
    }

    fn append(&mut self, spool: &mut Spool<Faulty>, sizes: &[u8]) -> Result<(), Error> {
        let payloads = self.payloads(sizes);
        let records: Vec<(u8, &[u8])> = payloads
            .iter()
            .map(|payload| (9, payload.as_slice()))
            .collect();
        let range = spool.append(&records, self.wall)?;
        assert_eq!(range.end - range.start, payloads.len() as u64);
        for (number, payload) in range.zip(payloads) {
            assert_eq!(
                self.given.insert(number, payload),
                None,
                "a number is given once"
            );
        }
        Ok(())
    }

    fn check(&self, spool: &mut Spool<Faulty>) {
        let (records, lost) = drain(spool, self.acknowledged + 1);
        for (number, payload) in self.given.range(self.acknowledged + 1..) {
            match (records.get(number), lost.get(number)) {
                (Some(read), None) => assert_eq!(read, payload),
                (None, Some(reason)) => assert!(
                    matches!(reason, Reason::Full | Reason::Expired),
                    "{number}: {reason:?}"
                ),
                other => panic!("number {number} is {other:?}"),
            }
        }
        let stats = spool.stats();
        assert!(stats.bytes <= SMALL.max_bytes, "{stats:?}");
        // After a restart the acknowledged number may lag behind (crate doc, "Cursor").
        let waiting = drain(spool, spool.stats().acknowledged + 1).0.len();
        assert_eq!(spool.stats().waiting, waiting as u64);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn behaves_like_a_queue_through_crashes(seed in any::<u64>(), steps in steps()) {
        let fs = Faulty::new(seed);
        let mut model = Model::default();
        let mut spool = Some(open(&fs, SMALL).unwrap().0);
        for step in steps {
            let mut live = spool.take().unwrap();
            match step {
                Step::Append(sizes) => model.append(&mut live, &sizes).unwrap(),
                Step::Acknowledge(part) => {
                    let open = live.head() - 1 - model.acknowledged;
                    let to = model.acknowledged + open * u64::from(part) / 255;
                    live.acknowledge(to).unwrap();
                    model.acknowledged = to;
                }
                Step::Wait(ms) => model.wall += u64::from(ms),
                Step::Reopen => {
                    drop(live);
                    live = open(&fs, SMALL).unwrap().0;
                }
                Step::PowerCutDuring(at, sizes) => {
                    let head = live.head();
                    fs.fail_after(u64::from(at));
                    let appended = model.append(&mut live, &sizes);
                    drop(live);
                    fs.power_cut();
                    live = open(&fs, SMALL).unwrap().0;
                    if appended.is_err() {
                        // The append never returned: its records may have survived in part, as a prefix. Adopt them.
                        let (records, _) = drain(&mut live, head);
                        model.given.extend(records);
                    }
                }
                Step::FullDisk(room) => {
                    let used = fs.bytes_of(DIR);
                    fs.set_capacity(Some(used + usize::from(room % 700)));
                    match model.append(&mut live, &[50, 50, 50]) {
                        Ok(()) | Err(Error::NoSpace(_)) => {}
                        Err(error) => panic!("{error}"),
                    }
                    // What is there can still be sent, also by a new process.
                    if room % 2 == 0 {
                        let to = (model.acknowledged + u64::from(room % 5)).min(live.head() - 1);
                        model.acknowledged = model.acknowledged.max(to);
                        live.acknowledge(model.acknowledged).unwrap();
                    }
                    if room % 3 == 0 {
                        drop(live);
                        live = open(&fs, SMALL).unwrap().0;
                    }
                    model.check(&mut live);
                    fs.set_capacity(None);
                }
            }
            model.check(&mut live);
            spool = Some(live);
        }
    }

    #[test]
    fn a_bit_flip_anywhere_costs_at_most_declared_numbers(at in any::<usize>(), batches in 1usize..8, reopen in any::<bool>()) {
        let fs = Faulty::new(3);
        let mut model = Model::default();
        let mut live = open(&fs, SMALL).unwrap().0;
        for _ in 0..batches {
            model.append(&mut live, &[10, 200, 3]).unwrap();
        }
        fs.flip(".segment", at);
        if reopen {
            drop(live);
            live = open(&fs, SMALL).unwrap().0;
        }
        let (records, lost) = drain(&mut live, 1);
        for (number, payload) in &model.given {
            match (records.get(number), lost.get(number)) {
                (Some(read), None) => prop_assert_eq!(read, payload),
                (None, Some(reason)) => prop_assert_eq!(*reason, Reason::Corrupt),
                other => prop_assert!(false, "number {} is {:?}", number, other),
            }
        }
        prop_assert!(lost.len() <= 1, "one flip costs at most one record: {:?}", lost);
        // Declared gaps survive restarts.
        drop(live);
        let (_, again) = drain(&mut open(&fs, SMALL).unwrap().0, 1);
        prop_assert_eq!(again, lost);
    }

    #[test]
    fn garbage_in_every_file_never_panics(garbage in prop::collection::vec((any::<usize>(), any::<bool>()), 1..40)) {
        let fs = Faulty::new(5);
        let mut model = Model::default();
        let mut live = open(&fs, SMALL).unwrap().0;
        for _ in 0..5 {
            model.append(&mut live, &[20, 30]).unwrap();
        }
        drop(live);
        for (at, cursor) in garbage {
            fs.flip(if cursor { "cursor" } else { ".segment" }, at);
        }
        let mut live = open(&fs, SMALL).unwrap().0;
        drain(&mut live, 1);
        model.given.clear();
        model.append(&mut live, &[1]).unwrap();
    }
}

#[test]
fn a_power_cut_at_each_operation_of_an_append_keeps_what_was_promised() {
    for at in 0..40 {
        let fs = Faulty::new(at);
        let mut model = Model::default();
        let mut live = open(&fs, SMALL).unwrap().0;
        for _ in 0..30 {
            model.append(&mut live, &[250]).unwrap();
        }
        fs.fail_after(at);
        while model.append(&mut live, &[250, 250]).is_ok() {}
        let head = live.head();
        drop(live);
        fs.power_cut();
        let mut live = open(&fs, SMALL).unwrap().0;
        let (records, _) = drain(&mut live, head);
        model.given.extend(records);
        model.check(&mut live);
    }
}

#[test]
fn a_disk_that_turns_read_only_refuses_in_words_and_loses_nothing() {
    let fs = Faulty::new(1);
    let (mut spool, _) = open(&fs, SMALL).unwrap();
    spool.append(&[(1, b"before")], 0).unwrap();
    fs.set_read_only(true);
    let refused = spool.append(&[(1, b"refused")], 0).unwrap_err().to_string();
    assert!(refused.contains("cannot"), "{refused}");
    assert_eq!(spool.head(), 2, "no number was given");
    assert_eq!(drain(&mut spool, 1).0.len(), 1, "what is there can be sent");
    drop(spool);
    let (mut spool, _) = open(&fs, SMALL).unwrap();
    assert_eq!(drain(&mut spool, 1).0.len(), 1, "also by a new process");
    spool.acknowledge(1).unwrap();
    fs.set_read_only(false);
    assert_eq!(spool.append(&[(1, b"after")], 0).unwrap(), 2..3);
    drop(spool);
    let (records, lost) = drain(&mut open(&fs, SMALL).unwrap().0, 2);
    assert_eq!((records.len(), lost.len()), (1, 0));
}

#[test]
fn old_records_expire_but_a_clock_that_leaps_years_does_not_empty_the_spool() {
    let fs = Faulty::new(1);
    let day = 24 * 60 * 60 * 1000;
    let limits = Limits {
        max_bytes: 1_000_000,
        max_age_ms: 3 * day,
    };
    let (mut spool, _) = open(&fs, limits).unwrap();
    spool.append(&[(1, b"first")], 0).unwrap();
    spool.append(&[(1, b"leap")], 3650 * day).unwrap();
    assert_eq!(
        drain(&mut spool, 1).0.len(),
        2,
        "ten years forward count as one day"
    );
    spool.append(&[(1, b"back")], 5 * day).unwrap();
    for later in 6..10 {
        spool.append(&[(1, b"later")], later * day).unwrap();
    }
    let (records, lost) = drain(&mut spool, 1);
    assert_eq!(lost.get(&1), Some(&Reason::Expired));
    assert!(records.len() >= 3);
    assert_eq!(spool.stats().lost_expired, lost.len() as u64);
}

#[test]
fn a_process_that_dies_without_a_word_takes_no_age_with_it() {
    let fs = Faulty::new(1);
    let hour = 60 * 60 * 1000;
    let limits = Limits {
        max_bytes: 1_000_000,
        max_age_ms: 10 * 24 * hour,
    };
    let (mut spool, _) = open(&fs, limits).unwrap();
    for now in 0..10 * 24 {
        spool.append(&[(1, b"offline")], now * hour).unwrap();
    }
    // No acknowledgement, no flush: the cursor is as it was at the start.
    drop(spool);
    let now = (10 * 24 + 20) * hour;
    let (mut spool, _) = Spool::open(fs.clone(), DIR, limits, [1; 16], now).unwrap();
    spool.append(&[(1, b"later")], now).unwrap();
    let (_, lost) = drain(&mut spool, 1);
    assert_eq!(lost.get(&1), Some(&Reason::Expired));
    assert!(lost.len() < 3 * 24, "{} hours are gone", lost.len());
}

#[test]
fn a_full_spool_gives_up_its_oldest_and_says_so_after_a_restart() {
    let fs = Faulty::new(1);
    let (mut spool, _) = open(&fs, SMALL).unwrap();
    let payload = vec![0u8; 9_000];
    for _ in 0..10 {
        spool.append(&[(1, &payload)], 0).unwrap();
    }
    let (records, lost) = drain(&mut spool, 1);
    assert!(lost.values().all(|reason| *reason == Reason::Full));
    assert_eq!(records.len() + lost.len(), 10);
    assert!(records.contains_key(&10));
    drop(spool);
    let (mut spool, _) = open(&fs, SMALL).unwrap();
    assert_eq!(drain(&mut spool, 1), (records, lost));
}

#[test]
fn acknowledged_records_leave_no_bytes_behind() {
    let fs = Faulty::new(1);
    let (mut spool, _) = open(&fs, Limits::default()).unwrap();
    let payload = vec![0u8; 100_000];
    for _ in 0..60 {
        spool.append(&[(1, &payload)], 0).unwrap();
    }
    spool.acknowledge(60).unwrap();
    assert_eq!(fs.bytes_of(".segment"), 0);
    assert_eq!(spool.append(&[(1, b"next")], 0).unwrap(), 61..62);
    drop(spool);
    let (spool, _) = open(&fs, Limits::default()).unwrap();
    assert_eq!((spool.head(), spool.stats().acknowledged), (62, 60));
}

#[test]
fn a_lost_cursor_is_rebuilt_and_a_lost_everything_is_a_new_life() {
    let fs = Faulty::new(1);
    let (mut spool, opening) = open(&fs, SMALL).unwrap();
    assert_eq!(opening.begun, Begun::Fresh);
    spool.append(&[(1, b"a"), (2, b"b")], 0).unwrap();
    drop(spool);
    fs.flip("cursor", 40);
    let (mut spool, opening) = Spool::open(fs.clone(), DIR, SMALL, [9; 16], 0).unwrap();
    assert_eq!(
        (opening.begun, spool.epoch(), spool.head()),
        (Begun::Rebuilt, [1; 16], 3)
    );
    assert_eq!(drain(&mut spool, 1).0.len(), 2);
    drop(spool);
    fs.flip("cursor", 40);
    fs.remove_matching(".segment");
    let (spool, opening) = Spool::open(fs, DIR, SMALL, [9; 16], 0).unwrap();
    assert_eq!(
        (opening.begun, spool.epoch(), spool.head()),
        (Begun::Restarted, [9; 16], 1)
    );
}

#[test]
fn a_restored_backup_begins_a_new_epoch_and_keeps_what_is_new() {
    let fs = Faulty::new(1);
    let (mut spool, _) = open(&fs, SMALL).unwrap();
    spool.append(&[(1, b"one"), (1, b"two")], 0).unwrap();
    let backup = fs.backup();
    spool.append(&[(1, b"three"), (1, b"four")], 0).unwrap();
    drop(spool);
    fs.restore(backup);
    let (mut spool, _) = open(&fs, SMALL).unwrap();
    let at_start = spool.head();
    spool.append(&[(1, b"fresh")], 0).unwrap();
    assert!(matches!(
        spool.acknowledge(4),
        Err(Error::NotGiven {
            acknowledged: 4,
            head: 4
        })
    ));
    spool.renew([2; 16], at_start, 0).unwrap();
    for _ in 0..2 {
        assert_eq!((spool.epoch(), spool.head()), ([2; 16], 2));
        let (records, lost) = drain(&mut spool, 1);
        assert_eq!(
            (records[&1].as_slice(), lost.len()),
            (b"fresh".as_slice(), 0)
        );
        drop(spool);
        spool = open(&fs, SMALL).unwrap().0;
    }
}

#[test]
fn what_the_receiver_forgot_is_a_declared_gap() {
    let fs = Faulty::new(1);
    let (mut spool, _) = open(&fs, SMALL).unwrap();
    for _ in 0..3 {
        spool.append(&[(1, &vec![0u8; 10_000])], 0).unwrap();
        drop(spool);
        spool = open(&fs, SMALL).unwrap().0;
    }
    spool.acknowledge(2).unwrap();
    let (records, lost) = drain(&mut spool, 1);
    assert_eq!(records.keys().copied().collect::<Vec<_>>(), [3]);
    assert!(lost.values().all(|reason| *reason == Reason::Forgotten));
}

#[test]
fn two_processes_cannot_share_a_spool_on_a_real_disk() {
    let dir = tempfile::tempdir().unwrap();
    let (mut spool, _) = Spool::open(Disk, dir.path(), SMALL, [1; 16], 0).unwrap();
    let Err(error) = Spool::open(Disk, dir.path(), SMALL, [1; 16], 0) else {
        panic!("opened twice")
    };
    assert!(error.to_string().contains("another process"), "{error}");
    spool.append(&[(1, b"kept")], 0).unwrap();
    drop(spool);
    let (mut spool, opening) = Spool::open(Disk, dir.path(), SMALL, [1; 16], 0).unwrap();
    assert_eq!(opening.begun, Begun::Resumed);
    assert_eq!(spool.read(1, 10, 1000).unwrap().records[0].payload, b"kept");
}

#[test]
fn refuses_before_giving_numbers() {
    let fs = Faulty::new(1);
    let (mut spool, _) = open(&fs, SMALL).unwrap();
    assert!(matches!(
        spool.append(&[(0, b"x")], 0),
        Err(Error::ReservedKind)
    ));
    assert!(matches!(
        spool.append(&[(1, &vec![0; 300_000])], 0),
        Err(Error::TooLarge(300_000))
    ));
    assert!(matches!(
        spool.append(&[(1, &vec![0; 39_990])], 0),
        Err(Error::OverQuota { .. })
    ));
    assert_eq!(spool.head(), 1);
}
