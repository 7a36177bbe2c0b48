//! Looks on a thread beside the pipeline, so that one that does not come back holds nobody else up.
//!
//! A read from a network disk whose server is gone, or from a drive that answers no more, waits in the kernel, and no program
//! can end such a wait. A look that takes longer than the pipeline's patience is left alone with its thread; the next look
//! gets another thread, and what the first one saw is taken when it comes back after all.
//!
//! Invariant: a probe is in its seat or in one look, so at most as many threads wait as there are probes. A probe that panics
//! is one probe less, not one agent less. Not here: when to look, and what becomes of what was seen (`pipeline`).

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
    sync::{
        Arc,
        mpsc::{self, Receiver, Sender},
    },
    time::{Duration, Instant},
};

use jiff::Timestamp;
use weft_proto::v1::Observation;

use crate::{
    policy::Effective,
    probe::{Moment, Probe},
};

/// The circumstances of a look, for a thread that may outlive the turn that sent it.
#[derive(Clone)]
pub(super) struct Errand {
    pub wall: Timestamp,
    pub instant: Instant,
    pub root: Arc<Path>,
    pub policy: Arc<Effective>,
}

impl Errand {
    fn moment(&self) -> Moment<'_> {
        Moment {
            wall: self.wall,
            instant: self.instant,
            root: &self.root,
            policy: &self.policy,
        }
    }
}

/// What a look saw.
pub(super) struct Looked {
    index: usize,
    errand: Errand,
    pub observations: Vec<Observation>,
}

/// A probe on its way to a look.
struct Sent {
    index: usize,
    probe: Box<dyn Probe>,
    errand: Errand,
}

/// And back; `seen` is `None` when it panicked.
struct Back {
    index: usize,
    errand: Errand,
    seen: Option<(Box<dyn Probe>, Vec<Observation>)>,
}

struct Seat {
    name: &'static str,
    cadence: Duration,
    state: State,
}

enum State {
    Here(Box<dyn Probe>),
    /// In a look that began then.
    Away(Instant),
    /// It panicked.
    Broken,
}

/// See the module.
pub(super) struct Lookout {
    seats: Vec<Seat>,
    patience: Duration,
    /// The thread that takes the next look; `None` before the first, and when the last one did not come back.
    worker: Option<Sender<Sent>>,
    home: Sender<Back>,
    returns: Receiver<Back>,
    late: Vec<Looked>,
}

impl Lookout {
    pub fn new(probes: Vec<Box<dyn Probe>>, policy: &Effective, patience: Duration) -> Self {
        let (home, returns) = mpsc::channel();
        let seats = probes.into_iter().map(|probe| Seat {
            name: probe.name(),
            cadence: probe.cadence(policy),
            state: State::Here(probe),
        });
        Self {
            seats: seats.collect(),
            patience,
            worker: None,
            home,
            returns,
            late: Vec::new(),
        }
    }

    pub fn name(&self, index: usize) -> &'static str {
        self.seats.get(index).map_or("", |seat| seat.name)
    }

    /// Time between two looks; of a probe that is away, as it was.
    pub fn cadence(&mut self, index: usize, policy: &Effective) -> Duration {
        let Some(seat) = self.seats.get_mut(index) else {
            return Duration::MAX;
        };
        if let State::Here(probe) = &seat.state {
            seat.cadence = probe.cadence(policy);
        }
        seat.cadence
    }

    /// One look, waited for as long as patience lasts. `None`: it has not come back, or the probe is away or broken.
    pub fn look(&mut self, index: usize, errand: Errand) -> Option<Looked> {
        let seat = self.seats.get_mut(index)?;
        let begun = Instant::now();
        let probe = match std::mem::replace(&mut seat.state, State::Away(begun)) {
            State::Here(probe) => probe,
            other => {
                seat.state = other;
                return None;
            }
        };
        self.send(Sent {
            index,
            probe,
            errand,
        });
        loop {
            let left = self.patience.saturating_sub(begun.elapsed());
            let Ok(back) = self.returns.recv_timeout(left) else {
                tracing::warn!(
                    probe = self.name(index),
                    "a look does not come back; the other probes go on without it"
                );
                // Its thread ends when the look does.
                self.worker = None;
                return None;
            };
            let is_it = back.index == index;
            match (is_it, self.seat(back)) {
                (true, looked) => return looked,
                (false, looked) => self.late.extend(looked),
            }
        }
    }

    /// Looks that came back after all.
    pub fn returned(&mut self) -> Vec<Looked> {
        while let Ok(back) = self.returns.try_recv() {
            tracing::info!(probe = self.name(back.index), "a look came back after all");
            let looked = self.seat(back);
            self.late.extend(looked);
        }
        std::mem::take(&mut self.late)
    }

    /// What this look saw is durable.
    pub fn kept(&mut self, looked: &Looked) {
        if let Some(State::Here(probe)) = self.state(looked.index) {
            probe.kept(&looked.errand.moment());
        }
    }

    pub fn blind_spots(&self) -> Vec<String> {
        let here = self.seats.iter().filter_map(|seat| match &seat.state {
            State::Here(probe) => Some(probe),
            State::Away(_) | State::Broken => None,
        });
        here.flat_map(|probe| probe.blind_spots()).collect()
    }

    /// In words, for each probe that does not look.
    pub fn missing(&self, now: Instant) -> Vec<String> {
        let words = |seat: &Seat| match seat.state {
            State::Here(_) => None,
            State::Away(since) => Some(format!(
                "{} probe left out: its last look has not come back for {} s (a disk or a network folder that does not answer?)",
                seat.name,
                now.duration_since(since).as_secs()
            )),
            State::Broken => Some(format!(
                "{} probe left out: it failed inside; restarting the agent brings it back, its log says why",
                seat.name
            )),
        };
        self.seats.iter().filter_map(words).collect()
    }

    /// How many probes do not look.
    pub fn count_missing(&self) -> usize {
        let is_missing = |seat: &&Seat| !matches!(seat.state, State::Here(_));
        self.seats.iter().filter(is_missing).count()
    }

    fn state(&mut self, index: usize) -> Option<&mut State> {
        self.seats.get_mut(index).map(|seat| &mut seat.state)
    }

    /// Gives the probe its seat again.
    fn seat(&mut self, back: Back) -> Option<Looked> {
        let state = self.state(back.index)?;
        match back.seen {
            Some((probe, observations)) => {
                *state = State::Here(probe);
                Some(Looked {
                    index: back.index,
                    errand: back.errand,
                    observations,
                })
            }
            None => {
                *state = State::Broken;
                None
            }
        }
    }

    fn send(&mut self, sent: Sent) {
        let worker = self.worker.take().map_or_else(|| self.hire(), Ok);
        let refused = match worker {
            Ok(worker) => {
                let refused = worker.send(sent).err().map(|refused| refused.0);
                self.worker = refused.is_none().then_some(worker);
                refused
            }
            // No thread can be had: the look is done here, without a net.
            Err(_) => Some(sent),
        };
        if let Some(sent) = refused {
            // The receiver is ours.
            self.home.send(look(sent)).ok();
        }
    }

    fn hire(&self) -> std::io::Result<Sender<Sent>> {
        let (worker, errands) = mpsc::channel::<Sent>();
        let home = self.home.clone();
        std::thread::Builder::new()
            .name("look".into())
            .spawn(move || {
                for sent in errands {
                    if home.send(look(sent)).is_err() {
                        return;
                    }
                }
            })?;
        Ok(worker)
    }
}

fn look(sent: Sent) -> Back {
    let Sent {
        index,
        mut probe,
        errand,
    } = sent;
    // What the panic left half done goes with the probe.
    let looked = catch_unwind(AssertUnwindSafe(|| probe.look(&errand.moment())));
    Back {
        index,
        errand,
        seen: looked.ok().map(|observations| (probe, observations)),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// Waits for a word before it comes back; panics when the word is false.
    struct Held(Receiver<bool>);

    impl Probe for Held {
        fn name(&self) -> &'static str {
            "app"
        }
        fn cadence(&self, policy: &Effective) -> Duration {
            policy.app
        }
        fn look(&mut self, moment: &Moment<'_>) -> Vec<Observation> {
            assert!(self.0.recv().unwrap(), "the word was false");
            vec![crate::observation::observe(
                moment.wall,
                weft_proto::v1::observation::Kind::App(weft_proto::v1::App::default()),
            )]
        }
    }

    struct Quick;

    impl Probe for Quick {
        fn name(&self) -> &'static str {
            "vitals"
        }
        fn cadence(&self, policy: &Effective) -> Duration {
            policy.vitals
        }
        fn look(&mut self, _moment: &Moment<'_>) -> Vec<Observation> {
            Vec::new()
        }
    }

    fn errand() -> Errand {
        Errand {
            wall: Timestamp::UNIX_EPOCH,
            instant: Instant::now(),
            root: Path::new("/").into(),
            policy: Arc::new(Effective::default()),
        }
    }

    fn lookout(patience: Duration) -> (Lookout, Sender<bool>) {
        let (word, words) = mpsc::channel();
        let probes: Vec<Box<dyn Probe>> = vec![Box::new(Held(words)), Box::new(Quick)];
        (Lookout::new(probes, &Effective::default(), patience), word)
    }

    #[test]
    fn a_look_that_hangs_holds_nobody_up_and_is_taken_when_it_comes_back() {
        let (mut lookout, word) = lookout(Duration::from_millis(20));
        assert!(lookout.look(0, errand()).is_none());
        let missing = lookout
            .missing(Instant::now() + Duration::from_secs(90))
            .remove(0);
        assert!(
            missing.starts_with("app probe left out") && missing.contains(" 90 s"),
            "{missing}"
        );
        // The others look on; the one that is away is not sent twice.
        assert!(lookout.look(0, errand()).is_none());
        lookout.patience = Duration::from_secs(60);
        assert!(lookout.look(1, errand()).is_some());
        word.send(true).unwrap();
        let late = loop {
            match lookout.returned().pop() {
                Some(late) => break late,
                None => std::thread::yield_now(),
            }
        };
        assert_eq!((late.index, late.observations.len()), (0, 1));
        assert_eq!(lookout.count_missing(), 0);
        word.send(true).unwrap();
        assert!(lookout.look(0, errand()).is_some());
    }

    #[test]
    fn a_probe_that_panics_is_one_probe_less() {
        let (mut lookout, word) = lookout(Duration::from_secs(60));
        word.send(false).unwrap();
        assert!(lookout.look(0, errand()).is_none());
        assert!(
            lookout
                .missing(Instant::now())
                .remove(0)
                .contains("failed inside")
        );
        assert!(lookout.look(0, errand()).is_none());
        assert!(lookout.look(1, errand()).is_some());
        assert_eq!(lookout.blind_spots(), Vec::<String>::new());
    }
}
