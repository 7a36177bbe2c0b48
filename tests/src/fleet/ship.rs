//! Sends a plan through the real door with the real client: each laptop enrols with its own key and token (or comes back with
//! the identity it has), then ships its history until every number is acknowledged.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, anyhow};
use futures::{StreamExt as _, stream};
use rustls::pki_types::{CertificateDer, pem::PemObject as _};
use weft_agent::{
    enroll::{self, EnrollOptions, Trust},
    identity::Identity,
    transport::{
        self, Backoff, Fault, MemorySource, Options, Outcome, Server, Shipper, Traffic, Until,
        fault::Patience,
    },
};
use weft_proto::v1::Ack;

use super::{Plan, Simulated, when};

/// Laptops that talk at the same moment: enough to keep ingest busy, few enough for one small machine.
const AT_ONCE: usize = 16;
/// A laptop that cannot deliver after so many connections has found a fault of the collector, not bad luck.
const TRIES: u32 = 40;
/// How often progress is told.
const TELL_EVERY: Duration = Duration::from_secs(2);

/// Counts what was acknowledged and says so now and then.
struct Progress {
    total: u64,
    done: AtomicU64,
    began: Instant,
    told: std::sync::Mutex<Instant>,
}

/// One laptop's share of the progress: acknowledgements carry the highest number, not a count.
struct Share<'a> {
    progress: &'a Progress,
    acknowledged: AtomicU64,
}

impl transport::Observer for Share<'_> {
    fn acknowledged(&self, ack: &Ack) {
        let before = self
            .acknowledged
            .fetch_max(ack.durable_seq, Ordering::Relaxed);
        self.progress.add(ack.durable_seq.saturating_sub(before));
    }
}

impl Progress {
    fn add(&self, count: u64) {
        let done = self.done.fetch_add(count, Ordering::Relaxed) + count;
        let mut told = self
            .told
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        if told.elapsed() > TELL_EVERY {
            *told = Instant::now();
            eprintln!(
                "  … {done} of {} observations stored ({} s)",
                self.total,
                self.began.elapsed().as_secs()
            );
        }
    }
}

/// The collector's door: where it is and whom to trust.
pub struct Door {
    server: Server,
    anchors: Vec<CertificateDer<'static>>,
}

impl Door {
    pub fn open(server: &str, ca: &Path) -> Result<Self> {
        let server: Server = server
            .parse()
            .map_err(|error| anyhow!("--server {server}: {error}"))?;
        let words = fs::read(ca).with_context(|| format!("cannot read {}", ca.display()))?;
        let anchors = CertificateDer::pem_slice_iter(&words)
            .collect::<Result<Vec<_>, _>>()
            .with_context(|| format!("{} holds no PEM certificate", ca.display()))?;
        Ok(Self { server, anchors })
    }
}

/// How a laptop comes to its identity.
enum Entry<'a> {
    /// With this token; the identity is kept in the folder, if there is one.
    Enrol(&'a str, &'a Door, Option<PathBuf>),
    /// It enrolled before, and its identity lies in this folder.
    Known(PathBuf),
}

/// Enrols laptop `n` with `tokens[n]` and ships its whole history. Returns when everything is acknowledged. With `keep`, the
/// laptops can go on later ([`continued`]).
pub fn enrolled(plan: &Plan, tokens: &[String], door: &Door, keep: Option<&Path>) -> Result<()> {
    let laptops = plan.invent().laptops.into_iter().zip(tokens);
    let entries = laptops.map(|(simulated, token)| {
        let kept = keep.map(|folder| folder.join(&simulated.laptop.name));
        (simulated, Entry::Enrol(token, door, kept))
    });
    ship(entries.collect())
}

/// Ships what happened to laptops that enrolled before, since the moment that their history reached.
pub fn continued(plan: &Plan, kept: &Path) -> Result<()> {
    let told = (plan.now.as_second(), plan.now.subsec_nanosecond());
    let entries = plan.invent().laptops.into_iter().map(|mut simulated| {
        simulated.observations.retain(|seen| when(seen) > told);
        let folder = kept.join(&simulated.laptop.name);
        (simulated, Entry::Known(folder))
    });
    ship(entries.collect())
}

fn ship(laptops: Vec<(Simulated, Entry<'_>)>) -> Result<()> {
    // A second install in one process is refused, which is fine: the first one serves.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let progress = Progress {
        total: laptops
            .iter()
            .map(|(simulated, _)| simulated.observations.len() as u64)
            .sum(),
        done: AtomicU64::new(0),
        began: Instant::now(),
        told: std::sync::Mutex::new(Instant::now()),
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let mut running = stream::iter(laptops)
            .map(|(simulated, entry)| async {
                let name = simulated.laptop.name.clone();
                laptop(simulated, entry, &progress)
                    .await
                    .with_context(|| format!("laptop {name}"))
            })
            .buffer_unordered(AT_ONCE);
        while let Some(done) = running.next().await {
            done?;
        }
        eprintln!(
            "  {} observations stored in {:.1} s",
            progress.total,
            progress.began.elapsed().as_secs_f64()
        );
        Ok(())
    })
}

async fn laptop(simulated: Simulated, entry: Entry<'_>, progress: &Progress) -> Result<()> {
    let identity = match entry {
        Entry::Known(folder) => Identity::load(&folder)?,
        Entry::Enrol(token, door, kept) => {
            let identity = enrol(&simulated, token, door).await?;
            if let Some(folder) = kept {
                identity.save(&folder)?;
            }
            identity
        }
    };
    let source = MemorySource::new(rand::random());
    source.push(simulated.observations);
    let share = Share {
        progress,
        acknowledged: AtomicU64::new(0),
    };
    let options = Options {
        service_version: env!("CARGO_PKG_VERSION").to_owned(),
        policy_version: 0,
        ship_after: Duration::ZERO,
        ship_idle: Duration::ZERO,
        clock: jiff::Timestamp::now,
    };
    let mut pauses = Backoff::default();
    let mut last = None;
    for _ in 0..TRIES {
        match session(&identity, &source, &share, &options).await {
            Ok(Outcome::Drained | Outcome::Stopped) => return Ok(()),
            Ok(Outcome::Renumbered) => {}
            Ok(Outcome::Closed(pause)) => tokio::time::sleep(pause.unwrap_or_default()).await,
            Err(fault) if fault.patience() == Patience::Slow => return Err(fault.into()),
            Err(fault) => {
                tokio::time::sleep(pauses.next(Patience::Soon, &mut rand::rng())).await;
                last = Some(fault);
            }
        }
    }
    Err(last.map_or_else(|| anyhow!("the collector closed every stream"), Into::into))
}

async fn enrol(simulated: &Simulated, token: &str, door: &Door) -> Result<Identity> {
    let options = EnrollOptions {
        server: door.server.clone(),
        token: token.to_owned(),
        trust: Trust::Anchors(door.anchors.clone()),
        proxies: transport::Proxies::default(),
        proxy: None,
        installation_id: rand::random(),
        os_type: simulated.laptop.model.os_type.to_owned(),
        device_model_name: simulated.laptop.model.name.to_owned(),
        now: jiff::Timestamp::now(),
    };
    Ok(enroll::enroll(options).await?)
}

async fn session(
    identity: &Identity,
    source: &MemorySource,
    share: &Share<'_>,
    options: &Options,
) -> Result<Outcome, Fault> {
    let connection = transport::connect(&identity.target(), &Traffic::default()).await?;
    let shipper = Shipper {
        connection: &connection,
        source,
        observer: share,
        options,
    };
    shipper.run(Until::Drained).await
}
