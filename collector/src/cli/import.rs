//! `import FILE`: accounts and threads of another forum; running it twice changes nothing.

use std::{fs::File, io::BufReader, path::Path, process::ExitCode};

use anyhow::{Context as _, Result};

use super::{Desk, print_json};
use crate::import;

/// Exit code 1 when lines were refused; what could be taken is taken.
pub async fn run(file: &Path, desk: Desk) -> Result<ExitCode> {
    let lines = File::open(file).with_context(|| format!("cannot open {}", file.display()))?;
    let imported = import::import(&desk.control, &desk.clock, BufReader::new(lines)).await?;
    for refused in &imported.errors {
        eprintln!("line {}: {}", refused.line, refused.error);
    }
    let (object, detail) = (
        file.display().to_string(),
        serde_json::to_string(&imported)?,
    );
    desk.auditor.ok("cli", "import", &object, &detail).await;
    print_json(&imported)?;
    Ok(if imported.refused == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
