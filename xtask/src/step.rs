//! One visible step of a long run: a line when it starts, a heartbeat while it is silent, a line with its time when it
//! ends. Child processes inherit the terminal unless their output is only interesting on failure.

use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::mpsc::{self, RecvTimeoutError},
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail};

/// A silent step says that it is alive this often.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// The checkout's root: xtask lives one level below it.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .map(Path::to_path_buf)
        .unwrap_or_default()
}

/// Runs `work` between a start line and an end line.
pub fn step<T>(name: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
    let began = Instant::now();
    eprintln!("▸ {name}");
    let (done, wait) = mpsc::channel::<()>();
    let label = name.to_owned();
    let heart = std::thread::spawn(move || {
        while let Err(RecvTimeoutError::Timeout) = wait.recv_timeout(HEARTBEAT) {
            eprintln!("  … {label}: {} s", began.elapsed().as_secs());
        }
    });
    let outcome = work();
    drop(done);
    // The heartbeat thread only prints; it cannot fail in a way that matters here.
    let _ = heart.join();
    let seconds = began.elapsed().as_secs_f64();
    match &outcome {
        Ok(_) => eprintln!("✔ {name} ({seconds:.1} s)"),
        Err(_) => eprintln!("✘ {name} ({seconds:.1} s)"),
    }
    outcome
}

/// Runs a program in the checkout, showing what it prints.
pub fn show(command: &mut Command) -> Result<()> {
    let name = describe(command);
    let status = command
        .current_dir_if_unset()
        .stdin(Stdio::null())
        .status()
        .with_context(|| format!("cannot start `{name}`"))?;
    if !status.success() {
        bail!("`{name}` failed ({status})");
    }
    Ok(())
}

/// Runs a program and gives its standard output; its error output stays visible.
pub fn output(command: &mut Command) -> Result<String> {
    let name = describe(command);
    let done = command
        .current_dir_if_unset()
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .with_context(|| format!("cannot start `{name}`"))?;
    if !done.status.success() {
        bail!("`{name}` failed ({})", done.status);
    }
    Ok(String::from_utf8_lossy(&done.stdout).into_owned())
}

/// True when the program answers to `--version`.
pub fn answers(program: &str) -> bool {
    Command::new(program)
        .arg("--version")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

pub fn cargo() -> Command {
    Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

fn describe(command: &Command) -> String {
    let mut words = vec![command.get_program().to_string_lossy().into_owned()];
    words.extend(
        command
            .get_args()
            .map(|word| word.to_string_lossy().into_owned()),
    );
    words.join(" ")
}

trait InCheckout {
    fn current_dir_if_unset(&mut self) -> &mut Self;
}

impl InCheckout for Command {
    fn current_dir_if_unset(&mut self) -> &mut Self {
        if self.get_current_dir().is_none() {
            self.current_dir(root());
        }
        self
    }
}
