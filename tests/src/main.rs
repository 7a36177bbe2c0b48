//! `weft-fleet`: the fleet simulator. Real enrolment, real mTLS, real gRPC; only the laptops are invented.

use std::collections::BTreeMap;
use std::{
    fs,
    io::Write as _,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, bail};
use clap::{Args, Parser, Subcommand};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use weft_tests::fleet::{After, Plan, people, ship, story::Scenario};

#[derive(Parser)]
#[command(
    name = "weft-fleet",
    version,
    about = "Simulate a fleet of laptops against a collector",
    args_conflicts_with_subcommands = true
)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    direct: Direct,
}

#[derive(Subcommand)]
enum Command {
    /// Write who is in the fleet (roster.jsonl), what people say (people.jsonl) and what should be found (expected.json)
    Plan(PlanOptions),
    /// Enrol and report the laptops of a plan whose roster holds a token each
    Run(RunOptions),
    /// Let time go on: the laptops that `run` enrolled report what happened to them since
    Continue(ContinueOptions),
    /// Print the fleet's history as JSON lines for `weft-collector replay`
    History(PlanOptions),
}

#[derive(Args)]
struct Shape {
    /// How many laptops
    #[arg(long, default_value_t = 40, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    devices: u32,
    /// Days of history
    #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u32).range(1..=365))]
    days: u32,
    /// Which stories happen
    #[arg(long, value_enum, default_value = "demo")]
    scenario: Scenario,
    /// Same seed, same fleet
    #[arg(long, default_value_t = 7)]
    seed: u64,
    /// End of the history (RFC 3339); default: now
    #[arg(long)]
    until: Option<Timestamp>,
}

#[derive(Args)]
struct PlanOptions {
    #[command(flatten)]
    shape: Shape,
    /// Folder for the plan's files
    #[arg(long, value_name = "DIR", default_value = ".")]
    out: PathBuf,
}

#[derive(Args)]
struct RunOptions {
    /// The collector's gRPC address, https://HOST:PORT
    #[arg(long)]
    server: String,
    /// Certificate authority of the collector (PEM)
    #[arg(long)]
    ca: PathBuf,
    /// Folder of a plan
    #[arg(long)]
    plan: PathBuf,
}

#[derive(Args)]
struct ContinueOptions {
    #[command(flatten)]
    run: RunOptions,
    /// Until when (RFC 3339); default: now
    #[arg(long)]
    until: Option<Timestamp>,
    /// JSON object of laptop names and moments: laptops that were mended, and when; their trouble ends there
    #[arg(long, value_name = "FILE")]
    mended: Option<PathBuf>,
}

/// One command instead of plan and run: every laptop enrols with the same token.
#[derive(Args)]
struct Direct {
    #[command(flatten)]
    shape: Shape,
    /// The collector's gRPC address, https://HOST:PORT
    #[arg(long, required = false)]
    server: Option<String>,
    /// Enrolment token with at least as many uses as there are laptops, made with `token create --simulated`
    #[arg(long, env = "WEFT_TOKEN", hide_env_values = true)]
    token: Option<String>,
    /// Certificate authority of the collector (PEM)
    #[arg(long)]
    ca: Option<PathBuf>,
}

/// Where `run` keeps the laptops' identities, so that `continue` can speak for them.
const IDENTITIES: &str = "identities";

/// What a plan's folder remembers, so that `run` invents the same fleet.
#[derive(Serialize, Deserialize)]
struct Saved {
    seed: u64,
    devices: u32,
    days: u32,
    scenario: String,
    now: Timestamp,
}

/// A line of roster.jsonl; whoever admits the laptops adds the token.
#[derive(Serialize, Deserialize)]
struct Entry {
    name: String,
    team: String,
    owner: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    token: Option<String>,
}

fn main() -> Result<()> {
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_env_filter(
            tracing_subscriber::EnvFilter::try_from_default_env().unwrap_or_else(|_| "warn".into()),
        )
        .init();
    let cli = Cli::parse();
    match cli.command {
        Some(Command::Plan(options)) => write_plan(&options),
        Some(Command::History(options)) => history(&plan_of(&options.shape)),
        Some(Command::Run(options)) => run_plan(&options),
        Some(Command::Continue(options)) => continue_plan(&options),
        None => run_direct(&cli.direct),
    }
}

fn plan_of(shape: &Shape) -> Plan {
    Plan {
        seed: shape.seed,
        devices: shape.devices,
        days: shape.days,
        scenario: shape.scenario,
        now: shape.until.unwrap_or_else(Timestamp::now),
        after: After::default(),
    }
}

fn write_plan(options: &PlanOptions) -> Result<()> {
    let mut plan = plan_of(&options.shape);
    if options.shape.devices == 0 {
        plan.scenario = Scenario::Quiet;
    }
    fs::create_dir_all(&options.out)?;
    let saved = Saved {
        seed: plan.seed,
        devices: plan.devices,
        days: plan.days,
        scenario: clap::ValueEnum::to_possible_value(&plan.scenario)
            .map(|value| value.get_name().to_owned())
            .unwrap_or_default(),
        now: plan.now,
    };
    fs::write(
        options.out.join("plan.json"),
        serde_json::to_vec_pretty(&saved)?,
    )?;
    let fleet = plan.invent();
    fs::write(
        options.out.join("expected.json"),
        serde_json::to_vec_pretty(&fleet.expected)?,
    )?;
    let roster = fleet.laptops.iter().map(|simulated| Entry {
        name: simulated.laptop.name.clone(),
        team: simulated.laptop.team.to_owned(),
        owner: simulated.laptop.owner_login.clone(),
        token: None,
    });
    write_lines(&options.out.join("roster.jsonl"), roster)?;
    write_lines(
        &options.out.join("people.jsonl"),
        people::import_lines(&plan),
    )
}

fn read_plan(folder: &Path) -> Result<Plan> {
    let file = folder.join("plan.json");
    let words = fs::read(&file).with_context(|| {
        format!(
            "cannot read {}: run `weft-fleet plan` first",
            file.display()
        )
    })?;
    let saved: Saved = serde_json::from_slice(&words)?;
    let scenario = <Scenario as clap::ValueEnum>::from_str(&saved.scenario, true)
        .map_err(anyhow::Error::msg)?;
    Ok(Plan {
        seed: saved.seed,
        devices: saved.devices,
        days: saved.days,
        scenario,
        now: saved.now,
        after: After::default(),
    })
}

fn run_plan(options: &RunOptions) -> Result<()> {
    let plan = read_plan(&options.plan)?;
    let words = fs::read_to_string(options.plan.join("roster.jsonl"))?;
    let roster: Vec<Entry> = words
        .lines()
        .map(serde_json::from_str)
        .collect::<Result<_, _>>()?;
    let tokens = roster
        .into_iter()
        .map(|entry| {
            entry
                .token
                .with_context(|| format!("{} has no token in roster.jsonl", entry.name))
        })
        .collect::<Result<Vec<_>>>()?;
    let kept = options.plan.join(IDENTITIES);
    let door = ship::Door::open(&options.server, &options.ca)?;
    ship::enrolled(&plan, &tokens, &door, Some(&kept))
}

fn continue_plan(options: &ContinueOptions) -> Result<()> {
    let folder = &options.run.plan;
    let mut plan = read_plan(folder)?;
    let until = options.until.unwrap_or_else(Timestamp::now);
    plan.after.lasting = until.duration_since(plan.now);
    if plan.after.lasting <= SignedDuration::ZERO {
        bail!(
            "the plan's history reaches {}: nothing has happened since",
            plan.now
        );
    }
    if let Some(file) = &options.mended {
        let words = fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
        plan.after.mended = serde_json::from_slice::<BTreeMap<String, Timestamp>>(&words)
            .with_context(|| format!("{} is no object of names and moments", file.display()))?;
    }
    ship::continued(&plan, &folder.join(IDENTITIES))
}

fn run_direct(direct: &Direct) -> Result<()> {
    let server = direct
        .server
        .as_deref()
        .context("--server is needed, e.g. https://127.0.0.1:7443")?;
    let ca = direct
        .ca
        .as_deref()
        .context("--ca is needed: the file that `weft-collector ca export` prints")?;
    let token = direct
        .token
        .clone()
        .context("--token is needed: `weft-collector token create --simulated --uses N`")?;
    let plan = plan_of(&direct.shape);
    let door = ship::Door::open(server, ca)?;
    ship::enrolled(&plan, &vec![token; plan.devices as usize], &door, None)
}

/// Our own JSON lines: `{"device": {...}, "at", <observation>}`.
fn history(plan: &Plan) -> Result<()> {
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    for simulated in plan.invent().laptops {
        let laptop = &simulated.laptop;
        let device = serde_json::json!({
            "id": laptop.name, "os": laptop.model.os_type, "model": laptop.model_name(), "os_build": laptop.model.os_build, "team": laptop.team,
        });
        for observation in &simulated.observations {
            let mut line = serde_json::to_value(observation)?;
            line["device"] = device.clone();
            line["at"] = line["observed_at"].take();
            if let Some(map) = line.as_object_mut() {
                map.remove("observed_at");
            }
            serde_json::to_writer(&mut out, &line)?;
            out.write_all(b"\n")?;
        }
    }
    Ok(out.flush()?)
}

fn write_lines<T: Serialize>(file: &Path, lines: impl IntoIterator<Item = T>) -> Result<()> {
    let mut out = std::io::BufWriter::new(
        fs::File::create(file).with_context(|| format!("cannot write {}", file.display()))?,
    );
    for line in lines {
        serde_json::to_writer(&mut out, &line)?;
        out.write_all(b"\n")?;
    }
    Ok(out.flush()?)
}
