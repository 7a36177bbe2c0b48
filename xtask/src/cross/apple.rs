//! A C compiler for the Mac: PyPI's `ziglang`, behind a wrapper that understands what the `cc` crate says.
//!
//! **Invariant:** it compiles only; nothing is linked, so no file of Apple's is needed.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result, bail};

use crate::{
    fetch::engine::cache,
    step::{answers, show, step},
};

const ZIG: &str = "ziglang==0.17.*";

/// `cc` names the target in ways that zig does not know; the wrapper drops those and says it once in zig's.
const WRAPPER: &str = r#"#!/bin/sh
set -- "$@" --end
while [ "$1" != --end ]; do
    word=$1
    shift
    case $word in
    -arch) shift ;;
    --target=* | -mmacosx-version-min=*) ;;
    *) set -- "$@" "$word" ;;
    esac
done
shift
exec "PYTHON" -m ziglang cc -target aarch64-macos "$@"
"#;

/// Path of the wrapper, made ready.
pub fn compiler(folder: &Path) -> Result<PathBuf> {
    let python = zig()?;
    fs::create_dir_all(folder)?;
    let wrapper = folder.join("apple-cc");
    fs::write(
        &wrapper,
        WRAPPER.replace("PYTHON", &python.to_string_lossy()),
    )
    .context("cannot write the compiler's wrapper")?;
    show(Command::new("chmod").arg("+x").arg(&wrapper))?;
    Ok(wrapper)
}

/// A Python that has zig.
fn zig() -> Result<PathBuf> {
    let home = cache()?.join("zig");
    let python = home.join("bin/python");
    let is_there = Command::new(&python)
        .args(["-m", "ziglang", "version"])
        .output()
        .is_ok_and(|done| done.status.success());
    if is_there {
        return Ok(python);
    }
    if !answers("python3") {
        bail!(
            "the Mac's lints need python3 with venv and pip (Debian: apt-get install python3-venv)"
        );
    }
    step("zig: a private copy from PyPI (once)", || {
        show(Command::new("python3").args(["-m", "venv"]).arg(&home))
            .and_then(|()| {
                show(Command::new(home.join("bin/pip")).args(["install", "--quiet", ZIG]))
            })
            .context("a Python with venv and pip is needed (Debian: apt-get install python3-venv)")
    })?;
    Ok(python)
}
