//! `cargo xtask test`: the whole suite, cheapest first, so that a slip is told early.

use anyhow::{Result, bail};
use clap::Args;

use crate::{
    build, cross, dist, fetch,
    step::{cargo, root, show, step},
};

#[derive(Args)]
pub struct Options {
    /// Only the quick parts: no browser test, no engine, no whole-system tests; with --cross no lints for Windows
    #[arg(long)]
    quick: bool,
    /// Only the agent for Windows (linted, built) and for the Mac (linted); fetches Debian's compilers. About 11 minutes when cold
    #[arg(long)]
    cross: bool,
    /// Install the agent's Debian package into this very system, let it enrol and report, and purge it again (CI, as root)
    #[arg(long, env = "WEFT_TEST_INSTALL", value_parser = clap::builder::FalseyValueParser::new(), action = clap::ArgAction::SetTrue)]
    install: bool,
}

pub fn run(options: &Options) -> Result<()> {
    if options.cross {
        return cross::run(options.quick);
    }
    step("format", || show(cargo().args(["fmt", "--all", "--check"])))?;
    step("dependencies: one TLS provider", one_tls_provider)?;
    fetch::console::install()?;
    step("console: lint, types, unit tests", || {
        for script in ["check", "test"] {
            show(
                fetch::node::npm()?
                    .args(["run", script])
                    .current_dir(fetch::console::folder()),
            )?;
        }
        Ok(())
    })?;

    fetch::console::build()?;
    step("lints", || {
        show(cargo().args([
            "clippy",
            "--locked",
            "--workspace",
            "--all-targets",
            "--",
            "-D",
            "warnings",
        ]))
    })?;
    if options.quick {
        return step("unit tests", || {
            show(cargo().args(["test", "--locked", "--workspace", "--lib", "--bins"]))
        });
    }
    let library = fetch::engine::ensure()?;
    let chromium = fetch::browser::ensure()?;
    fetch::debian::ensure(
        "the test of notices",
        &[("dbus-daemon", "dbus-daemon"), ("gdbus", "libglib2.0-bin")],
    )?;
    fetch::debian::ensure(
        "the test of mail",
        &[
            ("exim4", "exim4-daemon-light"),
            ("dovecot", "dovecot-imapd"),
        ],
    )?;
    fetch::debian::ensure(
        "the test of a real proxy",
        &[("tinyproxy", "tinyproxy-bin")],
    )?;
    let bin = build::programs()?;
    let package = if options.install {
        fetch::debian::ensure(
            "the test of the Debian package",
            &[
                ("adduser", "adduser"),
                ("systemd-analyze", "systemd"),
                ("runuser", "util-linux"),
                ("pkill", "procps"),
            ],
        )?;
        Some(dist::of_debug_programs(&bin)?)
    } else {
        None
    };
    let synapse = fetch::synapse::ensure()?;
    let postgres = fetch::postgres::Postgres::start()?;
    step("unit, integration and whole-system tests", || {
        show(
            cargo()
                .args(["test", "--locked", "--workspace", "--no-fail-fast"])
                .env("WEFT_ENGINE_LIBRARY", &library)
                .env("WEFT_BIN", &bin)
                .env("WEFT_TEST_POSTGRES", &postgres.url)
                .env("WEFT_SYNAPSE", &synapse)
                .envs(package.iter().map(|package| ("WEFT_DEB", package)))
                .env("WEFT_CHROMIUM", &chromium),
        )
    })?;
    drop(postgres);
    fetch::console::look(&chromium)?;
    for script in ["story.mjs", "together.mjs", "hostile.mjs"] {
        step(&format!("browser test: {script}"), || {
            show(
                fetch::node::node()?
                    .arg(root().join("tests/browser").join(script))
                    .env("WEFT_ENGINE_LIBRARY", &library)
                    .env("WEFT_BIN", &bin)
                    .env("WEFT_CHROMIUM", &chromium),
            )
        })?;
    }
    Ok(())
}

/// ring is the only crypto library in the tree; a feature that pulls another in is a mistake (docs/adr/0003).
fn one_tls_provider() -> Result<()> {
    for intruder in ["aws-lc-sys", "openssl-sys"] {
        let found = cargo()
            .args([
                "tree",
                "--locked",
                "--workspace",
                "--target",
                "all",
                "-i",
                intruder,
            ])
            .current_dir(root())
            .output()?;
        if found.status.success() && !found.stdout.is_empty() {
            bail!(
                "{intruder} came into the tree:\n{}",
                String::from_utf8_lossy(&found.stdout)
            );
        }
    }
    Ok(())
}
