//! Debian packages that a step needs: installed where we may, named where we may not.
//!
//! **Invariant:** nothing is installed that already answers; a machine that cannot install is told the exact command.

use std::process::Command;

use anyhow::{Result, bail};

use crate::step::{answers, show, step};

/// Makes sure that every `(program, package)` is there. `purpose` says who needs it: "the MSI".
pub fn ensure(purpose: &str, wanted: &[(&str, &str)]) -> Result<()> {
    let missing: Vec<&str> = wanted
        .iter()
        .filter(|(program, _)| !on_path(program))
        .map(|(_, package)| *package)
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    install(purpose, &missing)
}

/// Installs packages that no program on the path tells of.
pub fn install(purpose: &str, missing: &[&str]) -> Result<()> {
    if !answers("apt-get") || !is_root() {
        bail!(
            "{purpose} needs {}: install it (Debian: apt-get install {})",
            missing.join(", "),
            missing.join(" ")
        );
    }
    step(
        &format!("{purpose}: install Debian's {} (once)", missing.join(", ")),
        || {
            show(quiet().args(["update", "-qq"]))?;
            show(
                quiet()
                    // A package that stands in the way (another mail server) is somebody's choice.
                    .args([
                        "install",
                        "-y",
                        "-qq",
                        "--no-install-recommends",
                        "--no-remove",
                    ])
                    .args(missing),
            )
        },
    )
}

/// Not every program knows `--version`, so the path decides.
pub fn on_path(program: &str) -> bool {
    std::env::var_os("PATH").is_some_and(|path| {
        std::env::split_paths(&path).any(|folder| folder.join(program).is_file())
    })
}

pub fn is_root() -> bool {
    Command::new("id")
        .arg("-u")
        .output()
        .is_ok_and(|done| done.stdout.starts_with(b"0\n"))
}

/// Another package manager may be at work (unattended upgrades, a second step): it is waited for this long.
const LOCK_SECONDS: u32 = 300;

fn quiet() -> Command {
    let mut command = Command::new("apt-get");
    command
        .env("DEBIAN_FRONTEND", "noninteractive")
        // What is installed for a test is not started as a service.
        .env("RUNLEVEL", "1")
        .args(["-o", &format!("DPkg::Lock::Timeout={LOCK_SECONDS}")]);
    command
}
