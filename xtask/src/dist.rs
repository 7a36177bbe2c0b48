//! `cargo xtask dist`: release programs, packed for each system that this machine can pack for, with checksums.
//!
//! **Invariant:** a package holds what the checkout and its own build hold, nothing of the machine; every file that is
//! written stands in `SHA256SUMS`. Not here: signing, which needs keys that a checkout must not have (docs/operating.md).

mod deb;
mod elf;
mod macos;
mod msi;
mod rpm;
mod stage;
mod sums;
mod tarball;

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::Result;
use clap::{Args, ValueEnum};

use crate::{
    build, cross, fetch,
    step::{cargo, show, step},
};

#[derive(Args)]
pub struct Options {
    /// What to build; everything that this machine can build when left out
    #[arg(long, value_enum, value_delimiter = ',')]
    only: Vec<Kind>,
    /// Pack the debug programs of the last build (for tests of the packages, not for people)
    #[arg(long)]
    debug: bool,
    /// The agent for Windows, for the MSI; cross-built when left out
    #[arg(long, value_name = "FILE")]
    windows_program: Option<PathBuf>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Kind {
    /// Tarballs of both programs
    Tarball,
    /// Debian package of the agent
    Deb,
    /// RPM of the agent
    Rpm,
    /// MSI of the agent; its program is cross-built
    Msi,
    /// What a Mac needs to build the agent's installer
    Macos,
}

/// How the agent is built for people: small (see Cargo.toml). Cargo names the folder of its programs after it.
pub const AGENT_PROFILE: &str = "slim";

/// What every packer gets.
pub struct Plan {
    /// The built agent.
    pub agent: PathBuf,
    /// The built collector; missing where only the agent is packed.
    pub collector: PathBuf,
    /// Where packages go: `target/dist`.
    pub out: PathBuf,
    pub version: &'static str,
}

pub fn run(options: &Options) -> Result<()> {
    let wants = |kind: Kind| options.only.is_empty() || options.only.contains(&kind);
    let plan = Plan {
        agent: built(
            if options.debug {
                "debug"
            } else {
                AGENT_PROFILE
            },
            "weft-agent",
        ),
        collector: built(
            if options.debug { "debug" } else { "release" },
            "weft-collector",
        ),
        out: build::target().join("dist"),
        version: env!("CARGO_PKG_VERSION"),
    };
    compile(
        options.debug,
        [Kind::Tarball, Kind::Deb, Kind::Rpm].into_iter().any(wants),
        wants(Kind::Tarball),
    )?;
    fs::create_dir_all(&plan.out)?;
    let mut made = Vec::new();
    if wants(Kind::Tarball) {
        for program in tarball::PROGRAMS {
            made.push(step(&format!("{program}: tarball"), || {
                tarball::pack(program, &plan)
            })?);
        }
    }
    if wants(Kind::Deb) {
        made.push(step("weft-agent: Debian package", || deb::pack(&plan))?);
    }
    if wants(Kind::Rpm) {
        made.push(step("weft-agent: rpm", || rpm::pack(&plan))?);
    }
    if wants(Kind::Macos) {
        made.push(step("weft-agent: inputs of the macOS installer", || {
            macos::pack(&plan)
        })?);
    }
    if wants(Kind::Msi) {
        let program = match &options.windows_program {
            Some(program) => program.clone(),
            None => cross::windows_program()?,
        };
        made.push(step("weft-agent: MSI", || msi::pack(&program, &plan))?);
    }
    sums::write(&plan.out, &made)?;
    for path in &made {
        eprintln!("  {} ({} bytes)", path.display(), fs::metadata(path)?.len());
    }
    Ok(())
}

/// A Debian package of the suite's own programs, for the test that installs it.
pub fn of_debug_programs(programs: &Path) -> Result<PathBuf> {
    let plan = Plan {
        agent: programs.join("weft-agent"),
        collector: programs.join("weft-collector"),
        out: build::target().join("dist-debug"),
        version: env!("CARGO_PKG_VERSION"),
    };
    fs::create_dir_all(&plan.out)?;
    step("weft-agent: Debian package of the debug programs", || {
        deb::pack(&plan)
    })
}

/// The agent is built alone: features that only the collector asks of a shared crate must not grow it.
fn compile(debug: bool, agent: bool, collector: bool) -> Result<()> {
    let build = |program: &str| {
        let profile = match (debug, program) {
            (true, _) => "dev",
            (false, "weft-agent") => AGENT_PROFILE,
            (false, _) => "release",
        };
        let mut command = cargo();
        command.args([
            "build",
            "--locked",
            "--bins",
            "--profile",
            profile,
            "-p",
            program,
        ]);
        step(&format!("{program}: build"), || show(&mut command))
    };
    if agent {
        build("weft-agent")?;
    }
    if collector {
        fetch::console::build()?;
        build("weft-collector")?;
    }
    Ok(())
}

fn built(folder: &str, program: &str) -> PathBuf {
    build::target().join(folder).join(program)
}
