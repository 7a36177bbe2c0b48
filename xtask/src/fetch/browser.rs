//! A Chromium for the browser tests: the one on the machine, or Debian's package where we may install it.

use std::path::Path;

use anyhow::{Context as _, Result};

use super::debian;
use crate::step::answers;

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
    debian::ensure(
        "the browser test (or set WEFT_CHROMIUM)",
        &[("chromium", "chromium")],
    )?;
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
