//! What a Mac needs to build the agent's installer package: payload, scripts, distribution, profile. The program is built
//! and packed there (`build.sh` inside), because linking needs Apple's SDK and `pkgbuild` is Apple's own.

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};

use super::{Plan, stage, tarball};
use crate::step::root;

/// Where each file of the checkout goes, and whether it is run.
const FILES: [(&str, &str, bool); 8] = [
    (
        "agent/packaging/macos/dev.weft.agent.plist",
        "payload/Library/LaunchDaemons/dev.weft.agent.plist",
        false,
    ),
    (
        "agent/packaging/macos/uninstall.sh",
        "payload/usr/local/share/weft-agent/uninstall.sh",
        true,
    ),
    (
        "docs/privacy.md",
        "payload/usr/local/share/weft-agent/privacy.md",
        false,
    ),
    (
        "agent/packaging/macos/scripts/preinstall",
        "scripts/preinstall",
        true,
    ),
    (
        "agent/packaging/macos/scripts/postinstall",
        "scripts/postinstall",
        true,
    ),
    (
        "agent/packaging/macos/weft-agent.mobileconfig",
        "weft-agent.mobileconfig",
        false,
    ),
    ("LICENSE", "resources/LICENSE.txt", false),
    ("agent/agent.toml", "agent.toml", false),
];

/// Files that name the version.
const TEMPLATES: [(&str, &str, bool); 2] = [
    (
        "agent/packaging/macos/distribution.xml",
        "distribution.xml",
        false,
    ),
    ("agent/packaging/macos/build.sh", "build.sh", true),
];

pub fn pack(plan: &Plan) -> Result<PathBuf> {
    let name = format!("weft-agent-{}-macos-pkg-inputs", plan.version);
    let folder = plan.out.join(&name);
    for (from, to, run) in FILES {
        let bytes = fs::read(root().join(from)).with_context(|| format!("{from} is missing"))?;
        place(&folder.join(to), &bytes, run)?;
    }
    for (from, to, run) in TEMPLATES {
        let text = stage::fill(from, &[("VERSION", plan.version)])?;
        place(&folder.join(to), text.as_bytes(), run)?;
    }
    let packed = tarball::tar(&name, plan)?;
    fs::remove_dir_all(&folder)?;
    Ok(packed)
}

fn place(to: &Path, bytes: &[u8], run: bool) -> Result<()> {
    if let Some(folder) = to.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(to, bytes)?;
    let mode = if run { 0o755 } else { 0o644 };
    fs::set_permissions(to, fs::Permissions::from_mode(mode))?;
    Ok(())
}
