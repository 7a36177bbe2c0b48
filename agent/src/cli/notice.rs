//! `notice`: the owner's switch, and the helper that shows notices in the owner's own session.
//!
//! Invariant: every program that is started here is ended after a time, and a desktop that does not answer holds nobody.

#[cfg(not(any(windows, target_os = "macos")))]
mod monitor;

use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Duration,
};

use clap::Subcommand;
use weft_agent_sys::command::Limits;

use super::output;
use crate::notice::{
    self,
    desktop::{self, Shown},
};

/// A desktop answers in milliseconds; one that does not answer now has no room for us.
const ANSWER: Limits = Limits {
    time: Duration::from_secs(12),
    max_bytes: 4096,
    max_lines: 16,
};

/// How often the helper looks whether something came. A look is one `stat`.
const WATCH: Duration = Duration::from_secs(20);

/// Where the service leaves notices for the helper.
const HANDED_OVER: &str = "/run/weft-agent/notices.json";

/// Ids that the helper remembers.
const REMEMBERED: usize = 50;

/// What to do about notices.
#[derive(Debug, Subcommand)]
pub(super) enum Notice {
    /// Lets notices appear on your desktop again
    On,
    /// No notices on your desktop; `weft-agent status` still lists them, and nobody is told
    Off,
    /// Shows one now, to see whether it works
    Test,
    /// Shows what the system service receives, for as long as your session lasts (started with the session)
    Watch {
        /// Where the service leaves them
        #[arg(long, value_name = "FILE", default_value = HANDED_OVER)]
        file: PathBuf,
        /// Look once and end
        #[arg(long)]
        once: bool,
    },
    /// Shows the notice on standard input (the agent starts this as you)
    #[command(hide = true)]
    Present,
}

/// Why nothing appeared.
#[derive(Debug, thiserror::Error)]
enum NotShown {
    #[cfg(not(windows))]
    #[error(
        "no program that shows notices was found: install gdbus (package libglib2.0-bin) or notify-send (libnotify-bin)"
    )]
    NoProgram,
    #[error("the desktop does not take notices (no session bus, or nobody shows notices on it)")]
    Refused,
    #[error("the notice on standard input cannot be read: {0}")]
    Unreadable(#[from] serde_json::Error),
    #[error(transparent)]
    Io(#[from] std::io::Error),
}

pub(super) fn run(what: Notice, env: impl Fn(&str) -> Option<String>) -> u8 {
    let personal = notice::personal(&env);
    let done = match what {
        Notice::On => switch(&personal, false),
        Notice::Off => switch(&personal, true),
        Notice::Test => present(&Shown {
            title: "Weft".into(),
            body: "This is how notices look. `weft-agent notice off` turns them off.".into(),
            url: None,
        }),
        Notice::Watch { file, once } => watch(&file, &personal, &memory(&env), once),
        Notice::Present => read_shown().and_then(|shown| match notice::is_off(&personal) {
            true => Ok(()),
            false => present(&shown),
        }),
    };
    match done {
        Ok(()) => 0,
        Err(error) => output::failed(&error, 1),
    }
}

/// Turns them off or on for this person, and says so.
fn switch(personal: &Path, off: bool) -> Result<(), NotShown> {
    notice::set_off(personal, off)?;
    eprintln!(
        "weft-agent: {}",
        if off {
            "no notices appear on your desktop any more; `weft-agent status` still lists them, and nobody is told"
        } else {
            "notices appear on your desktop again"
        }
    );
    Ok(())
}

fn read_shown() -> Result<Shown, NotShown> {
    Ok(serde_json::from_reader(std::io::stdin().lock())?)
}

#[cfg(not(any(windows, target_os = "macos")))]
fn present(shown: &Shown) -> Result<(), NotShown> {
    let monitor = shown.url.as_ref().and_then(|_| monitor::Monitor::start());
    let Some(answer) = call("gdbus", &desktop::gdbus_notify(shown)) else {
        let sent = call("notify-send", &desktop::notify_send(shown)).ok_or(NotShown::NoProgram)?;
        return if sent.success {
            Ok(())
        } else {
            Err(NotShown::Refused)
        };
    };
    let number = desktop::notice_number(&String::from_utf8_lossy(&answer.stdout));
    let number = number.filter(|_| answer.success).ok_or(NotShown::Refused)?;
    if let (Some(monitor), Some(url)) = (monitor, &shown.url)
        && monitor.ending(number) == Some(desktop::Ending::Opened)
    {
        open(url);
    }
    Ok(())
}

#[cfg(windows)]
fn present(shown: &Shown) -> Result<(), NotShown> {
    use std::{io::Write as _, time::Instant};
    let mut child = Command::new("powershell.exe")
        .args(["-NoProfile", "-NonInteractive", "-Command", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()?;
    if let Some(mut stdin) = child.stdin.take() {
        stdin.write_all(desktop::powershell(shown).as_bytes())?;
    }
    let deadline = Instant::now() + ANSWER.time;
    while Instant::now() < deadline {
        if let Some(status) = child.try_wait()? {
            return if status.success() {
                Ok(())
            } else {
                Err(NotShown::Refused)
            };
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    child.kill().ok();
    child.wait().ok();
    Err(NotShown::Refused)
}

#[cfg(target_os = "macos")]
fn present(shown: &Shown) -> Result<(), NotShown> {
    let shown = call("osascript", &desktop::osascript(shown)).ok_or(NotShown::NoProgram)?;
    if shown.success {
        Ok(())
    } else {
        Err(NotShown::Refused)
    }
}

#[cfg(not(windows))]
fn call(program: &str, arguments: &[String]) -> Option<weft_agent_sys::command::Output> {
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    weft_agent_sys::command::run(program, &arguments, ANSWER)
}

/// The portal first: it asks the desktop's own browser, also from a confined session.
#[cfg(not(any(windows, target_os = "macos")))]
fn open(url: &str) {
    let opened = call("gdbus", &desktop::gdbus_open(url)).is_some_and(|answer| answer.success);
    if !opened {
        call("xdg-open", &[url.to_owned()]);
    }
}

/// What the helper has shown in this account.
fn memory(env: &impl Fn(&str) -> Option<String>) -> PathBuf {
    weft_agent_sys::dirs::locate(false, env)
        .state
        .join("notices-shown.json")
}

/// The helper: looks at what the service left, and shows what it has not shown.
fn watch(file: &Path, personal: &Path, memory: &Path, once: bool) -> Result<(), NotShown> {
    let mut shown: Vec<String> = crate::state::load(memory).unwrap_or_default();
    let mut seen = None;
    loop {
        let changed = file
            .metadata()
            .and_then(|metadata| metadata.modified())
            .ok();
        if changed != seen {
            seen = changed;
            let waiting: Vec<Left> = crate::state::load(file).unwrap_or_default();
            for left in waiting {
                if shown.contains(&left.id) {
                    continue;
                }
                shown.push(left.id);
                let excess = shown.len().saturating_sub(REMEMBERED);
                shown.drain(..excess);
                if let Some(directory) = memory.parent() {
                    crate::state::prepare(directory)?;
                }
                crate::state::store(memory, &shown)?;
                if !notice::is_off(personal) {
                    hand_over(&left.shown)?;
                }
            }
        }
        if once {
            return Ok(());
        }
        std::thread::sleep(WATCH);
    }
}

/// As the service leaves it.
#[derive(serde::Deserialize)]
struct Left {
    id: String,
    #[serde(flatten)]
    shown: Shown,
}

/// Each notice waits for its click in a process of its own.
fn hand_over(shown: &Shown) -> Result<(), NotShown> {
    let mut child = Command::new(std::env::current_exe()?)
        .args(["notice", "present"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()?;
    if let Some(stdin) = child.stdin.take() {
        serde_json::to_writer(stdin, shown)?;
    }
    // Reaped on a thread of its own; at the end of a session it ends with it.
    std::thread::spawn(move || child.wait());
    Ok(())
}
