//! The demo's parts as child processes: started with a log file, watched, and stopped politely before being killed.

use std::{
    fs::{File, OpenOptions},
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use anyhow::{Context as _, Error, Result, anyhow, bail};
use tokio::process::Command;

/// Both programs promise to drain in 10 s.
const STOP_DEADLINE: Duration = Duration::from_secs(15);
/// Lines of a log that an error quotes.
const QUOTED_LINES: usize = 8;

pub struct Child {
    name: &'static str,
    log: PathBuf,
    process: tokio::process::Child,
}

impl Child {
    /// A program that lies beside this one.
    pub fn own(name: &str) -> Result<PathBuf> {
        let here = std::env::current_exe().context("cannot tell where this program lies")?;
        let path = here.with_file_name(name);
        if !path.is_file() {
            bail!(
                "{} is missing beside {}: build it, or run `cargo xtask demo`",
                name,
                here.display()
            );
        }
        Ok(path)
    }

    /// Starts a program whose output goes to `DATA/logs/NAME.log`.
    pub fn start(
        program: &Path,
        arguments: &[&str],
        data: &Path,
        name: &'static str,
    ) -> Result<Self> {
        let log = data.join("logs").join(format!("{name}.log"));
        let process = logged(program, arguments, &log)?
            .spawn()
            .with_context(|| format!("cannot start {}", program.display()))?;
        Ok(Self { name, log, process })
    }

    /// An error when the process has ended.
    pub fn check(&mut self) -> Result<()> {
        match self.process.try_wait()? {
            None => Ok(()),
            Some(status) => Err(died(self.name, status, &self.log)),
        }
    }

    /// Waits for an end that should not come.
    pub async fn gone(&mut self) -> Error {
        match self.process.wait().await {
            Ok(status) => died(self.name, status, &self.log),
            Err(error) => error.into(),
        }
    }

    /// Asks it to stop, waits, and kills it when it does not.
    pub async fn stop(&mut self) {
        if let Some(pid) = self.process.id() {
            // The `kill` program instead of a system call: this crate holds no unsafe code.
            let _ = Command::new("kill")
                .args(["-TERM", &pid.to_string()])
                .status()
                .await;
        }
        if tokio::time::timeout(STOP_DEADLINE, self.process.wait())
            .await
            .is_err()
        {
            eprintln!(
                "  {} did not stop within {} s and was killed",
                self.name,
                STOP_DEADLINE.as_secs()
            );
            let _ = self.process.kill().await;
        }
    }
}

/// Runs a program to its end, output into the part's log.
pub async fn run(
    program: &Path,
    arguments: &[&str],
    data: &Path,
    name: &'static str,
) -> Result<()> {
    let log = data.join("logs").join(format!("{name}.log"));
    let status = logged(program, arguments, &log)?.status().await?;
    if status.success() {
        Ok(())
    } else {
        Err(died(name, status, &log))
    }
}

/// Runs a program to its end, output on the terminal.
pub async fn run_shown(program: &Path, arguments: &[&str]) -> Result<()> {
    let status = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .status()
        .await
        .with_context(|| format!("cannot start {}", program.display()))?;
    if !status.success() {
        bail!("{} failed ({status})", program.display());
    }
    Ok(())
}

fn logged(program: &Path, arguments: &[&str], log: &Path) -> Result<Command> {
    let file = OpenOptions::new()
        .create(true)
        .append(true)
        .open(log)
        .with_context(|| format!("cannot write {}", log.display()))?;
    let second: File = file.try_clone()?;
    let mut command = Command::new(program);
    command
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(file)
        .stderr(second)
        .kill_on_drop(true);
    // Ctrl-C on the terminal must reach the demo alone: it stops its parts in order.
    #[cfg(unix)]
    command.process_group(0);
    Ok(command)
}

fn died(name: &str, status: std::process::ExitStatus, log: &Path) -> Error {
    let words = std::fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<&str> = words.lines().collect();
    let tail = lines[lines.len().saturating_sub(QUOTED_LINES)..].join("\n    ");
    anyhow!(
        "{name} ended ({status}); the end of {}:\n    {tail}",
        log.display()
    )
}
