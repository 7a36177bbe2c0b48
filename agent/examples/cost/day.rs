//! A day at rest, lived in a minute: the real pipeline with the real probes on this machine, at the default cadences, its clock
//! wound forward; the real shipper sends what they find over the real wire, report by report as in a day.
//!
//! Invariant: bytes are counted on the wire, TLS included. What a lived minute cannot hold is added from what was measured on
//! the same wire: keep-alives, connections anew, fetched policies, a renewal.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicI64, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use jiff::{SignedDuration, Timestamp};
use tokio::sync::{Notify, watch};
use weft_agent::{
    enroll::{EnrollOptions, Trust, enroll},
    pipeline::{Parts, Pipeline},
    policy::Effective,
    probe::{
        Probe, app::AppProbe, boot::BootProbe, inventory::InventoryProbe, process::ProcessProbe,
        vitals::VitalsProbe,
    },
    queue::Queue,
    redact::Redactor,
    status::{Board, Status},
    transport::{
        Options, Proxies, Shipper, Source, Traffic, Until, connect,
        source::{Answer, Batch, Epoch},
    },
};

use crate::{Limit, Outcome, collector::Collector, relay::Relay};

const DAY: Duration = Duration::from_secs(86_400);
/// `transport::KEEPALIVE_INTERVAL`, and what is waited to see one.
const KEEPALIVE: Duration = Duration::from_secs(120);
/// A laptop that is opened, carried and closed again, many times a day.
const CONNECTIONS: u64 = 12;
/// The uplink asks four times a day, and at each connection.
const POLICIES: u64 = 4;

/// Milliseconds since 1970 on the wound clock.
static WALL: AtomicI64 = AtomicI64::new(0);

fn clock() -> Timestamp {
    Timestamp::from_millisecond(WALL.load(Ordering::SeqCst)).unwrap_or_default()
}

pub async fn measure() -> Outcome<()> {
    let begun_wall = Timestamp::now();
    WALL.store(begun_wall.as_millisecond(), Ordering::SeqCst);
    let directory = tempfile::tempdir()?;
    let collector = Collector::start().await;
    let relay = Relay::to(collector.address).await?;
    let identity = enroll(EnrollOptions {
        server: relay.url().parse()?,
        token: "good".into(),
        proxies: Proxies::default(),
        proxy: None,
        trust: Trust::Anchors(vec![collector.authority.der.clone()]),
        installation_id: [7; 16],
        os_type: "linux".into(),
        device_model_name: "bench".into(),
        now: clock(),
    })
    .await?;
    let renewal = relay.bytes();
    let policy = Arc::new(Effective::default());
    let queue = Arc::new(Queue::open(directory.path(), policy.spool, clock)?.0);
    let gate = Arc::new(Gate::new(Arc::clone(&queue)));
    let connection = connect(&identity.target(), &Traffic::default()).await?;
    connection.fetch_policy(0).await?;
    let connecting = relay.bytes() - renewal;
    connection.fetch_policy(0).await?;
    let fetching = relay.bytes() - renewal - connecting;

    let (stop, stopped) = watch::channel(false);
    let (shipped, idle) = (Arc::clone(&gate), connection.clone());
    let session = tokio::spawn(async move {
        let options = Options {
            service_version: weft_agent::VERSION.into(),
            policy_version: 0,
            ship_after: Duration::ZERO,
            ship_idle: Duration::ZERO,
            clock,
        };
        let shipper = Shipper {
            connection: &idle,
            source: &*shipped,
            observer: &(),
            options: &options,
        };
        shipper
            .run(Until::Stopped(stopped))
            .await
            .map_err(|fault| fault.to_string())
    });
    let before = relay.bytes();
    let (reports, observations) = live(
        &gate,
        pipeline(directory.path(), &policy, &queue),
        &policy,
        begun_wall,
    )
    .await?;
    let lived = relay.bytes() - before;
    let before = relay.bytes();
    tokio::time::sleep(KEEPALIVE + Duration::from_secs(5)).await;
    let keepalive = relay.bytes() - before;
    stop.send_replace(true);
    session.await??;

    let keepalives = DAY.as_secs() / KEEPALIVE.as_secs();
    let total =
        lived + keepalives * keepalive + CONNECTIONS * connecting + POLICIES * fetching + renewal;
    eprintln!(
        "  a day at rest: {observations} observations in {reports} reports, {lived} bytes; {keepalives} keep-alives of {keepalive}; \
         {CONNECTIONS} connections of {connecting}; {POLICIES} policies of {fetching}; a renewal of {renewal}"
    );
    Limit::new("agent.wire.day", "MB", 3.0).tell(total as f64 / 1e6);
    Ok(())
}

fn pipeline(state: &std::path::Path, policy: &Arc<Effective>, queue: &Arc<Queue>) -> Pipeline {
    let root = std::path::Path::new("/");
    let running = Arc::new(Mutex::new(Vec::new()));
    let probes: Vec<Box<dyn Probe>> = vec![
        Box::new(InventoryProbe::new()),
        Box::new(VitalsProbe::new()),
        Box::new(BootProbe::new(state)),
        Box::new(ProcessProbe::new(root, state, Arc::clone(&running))),
        Box::new(AppProbe::new(state, running)),
    ];
    Pipeline::new(Parts {
        probes,
        patience: weft_agent::pipeline::PATIENCE,
        redactor: Redactor::of_machine(root, policy.privacy),
        queue: Arc::clone(queue),
        board: Arc::new(Board::new(state, Status::default())),
        traffic: Traffic::default(),
        policy: Arc::clone(policy),
        state: state.into(),
        root: root.into(),
        clock,
    })
}

/// Turn by turn until the day is over; gives reports and observations.
async fn live(
    gate: &Gate,
    mut pipeline: Pipeline,
    policy: &Effective,
    begun_wall: Timestamp,
) -> Outcome<(u64, u64)> {
    let begun = Instant::now();
    let (mut now, mut waiting_since, mut reports) = (begun, None, 0);
    while now < begun + DAY {
        let past = SignedDuration::try_from(now - begun)?;
        WALL.store((begun_wall + past).as_millisecond(), Ordering::SeqCst);
        let next = pipeline.turn(now);
        let head = gate.queue.head().1;
        if head > gate.open() {
            let since = *waiting_since.get_or_insert(now);
            let company = match gate.queue.is_urgent(gate.open()) {
                true => policy.ship,
                false => policy.ship_idle,
            };
            if since + company <= next {
                gate.let_through(head).await?;
                waiting_since = None;
                reports += 1;
            }
        }
        now = next.max(now);
    }
    let head = gate.queue.head().1;
    gate.let_through(head).await?;
    Ok((reports, head - 1))
}

/// The spool as the shipper may see it: what is held back for company is not there yet.
struct Gate {
    queue: Arc<Queue>,
    open: AtomicU64,
    opened: Notify,
    acknowledged: Notify,
}

impl Gate {
    fn new(queue: Arc<Queue>) -> Self {
        Self {
            open: AtomicU64::new(queue.head().1),
            queue,
            opened: Notify::new(),
            acknowledged: Notify::new(),
        }
    }

    /// The next number that is held back.
    fn open(&self) -> u64 {
        self.open.load(Ordering::SeqCst)
    }

    /// Opens up to `head` and waits for the collector's word on it.
    async fn let_through(&self, head: u64) -> Outcome<()> {
        const PATIENCE: Duration = Duration::from_secs(60);
        self.open.store(head, Ordering::SeqCst);
        self.opened.notify_one();
        let all = async {
            while self.queue.stats().acknowledged + 1 < head {
                self.acknowledged.notified().await;
            }
        };
        Ok(tokio::time::timeout(PATIENCE, all).await?)
    }
}

impl Source for Gate {
    fn head(&self) -> (Epoch, u64) {
        (self.queue.head().0, self.open())
    }

    fn read(&self, from: u64, max_observations: usize, max_bytes: usize) -> Answer<'_, Batch> {
        let seen = usize::try_from(self.open().saturating_sub(from)).unwrap_or(usize::MAX);
        self.queue.read(from, max_observations.min(seen), max_bytes)
    }

    fn acknowledge(&self, seq: u64) -> Answer<'_, ()> {
        Box::pin(async move {
            self.queue.acknowledge(seq).await?;
            self.acknowledged.notify_one();
            Ok(())
        })
    }

    fn renew(&self) -> Answer<'_, ()> {
        self.queue.renew()
    }

    fn appended(&self) -> &Notify {
        &self.opened
    }

    fn is_urgent(&self, _from: u64) -> bool {
        true
    }
}
