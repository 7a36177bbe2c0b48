//! `cargo xtask test --cross`: the agent for Windows and for the Mac, from Linux. Windows: lints, a whole program, and a smoke
//! test under Wine where Wine is. Mac: lints (linking would need Apple's SDK).
//!
//! **Invariant:** Debian's compiler and its own target folder (`target/cross`) do it all, so that the ordinary build's cache and
//! toolchain stay as they are.
//!
//! The standard library is built too: Debian packages it for no other system. Cold that takes minutes, hence not by default.

mod apple;
mod wine;

use std::{path::PathBuf, process::Command};

use anyhow::Result;

use crate::{
    build,
    dist::AGENT_PROFILE,
    fetch,
    step::{show, step},
};

/// Debian's Rust 1.96 and the C compiler for what ring brings along. A file stands for each package.
const PACKAGES: [(&str, &str); 5] = [
    ("/usr/bin/rustc", "rustc-web"),
    ("/usr/bin/cargo", "cargo-web"),
    ("/usr/bin/cargo-clippy", "rust-web-clippy"),
    ("/usr/share/doc/rust-web-src/copyright", "rust-web-src"),
    (
        "/usr/bin/x86_64-w64-mingw32-gcc-posix",
        "gcc-mingw-w64-x86-64-posix",
    ),
];

const WINDOWS: &str = "x86_64-pc-windows-gnu";
const MAC: &str = "aarch64-apple-darwin";

/// `quick` leaves out the lints for Windows: they compile all of it once more, and the build itself finds what does not
/// compile.
pub fn run(quick: bool) -> Result<()> {
    fetch::debian::ensure("the cross build", &PACKAGES)?;
    if !quick {
        step("Windows: lints", || show(&mut clippy(WINDOWS)))?;
    }
    step("Windows: weft-agent.exe", || {
        show(
            cargo("/usr/bin/cargo")
                .args(["build", "--locked"])
                .args(package(WINDOWS)),
        )
    })?;
    wine::smoke(&target().join(WINDOWS).join("debug"))?;
    let compiler = apple::compiler(&target())?;
    step("Mac: lints", || {
        show(clippy(MAC).env("CC_aarch64_apple_darwin", &compiler))
    })
}

/// The program that people get: built as it is packed everywhere, for the MSI.
pub fn windows_program() -> Result<PathBuf> {
    fetch::debian::ensure("the cross build", &PACKAGES)?;
    step("Windows: weft-agent.exe as it is packed", || {
        show(
            cargo("/usr/bin/cargo")
                .args(["build", "--locked", "--profile", AGENT_PROFILE])
                .args(package(WINDOWS)),
        )
    })?;
    Ok(target()
        .join(WINDOWS)
        .join(AGENT_PROFILE)
        .join("weft-agent.exe"))
}

/// The programs' code; tests are linted on Linux alone, where they run.
fn clippy(system: &str) -> Command {
    let mut command = cargo("/usr/bin/cargo-clippy");
    command
        .args(["clippy", "--locked"])
        .args(package(system))
        .args(["-p", "weft-agent-sys"])
        .args(["--", "-D", "warnings"])
        // Which cargo cargo-clippy calls.
        .env("CARGO", "/usr/bin/cargo");
    command
}

fn package(system: &str) -> Vec<&str> {
    // The ordinary profile of the standard library is to unwind; panic_abort is only there because std names it.
    vec![
        "-p",
        "weft-agent",
        "-Zbuild-std=std,panic_abort",
        "--target",
        system,
    ]
}

fn cargo(program: &str) -> Command {
    let mut command = Command::new(program);
    command
        // -Zbuild-std is not stable; this is how Debian's own builds of other targets are made.
        .env("RUSTC_BOOTSTRAP", "1")
        .env("RUSTC", "/usr/bin/rustc")
        .env("CARGO_TARGET_DIR", target())
        // Variables of the toolchain that runs xtask.
        .env_remove("RUSTUP_TOOLCHAIN")
        .env_remove("RUSTFLAGS");
    command
}

fn target() -> PathBuf {
    build::target().join("cross")
}
