//! The System log of a running Windows, or of its mounted disk.
//!
//! Invariant: the running log is never opened by us: `wevtutil` exports a consistent copy, which is removed afterwards.
//!
//! Not here: what the events mean.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::{judge, read_evtx};
use crate::boot::{BootHistory, Error};
use crate::command;

/// Where Windows keeps it, below the root of its disk.
const LOG: &str = "Windows/System32/winevt/Logs/System.evtx";

/// Exporting 20 MiB takes a second; a disk that is dying takes longer.
const EXPORT: command::Limits = command::Limits {
    time: Duration::from_secs(60),
    max_bytes: 64 * 1024,
    max_lines: 1_000,
};

/// The System log of the Windows whose disk is mounted at `root`, if there is one.
pub fn log_below(root: &Path) -> Option<PathBuf> {
    let path = root.join(LOG);
    path.is_file().then_some(path)
}

/// The history of the Windows at `root`; `live` is the running one.
///
/// # Errors
/// There is no log, or it cannot be exported or read.
pub fn history(root: &Path, live: bool) -> Result<BootHistory, Error> {
    let saved = if live {
        let copy =
            std::env::temp_dir().join(format!("weft-system-log-{}.evtx", std::process::id()));
        let saved = export(&copy).and_then(|()| read_evtx(&copy));
        // Best effort: a copy that stays is overwritten by the next export.
        let _ = std::fs::remove_file(&copy);
        saved?
    } else {
        read_evtx(&root.join(LOG))?
    };
    let mut history = judge(&saved.events)
        .into_iter()
        .next()
        .map(|machine| machine.history)
        .unwrap_or_default();
    history.blind_spots.extend(
        saved
            .remarks()
            .into_iter()
            .map(|remark| format!("boots: System log: {remark}")),
    );
    Ok(history)
}

fn export(to: &Path) -> Result<(), Error> {
    let target = to.to_string_lossy();
    let output = command::run("wevtutil", &["epl", "System", &target, "/ow:true"], EXPORT);
    match output {
        Some(output) if output.success => Ok(()),
        _ => Err(Error::NotAnEventLog {
            path: "System".to_owned(),
            reason:
                "wevtutil could not export it; it needs an account that may read the System log"
                    .to_owned(),
        }),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_mounted_disk_without_its_log_is_an_error() {
        let root = tempfile::tempdir().unwrap();
        assert_eq!(log_below(root.path()), None);
        assert!(matches!(
            history(root.path(), false),
            Err(Error::Read { .. })
        ));
        let log = root.path().join(LOG);
        std::fs::create_dir_all(log.parent().unwrap()).unwrap();
        std::fs::write(&log, "no log").unwrap();
        assert_eq!(log_below(root.path()), Some(log));
        assert!(matches!(
            history(root.path(), false),
            Err(Error::NotAnEventLog { .. })
        ));
    }

    #[cfg(not(windows))]
    #[test]
    fn without_the_tool_the_running_log_is_an_error() {
        assert!(matches!(
            history(Path::new("/"), true),
            Err(Error::NotAnEventLog { .. })
        ));
    }
}
