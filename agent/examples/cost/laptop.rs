//! A laptop: a state directory, its enrolment, and the agent's binary running in it.
//!
//! Invariant: the binary is started as a service manager starts it; its only environment is a path.

use std::{
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use crate::{
    Outcome,
    collector::Collector,
    measure::{self, Memory},
    relay::Relay,
};

/// Often enough to see what a look at all packages needs for a moment.
const SAMPLE: Duration = Duration::from_millis(10);

pub struct Laptop {
    agent: PathBuf,
    pub state: PathBuf,
}

impl Laptop {
    /// Enrols at the double behind the relay.
    pub async fn enrol(
        agent: &Path,
        state: PathBuf,
        collector: &Collector,
        relay: &Relay,
    ) -> Outcome<Self> {
        std::fs::create_dir_all(&state)?;
        let ca = state.join("ca.pem");
        std::fs::write(&ca, &collector.authority.pem)?;
        let laptop = Self {
            agent: agent.to_owned(),
            state,
        };
        let mut command = laptop.command("enroll");
        command.args(["--server", &relay.url(), "--token", "good", "--ca"]);
        command.arg(&ca);
        let done = tokio::process::Command::from(command).output().await?;
        match done.status.success() {
            true => Ok(laptop),
            false => Err(String::from_utf8_lossy(&done.stderr).into()),
        }
    }

    fn command(&self, name: &str) -> Command {
        let mut command = Command::new(&self.agent);
        command
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("WEFT_LOG", "error")
            // While the double is away the relay hangs up, which looks like a network that breaks HTTP/2.
            .env("WEFT_TRANSPORT", "http2")
            .args([name, "--state"])
            .arg(&self.state)
            .stdin(Stdio::null());
        command
    }

    /// `weft-agent run`, watched from its first moment on.
    pub fn run(&self, root: &Path) -> Outcome<Running> {
        let mut command = self.command("run");
        let child = command.arg("--root").arg(root).spawn()?;
        let (pid, anonymous, over) = (
            child.id(),
            Arc::<AtomicU64>::default(),
            Arc::<AtomicBool>::default(),
        );
        let (seen, ended) = (Arc::clone(&anonymous), Arc::clone(&over));
        std::thread::spawn(move || {
            while !ended.load(Ordering::Relaxed)
                && let Some(memory) = measure::memory(pid)
            {
                seen.fetch_max(memory.anonymous, Ordering::Relaxed);
                std::thread::sleep(SAMPLE);
            }
        });
        Ok(Running {
            child,
            anonymous,
            over,
        })
    }
}

pub struct Running {
    child: Child,
    anonymous: Arc<AtomicU64>,
    over: Arc<AtomicBool>,
}

impl Running {
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Peaks since the start; the kernel keeps one, the other is sampled.
    pub fn memory(&self) -> Outcome<Memory> {
        let now = measure::memory(self.pid()).ok_or("the agent has ended")?;
        Ok(Memory {
            anonymous: self.anonymous.load(Ordering::Relaxed).max(now.anonymous),
            ..now
        })
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// Waits until it is true.
pub async fn until(what: &str, mut happened: impl FnMut() -> bool) -> Outcome<()> {
    const PATIENCE: Duration = Duration::from_secs(300);
    let begun = Instant::now();
    while !happened() {
        if begun.elapsed() > PATIENCE {
            return Err(format!("{what}: not within {} s", PATIENCE.as_secs()).into());
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    Ok(())
}
