//! `replay`: history from a file, as if those devices had reported it; what the detectors say about it.
//!
//! **Invariant: the same way as live data.** Lines become events, events become rows of a real engine, evidence comes from
//! the same queries, findings from the same detectors. Nothing is judged from the file directly, so a replay shows what a
//! collector would have said. A line that cannot be read is counted and named, never guessed at.
//!
//! The store is thrown away afterwards unless `--data` names a directory. It is never the collector's own.

mod ancestry;
mod calendar;
mod envelope;
mod intake;
mod lines;
mod looks;
mod moment;
mod opened;
mod osquery;
mod output;
mod programs;
mod ranking;
mod record;
mod sources;
mod sysmon;
mod vocabulary;
mod weft;

use std::{
    io::BufRead,
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context as _, Result, bail};
use clap::{Args, ValueEnum};
use jiff::Timestamp;
use weft_collector_core::{
    detect::{self, Settings},
    verdict::Verdict,
};
use weft_collector_engine::{Engine, Options};
use weft_collector_store::telemetry::Telemetry;

use self::{intake::Intake, lines::Lines, record::Reader};
use crate::app::Surroundings;

/// Read history from a file and print what the detectors say about it
#[derive(Args, Clone, Debug)]
pub struct Arguments {
    /// JSON lines, several files in the order of their history; gzip and UTF-16 are known by content, "-" reads standard input
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
    /// What the lines are
    #[arg(long, value_enum, default_value_t = Format::Weft)]
    format: Format,
    /// Judge as of this moment (RFC 3339) and leave out what came later; default: the newest record
    #[arg(long, value_name = "TIME")]
    until: Option<Timestamp>,
    /// What was decided about apps: JSON, a list or one object per line: {"app", "verdict", "team"?, "until"?, "reason"?}
    #[arg(long, value_name = "FILE")]
    verdicts: Option<PathBuf>,
    /// Keep the store in this directory; replaying the same file again adds nothing. Never the collector's own directory
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Show the N most unusual program runs of every device and day, alert or not; 0: alerts only. Default: at most 10 of
    /// each device and day that holds something notable
    #[arg(long, value_name = "N")]
    top: Option<usize>,
    /// One JSON object per anomaly and line, instead of words
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// {"device": {"id", "os", "model", ...}, "at", "<kind>": {...}}
    Weft,
    /// Sysmon events, flat or under EventData or winlog.event_data
    Sysmon,
    /// osquery result logs: processes, process_events, programs, apps, deb_packages, uptime
    Osquery,
}

/// Exit code 0: replayed (dirty lines are told on stderr); 1: nothing in the file could be read, or an error.
pub async fn run(arguments: Arguments, around: Surroundings) -> Result<ExitCode> {
    let verdicts = arguments
        .verdicts
        .as_deref()
        .map(read_verdicts)
        .transpose()?
        .unwrap_or_default();
    // Before the engine starts: a file that is not there should be told at once.
    let files = arguments
        .files
        .iter()
        .map(|file| Ok((file.display().to_string(), opened::open(file)?)))
        .collect::<Result<Vec<_>>>()?;
    let throw_away = match &arguments.data {
        Some(_) => None,
        None => Some(tempfile::tempdir().context("no directory for the throw-away store")?),
    };
    let directory = match (&arguments.data, &throw_away) {
        (Some(directory), _) => directory.join("engine"),
        (None, Some(directory)) => directory.path().to_owned(),
        (None, None) => bail!("no directory for the store"),
    };
    eprintln!("replay: starting the engine");
    let engine = Engine::start(Options {
        library: around.library.find()?,
        data: std::path::absolute(directory)?,
        program: around.program.clone(),
        arguments: vec!["engine".into()],
    })
    .await?;
    let code = judge(
        &arguments,
        files,
        verdicts,
        &Telemetry::connect(engine.endpoint()),
    )
    .await;
    engine.stop().await;
    code
}

async fn judge(
    arguments: &Arguments,
    files: Vec<(String, Box<dyn BufRead>)>,
    verdicts: Vec<Verdict>,
    telemetry: &Telemetry,
) -> Result<ExitCode> {
    telemetry.ensure_schema().await?;
    let mut reader: Box<dyn Reader> = match arguments.format {
        Format::Weft => Box::new(weft::Weft),
        Format::Sysmon => Box::<sysmon::Sysmon>::default(),
        Format::Osquery => Box::<osquery::Osquery>::default(),
    };
    let mut intake = Intake::new(telemetry, arguments.until);
    for (name, file) in files {
        intake
            .take(&name, Lines::new(file), reader.as_mut())
            .await
            .with_context(|| format!("while reading {name}"))?;
    }
    let read = intake.done();
    read.report();
    if read.is_hopeless() {
        eprintln!("replay: {}", looks::hint(arguments.format, read.sample()));
        return Ok(ExitCode::FAILURE);
    }
    let Some(end) = read.calendar.end() else {
        eprintln!("replay: not one fact about a device, nothing to judge");
        return Ok(ExitCode::SUCCESS);
    };
    if arguments.until.is_none() && end.doubtful > 0 {
        eprintln!(
            "replay: {} facts lie months after all others and do not end the history (a wrong clock?); --until TIME believes them",
            end.doubtful
        );
    }
    let now = arguments.until.unwrap_or(end.at);
    let settings = Settings::default();
    let days = settings.history_days.ceil() as u32;
    eprintln!("replay: judging as of {now}");
    let evidence = telemetry
        .evidence(now, days, &read.traits(), verdicts)
        .await?;
    let mut findings = detect::run(&evidence, &settings);
    findings.retain(|finding| !ranking::is_in_ranking(finding));
    let ranked = ranking::lines(telemetry, now, arguments.top).await?;
    let names = read.names();
    for finding in &findings {
        println!("{}", output::line(finding, &names, arguments.json)?);
    }
    for line in &ranked {
        let told = output::ranked(line, &names, &read.sources, reader.as_ref(), arguments.json)?;
        println!("{told}");
    }
    eprintln!(
        "replay: {} anomalies and {} unusual runs ({} of them alerts) on {} devices",
        findings.len(),
        ranked.len(),
        ranked.iter().filter(|line| line.alert).count(),
        evidence.devices.len()
    );
    Ok(ExitCode::SUCCESS)
}

fn read_verdicts(path: &Path) -> Result<Vec<Verdict>> {
    let text =
        std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let parsed: Result<Vec<Verdict>, _> = if text.trim_start().starts_with('[') {
        serde_json::from_str(&text)
    } else {
        text.lines()
            .filter(|line| !line.trim().is_empty())
            .map(serde_json::from_str)
            .collect()
    };
    parsed.with_context(|| format!("{}: not a list of verdicts", path.display()))
}
