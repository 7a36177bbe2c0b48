//! The agent as an rpm, by `rpmbuild` (Debian has it in the package `rpm`).

use std::{fs, path::PathBuf, process::Command};

use anyhow::{Context as _, Result};

use super::{Plan, elf, stage};
use crate::{fetch::debian, step::show};

pub fn pack(plan: &Plan) -> Result<PathBuf> {
    debian::ensure("the rpm", &[("rpmbuild", "rpm"), ("objdump", "binutils")])?;
    let tree = stage::lay("rpm", plan)?;
    let glibc = elf::least_glibc(&tree.join("usr/bin/weft-agent"))?;
    let arch = std::env::consts::ARCH;
    let spec = plan.out.join("weft-agent.spec");
    let values = [
        ("VERSION", plan.version),
        ("ARCH", arch),
        ("GLIBC", &glibc),
        ("STAGE", &tree.display().to_string()),
    ];
    fs::write(
        &spec,
        stage::fill("agent/packaging/linux/weft-agent.spec.in", &values)?,
    )?;
    let top = plan.out.join("rpmbuild");
    show(
        Command::new("rpmbuild")
            .args(["-bb", "--quiet", "--target", arch])
            .args(["--define", &format!("_topdir {}", top.display())])
            // Nobody's machine name and clock inside.
            .args(["--define", "_buildhost localhost"])
            .arg(&spec),
    )?;
    let name = format!("weft-agent-{}-1.{arch}.rpm", plan.version);
    let package = plan.out.join(&name);
    fs::copy(top.join("RPMS").join(arch).join(&name), &package)
        .context("rpmbuild left no package")?;
    fs::remove_dir_all(&tree)?;
    fs::remove_dir_all(&top)?;
    fs::remove_file(&spec)?;
    Ok(package)
}
