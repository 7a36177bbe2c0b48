//! The agent as a Debian package, by Debian's own `dpkg-deb`.

use std::{fs, os::unix::fs::PermissionsExt as _, path::PathBuf, process::Command};

use anyhow::{Context as _, Result};

use super::{Plan, elf, stage};
use crate::{
    fetch::debian,
    step::{output, root, show},
};

const SCRIPTS: [&str; 3] = ["postinst", "prerm", "postrm"];

pub fn pack(plan: &Plan) -> Result<PathBuf> {
    debian::ensure(
        "the Debian package",
        &[("dpkg-deb", "dpkg"), ("objdump", "binutils")],
    )?;
    let tree = stage::lay("deb", plan)?;
    let arch = output(Command::new("dpkg").arg("--print-architecture"))?
        .trim()
        .to_owned();
    let glibc = elf::least_glibc(&tree.join("usr/bin/weft-agent"))?;
    let size = output(Command::new("du").args(["-sk"]).arg(&tree))?
        .split_whitespace()
        .next()
        .context("du said nothing")?
        .to_owned();
    let control = tree.join("DEBIAN");
    fs::create_dir_all(&control)?;
    let values = [
        ("VERSION", plan.version),
        ("ARCH", &arch),
        ("SIZE", &size),
        ("GLIBC", &glibc),
    ];
    fs::write(
        control.join("control"),
        stage::fill("agent/packaging/linux/control.in", &values)?,
    )?;
    // An admin's edits survive an upgrade.
    fs::write(control.join("conffiles"), "/etc/weft/agent.toml\n")?;
    for script in SCRIPTS {
        let to = control.join(script);
        fs::copy(root().join("agent/packaging/linux").join(script), &to)
            .with_context(|| format!("{script} is missing"))?;
        fs::set_permissions(&to, fs::Permissions::from_mode(0o755))?;
    }
    let package = plan
        .out
        .join(format!("weft-agent_{}_{arch}.deb", plan.version));
    show(
        Command::new("dpkg-deb")
            .args(["--build", "--root-owner-group", "-Zxz"])
            .arg(&tree)
            .arg(&package),
    )?;
    fs::remove_dir_all(&tree)?;
    Ok(package)
}
