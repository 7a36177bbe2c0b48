//! A collector of the tests' own on free ports. Tests that run at the same moment share one; the last one out stops it.

use std::{
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError, Weak, mpsc},
    thread::JoinHandle,
    time::{Duration, Instant},
};

use jiff::{SignedDuration, Timestamp};
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;
use weft_collector::{
    app::{App, Rooms, Surroundings},
    clock::Clock,
    config::Config,
    enroll::token,
};
use weft_collector_core::{books::Books, device::DeviceId};
use weft_collector_engine::Places;
use weft_collector_store::control::{audit::Entry, tokens::NewToken};

/// Far beyond what a loaded machine needs; only a hang reaches it.
const PATIENCE: Duration = Duration::from_secs(90);
const POLL: Duration = Duration::from_millis(25);

pub struct House {
    pub rooms: Rooms,
    pub grpc: std::net::SocketAddr,
    dir: Option<TempDir>,
    stop: CancellationToken,
    running: Option<JoinHandle<anyhow::Result<()>>>,
}

static SHARED: Mutex<Weak<House>> = Mutex::new(Weak::new());

impl House {
    /// The house that tests share.
    pub fn shared() -> Arc<Self> {
        let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(house) = shared.upgrade() {
            return house;
        }
        let house = Arc::new(Self::alone());
        *shared = Arc::downgrade(&house);
        house
    }

    /// A house for one test.
    pub fn alone() -> Self {
        Self::in_dir(TempDir::new().unwrap())
    }

    fn in_dir(dir: TempDir) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let variables = [
            ("DATA__DIR", dir.path().display().to_string()),
            ("GRPC__LISTEN", "127.0.0.1:0".to_owned()),
            ("HTTP__LISTEN", "127.0.0.1:0".to_owned()),
            // Many tests are refused on purpose, all from one address.
            ("LIMITS__REFUSALS_PER_MINUTE", "1000000".to_owned()),
        ];
        let variables = variables.map(|(name, value)| (format!("WEFT_COLLECTOR__{name}"), value));
        let config = Config::load(None, variables).unwrap();
        let around = Surroundings {
            clock: Clock::system(),
            program: PathBuf::from(env!("CARGO_BIN_EXE_weft-collector")),
            library: Places::from_environment(None, String::new()),
        };
        let stop = CancellationToken::new();
        let (ready, opened) = mpsc::channel();
        let running = std::thread::spawn({
            let stop = stop.clone();
            move || {
                Runtime::new()?.block_on(async move {
                    let app = App::build(config, around).await?;
                    let _ = ready.send((app.rooms.clone(), app.grpc_address()?));
                    app.run(stop).await
                })
            }
        });
        let Ok((rooms, grpc)) = opened.recv() else {
            panic!("the collector did not open: {:?}", running.join());
        };
        Self {
            rooms,
            grpc,
            dir: Some(dir),
            stop,
            running: Some(running),
        }
    }

    /// Stops in order; how long it took.
    pub fn stop(&mut self) -> Duration {
        let began = Instant::now();
        self.stop.cancel();
        if let Some(running) = self.running.take() {
            running.join().unwrap().unwrap();
        }
        began.elapsed()
    }

    /// Stops it and opens a new one on the same data.
    pub fn restart(mut self) -> Self {
        self.stop();
        let dir = self.dir.take().unwrap();
        Self::in_dir(dir)
    }

    /// The authority's PEM.
    pub fn anchors(&self) -> String {
        std::fs::read_to_string(self.rooms.config.pki_dir().join("ca.pem")).unwrap()
    }

    pub async fn token(&self, uses: u32) -> String {
        self.token_until(uses, Timestamp::now() + SignedDuration::from_hours(1))
            .await
            .0
    }

    pub async fn token_until(&self, uses: u32, expires_at: Timestamp) -> (String, Uuid) {
        let secret = token::generate(rand::random());
        let id = Uuid::now_v7();
        let new = NewToken {
            id,
            name: "test".to_owned(),
            secret_hash: token::hash(&secret),
            team: "Berlin".to_owned(),
            owner: None,
            device_name: "LT".to_owned(),
            simulated: true,
            uses,
            created_by: "test".to_owned(),
            created_at: Timestamp::now(),
            expires_at,
        };
        self.rooms.control.tokens().insert(new).await.unwrap();
        (secret, id)
    }

    /// Where a device's observations ended; `sent` included.
    pub async fn books(&self, device: DeviceId) -> Books {
        let mut books = self.rooms.telemetry.books(device).await.unwrap();
        let sent = self.rooms.control.streams().sent().await.unwrap();
        books.sent = sent.get(&device).copied().unwrap_or_default();
        books
    }

    pub async fn audit(&self, action: &str, words: &str) -> Option<Entry> {
        let page = self.rooms.control.audit().page(None, 500).await.unwrap();
        page.into_iter()
            .find(|entry| entry.action == action && entry.detail.contains(words))
    }
}

impl Drop for House {
    fn drop(&mut self) {
        self.stop.cancel();
        if let Some(running) = self.running.take() {
            let _ = running.join();
        }
    }
}

/// Asks until the answer is yes.
pub async fn eventually<T>(what: &str, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(answer) = ask().await {
            return answer;
        }
        assert!(began.elapsed() < PATIENCE, "never happened: {what}");
        tokio::time::sleep(POLL).await;
    }
}
