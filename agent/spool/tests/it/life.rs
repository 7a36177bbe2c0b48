//! A whole life of a spool, read from bytes: what to do, and at which file operation the power goes.
//!
//! Invariant: [`live`] panics exactly when the spool breaks a promise, whatever the bytes. The tests below and the fuzz target
//! (`agent/spool/fuzz`) share it. Not here: what the promises are in detail (`main.rs`, the model test).

use std::collections::BTreeMap;

use weft_agent_spool::{Error, Limits, Spool};

use crate::faulty::Faulty;

const LIMITS: Limits = Limits {
    max_bytes: 40_000,
    max_age_ms: 1_000_000,
};
/// A life is short: the interesting states are few steps away from each other.
const MOST_STEPS: usize = 80;

/// What a number may have become.
struct Life {
    fs: Faulty,
    wall: u64,
    epoch: u8,
    /// A renewal that has not been seen on disk: its epoch, and the first number that it keeps.
    attempt: Option<(u8, u64)>,
    /// Records that were promised, by number, in the present epoch.
    promised: BTreeMap<u64, Vec<u8>>,
    /// The receiver has everything up to here.
    acknowledged: u64,
    count: u32,
}

/// Two bytes a step: what, and how much.
pub fn live(bytes: &[u8]) {
    let mut life = Life::new();
    let Ok(mut spool) = life.open() else {
        panic!("an empty disk opens")
    };
    for step in bytes.chunks_exact(2).take(MOST_STEPS) {
        let (what, much) = (step[0], step[1]);
        // The upper half of `what` sets when the power goes; 0 means it does not.
        let cut = u64::from(what >> 3);
        if cut > 0 {
            life.fs.fail_after(cut);
        }
        let done = life.act(&mut spool, what & 7, much);
        if cut > 0 || done.is_err() {
            let head = spool.head();
            drop(spool);
            life.fs.power_cut();
            spool = life.reopen(head);
        }
        life.check(&mut spool);
    }
}

impl Life {
    fn new() -> Self {
        Self {
            fs: Faulty::new(7),
            wall: 0,
            epoch: 1,
            attempt: None,
            promised: BTreeMap::new(),
            acknowledged: 0,
            count: 0,
        }
    }

    fn open(&self) -> Result<Spool<Faulty>, Error> {
        Spool::open(
            self.fs.clone(),
            "/spool",
            LIMITS,
            [self.epoch; 16],
            self.wall,
        )
        .map(|(spool, _)| spool)
    }

    fn act(&mut self, spool: &mut Spool<Faulty>, what: u8, much: u8) -> Result<(), Error> {
        match what {
            0..=2 => {
                self.count += 1;
                let mut payload = self.count.to_le_bytes().to_vec();
                payload.resize(4 + usize::from(much) * 24, 0xAB);
                let batch: Vec<(u8, &[u8])> = (0..=what).map(|_| (9, payload.as_slice())).collect();
                for number in spool.append(&batch, self.wall)? {
                    let before = self.promised.insert(number, payload.clone());
                    assert_eq!(before, None, "number {number} was given twice");
                }
                Ok(())
            }
            3 => {
                let open = (spool.head() - 1).saturating_sub(self.acknowledged);
                // The receiver has it, whether or not the spool can note that down.
                self.acknowledged += open * u64::from(much) / 255;
                spool.acknowledge(self.acknowledged)
            }
            4 => {
                self.wall += u64::from(much) * 5_000;
                Ok(())
            }
            5 => spool.flush(),
            6 => {
                let mut next = self.acknowledged + 1;
                while next < spool.head() {
                    next = spool.read(next, 5, 700)?.next_seq();
                }
                Ok(())
            }
            _ => self.renew(spool),
        }
    }

    /// A new epoch keeps what follows the acknowledged number, numbered anew. Cut short, the old epoch stays in force.
    fn renew(&mut self, spool: &mut Spool<Faulty>) -> Result<(), Error> {
        let (keep, fresh) = (self.acknowledged + 1, self.epoch.wrapping_add(1).max(1));
        self.attempt = Some((fresh, keep));
        let outcome = spool.renew([fresh; 16], keep, self.wall);
        self.settle_renewal(spool.epoch()[0]);
        outcome
    }

    /// Whether a renewal that was cut short happened is the disk's word.
    fn settle_renewal(&mut self, epoch: u8) {
        if let Some((fresh, keep)) = self.attempt.filter(|(fresh, _)| *fresh == epoch) {
            self.attempt = None;
            self.renumber(fresh, keep);
        }
    }

    fn renumber(&mut self, fresh: u8, keep: u64) {
        self.promised = std::mem::take(&mut self.promised)
            .into_iter()
            .filter(|(number, _)| *number >= keep)
            .map(|(number, payload)| (number - keep + 1, payload))
            .collect();
        self.epoch = fresh;
        self.acknowledged = 0;
    }

    /// After a power cut. `head`: what the dead process thought; an append that never returned may have survived beyond it.
    fn reopen(&mut self, head: u64) -> Spool<Faulty> {
        let Ok(mut spool) = self.open() else {
            panic!("a disk that lost power opens")
        };
        self.settle_renewal(spool.epoch()[0]);
        self.attempt = None;
        let mut next = head.min(spool.head());
        while next < spool.head() {
            let Ok(batch) = spool.read(next, 7, 900) else {
                panic!("a read after a power cut")
            };
            for record in &batch.records {
                self.promised
                    .entry(record.seq)
                    .or_insert_with(|| record.payload.clone());
            }
            next = batch.next_seq();
        }
        spool
    }

    /// Every promised number is there unchanged, declared lost, or acknowledged.
    fn check(&self, spool: &mut Spool<Faulty>) {
        let mut next = self.acknowledged + 1;
        let mut found = BTreeMap::new();
        let mut lost = Vec::new();
        while next < spool.head() {
            let Ok(batch) = spool.read(next, 7, 900) else {
                panic!("a read of a healthy disk")
            };
            assert!(!batch.is_empty(), "a read below the head moves on");
            lost.extend(batch.gaps.iter().map(|gap| gap.first..=gap.last));
            found.extend(
                batch
                    .records
                    .iter()
                    .map(|record| (record.seq, record.payload.clone())),
            );
            next = batch.next_seq();
        }
        for (number, payload) in self.promised.range(self.acknowledged + 1..) {
            match found.get(number) {
                Some(read) => assert_eq!(read, payload, "number {number}"),
                None => assert!(
                    lost.iter().any(|gap| gap.contains(number)),
                    "number {number} is silently gone"
                ),
            }
        }
        assert!(spool.stats().bytes <= LIMITS.max_bytes);
    }
}

/// Fixed steps that pass every way of the crate: rotation, dropping, acknowledging, reading, flushing, a new epoch.
const SCRIPT: [(u8, u8); 26] = [
    (2, 20),
    (0, 200),
    (3, 90),
    (5, 0),
    (6, 0),
    (4, 200),
    (2, 200),
    (2, 200),
    (3, 255),
    (0, 10),
    (1, 250),
    (4, 255),
    (4, 255),
    (2, 255),
    (2, 255),
    (6, 0),
    (7, 0),
    (0, 30),
    (3, 128),
    (2, 250),
    (7, 0),
    (5, 0),
    (1, 100),
    (3, 255),
    (0, 1),
    (5, 0),
];

#[test]
fn a_power_cut_at_each_operation_of_a_whole_life_breaks_no_promise() {
    let mut cuts = 0;
    for at in 1.. {
        let mut life = Life::new();
        life.fs.fail_after(at);
        let mut was_cut = false;
        let mut spool = life.open().ok();
        if spool.is_none() {
            was_cut = true;
            life.fs.power_cut();
            spool = life.open().ok();
        }
        let Some(mut spool) = spool else {
            panic!("operation {at}: does not open again")
        };
        for (what, much) in SCRIPT {
            if life.act(&mut spool, what, much).is_err() {
                was_cut = true;
                let head = spool.head();
                drop(spool);
                life.fs.power_cut();
                spool = life.reopen(head);
            }
            if was_cut {
                life.check(&mut spool);
            }
        }
        if !was_cut {
            break;
        }
        cuts += 1;
    }
    assert!(cuts > 100, "only {cuts} operations in a life");
}

#[test]
fn pseudo_random_lives_break_no_promise() {
    for seed in 0..100u64 {
        let mut random = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
        let bytes: Vec<u8> = (0..MOST_STEPS * 2)
            .map(|at| {
                random ^= random << 13;
                random ^= random >> 7;
                random ^= random << 17;
                let byte = (random >> 24) as u8;
                // Mostly without a cut, so that lives get long enough to be interesting.
                if at % 2 == 0 && !byte.is_multiple_of(4) {
                    byte & 7
                } else {
                    byte
                }
            })
            .collect();
        live(&bytes);
    }
}
