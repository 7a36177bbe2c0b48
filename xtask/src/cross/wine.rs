//! The Windows program under Wine, where Wine is: it starts, knows its catalog, and reads a recorded event log.
//!
//! **Invariant:** without Wine this says so and passes; with Wine a wrong answer fails.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result, ensure};

use crate::{
    fetch::debian::on_path,
    step::{output, root, show, step},
};

/// Rust's standard library asks this library of newer Windows for randomness; Debian's Wine 8 does not have it yet.
const RANDOMNESS: &str = "#include <stddef.h>\n\
    unsigned char __stdcall SystemFunction036(void *to, unsigned long length);\n\
    __declspec(dllexport) int __stdcall ProcessPrng(unsigned char *to, size_t length)\n\
    { return SystemFunction036(to, (unsigned long)length); }\n";

/// A recorded log of one machine.
const EVENTS: &str = "agent/sys/src/boot/windows/cases/dc1.jsonl";

pub fn smoke(folder: &Path) -> Result<()> {
    let Some(wine) = ["wine", "wine64", "/usr/lib/wine/wine64"]
        .into_iter()
        .find(|name| on_path(name))
    else {
        eprintln!(
            "  Wine is not here, so weft-agent.exe was built but not run (Debian: apt-get install wine64)"
        );
        return Ok(());
    };
    step("Windows: smoke test under Wine", || {
        library(folder)?;
        let home = folder.join("wine");
        let run = |words: &[&str]| {
            output(
                Command::new(wine)
                    .arg(folder.join("weft-agent.exe"))
                    .args(words)
                    .env("WINEPREFIX", &home)
                    // No desktop, no browser engine, no .NET: they would ask and wait.
                    .env("WINEDLLOVERRIDES", "mscoree,mshtml=;bcryptprimitives=n,b")
                    .env("WINEDEBUG", "-all")
                    .env_remove("DISPLAY"),
            )
        };
        let catalog = run(&["catalog", "list"])?;
        ensure!(
            catalog.lines().count() > 100 && catalog.contains("dropbox"),
            "`catalog list` under Wine answered: {catalog}"
        );
        let events: PathBuf = root().join(EVENTS);
        let events = format!("Z:{}", events.display());
        let boots = run(&["probe", "boot", "--os", "windows", "--events", &events])?;
        ensure!(
            boots.contains("\"forced_off\"") && boots.contains("\"clean_poweroff\""),
            "`probe boot` under Wine answered: {boots}"
        );
        for topic in ["inventory", "process", "app"] {
            let seen = run(&["probe", topic])?;
            ensure!(
                topic == "app"
                    || seen
                        .lines()
                        .next()
                        .is_some_and(|line| line.starts_with('{')),
                "`probe {topic}` under Wine answered: {seen}"
            );
        }
        Ok(())
    })
}

fn library(folder: &Path) -> Result<()> {
    let source = folder.join("bcryptprimitives.c");
    fs::write(&source, RANDOMNESS).context("cannot write a C file")?;
    show(
        Command::new("x86_64-w64-mingw32-gcc-posix")
            .arg("-shared")
            .arg("-o")
            .arg(folder.join("bcryptprimitives.dll"))
            .arg(&source)
            .arg("-ladvapi32"),
    )
}
