//! The service manager's ear: READY, STATUS, WATCHDOG, STOPPING by systemd's notify protocol (sd_notify(3)).
//!
//! Invariant: the watchdog is fed from a thread of its own, which waits for neither disk nor network. What it asks is whether
//! the agent's runtime still turns; a probe that hangs or a collector that is away is said in STATUS and is no reason to die.
//! Without a service manager all of this does nothing.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

/// A runtime that has not turned for so long is dead: then the service manager may start the agent anew.
const DEAD_AFTER: Duration = Duration::from_secs(600);

/// systemd asks for a sign at least twice per period; three times leave room for a busy machine.
const SIGNS_PER_PERIOD: u32 = 3;

/// The shortest period that is served: below it is a mistake in the unit.
const LEAST_PERIOD: Duration = Duration::from_secs(1);

/// The way to the service manager. Cloning shares it.
#[derive(Clone, Default)]
pub struct Manager {
    socket: Option<Arc<Socket>>,
    period: Option<Duration>,
    beat: Arc<AtomicU64>,
}

impl Manager {
    /// From NOTIFY_SOCKET and WATCHDOG_USEC; nothing when they are not there or meant for another process.
    pub fn from_env(env: impl Fn(&str) -> Option<String>) -> Self {
        let Some(socket) = env("NOTIFY_SOCKET").and_then(|path| Socket::open(&path)) else {
            return Self::default();
        };
        let is_ours = env("WATCHDOG_PID").is_none_or(|pid| pid == std::process::id().to_string());
        let period = env("WATCHDOG_USEC")
            .filter(|_| is_ours)
            .and_then(|period| period.parse().ok())
            .map(Duration::from_micros)
            .filter(|period| *period >= LEAST_PERIOD);
        Self {
            socket: Some(Arc::new(socket)),
            period,
            beat: Arc::default(),
        }
    }

    /// The agent works; `status` in words.
    pub fn ready(&self, status: &str) {
        self.say(&format!("READY=1\nSTATUS={}", one_line(status)));
    }

    /// How it is, for `systemctl status`.
    pub fn status(&self, status: &str) {
        self.say(&format!("STATUS={}", one_line(status)));
    }

    /// It ends in order.
    pub fn stopping(&self) {
        self.say("STOPPING=1\nSTATUS=sending what is left");
    }

    /// The runtime turned.
    pub fn beat(&self) {
        self.beat.fetch_add(1, Ordering::Relaxed);
    }

    /// Feeds the watchdog, if there is one, for as long as the process lives.
    ///
    /// # Errors
    /// When no thread can be made.
    pub fn watch(&self) -> std::io::Result<()> {
        let Some(period) = self.period else {
            return Ok(());
        };
        let manager = self.clone();
        std::thread::Builder::new()
            .name("watchdog".into())
            // It formats nothing and calls nothing deep.
            .stack_size(64 * 1024)
            .spawn(move || {
                let mut pulse = Pulse::new(Instant::now());
                loop {
                    if pulse.is_alive(manager.beat.load(Ordering::Relaxed), Instant::now()) {
                        manager.say("WATCHDOG=1");
                    }
                    std::thread::sleep(period / SIGNS_PER_PERIOD);
                }
            })
            .map(drop)
    }

    fn say(&self, words: &str) {
        if let Some(socket) = &self.socket {
            socket.send(words.as_bytes());
        }
    }
}

/// Whether a counter still moves.
struct Pulse {
    last: u64,
    moved: Instant,
}

impl Pulse {
    fn new(now: Instant) -> Self {
        Self {
            last: 0,
            moved: now,
        }
    }

    fn is_alive(&mut self, beat: u64, now: Instant) -> bool {
        if beat != self.last {
            *self = Self {
                last: beat,
                moved: now,
            };
        }
        now.duration_since(self.moved) < DEAD_AFTER
    }
}

/// A line end would begin another assignment.
fn one_line(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .take(200)
        .collect()
}

#[cfg(unix)]
struct Socket {
    socket: std::os::unix::net::UnixDatagram,
    address: std::os::unix::net::SocketAddr,
}

#[cfg(unix)]
impl Socket {
    /// A path, or an abstract name that begins with "@".
    fn open(path: &str) -> Option<Self> {
        use std::os::unix::net::{SocketAddr, UnixDatagram};
        #[cfg(target_os = "linux")]
        let address = match path.strip_prefix('@') {
            Some(name) => {
                <SocketAddr as std::os::linux::net::SocketAddrExt>::from_abstract_name(name)
            }
            None => SocketAddr::from_pathname(path),
        };
        #[cfg(not(target_os = "linux"))]
        let address = SocketAddr::from_pathname(path);
        let socket = UnixDatagram::unbound().ok()?;
        // A manager that does not read must not hold us.
        socket.set_nonblocking(true).ok()?;
        Some(Self {
            socket,
            address: address.ok()?,
        })
    }

    fn send(&self, bytes: &[u8]) {
        if let Err(error) = self.socket.send_to_addr(bytes, &self.address) {
            tracing::debug!(%error, "the service manager does not listen");
        }
    }
}

#[cfg(not(unix))]
struct Socket;

#[cfg(not(unix))]
impl Socket {
    fn open(_path: &str) -> Option<Self> {
        None
    }

    fn send(&self, _bytes: &[u8]) {}
}

#[cfg(all(test, unix))]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::os::unix::net::UnixDatagram;

    use super::*;

    fn hear(socket: &UnixDatagram) -> String {
        let mut buffer = [0; 512];
        let length = socket.recv(&mut buffer).unwrap();
        String::from_utf8_lossy(&buffer[..length]).into_owned()
    }

    #[test]
    fn says_ready_and_feeds_the_watchdog_while_the_runtime_is_stuck() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("notify");
        let socket = UnixDatagram::bind(&path).unwrap();
        socket
            .set_read_timeout(Some(Duration::from_secs(60)))
            .unwrap();
        let env = |name: &str| match name {
            "NOTIFY_SOCKET" => Some(path.to_string_lossy().into_owned()),
            "WATCHDOG_USEC" => Some("1000000".into()),
            "WATCHDOG_PID" => Some(std::process::id().to_string()),
            _ => None,
        };
        let manager = Manager::from_env(env);
        manager.ready("connected\nREADY=0");
        assert_eq!(hear(&socket), "READY=1\nSTATUS=connected READY=0");
        manager.watch().unwrap();
        // No beat at all: the runtime may take its time.
        for _ in 0..4 {
            assert_eq!(hear(&socket), "WATCHDOG=1");
        }
    }

    #[test]
    fn a_dead_runtime_is_given_up() {
        let start = Instant::now();
        let mut pulse = Pulse::new(start);
        assert!(pulse.is_alive(0, start + DEAD_AFTER / 2));
        assert!(pulse.is_alive(1, start + DEAD_AFTER));
        assert!(pulse.is_alive(1, start + DEAD_AFTER + DEAD_AFTER / 2));
        assert!(!pulse.is_alive(1, start + 2 * DEAD_AFTER));
    }

    #[test]
    fn nobody_listens_and_nothing_happens() {
        Manager::from_env(|_| None).ready("x");
        let gone = Manager::from_env(|name| {
            (name == "NOTIFY_SOCKET").then(|| "/does/not/exist".to_owned())
        });
        gone.ready("x");
        gone.watch().unwrap();
    }
}
