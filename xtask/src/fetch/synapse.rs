//! A Matrix homeserver for the tests of the connector: Synapse from PyPI, in a venv of its own in the cache.
//!
//! **Invariant:** the version is pinned, and nothing outside that folder is touched; the tests start and stop it themselves.

use std::{path::PathBuf, process::Command};

use anyhow::{Context as _, Result};

use super::{debian, engine::cache};
use crate::step::{show, step};

/// The homeserver that the connector was built against. Newer ones need no change that is known.
const PACKAGE: &str = "matrix-synapse==1.163.*";

/// The venv's Python, which has Synapse.
pub fn ensure() -> Result<PathBuf> {
    if let Some(path) = std::env::var_os("WEFT_SYNAPSE").map(PathBuf::from) {
        return Ok(path);
    }
    let home = cache()?.join("synapse");
    let python = home.join("bin/python");
    if python.is_file() && has_synapse(&python) {
        return Ok(python);
    }
    debian::ensure(
        "the test of the Matrix connector",
        &[("python3", "python3")],
    )?;
    step(
        "Synapse: a Matrix homeserver for the tests, 240 MB (once)",
        || {
            // Debian's python3 has no ensurepip without this package.
            let made = show(Command::new("python3").args(["-m", "venv"]).arg(&home));
            if made.is_err() {
                debian::install("the test of the Matrix connector", &["python3-venv"])?;
                show(
                    Command::new("python3")
                        .args(["-m", "venv", "--clear"])
                        .arg(&home),
                )?;
            }
            show(Command::new(&python).args([
                "-m",
                "pip",
                "install",
                "--quiet",
                "--disable-pip-version-check",
                PACKAGE,
            ]))
            .context(
                "Synapse could not be installed; with one at hand, set WEFT_SYNAPSE to its Python",
            )
        },
    )?;
    Ok(python)
}

fn has_synapse(python: &PathBuf) -> bool {
    Command::new(python)
        .args(["-c", "import synapse.app.homeserver"])
        .output()
        .is_ok_and(|done| done.status.success())
}
