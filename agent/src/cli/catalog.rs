//! `catalog match` and `catalog list`.
//!
//! Invariant: one line in, one line out, in order; a line that cannot be read is answered with an error object and the rest goes
//! on.

use std::io::{self, BufRead, Write};

use clap::Subcommand;
use weft_proto_catalog::{Catalog as Apps, Os, Query, answer};

use super::output;

/// A line longer than this is no evidence.
const LONGEST_LINE: usize = 1024 * 1024;

/// `catalog ...`
#[derive(Debug, Subcommand)]
pub(super) enum Catalog {
    /// Reads evidence as JSON lines from stdin, {"kind","value","context"}, and answers each with the app or null
    Match {
        /// linux, macos or windows
        #[arg(long)]
        os: Os,
    },
    /// Every app that can be recognised, and how
    List {
        /// JSON lines: the whole catalog
        #[arg(long)]
        json: bool,
    },
}

pub(super) fn run(arguments: Catalog) -> u8 {
    match arguments {
        Catalog::Match { os } => output::print(|out| match_lines(os, io::stdin().lock(), out)),
        Catalog::List { json } => output::print(|out| list(json, out)),
    }
}

fn match_lines(os: Os, mut input: impl BufRead, out: &mut dyn Write) -> io::Result<()> {
    let catalog = Apps::builtin();
    let mut line = Vec::new();
    loop {
        line.clear();
        if input.read_until(b'\n', &mut line)? == 0 {
            return Ok(());
        }
        let trimmed = line.trim_ascii();
        if trimmed.is_empty() {
            continue;
        }
        if trimmed.len() > LONGEST_LINE {
            output::line(out, &serde_json::json!({ "error": "line too long" }))?;
            continue;
        }
        match serde_json::from_slice::<Query>(trimmed) {
            Ok(query) => output::line(out, &answer(catalog, os, &query))?,
            Err(error) => output::line(out, &serde_json::json!({ "error": error.to_string() }))?,
        }
        // A caller that waits for each answer must get it.
        out.flush()?;
    }
}

fn list(json: bool, out: &mut dyn Write) -> io::Result<()> {
    for app in Apps::builtin().apps() {
        if json {
            output::line(out, app)?;
            continue;
        }
        let systems: Vec<String> = app
            .systems()
            .map(|os| format!("{os:?}").to_lowercase())
            .collect();
        writeln!(
            out,
            "{:<24} {:<28} {:?} on {}",
            app.id,
            app.name,
            app.category,
            systems.join(", ")
        )?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn answers_line_for_line_and_survives_bad_lines() {
        let input = b"{\"kind\":\"process\",\"value\":\"no-such-app\"}\nnot json\n{\"kind\":\"nonsense\",\"value\":\"x\"}\n";
        let mut out = Vec::new();
        match_lines(Os::Linux, input.as_slice(), &mut out).unwrap();
        let lines: Vec<serde_json::Value> = String::from_utf8(out)
            .unwrap()
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        assert_eq!(lines.len(), 3);
        assert!(lines[0]["app"].is_null() && lines[0].get("error").is_none());
        assert!(lines[1]["error"].is_string() && lines[2]["error"].is_string());
    }
}
