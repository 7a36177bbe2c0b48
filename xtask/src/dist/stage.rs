//! The tree that a Linux package unpacks: one description for deb and rpm.

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result};

use super::Plan;
use crate::step::{output, root, show};

/// Where each file of the checkout goes; all are 0644.
const FILES: [(&str, &str); 7] = [
    ("agent/agent.toml", "etc/weft/agent.toml"),
    (
        "agent/packaging/linux/weft-agent.service",
        "usr/lib/systemd/system/weft-agent.service",
    ),
    (
        "agent/packaging/linux/weft-agent.sysusers",
        "usr/lib/sysusers.d/weft-agent.conf",
    ),
    (
        "agent/packaging/linux/weft-agent.default",
        "usr/share/doc/weft-agent/examples/weft-agent.default",
    ),
    (
        "agent/packaging/linux/copyright",
        "usr/share/doc/weft-agent/copyright",
    ),
    (
        "agent/packaging/linux/weft-agent-notice.desktop",
        "etc/xdg/autostart/weft-agent-notice.desktop",
    ),
    ("docs/privacy.md", "usr/share/doc/weft-agent/privacy.md"),
];

/// Lays the tree out under `target/dist/NAME` and gives its path.
pub fn lay(name: &str, plan: &Plan) -> Result<PathBuf> {
    let stage = plan.out.join(name);
    if stage.exists() {
        fs::remove_dir_all(&stage)?;
    }
    let program = stage.join("usr/bin/weft-agent");
    place(&plan.agent, &program, 0o755)?;
    for (from, to) in FILES {
        place(&root().join(from), &stage.join(to), 0o644)?;
    }
    let page = stage.join("usr/share/man/man1/weft-agent.1");
    place(
        &root().join("agent/packaging/linux/weft-agent.1"),
        &page,
        0o644,
    )?;
    // -n: no name and no time inside, so that the same sources give the same bytes.
    show(Command::new("gzip").args(["-9nf"]).arg(&page))?;
    let changes = stage.join("usr/share/doc/weft-agent/changelog");
    place(&root().join("docs/changelog.md"), &changes, 0o644)?;
    show(Command::new("gzip").args(["-9nf"]).arg(&changes))?;
    for folder in output(Command::new("find").arg(&stage).args(["-type", "d"]))?.lines() {
        fs::set_permissions(folder, fs::Permissions::from_mode(0o755))?;
    }
    Ok(stage)
}

/// Fills `@NAME@` in a template of the checkout.
pub fn fill(template: &str, values: &[(&str, &str)]) -> Result<String> {
    let path = root().join(template);
    let mut text =
        fs::read_to_string(&path).with_context(|| format!("{} cannot be read", path.display()))?;
    for (name, value) in values {
        text = text.replace(&format!("@{name}@"), value);
    }
    anyhow::ensure!(
        !text.contains('@') || !text.split('@').skip(1).step_by(2).any(is_name),
        "{template} asks for a value that nobody gives"
    );
    Ok(text)
}

fn is_name(word: &str) -> bool {
    !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_uppercase())
}

fn place(from: &Path, to: &Path, mode: u32) -> Result<()> {
    if let Some(folder) = to.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::copy(from, to).with_context(|| format!("{} is missing", from.display()))?;
    fs::set_permissions(to, fs::Permissions::from_mode(mode))?;
    Ok(())
}
