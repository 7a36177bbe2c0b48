//! `SHA256SUMS`, in the form that `sha256sum --check` reads.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result};

use crate::step::output;

pub fn write(out: &Path, made: &[PathBuf]) -> Result<()> {
    let names: Vec<_> = made.iter().filter_map(|path| path.file_name()).collect();
    if names.is_empty() {
        return Ok(());
    }
    let sums = output(Command::new("sha256sum").args(&names).current_dir(out))?;
    fs::write(out.join("SHA256SUMS"), sums).context("SHA256SUMS cannot be written")
}
