//! Building the three programs.

use std::path::PathBuf;

use anyhow::Result;

use crate::{
    fetch,
    step::{cargo, root, show, step},
};

/// Fetches what is missing, builds console and programs, and gives the folder that holds the binaries.
pub fn programs() -> Result<PathBuf> {
    fetch::engine::ensure()?;
    fetch::console::build()?;
    step("programs: weft-collector, weft-agent, weft-fleet", || {
        show(cargo().args([
            "build",
            "--locked",
            "--bins",
            "-p",
            "weft-collector",
            "-p",
            "weft-agent",
            "-p",
            "weft-tests",
        ]))
    })?;
    Ok(target().join("debug"))
}

pub fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from)
}
