//! Starts the child, watches it, starts it again when it dies, ends it.
//!
//! **Invariant: at most one child at a time, and none after [`Engine::stop`] returned.** Callers see an outage of the
//! engine only as failing requests to an endpoint that stays the same.

mod process;

use std::time::Duration;

use rand::RngCore as _;
use secrecy::{ExposeSecret as _, SecretString};
use tokio::{
    sync::watch,
    task::JoinHandle,
    time::{Instant, sleep, timeout},
};
use tracing::{info, warn};

use self::process::Running;
use crate::{Endpoint, Error, Options, START_TIMEOUT, config, config::Files, log, probe};

/// First and longest wait before another start. Short at first: a crash must cost the fleet less than a retry of its own.
const BACKOFF: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(10));

/// A child that lived this long was healthy: the next wait is short again.
const HEALTHY: Duration = Duration::from_secs(60);

/// Between two questions to a starting engine.
const PROBE_INTERVAL: Duration = Duration::from_millis(50);

/// A child asked to leave is gone within milliseconds; after this it is killed.
const STOP_TIMEOUT: Duration = Duration::from_secs(5);

/// What the supervisor tells about the child.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Status {
    pid: Option<u32>,
    ready: bool,
    starts: u64,
}

/// A running engine. Dropping it kills the child; [`Engine::stop`] is the polite way.
#[derive(Debug)]
pub struct Engine {
    endpoint: Endpoint,
    status: watch::Receiver<Status>,
    stop: watch::Sender<bool>,
    supervisor: Option<JoinHandle<()>>,
}

impl Engine {
    /// Starts the child and returns when it answers.
    pub async fn start(options: Options) -> Result<Self, Error> {
        if !options.library.is_file() {
            return Err(Error::LibraryMissing {
                looked: vec![options.library],
            });
        }
        let port = free_port().map_err(Error::Port)?;
        let mut random = [0_u8; 24];
        rand::rng().fill_bytes(&mut random);
        let password = SecretString::from(hex::encode(random));
        let files = Files::under(&options.data);
        files.write(port, password.expose_secret())?;

        let (stop, stopped) = watch::channel(false);
        let (report, status) = watch::channel(Status::default());
        let supervisor = Supervisor {
            options,
            files: files.clone(),
            port,
            password: password.clone(),
            report,
            stopped,
        };
        // The first spawn happens here, so that a program that cannot run at all is an error at once.
        let first = Running::spawn(&supervisor.options, &files)?;
        let engine = Self {
            endpoint: Endpoint {
                url: format!("http://127.0.0.1:{port}"),
                user: config::USER.to_owned(),
                password,
            },
            status,
            stop,
            supervisor: Some(tokio::spawn(supervisor.watch(first))),
        };
        if engine.ready(START_TIMEOUT).await {
            return Ok(engine);
        }
        engine.stop().await;
        Err(Error::NotReady {
            tail: log::tail(&files.log),
            log: files.log,
        })
    }

    /// Where it answers; the same for the life of this value.
    pub fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// Process id of the child, for diagnosis; `None` between two lives.
    pub fn pid(&self) -> Option<u32> {
        self.status.borrow().pid
    }

    /// How often the child was started; 1 when it never died.
    pub fn starts(&self) -> u64 {
        self.status.borrow().starts
    }

    /// Waits until the child answers; false when it did not within `limit`.
    pub async fn ready(&self, limit: Duration) -> bool {
        let mut status = self.status.clone();
        let ready = timeout(limit, status.wait_for(|status| status.ready)).await;
        matches!(ready, Ok(Ok(_)))
    }

    /// Ends the child and waits until it is gone.
    pub async fn stop(mut self) {
        let _ = self.stop.send(true);
        if let Some(supervisor) = self.supervisor.take() {
            let _ = supervisor.await;
        }
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        if let Some(supervisor) = &self.supervisor {
            // Aborting drops the child, which is killed on drop.
            supervisor.abort();
        }
    }
}

struct Supervisor {
    options: Options,
    files: Files,
    port: u16,
    password: SecretString,
    report: watch::Sender<Status>,
    stopped: watch::Receiver<bool>,
}

impl Supervisor {
    async fn watch(mut self, first: Running) {
        let mut child = Some(first);
        let mut wait = BACKOFF.0;
        loop {
            if let Some(running) = child.take() {
                let started = Instant::now();
                if self.live(running).await.is_none() {
                    return;
                }
                if started.elapsed() >= HEALTHY {
                    wait = BACKOFF.0;
                }
            }
            tokio::select! {
                () = sleep(wait) => {}
                () = asked_to_stop(&mut self.stopped) => return,
            }
            wait = (wait * 2).min(BACKOFF.1);
            match Running::spawn(&self.options, &self.files) {
                Ok(running) => child = Some(running),
                Err(error) => warn!(%error, "the engine could not be started again"),
            }
        }
    }

    /// One life of the child. `None`: it was asked to stop and is gone; `Some`: it died by itself.
    async fn live(&mut self, mut child: Running) -> Option<()> {
        let pid = child.pid();
        self.report.send_modify(|status| {
            status.pid = pid;
            status.starts += 1;
        });
        let mut until_ready = std::pin::pin!(until_ready(self.port, self.password.clone()));
        let mut ready = false;
        let outcome = loop {
            tokio::select! {
                () = &mut until_ready, if !ready => {
                    ready = true;
                    self.report.send_modify(|status| status.ready = true);
                    info!(pid, port = self.port, "the engine answers");
                }
                exit = child.wait() => {
                    warn!(pid, %exit, log = %self.files.log.display(), "the engine ended; starting it again");
                    break Some(());
                }
                () = asked_to_stop(&mut self.stopped) => {
                    child.leave(STOP_TIMEOUT).await;
                    break None;
                }
            }
        };
        self.report.send_modify(|status| {
            status.pid = None;
            status.ready = false;
        });
        outcome
    }
}

/// True for ever once it was said; the [`Engine`] being gone says it too.
async fn asked_to_stop(stopped: &mut watch::Receiver<bool>) {
    let _ = stopped.wait_for(|stopped| *stopped).await;
}

async fn until_ready(port: u16, password: SecretString) {
    while !probe::answers(port, config::USER, password.expose_secret()).await {
        sleep(PROBE_INTERVAL).await;
    }
}

/// A port that was free a moment ago. If somebody takes it before the child does, the start fails and says so.
fn free_port() -> std::io::Result<u16> {
    std::net::TcpListener::bind(("127.0.0.1", 0))?
        .local_addr()
        .map(|address| address.port())
}
