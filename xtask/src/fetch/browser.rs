//! A Chromium for the browser tests: the one on the machine, or Debian's package where we may install it.

use std::{path::Path, process::Command};

use anyhow::{Context as _, Result, bail};

use crate::step::{answers, show, step};

const NAMES: [&str; 4] = [
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
];

/// Name or path of a Chromium, installed when it is missing.
pub fn ensure() -> Result<String> {
    if let Ok(named) = std::env::var("WEFT_CHROMIUM") {
        return Ok(named);
    }
    if let Some(found) = find() {
        return Ok(found);
    }
    if !answers("apt-get") || !is_root() {
        bail!(
            "the browser test needs Chromium: install it (Debian: apt-get install chromium) or set WEFT_CHROMIUM"
        );
    }
    step("Chromium: install Debian's package (once)", || {
        let quiet = || {
            let mut command = Command::new("apt-get");
            command.env("DEBIAN_FRONTEND", "noninteractive");
            command
        };
        show(quiet().args(["update", "-qq"]))?;
        show(quiet().args([
            "install",
            "-y",
            "-qq",
            "--no-install-recommends",
            "chromium",
        ]))
    })?;
    find().context("Debian's chromium is installed but not on the path")
}

fn find() -> Option<String> {
    NAMES
        .iter()
        .find(|name| answers(name))
        .map(|name| absolute(name))
}

/// Browser drivers want a path, not a name.
fn absolute(name: &str) -> String {
    std::env::var("PATH")
        .unwrap_or_default()
        .split(':')
        .map(|folder| Path::new(folder).join(name))
        .find(|path| path.is_file())
        .map_or_else(|| name.to_owned(), |path| path.display().to_string())
}

fn is_root() -> bool {
    Command::new("id")
        .arg("-u")
        .output()
        .is_ok_and(|done| done.stdout.starts_with(b"0\n"))
}
