#![allow(clippy::unwrap_used)]
use std::sync::{Mutex, PoisonError};

use weft_collector_core::event::{Boot, Observed};

use super::*;

/// A ClickHouse of wishes: fails as told, remembers what it took.
#[derive(Clone, Default)]
struct Wished(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    /// Answers to come; afterwards everything succeeds.
    answers: Vec<NotDurable>,
    /// Refuses blocks that hold this number.
    poison: Option<u64>,
    blocks: Vec<Vec<u64>>,
}

impl Wished {
    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Durable for Wished {
    async fn insert(&self, events: &[Event]) -> Result<(), NotDurable> {
        let mut state = self.state();
        if let Some(error) = state.answers.pop() {
            return Err(error);
        }
        let numbers: Vec<u64> = events.iter().map(|event| event.seq).collect();
        if state.poison.is_some_and(|poison| numbers.contains(&poison)) {
            return Err(NotDurable::Never("poison".to_owned()));
        }
        state.blocks.push(numbers);
        Ok(())
    }

    async fn watermark(&self, _: DeviceId, _: Uuid) -> Result<u64, NotDurable> {
        Ok(0)
    }
}

struct Bench {
    store: Wished,
    sessions: Sessions,
    queue: Queue,
    stop: CancellationToken,
    settled: mpsc::Receiver<Settled>,
    settle: mpsc::Sender<Settled>,
}

fn bench(store: Wished) -> Bench {
    let sessions = Sessions::default();
    let bounds = Bounds {
        queue_bytes: 1 << 20,
        batch_rows: 100,
        batch_delay: Duration::from_millis(5),
    };
    let (queue, writer) = Writer::new(
        store.clone(),
        bounds,
        sessions.clone(),
        Bookkeeper::default(),
        Arc::default(),
        Clock::system(),
    );
    let stop = CancellationToken::new();
    tokio::spawn(writer.run(stop.clone()));
    let (settle, settled) = mpsc::channel(16);
    Bench {
        store,
        sessions,
        queue,
        stop,
        settled,
        settle,
    }
}

impl Bench {
    async fn submit(&self, device: u128, session: u64, numbers: std::ops::RangeInclusive<u64>) {
        let event = |seq| Event {
            device: DeviceId(Uuid::from_u128(device)),
            epoch: Uuid::from_u128(9),
            seq,
            observed_at: Timestamp::UNIX_EPOCH,
            received_at: Timestamp::UNIX_EPOCH,
            simulated: false,
            outcome: Outcome::Stored(Box::new(Observed::Boot(Boot::default()))),
            original_times: Vec::new(),
        };
        let last_seq = *numbers.end();
        let events: Vec<Event> = numbers.map(event).collect();
        let mut submission = Some(Submission {
            device: DeviceId(Uuid::from_u128(device)),
            epoch: Uuid::from_u128(9),
            session,
            rows: events.len(),
            events,
            last_seq,
            rejections: Vec::new(),
            note: Note::default(),
            settled: self.settle.clone(),
            bytes: 100,
        });
        self.queue.submit(&mut submission).await;
        assert!(submission.is_none());
    }

    fn session(&self, device: u128) -> crate::ingest::sessions::Session {
        let now = Timestamp::UNIX_EPOCH;
        let device = DeviceId(Uuid::from_u128(device));
        self.sessions
            .open(device, Uuid::from_u128(9), [127, 0, 0, 1].into(), now)
    }

    async fn answer(&mut self) -> Option<u64> {
        match self.settled.recv().await.unwrap() {
            Settled::Durable { seq, .. } => Some(seq),
            Settled::Refused => None,
        }
    }
}

#[tokio::test]
async fn an_insert_that_fails_is_acknowledged_only_when_it_succeeded() {
    let store = Wished::default();
    store.state().answers = vec![
        NotDurable::Later("down".to_owned()),
        NotDurable::Later("down".to_owned()),
    ];
    let mut bench = bench(store);
    let session = bench.session(1);
    let mut pressure = bench.queue.pressure();
    bench.submit(1, session.number, 1..=3).await;
    pressure
        .wait_for(|pressure| *pressure == Pressure::High)
        .await
        .unwrap();
    assert_eq!(bench.answer().await, Some(3));
    assert_eq!(bench.store.state().blocks, [[1, 2, 3]]);
    pressure
        .wait_for(|pressure| *pressure == Pressure::Calm)
        .await
        .unwrap();
}

#[tokio::test]
async fn reports_that_come_together_share_an_insert() {
    let mut bench = bench(Wished::default());
    let (first, second) = (bench.session(1), bench.session(2));
    bench.submit(1, first.number, 1..=2).await;
    bench.submit(2, second.number, 1..=1).await;
    assert_eq!(
        (bench.answer().await, bench.answer().await),
        (Some(2), Some(1))
    );
    assert_eq!(bench.store.state().blocks, [vec![1, 2, 1]]);
}

#[tokio::test]
async fn what_an_ended_session_queued_is_dropped() {
    let bench = bench(Wished::default());
    let old = bench.session(1);
    let new = bench.session(1);
    bench.submit(1, old.number, 1..=2).await;
    assert!(bench.queue.barrier().await);
    assert!(bench.store.state().blocks.is_empty());
    bench.submit(1, new.number, 1..=2).await;
    assert!(bench.queue.barrier().await);
    assert_eq!(bench.store.state().blocks, [[1, 2]]);
}

#[tokio::test]
async fn a_refused_report_takes_no_neighbour_along_and_leaves_no_hole() {
    let store = Wished::default();
    store.state().poison = Some(5);
    let mut bench = bench(store);
    let (sick, well) = (bench.session(1), bench.session(2));
    bench.submit(1, sick.number, 4..=6).await;
    bench.submit(1, sick.number, 7..=9).await;
    bench.submit(2, well.number, 1..=1).await;
    assert_eq!(bench.answer().await, None);
    assert_eq!(bench.answer().await, Some(1));
    assert_eq!(bench.store.state().blocks, [[1]]);
}

#[tokio::test]
async fn a_stopping_house_waits_no_longer_than_a_moment() {
    let store = Wished::default();
    store.state().answers = (0..1000)
        .map(|_| NotDurable::Later("down".to_owned()))
        .collect();
    let bench = bench(store);
    let session = bench.session(1);
    bench.submit(1, session.number, 1..=1).await;
    bench.stop.cancel();
    let began = Instant::now();
    assert!(!bench.queue.barrier().await);
    assert!(began.elapsed() <= LAST_INSERT);
}
