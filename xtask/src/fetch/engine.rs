//! The embedded ClickHouse: a shared library from an npm package, pinned by version and integrity hash.
//!
//! The cache is `${XDG_CACHE_HOME:-~/.cache}/weft/engine/<version>/libchdb.so`, where the collector looks for it too.

use std::{fs, path::PathBuf, process::Command};

use anyhow::{Context as _, Result, bail};

use super::node;
use crate::step::{output, step};

/// Package version; holds ClickHouse 26.7.2.
pub const VERSION: &str = "26.7.3-stable.1";

/// One published build of the library. Other platforms are added here with their own hash.
struct Build {
    os: &'static str,
    arch: &'static str,
    package: &'static str,
    /// Subresource-integrity form of the tarball's SHA-512.
    integrity: &'static str,
    library: &'static str,
}

const BUILDS: [Build; 1] = [Build {
    os: "linux",
    arch: "x86_64",
    package: "@chdb/lib-linux-x64-gnu",
    integrity: "sha512-XP97mMqnc5tZpKQywR8N7cLTsHNiTmHr30pC5mzo3jWmukjKn2IBa60c2B/gWUNcuFjOMjWoorQICCqBVj5wpw==",
    library: "libchdb.so",
}];

/// The library's path, fetched when it is not in the cache yet.
pub fn ensure() -> Result<PathBuf> {
    if let Some(path) = std::env::var_os("WEFT_ENGINE_LIBRARY").map(PathBuf::from) {
        if path.is_file() {
            return Ok(path);
        }
        bail!(
            "WEFT_ENGINE_LIBRARY names {}, which is not a file",
            path.display()
        );
    }
    let build = BUILDS
        .iter()
        .find(|build| build.os == std::env::consts::OS && build.arch == std::env::consts::ARCH)
        .with_context(|| {
            format!(
                "no pinned engine library for {}-{}: set WEFT_ENGINE_LIBRARY to a libchdb of version {VERSION}",
                std::env::consts::OS,
                std::env::consts::ARCH
            )
        })?;
    let folder = cache()?.join("engine").join(VERSION);
    let library = folder.join(build.library);
    if library.is_file() {
        return Ok(library);
    }
    step(
        "engine library: fetch 178 MB, check, unpack 566 MB (once)",
        || {
            fetch(build, &folder).with_context(|| {
            format!(
                "the engine library could not be fetched; with a copy at hand, put it at {} or set WEFT_ENGINE_LIBRARY",
                library.display()
            )
        })
        },
    )?;
    Ok(library)
}

/// `${XDG_CACHE_HOME:-~/.cache}/weft`.
pub fn cache() -> Result<PathBuf> {
    let base = match std::env::var_os("XDG_CACHE_HOME").filter(|value| !value.is_empty()) {
        Some(path) => PathBuf::from(path),
        None => {
            PathBuf::from(std::env::var_os("HOME").context("HOME is not set; set XDG_CACHE_HOME")?)
                .join(".cache")
        }
    };
    Ok(base.join("weft"))
}

/// Packs into a folder beside the final one and renames at the end, so that an interrupted fetch leaves no half library.
fn fetch(build: &Build, folder: &std::path::Path) -> Result<()> {
    let part = folder.with_extension(format!("part-{}", std::process::id()));
    fs::create_dir_all(&part)?;
    let packed = output(
        node::npm()?
            .args([
                "pack",
                "--json",
                "--silent",
                &format!("{}@{VERSION}", build.package),
            ])
            .current_dir(&part),
    )?;
    let report: serde_json::Value =
        serde_json::from_str(&packed).context("`npm pack --json` gave no JSON")?;
    let report = &report[0];
    let integrity = report["integrity"].as_str().unwrap_or_default();
    if integrity != build.integrity {
        bail!(
            "integrity of {} is {integrity}, expected {}; nothing was installed",
            build.package,
            build.integrity
        );
    }
    // npm replaces the scope's slash in `filename` on some versions only: take the one tarball that is there.
    let tarball = fs::read_dir(&part)?
        .filter_map(Result::ok)
        .map(|entry| entry.path())
        .find(|path| path.extension().is_some_and(|extension| extension == "tgz"))
        .context("`npm pack` left no tarball")?;
    let member = format!("package/{}", build.library);
    crate::step::show(
        Command::new("tar")
            .arg("-xzf")
            .arg(&tarball)
            .args(["--strip-components=1", &member])
            .current_dir(&part),
    )?;
    fs::create_dir_all(folder)?;
    fs::rename(part.join(build.library), folder.join(build.library))?;
    fs::remove_dir_all(&part)?;
    Ok(())
}
