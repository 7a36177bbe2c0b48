//! The agent as a whole: this is the only place that knows all parts and the only one that starts tasks.
//!
//! Invariant: two halves, joined by the spool. The pipeline looks and stores on its own thread; the uplink ships on the async
//! runtime. On a stop signal the pipeline ends, the uplink sends what is left, and after [`DRAIN`] the process ends anyway:
//! the spool has the rest.

use std::{
    path::PathBuf,
    sync::{Arc, Mutex, mpsc},
    time::{Duration, Instant},
};

use jiff::Timestamp;
use tokio::{sync::watch, task::JoinHandle};

use crate::{
    config::Config,
    herald::Herald,
    identity::{Identity, IdentityError},
    join,
    limits::{self, Meter, Usage},
    pipeline::{Control, PATIENCE, Parts, Pipeline},
    policy,
    probe::{
        Probe, app::AppProbe, boot::BootProbe, inventory::InventoryProbe, vitals::VitalsProbe,
    },
    queue::Queue,
    redact::Redactor,
    sdnotify::Manager,
    status::{self, Board, Status},
    transport::{Proxies, Target, Traffic, Way},
    uplink::Uplink,
};

/// Everything stops within this time after a signal: service managers wait ten seconds at least.
pub const DRAIN: Duration = Duration::from_secs(5);

/// A round of small files takes milliseconds; one that takes longer than this is said.
const ROUND: Duration = Duration::from_secs(2);

/// A look that is under way is given this much of it.
const LAST_LOOK: Duration = Duration::from_secs(2);

/// Why the agent did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Not enrolled, or the identity is unusable.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// The spool.
    #[error(transparent)]
    Spool(#[from] weft_agent_spool::Error),
    /// The thread or the signals.
    #[error("cannot start: {0}")]
    Io(#[from] std::io::Error),
}

impl StartError {
    /// For the command line.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Identity(_) => 78,
            Self::Spool(weft_agent_spool::Error::Locked(_)) | Self::Io(_) => 1,
            Self::Spool(_) => 77,
        }
    }
}

/// Runs until a signal.
///
/// # Errors
/// What keeps it from starting; afterwards nothing ends it but a signal.
pub async fn run(
    config: &Config,
    manager: &Manager,
    clock: fn() -> Timestamp,
) -> Result<(), StartError> {
    run_until(config, manager, clock, std::future::pending()).await
}

/// Runs until a signal or `told` (the service manager of Windows has no signals).
///
/// # Errors
/// What keeps it from starting; afterwards nothing else ends it.
pub async fn run_until(
    config: &Config,
    manager: &Manager,
    clock: fn() -> Timestamp,
    told: impl Future<Output = ()>,
) -> Result<(), StartError> {
    let mut signals = Signals::catch()?;
    let state = config.state.clone();
    let mut told = std::pin::pin!(told);
    manager.watch()?;
    let identity = match (Identity::load(&state), &config.offer) {
        (Err(IdentityError::NotEnrolled(_)), Some(offer)) => {
            manager.ready("not enrolled yet");
            tokio::select! {
                joined = join::join(offer, config, manager, clock) => joined?,
                () = signals.any() => return Ok(()),
                () = &mut told => return Ok(()),
            }
        }
        (loaded, _) => loaded?,
    };
    let policy = Arc::new(policy::load(&state));
    let (queue, opening) = Queue::open(&state, policy.spool, clock)?;
    let queue = Arc::new(queue);
    tracing::info!(device = identity.device_id, collector = %identity.server, spool = ?opening, "weft-agent {}", crate::VERSION);
    let earlier = status::read(&state).unwrap_or_default();
    let board = Arc::new(Board::new(
        &state,
        Status {
            proxy: proxy_in_use(&config.network.target(&identity)),
            notices: earlier.notices.clone(),
            ..first_status(&identity, &policy, clock())
        },
    ));
    let traffic = Traffic::default();
    let (control, controlled) = mpsc::channel();
    let (stop, stopped) = watch::channel(false);
    let (pipeline_ended, mut pipeline_end) = watch::channel(false);

    let pipeline = Pipeline::new(Parts {
        probes: probes(&config.root, &state),
        patience: PATIENCE,
        redactor: Redactor::of_machine(&config.root, policy.privacy),
        queue: Arc::clone(&queue),
        board: Arc::clone(&board),
        traffic: traffic.clone(),
        policy: Arc::clone(&policy),
        state: state.as_path().into(),
        root: config.root.as_path().into(),
        clock,
    });
    let looking = std::thread::Builder::new()
        .name("pipeline".into())
        .spawn(move || {
            pipeline.run(&controlled);
            pipeline_ended.send_replace(true);
        })?;
    let (desktop_policy, desktops) = watch::channel(policy.notices.clone());
    let uplink = Uplink {
        desktop: desktop_policy,
        way: Way::load(&state),
        network: config.network.clone(),
        state,
        identity,
        queue: Arc::clone(&queue),
        board: Arc::clone(&board),
        pipeline: control.clone(),
        policy,
        traffic: traffic.clone(),
        stop: stopped,
        clock,
    };
    let mut uplink = tokio::spawn(uplink.run());
    let chores = Chores {
        meter: Meter::new(earlier.today),
        state: config.state.clone(),
        herald: Herald::new(Arc::clone(&board), desktops),
        board: Arc::clone(&board),
        queue: Arc::clone(&queue),
        traffic,
        manager: manager.clone(),
        clock,
    };
    let mut ticker = Ticker {
        chores: Some(chores),
        round: None,
        round_since: Instant::now(),
        board,
        manager: manager.clone(),
    };
    ticker.begin(None);
    manager.ready("connecting");

    tokio::select! {
        () = ticker.run(&mut signals) => {}
        () = &mut told => {}
    }
    manager.stopping();
    tracing::info!("stopping: sending what is left");
    control.send(Control::Stop).ok();
    let drained = tokio::time::timeout(DRAIN, async {
        // What the last look finds still goes out; a look that takes long does not hold us.
        tokio::time::timeout(LAST_LOOK, pipeline_end.wait_for(|ended| *ended))
            .await
            .ok();
        stop.send_replace(true);
        (&mut uplink).await.ok();
    });
    if drained.await.is_err() {
        uplink.abort();
        tracing::info!("the rest stays in the spool");
    }
    if looking.is_finished() {
        looking.join().ok();
    }
    // A disk that hangs does not hold the end.
    let flushed = tokio::task::spawn_blocking(move || queue.flush());
    match tokio::time::timeout(LAST_LOOK, flushed).await {
        Ok(Ok(Ok(()))) => {}
        failed => tracing::warn!(?failed, "the spool's cursor could not be written"),
    }
    if ticker.settle(LAST_LOOK).await {
        ticker.begin(Some(status::STOPPED));
        ticker.settle(LAST_LOOK).await;
    }
    Ok(())
}

/// The probes of this system, in the order of the first look: quick ones first, so that a new device has a face soon.
fn probes(root: &std::path::Path, state: &std::path::Path) -> Vec<Box<dyn Probe>> {
    let running = Arc::new(Mutex::new(Vec::new()));
    let mut probes: Vec<Box<dyn Probe>> = vec![
        Box::new(InventoryProbe::new()),
        Box::new(VitalsProbe::new()),
        Box::new(BootProbe::new(state)),
    ];
    probes.push(Box::new(crate::probe::process::ProcessProbe::new(
        root,
        state,
        Arc::clone(&running),
    )));
    probes.push(Box::new(AppProbe::new(state, running)));
    probes
}

/// What stands between this laptop and its collector: a proxy that is set, but not for this collector, does not.
fn proxy_in_use(target: &Target) -> String {
    match target.proxies.applies(&target.server) {
        true => target.proxies.to_string(),
        false => Proxies::default().to_string(),
    }
}

fn first_status(identity: &Identity, policy: &policy::Effective, now: Timestamp) -> Status {
    Status {
        started_at: now,
        pid: std::process::id(),
        version: crate::VERSION.into(),
        device_id: identity.device_id.clone(),
        device_name: identity.device_name.clone(),
        server: identity.server.to_string(),
        connection: "connecting".into(),
        connection_since: now,
        policy_version: policy.version,
        disclosures: policy
            .disclosures()
            .into_iter()
            .map(str::to_owned)
            .collect(),
        certificate_expires: identity.expires(),
        certificate_renews: Some(identity.renew_after),
        ..Status::default()
    }
}

/// Keeps the status file and the service manager informed.
struct Ticker {
    /// `None` while a round is under way.
    chores: Option<Chores>,
    round: Option<JoinHandle<Chores>>,
    round_since: Instant,
    board: Arc<Board>,
    manager: Manager,
}

impl Ticker {
    /// The runtime turns, and that is what it says first; the rest uses the disk and is done aside. A round that does not come
    /// back is said to the service manager, since the file cannot be written.
    async fn run(&mut self, signals: &mut Signals) {
        let mut interval = tokio::time::interval(status::INTERVAL);
        loop {
            tokio::select! {
                _ = interval.tick() => {}
                () = self.board.news() => {}
                () = signals.any() => return,
            }
            self.manager.beat();
            if self.settle(ROUND).await {
                self.begin(None);
            } else {
                self.manager.status(&format!(
                    "the disk of the state directory has not answered for {} s",
                    self.round_since.elapsed().as_secs()
                ));
            }
        }
    }

    fn begin(&mut self, connection: Option<&'static str>) {
        if let Some(mut chores) = self.chores.take() {
            self.round_since = Instant::now();
            self.round = Some(tokio::task::spawn_blocking(move || {
                chores.publish(connection);
                chores
            }));
        }
    }

    /// Whether the last round is over, within this time.
    async fn settle(&mut self, patience: Duration) -> bool {
        if let Some(round) = &mut self.round {
            match tokio::time::timeout(patience, round).await {
                Ok(chores) => {
                    self.round = None;
                    self.chores = chores.ok();
                }
                Err(_) => return false,
            }
        }
        self.chores.is_some()
    }
}

/// What a round of the ticker does.
struct Chores {
    meter: Meter,
    state: PathBuf,
    board: Arc<Board>,
    queue: Arc<Queue>,
    traffic: Traffic,
    manager: Manager,
    herald: Herald,
    clock: fn() -> Timestamp,
}

impl Chores {
    fn publish(&mut self, connection: Option<&str>) {
        let (now, stats, network) = ((self.clock)(), self.queue.stats(), self.traffic.bytes());
        let usage = Usage {
            disk: limits::disk_usage(&self.state),
            ..limits::usage()
        };
        let date = now.to_zoned(jiff::tz::TimeZone::system()).date();
        let today = self.meter.read(date.to_string(), usage, network);
        let mut summary = String::new();
        self.board.write(now, |status| {
            status.acknowledged = stats.acknowledged;
            status.waiting = stats.waiting;
            status.spool_usage = stats.bytes;
            status.lost = [
                ("spool_full", stats.lost_full),
                ("expired", stats.lost_expired),
                ("corrupt", stats.lost_corrupt),
            ]
            .map(|(reason, count)| (reason.to_owned(), count))
            .into();
            status.cpu_time = usage.cpu;
            status.memory_usage = usage.memory;
            status.memory_peak = usage.memory_peak;
            status.network_io = network;
            status.today = today;
            if let Some(word) = connection {
                status.connection = word.to_owned();
                status.connection_since = now;
            }
            summary = status.summary();
        });
        self.manager.status(&summary);
        self.herald.show(now);
    }
}

/// The signals that stop the agent; caught from the first moment on, because a service manager may stop what it has just
/// started.
#[cfg(unix)]
struct Signals {
    terminate: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn catch() -> std::io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    async fn any(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    fn catch() -> std::io::Result<Self> {
        Ok(Self)
    }

    async fn any(&mut self) {
        tokio::signal::ctrl_c().await.ok();
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_proxy_that_is_not_used_is_not_shown() {
        let target = |exceptions: &str| Target {
            server: "weft.example.org".parse().unwrap(),
            anchors: Vec::new(),
            trust_system: false,
            client: None,
            proxies: Proxies::new("http://anna:s3cret@proxy:3128", exceptions, "test").unwrap(),
        };
        assert_eq!(proxy_in_use(&target("")), "http://***@proxy:3128");
        assert_eq!(proxy_in_use(&target("example.org")), "none");
    }
}
