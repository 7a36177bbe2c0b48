//! The house: every room, opened in order; every task, named. The only place that knows everything and the only one that
//! starts tasks.
//!
//! **Invariant:** [`App::build`] opens and binds and starts nothing that reports could reach; [`App::run`] starts, waits
//! and drains: first the doors, then the streams, then the writer, last the engine.

use std::{net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};

use anyhow::{Context as _, Result};
use arc_swap::ArcSwap;
use jiff::{SignedDuration, Timestamp};
use rand::Rng as _;
use tokio::{
    net::TcpListener,
    sync::{mpsc, watch},
    time::sleep,
};
use tokio_stream::wrappers::ReceiverStream;
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tonic::{codec::CompressionEncoding, service::Routes};
use weft_collector_engine::{Endpoint, Engine, Options, Places};
use weft_collector_store::{control::Control, telemetry::Telemetry};
use weft_proto::{
    MAX_MESSAGE_BYTES,
    v1::{
        enrollment_server::EnrollmentServer, ingest_server::IngestServer,
        policies_server::PoliciesServer,
    },
};

use crate::{
    accounts::Accounts,
    api::{self, Api},
    audit::{Auditor, Refusals},
    clock::Clock,
    config::Config,
    connect::{self, Connect},
    correlate::Correlate,
    effects::Effects,
    enroll::Enroll,
    gate::Gate,
    http,
    ingest::{
        self, Bookkeeper, Ingest, Notices, Sessions,
        writer::{Bounds, Writer},
    },
    jobs,
    lifecycle::{DRAIN_DEADLINE, Ended, Tasks, watch_signals},
    mail::Mail,
    metrics::Metrics,
    pki::{Authority, RevocationList, SharedAuthority},
    plain::{self, Plain},
    policy::{Policies, PolicyInForce},
    threads::{upkeep, voice::Voice},
    tls::{self, Acceptor, SharedTls},
    vault::Vault,
    watch::Watch,
};

/// A revocation by the command line must end a live stream "at once"; this is how late it may be.
const REVOCATIONS_EVERY: Duration = Duration::from_secs(1);
/// How late a change of verdicts or policy may reach agents.
const POLICY_EVERY: Duration = Duration::from_secs(2);
/// How late a notice of another collector may reach an agent that is connected here.
const NOTICES_EVERY: Duration = Duration::from_secs(5);
/// A person who writes sees what it is about within this time, however rarely the detectors look.
const LINKS_EVERY: Duration = Duration::from_secs(15);
/// Effects are measured in days; who looks at one within the hour sees it measured.
const EFFECTS_EVERY: Duration = Duration::from_secs(3_600);
/// What is forgotten is days old: an hour more or less.
const UPKEEP_EVERY: Duration = Duration::from_secs(3600);
/// How often to look whether a certificate must be made anew.
const CERTIFICATES_EVERY: Duration = Duration::from_secs(5);
/// A stream that says nothing is asked whether it lives; NATs forget idle connections after a few minutes.
const KEEPALIVE: (Duration, Duration) = (Duration::from_secs(60), Duration::from_secs(20));
/// Calls at the same time on one connection: an agent has a stream, a renewal and a policy.
const CALLS_PER_CONNECTION: u32 = 8;
/// Accepted connections that wait for the server.
const ACCEPTED: usize = 64;
/// After the signal to stop: streams say farewell within 5 s; what is left then is cut off.
const GRPC_FAREWELL: Duration = Duration::from_secs(7);
/// How often to look whether something is too old. What is deleted in one go is a day's worth, from a few parts.
const RETENTION_EVERY: Duration = Duration::from_secs(6 * 3600);
/// A deletion rewrites the parts that it touches: minutes on a large store.
const RETENTION_LEASE: SignedDuration = SignedDuration::from_hours(1);
/// The first message of a stream must come within this time.
const HELLO: Duration = Duration::from_secs(15);
/// How long a new stream waits for ClickHouse before its agent is told to come back.
const OPEN: Duration = Duration::from_secs(20);

/// What the process brings from outside; only `main` and tests make one.
#[derive(Clone, Debug)]
pub struct Surroundings {
    pub clock: Clock,
    /// This program: it runs the engine as its child.
    pub program: PathBuf,
    /// Where the engine's library may lie.
    pub library: Places,
}

/// Everything opened and bound.
pub struct App {
    pub rooms: Rooms,
    engine: Option<Engine>,
    doors: Doors,
}

/// What tasks share.
#[derive(Clone)]
pub struct Rooms {
    pub config: Config,
    pub clock: Clock,
    pub control: Control,
    pub telemetry: Telemetry,
    pub policy: PolicyInForce,
    pub metrics: Arc<Metrics>,
    /// Words for the owners of laptops.
    pub notices: Notices,
    /// Talk that also lives elsewhere.
    pub connect: Connect,
    pub mail: Mail,
    gate: Gate,
    authority: SharedAuthority,
    tls: SharedTls,
    tls_renew_after: Timestamp,
    /// Where detection stands.
    rounds: Arc<ArcSwap<api::Rounds>>,
}

struct Doors {
    grpc: TcpListener,
    http: TcpListener,
}

impl App {
    /// Opens stores and authority, starts the engine, binds the doors. Each error says which room did not open.
    pub async fn build(config: Config, around: Surroundings) -> Result<Self> {
        let clock = around.clock.clone();
        std::fs::create_dir_all(&config.data.dir).with_context(|| {
            format!(
                "cannot make the data directory {}",
                config.data.dir.display()
            )
        })?;
        let grpc = bind("grpc", config.grpc.listen).await?;
        let http = bind("http", config.http.listen).await?;
        let control = Control::connect(&config.control_url())
            .await
            .context("cannot open the control database ([control] url)")?;
        let authority = Authority::open(&config.pki_dir(), clock.now())
            .context("cannot open the certificate authority")?;
        let (tls, tls_renew_after) = tls::server_config(
            &authority,
            &config.grpc.names,
            clock.now(),
            config.certificates.server_validity.0,
        )?;
        let (engine, endpoint) = open_engine(&config, &around).await?;
        let telemetry = Telemetry::connect(&endpoint);
        telemetry
            .ensure_schema()
            .await
            .context("cannot prepare ClickHouse")?;
        let policy =
            PolicyInForce::load(control.clone(), &config.public_url(), clock.now()).await?;
        let gate = Gate {
            auditor: Auditor::new(control.clone(), clock.clone()),
            control: control.clone(),
            revocations: RevocationList::default(),
            refusals: Refusals::default(),
            clock: clock.clone(),
        };
        let notices = Notices::new(control.clone(), clock.clone());
        let vault = Vault::of_house(&config, &control, clock.now()).await?;
        let connect = connect::house(&config, control.clone(), vault.clone(), clock.clone())?;
        let mail = Mail::open(
            config.mail_settings()?,
            config.public_url(),
            control.clone(),
            clock.clone(),
            connect.threads.clone(),
            &vault,
            rand::rng().random(),
        )
        .await
        .context("cannot open mail ([mail])")?;
        let rooms = Rooms {
            notices,
            connect,
            mail,
            config,
            clock,
            control,
            telemetry,
            policy,
            metrics: Arc::default(),
            gate,
            authority: Arc::new(ArcSwap::from_pointee(authority)),
            tls: Arc::new(ArcSwap::new(tls)),
            tls_renew_after,
            rounds: Arc::default(),
        };
        Ok(Self {
            rooms,
            engine,
            doors: Doors { grpc, http },
        })
    }

    /// Where agents connect; with `listen = "...:0"` the port that the system chose.
    pub fn grpc_address(&self) -> std::io::Result<SocketAddr> {
        self.doors.grpc.local_addr()
    }

    pub fn http_address(&self) -> std::io::Result<SocketAddr> {
        self.doors.http.local_addr()
    }

    /// Process id of the embedded engine.
    pub fn engine_pid(&self) -> Option<u32> {
        self.engine.as_ref().and_then(Engine::pid)
    }

    /// Runs until `stop` or a signal, then drains.
    pub async fn run(self, stop: CancellationToken) -> Ended {
        let (grpc, http) = (self.grpc_address()?, self.http_address()?);
        let (rooms, doors, engine) = (self.rooms, self.doors, self.engine);
        let mut tasks = Tasks::new(stop.clone());
        let (renewal, renewals) = watch::channel(0);
        tasks.start("signals", {
            let stop = stop.clone();
            async move { Ok(watch_signals(stop).await?) }
        });
        rooms.start_jobs(&mut tasks, renewal);
        rooms.start_watch(&mut tasks);
        rooms.start_effects(&mut tasks);
        rooms.start_bridges(&mut tasks);
        rooms.start_mail(&mut tasks);
        rooms.start_grpc(&mut tasks, doors.grpc, renewals);
        tasks.start("http", http::serve(doors.http, rooms.pages(), stop));
        tracing::info!(%grpc, %http, "the collector is open");
        // From here on only the tasks hold the rooms, so that each closes when its last task has ended.
        drop(rooms);
        let ran = tasks.until_stopped().await;
        let drained = tasks.drain(DRAIN_DEADLINE).await;
        if let Some(engine) = engine {
            engine.stop().await;
        }
        ran.and(drained)
    }
}

impl Rooms {
    /// Everything that is served over HTTP.
    fn pages(&self) -> axum::Router {
        let health = http::Health {
            control: self.control.clone(),
            telemetry: self.telemetry.clone(),
            metrics: self.metrics.clone(),
        };
        let rounds = self.rounds.clone();
        let api = Api::new(api::Parts {
            control: self.control.clone(),
            clock: self.clock.clone(),
            accounts: Accounts::new(self.control.clone(), self.clock.clone()),
            threads: self.connect.threads.clone(),
            connect: self.connect.clone(),
            mail: self.mail.clone(),
            voice: Voice::new(self.control.clone(), self.clock.clone()),
            auditor: self.gate.auditor.clone(),
            revocations: self.gate.revocations.clone(),
            reads: Arc::new(self.telemetry.clone()),
            rounds: Arc::new(move || **rounds.load()),
            control_kind: self.control.kind(),
            secure: self.config.public_url().starts_with("https:"),
            // Checked when the configuration was read.
            calls: self.config.call_template().ok().flatten(),
            minutes: self.config.impact,
        });
        let hooks = connect::door::router(self.connect.clone());
        http::router(health, api::router(api).merge(hooks), self.mail.clone())
    }

    fn start_jobs(&self, tasks: &mut Tasks, renewal: watch::Sender<u64>) {
        let stop = tasks.stop().clone();
        let (control, clock, list) = (
            self.control.clone(),
            self.clock.clone(),
            self.gate.revocations.clone(),
        );
        tasks.start("revocations", {
            let stop = stop.clone();
            async move {
                jobs::every("revocations", REVOCATIONS_EVERY, stop, async || {
                    list.replace(control.certificates().revoked_serials(clock.now()).await?);
                    anyhow::Ok(())
                })
                .await;
                Ok(())
            }
        });
        let (policy, clock) = (self.policy.clone(), self.clock.clone());
        tasks.start("policy", {
            let stop = stop.clone();
            async move {
                jobs::every("policy", POLICY_EVERY, stop, async || {
                    policy.refresh(clock.now()).await.map(drop)
                })
                .await;
                Ok(())
            }
        });
        let notices = self.notices.clone();
        tasks.start("notices", {
            let stop = stop.clone();
            async move {
                jobs::every("notices", NOTICES_EVERY, stop, async || {
                    notices.look().await
                })
                .await;
                Ok(())
            }
        });
        let (control, clock) = (self.control.clone(), self.clock.clone());
        tasks.start("upkeep", {
            let stop = stop.clone();
            async move {
                jobs::every("upkeep", UPKEEP_EVERY, stop, async || {
                    upkeep::round(&control, clock.now()).await.map(drop)
                })
                .await;
                Ok(())
            }
        });
        let keeper = Certificates {
            config: self.config.clone(),
            clock: self.clock.clone(),
            authority: self.authority.clone(),
            tls: self.tls.clone(),
            renew_after: ArcSwap::from_pointee(self.tls_renew_after),
            renewal,
        };
        tasks.start("certificates", async move {
            jobs::every("certificates", CERTIFICATES_EVERY, stop, async || {
                keeper.look()
            })
            .await;
            Ok(())
        });
    }

    /// Letters out and answers in.
    fn start_mail(&self, tasks: &mut Tasks) {
        let (mail, stop) = (self.mail.clone(), tasks.stop().clone());
        tasks.start("mail", async move {
            mail.run_out(stop.clone()).await;
            // Off: nothing to do is no end of the house.
            stop.cancelled().await;
            Ok(())
        });
        let (mail, stop) = (self.mail.clone(), tasks.stop().clone());
        tasks.start("postbox", async move {
            mail.run_in(stop.clone()).await;
            stop.cancelled().await;
            Ok(())
        });
    }

    /// Detectors, retention and linker, each by a lease in one collector at a time.
    fn start_watch(&self, tasks: &mut Tasks) {
        let every = self.config.detect.interval.0;
        let stop = tasks.stop().clone();
        let watch = Watch::new(
            self.control.clone(),
            self.telemetry.clone(),
            self.clock.clone(),
        );
        let (rounds, clock) = (self.rounds.clone(), self.clock.clone());
        tasks.start("watch", async move {
            jobs::every("watch", every, stop, async || {
                let began = clock.now();
                // None: another collector holds the lease, and tells its own rounds.
                if watch.turn().await?.is_some() {
                    rounds.store(Arc::new(round_of(began, clock.now(), every)));
                }
                Ok::<_, crate::watch::Error>(())
            })
            .await;
            watch.leave().await;
            Ok(())
        });
        let stop = tasks.stop().clone();
        let (telemetry, keep, clock) = (
            self.telemetry.clone(),
            self.config.keep_days,
            self.clock.clone(),
        );
        let lease = jobs::Lease {
            control: self.control.clone(),
            clock: clock.clone(),
            name: "retention".into(),
            holder: clock.id(),
            lasting: RETENTION_LEASE,
        };
        tasks.start("retention", async move {
            jobs::every("retention", RETENTION_EVERY, stop, async || {
                if lease.take().await {
                    telemetry.expire(clock.now(), &keep).await?;
                }
                Ok::<_, weft_collector_store::telemetry::Error>(())
            })
            .await;
            lease.release().await;
            Ok(())
        });
        let every = every.min(LINKS_EVERY);
        let stop = tasks.stop().clone();
        let linker = Correlate::new(
            self.control.clone(),
            self.telemetry.clone(),
            self.clock.clone(),
        )
        .telling(self.notices.clone());
        tasks.start("correlate", async move {
            jobs::every("correlate", every, stop, async || {
                linker.turn().await.map(drop)
            })
            .await;
            linker.leave().await;
            Ok(())
        });
    }

    /// Talk that also lives elsewhere; each bridge by its own lease in one collector at a time.
    fn start_bridges(&self, tasks: &mut Tasks) {
        let stop = tasks.stop().clone();
        let (connect, holder) = (self.connect.clone(), self.clock.id());
        tasks.start("bridges", async move {
            connect.run(holder, stop).await;
            Ok(())
        });
        let (connect, stop) = (self.connect.clone(), tasks.stop().clone());
        tasks.start("deliveries", async move {
            jobs::every("deliveries", UPKEEP_EVERY, stop, async || {
                connect.forget_old().await
            })
            .await;
            Ok(())
        });
    }

    /// What accepted answers did, measured by one collector at a time.
    fn start_effects(&self, tasks: &mut Tasks) {
        let stop = tasks.stop().clone();
        let effects = Effects::new(
            self.control.clone(),
            Arc::new(self.telemetry.clone()),
            self.clock.clone(),
            self.config.impact,
        );
        tasks.start("effects", async move {
            jobs::every("effects", EFFECTS_EVERY, stop, async || {
                effects.turn().await.map(drop)
            })
            .await;
            effects.leave().await;
            Ok(())
        });
    }

    fn start_grpc(&self, tasks: &mut Tasks, listener: TcpListener, renewal: watch::Receiver<u64>) {
        let stop = tasks.stop().clone();
        let limits = &self.config.limits;
        let (sessions, books) = (Sessions::default(), Bookkeeper::default());
        let bounds = Bounds {
            queue_bytes: limits.queue_bytes,
            batch_rows: limits.batch_observations,
            batch_delay: limits.batch_delay.0,
        };
        let (queue, writer) = Writer::new(
            self.telemetry.clone(),
            bounds,
            sessions.clone(),
            books.clone(),
            self.metrics.clone(),
            self.clock.clone(),
        );
        // The books close after the last acknowledgement, not at the signal.
        let written = CancellationToken::new();
        tasks.start("writer", {
            let (stop, written) = (stop.clone(), written.clone());
            async move {
                writer.run(stop).await;
                written.cancel();
                Ok(())
            }
        });
        let control = self.control.clone();
        tasks.start("bookkeeper", {
            let books = books.clone();
            async move {
                books.run(control, written).await;
                Ok(())
            }
        });
        let ingest = Ingest {
            gate: self.gate.clone(),
            durable: self.telemetry.clone(),
            queue,
            sessions,
            books,
            notices: self.notices.clone(),
            limits: ingest::Limits {
                window: limits.window.max(1),
                observations: limits.report_observations,
                hello: HELLO,
                open: OPEN,
            },
            policy: self.policy.version(),
            renewal,
            metrics: self.metrics.clone(),
            conversations: TaskTracker::new(),
            stop: stop.clone(),
        };
        let enroll = Enroll {
            gate: self.gate.clone(),
            authority: self.authority.clone(),
            device_validity: self.config.certificates.device_validity.0,
            refusals_per_minute: limits.refusals_per_minute,
        };
        let policies = Policies {
            gate: self.gate.clone(),
            in_force: self.policy.clone(),
        };
        let door = Acceptor {
            tls: self.tls.clone(),
            limits: tls::Limits {
                handshakes: limits.handshakes,
                handshake_timeout: limits.handshake_timeout.0,
                connections: limits.connections,
            },
            auditor: self.gate.auditor.clone(),
            refusals: self.gate.refusals.clone(),
            clock: self.clock.clone(),
        };
        let plain = plain::router(Plain {
            ingest: ingest.clone(),
            enroll: enroll.clone(),
            policies: policies.clone(),
        });
        let (accepted, connections) = mpsc::channel(ACCEPTED);
        tasks.start("door", {
            let stop = stop.clone();
            async move {
                door.run(listener, accepted, stop).await;
                Ok(())
            }
        });
        let conversations = ingest.conversations.clone();
        let services = Routes::new(
            IngestServer::new(ingest)
                .accept_compressed(CompressionEncoding::Zstd)
                .send_compressed(CompressionEncoding::Zstd)
                .max_decoding_message_size(MAX_MESSAGE_BYTES),
        )
        .add_service(EnrollmentServer::new(enroll))
        .add_service(
            PoliciesServer::new(policies)
                .accept_compressed(CompressionEncoding::Zstd)
                .send_compressed(CompressionEncoding::Zstd),
        );
        // gRPC and the plain way share a door, so a network that breaks one still finds the other.
        let routes = Routes::from(services.into_axum_router().merge(plain));
        let server = tonic::transport::Server::builder()
            .accept_http1(true)
            .http2_keepalive_interval(Some(KEEPALIVE.0))
            .http2_keepalive_timeout(Some(KEEPALIVE.1))
            .max_concurrent_streams(CALLS_PER_CONNECTION)
            .add_routes(routes)
            .serve_with_incoming_shutdown(
                ReceiverStream::new(connections),
                stop.clone().cancelled_owned(),
            );
        tasks.start("grpc", async move {
            tokio::select! {
                served = server => served?,
                () = async { stop.cancelled().await; sleep(GRPC_FAREWELL).await } => {
                    tracing::warn!("connections were cut off at shutdown");
                }
            }
            conversations.close();
            conversations.wait().await;
            Ok(())
        });
    }
}

/// Keeps the collector's own certificate fresh and follows a rotation of the authority that the command line began.
struct Certificates {
    config: Config,
    clock: Clock,
    authority: SharedAuthority,
    tls: SharedTls,
    renew_after: ArcSwap<Timestamp>,
    renewal: watch::Sender<u64>,
}

impl Certificates {
    fn look(&self) -> Result<()> {
        let now = self.clock.now();
        let dir = self.config.pki_dir();
        let rotated = self.authority.load().is_stale(&dir)?;
        if rotated {
            self.authority.store(Arc::new(Authority::open(&dir, now)?));
            tracing::info!("the certificate authority changed; agents are asked to renew");
        }
        if rotated || **self.renew_after.load() <= now {
            let validity = self.config.certificates.server_validity.0;
            let (tls, renew_after) = tls::server_config(
                &self.authority.load(),
                &self.config.grpc.names,
                now,
                validity,
            )?;
            self.tls.store(tls);
            self.renew_after.store(Arc::new(renew_after));
        }
        if rotated {
            self.renewal.send_modify(|count| *count += 1);
        }
        Ok(())
    }
}

fn round_of(began: Timestamp, ended: Timestamp, every: Duration) -> api::Rounds {
    api::Rounds {
        last_round: Some(ended),
        took_seconds: Some(ended.duration_since(began).as_secs_f64()),
        next_round: ended.checked_add(every).ok(),
    }
}

async fn bind(door: &str, address: SocketAddr) -> Result<TcpListener> {
    TcpListener::bind(address).await.with_context(|| {
        format!("cannot listen on {address}: stop what uses it, or change `listen` under [{door}]")
    })
}

async fn open_engine(config: &Config, around: &Surroundings) -> Result<(Option<Engine>, Endpoint)> {
    if !config.engine.url.is_empty() {
        let endpoint = Endpoint {
            url: config.engine.url.clone(),
            user: config.engine.user.clone(),
            password: config.engine.password.clone(),
        };
        return Ok((None, endpoint));
    }
    let engine = Engine::start(Options {
        library: around.library.find()?,
        data: config.engine_dir(),
        program: around.program.clone(),
        arguments: vec!["engine".into()],
    })
    .await?;
    let endpoint = engine.endpoint().clone();
    Ok((Some(engine), endpoint))
}
