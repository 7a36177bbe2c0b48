//! `link eval`: how well the linker does on labelled threads and anomalies.

use std::{fs, path::PathBuf};

use anyhow::{Context as _, Result, ensure};
use clap::{Args, Subcommand};
use weft_collector_core::linker::{self, Settings, eval::Evaluation};

use super::print_json;

#[derive(Subcommand, Debug)]
pub enum Command {
    /// Precision, recall and the misses on labelled cases (the format: docs/operating.md)
    Eval(Eval),
}

#[derive(Args, Debug)]
pub struct Eval {
    /// JSON lines: one case each
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The whole evaluation as JSON, instead of words
    #[arg(long)]
    json: bool,
}

pub fn run(command: Command) -> Result<()> {
    let Command::Eval(eval) = command;
    let bytes =
        fs::read(&eval.file).with_context(|| format!("cannot read {}", eval.file.display()))?;
    let lines = String::from_utf8_lossy(&bytes);
    let evaluation = linker::eval::run(&lines, &Settings::default());
    for (line, why) in &evaluation.dirty {
        eprintln!("{}:{line}: {why}", eval.file.display());
    }
    if eval.json {
        print_json(&evaluation)?;
    } else {
        print!("{}", in_words(&evaluation));
    }
    ensure!(
        evaluation.cases > 0,
        "no case could be read; the format is in docs/operating.md"
    );
    Ok(())
}

fn in_words(evaluation: &Evaluation) -> String {
    let share = |share: Option<f64>| {
        share.map_or("none".to_owned(), |share| format!("{:.1} %", share * 100.0))
    };
    format!(
        "{} cases, {} pairs\nautomatic: precision {}, recall {}\nsuggested: precision {}, recall {}\n{} misses, {} notes on lines (above; --json lists the misses)\n",
        evaluation.cases,
        evaluation.pairs,
        share(evaluation.precision_automatic),
        share(evaluation.recall_automatic),
        share(evaluation.precision_suggested),
        share(evaluation.recall_suggested),
        evaluation.misses.len(),
        evaluation.dirty.len(),
    )
}
