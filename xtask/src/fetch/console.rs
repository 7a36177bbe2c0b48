//! The console's npm packages and its build.

use std::{
    fs,
    path::{Path, PathBuf},
    time::SystemTime,
};

use anyhow::{Context as _, Result};

use super::node;
use crate::step::{root, show, step};

pub fn folder() -> PathBuf {
    root().join("dashboards/console")
}

/// Installs the locked packages unless the last install was of this very lock file.
pub fn install() -> Result<()> {
    let folder = folder();
    let lock = fs::read(folder.join("package-lock.json"))
        .context("dashboards/console/package-lock.json is missing")?;
    let mark = folder.join("node_modules/.weft-installed-lock");
    if fs::read(&mark).is_ok_and(|installed| installed == lock) {
        return Ok(());
    }
    step("console: npm ci", || {
        show(
            node::npm()?
                .args(["ci", "--no-audit", "--no-fund"])
                .current_dir(&folder),
        )?;
        fs::write(&mark, &lock)?;
        Ok(())
    })
}

/// Looks at every page against the pretended collector, dark and on a narrow phone, where colours and widths fail first:
/// accessibility, width, the content security policy, the keyboard. Wide and light is what the stories look at; all looks
/// (`-- --all`) take five times as long.
pub fn look(chromium: &str) -> Result<()> {
    install()?;
    step("console: every page, dark and on a phone", || {
        show(
            node::npm()?
                .args(["run", "test:pages", "--", "--look", "narrow-dark"])
                .current_dir(folder())
                .env("CHROMIUM", chromium),
        )
    })
}

/// Builds `dist/` when a source is newer than it.
pub fn build() -> Result<()> {
    install()?;
    let folder = folder();
    let built = modified(&folder.join("dist/index.html"));
    let newest = [
        "src",
        "public",
        "index.html",
        "package-lock.json",
        "vite.config.ts",
    ]
    .iter()
    .filter_map(|name| newest_below(&folder.join(name)))
    .max();
    if built.is_some() && built >= newest {
        return Ok(());
    }
    step("console: build", || {
        show(node::npm()?.args(["run", "build"]).current_dir(&folder))
    })
}

fn modified(path: &Path) -> Option<SystemTime> {
    fs::metadata(path).and_then(|data| data.modified()).ok()
}

fn newest_below(path: &Path) -> Option<SystemTime> {
    if !path.is_dir() {
        return modified(path);
    }
    let entries = fs::read_dir(path).ok()?;
    entries
        .filter_map(Result::ok)
        .filter_map(|entry| newest_below(&entry.path()))
        .max()
}
