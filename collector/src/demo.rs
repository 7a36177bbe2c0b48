//! `weft-collector demo`: the whole house on one laptop, in one command.
//!
//! It starts a collector with the embedded engine, enrols the real agent of this very machine over mTLS, sends a
//! simulated fleet through the same door, waits until the first round of detection is done, and says where to look. Every
//! part is a process of its own with its log in `DIR/logs`, so the demo shows what an installation would do and nothing else.
//!
//! **Invariant:** simulated laptops are marked as such by their enrolment tokens; the real one never is.
//!
//! A second start with the same folder reuses the data: no import, no enrolment, no simulation.

mod child;
mod http;
mod people;
mod summary;

use std::{
    fs,
    net::{Ipv4Addr, TcpListener},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail};
use clap::Args;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use self::{child::Child, http::Http, people::Logins};

#[derive(Args, Debug)]
pub struct Options {
    /// Do not open a browser
    #[arg(long)]
    headless: bool,
    /// Stop by itself so many seconds after it is ready (0: run until Ctrl-C)
    #[arg(long = "for", value_name = "SECS", default_value_t = 0)]
    seconds: u64,
    /// Write the summary as JSON at the end
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Simulated laptops
    #[arg(long, default_value_t = 40, value_parser = clap::value_parser!(u32).range(1..=2_000))]
    devices: u32,
    /// Days of history of the simulated laptops
    #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u32).range(1..=365))]
    days: u32,
    /// Port of the console
    #[arg(long, default_value_t = 7480)]
    port: u16,
    /// Where the data lives; a second start with the same folder reuses it
    #[arg(long, value_name = "DIR", default_value = ".weft/demo")]
    data: PathBuf,
}

/// The collector is ready in 2 s on an idle machine; a loaded one may need much longer, a broken one must not hang.
const READY_DEADLINE: Duration = Duration::from_secs(120);
/// The simulated fleet of the default size needs under half a minute; 2,000 laptops some minutes.
const FLEET_DEADLINE: Duration = Duration::from_secs(1_800);
/// Detection runs every few seconds in the demo; the first round over everything takes a moment.
const DETECT_DEADLINE: Duration = Duration::from_secs(180);
/// Detection runs every 5 s here and the linker at least every 15 s: by then both have looked at everything.
const LINKER_TURN: jiff::SignedDuration = jiff::SignedDuration::from_secs(30);
/// The real agent's first reports arrive within seconds of its start.
const AGENT_DEADLINE: Duration = Duration::from_secs(60);
/// At the end: how long the last observations may take to be acknowledged.
const SETTLE_DEADLINE: Duration = Duration::from_secs(30);
/// How often to ask while waiting.
const POLL: Duration = Duration::from_millis(250);

/// What a first start leaves for the next one.
#[derive(Serialize, Deserialize)]
struct State {
    grpc_port: u16,
    logins: Logins,
    simulated: u32,
    complete: bool,
}

/// Runs the demo to its end.
pub async fn run(options: Options) -> Result<()> {
    let began = Instant::now();
    let data = std::path::absolute(&options.data)?;
    fs::create_dir_all(data.join("logs"))
        .with_context(|| format!("cannot make {}", data.display()))?;
    let ready_file = data.join("ready.json");
    // A stale mark of an earlier run must not tell a waiting script that this one is ready.
    let _ = fs::remove_file(&ready_file);
    check_port(options.port)?;

    let mut state = load(&data).filter(|state| state.complete);
    let fresh = state.is_none();
    if fresh {
        start_over(&data)?;
    } else {
        say("data of an earlier start: reusing it, --devices and --days as they were then");
    }
    let grpc_port = state
        .as_ref()
        .map_or_else(free_port, |state| Ok(state.grpc_port))?;
    let config = write_config(&data, options.port, grpc_port)?;

    say("collector and embedded ClickHouse: starting");
    let mut collector = Child::start(
        &Child::own("weft-collector")?,
        &["serve", "--config", &text(&config)],
        &data,
        "collector",
    )?;
    let mut http = Http::new(options.port);
    wait(
        READY_DEADLINE,
        "the collector",
        &mut [&mut collector],
        async || Ok(http.ready().await),
    )
    .await?;

    let url = format!("http://127.0.0.1:{}", options.port);
    let agent_state = data.join("agent");
    if fresh {
        say("people, spaces and verdicts: importing");
        let logins = people::set_up(options.devices, options.days, &data, &config).await?;
        http.sign_in(&logins.admin).await?;
        let token = people::admit(&http, &data, &logins).await?;
        say("agent of this machine: enrolling over mTLS");
        enroll(&data, grpc_port, &token, &agent_state).await?;
        state = Some(State {
            grpc_port,
            logins,
            simulated: options.devices,
            complete: false,
        });
    }
    let Some(mut state) = state else {
        bail!("no state after the first start")
    };
    say("agent of this machine: starting");
    let mut agent = Child::start(
        &Child::own("weft-agent")?,
        &["run", "--state", &text(&agent_state)],
        &data,
        "agent",
    )?;

    http.sign_in(&state.logins.admin).await?;
    if fresh {
        send_fleet(&options, &data, grpc_port, &mut collector).await?;
    }
    wait(
        AGENT_DEADLINE,
        "the first reports of this machine",
        &mut [&mut collector, &mut agent],
        async || Ok(reports_of_real(&http).await? > 0),
    )
    .await?;
    if fresh && options.devices > 0 {
        say("detection and linking: first round");
        let reported = jiff::Timestamp::now();
        wait(
            DETECT_DEADLINE,
            "the first round of detection",
            &mut [&mut collector],
            async || round_done(&http, reported).await,
        )
        .await?;
    }
    state.complete = true;
    save(&data, &state)?;
    let ready = began.elapsed();
    fs::write(
        &ready_file,
        serde_json::to_vec_pretty(&serde_json::json!({"url": url, "logins": state.logins}))?,
    )?;
    banner(&url, &state.logins, state.simulated, ready, &options);
    if !options.headless {
        open_browser(&url);
    }

    let ended = live(options.seconds, &mut collector, &mut agent).await;
    // The agent drains first, so that what it still holds is counted.
    say("stopping: the agent drains, then the collector");
    agent.stop().await;
    let books = settle(&http).await;
    if let Some(file) = &options.json {
        let summary =
            summary::collect(&http, &url, &state.logins, ready, books.as_ref().ok()).await;
        let summary = summary.context("cannot collect the summary")?;
        fs::write(file, serde_json::to_vec_pretty(&summary)?)
            .with_context(|| format!("cannot write {}", file.display()))?;
    }
    collector.stop().await;
    let _ = fs::remove_file(&ready_file);
    ended
}

async fn enroll(data: &Path, grpc_port: u16, token: &str, agent_state: &Path) -> Result<()> {
    let server = format!("https://127.0.0.1:{grpc_port}");
    let (ca, agent_state) = (text(&authority_file(data)), text(agent_state));
    let arguments = [
        "enroll",
        "--server",
        &server,
        "--token",
        token,
        "--ca",
        &ca,
        "--state",
        &agent_state,
    ];
    child::run(&Child::own("weft-agent")?, &arguments, data, "agent").await
}

/// Where the collector leaves its certificate authority for enrolling agents.
fn authority_file(data: &Path) -> PathBuf {
    data.join("collector/pki/ca.pem")
}

async fn send_fleet(
    options: &Options,
    data: &Path,
    grpc_port: u16,
    collector: &mut Child,
) -> Result<()> {
    if options.devices == 0 {
        return Ok(());
    }
    say(&format!(
        "simulated fleet: {} laptops x {} days over mTLS",
        options.devices, options.days
    ));
    let arguments = [
        "run".to_owned(),
        "--server".to_owned(),
        format!("https://127.0.0.1:{grpc_port}"),
        "--ca".to_owned(),
        text(&authority_file(data)),
        "--plan".to_owned(),
        text(&data.join("fleet")),
    ];
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let program = Child::own("weft-fleet")?;
    let fleet = child::run_shown(&program, &arguments);
    tokio::select! {
        done = tokio::time::timeout(FLEET_DEADLINE, fleet) => done.context("the simulated fleet took too long")?,
        gone = collector.gone() => Err(gone),
    }
}

async fn reports_of_real(http: &Http) -> Result<u64> {
    let page = http
        .get("/api/v1/devices?limit=200&simulated=false")
        .await?;
    let items = page["items"]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default();
    Ok(items
        .iter()
        .filter(|device| {
            device["simulated"] == Value::Bool(false) && device["last_report"].is_string()
        })
        .count() as u64)
}

/// Done when a round of detection that began after the fleet had reported is over, and its anomalies found threads.
async fn round_done(http: &Http, since: jiff::Timestamp) -> Result<bool> {
    let status = http.get("/api/v1/status").await?;
    let last: Option<jiff::Timestamp> = status["detect"]["last_round"]
        .as_str()
        .and_then(|at| at.parse().ok());
    if last.is_none_or(|last| last <= since) {
        return Ok(false);
    }
    let overview = http.get("/api/v1/overview").await?;
    let any = |counts: &Value| {
        counts
            .as_object()
            .is_some_and(|counts| counts.values().any(|count| count.as_u64() > Some(0)))
    };
    // A small fleet may have no story, or one that nobody talks about: then the linker's turn is all there is to wait for.
    let linker_had_its_turn = jiff::Timestamp::now() > since + LINKER_TURN;
    Ok(!any(&overview["anomalies"]) || any(&overview["links"]) || linker_had_its_turn)
}

/// Runs until Ctrl-C, SIGTERM, the given time, or the death of a part.
async fn live(seconds: u64, collector: &mut Child, agent: &mut Child) -> Result<()> {
    let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
    let limit = async {
        if seconds == 0 {
            std::future::pending::<()>().await;
        }
        tokio::time::sleep(Duration::from_secs(seconds)).await;
    };
    tokio::select! {
        () = limit => Ok(()),
        _ = tokio::signal::ctrl_c() => Ok(()),
        _ = terminate.recv() => Ok(()),
        gone = collector.gone() => Err(gone),
        gone = agent.gone() => Err(gone),
    }
}

/// Waits until nothing is pending, and gives the books as they stand then (or at the deadline).
async fn settle(http: &Http) -> Result<Value> {
    let until = Instant::now() + SETTLE_DEADLINE;
    loop {
        let books = http.get("/api/v1/overview").await?["books"].clone();
        if books["balanced"] == Value::Bool(true) || Instant::now() > until {
            return Ok(books);
        }
        tokio::time::sleep(POLL).await;
    }
}

/// Asks until the answer is yes; fails early when a part that must live has died.
async fn wait(
    deadline: Duration,
    what: &str,
    parts: &mut [&mut Child],
    ask: impl AsyncFn() -> Result<bool>,
) -> Result<()> {
    let began = Instant::now();
    let mut told = began;
    loop {
        if ask().await.unwrap_or(false) {
            return Ok(());
        }
        for part in &mut *parts {
            part.check()?;
        }
        if began.elapsed() > deadline {
            // The last answer says more than a bare time-out.
            ask()
                .await
                .with_context(|| format!("{what} did not come within {} s", deadline.as_secs()))?;
            bail!(
                "{what} did not come within {} s; see the logs folder",
                deadline.as_secs()
            );
        }
        if told.elapsed() > Duration::from_secs(5) {
            told = Instant::now();
            eprintln!("  … waiting for {what}: {} s", began.elapsed().as_secs());
        }
        tokio::time::sleep(POLL).await;
    }
}

fn write_config(data: &Path, http_port: u16, grpc_port: u16) -> Result<PathBuf> {
    let file = data.join("collector.toml");
    let words = format!(
        "# Written by `weft-collector demo`.\n\
         [data]\ndir = {:?}\n\n[grpc]\nlisten = \"127.0.0.1:{grpc_port}\"\nnames = [\"127.0.0.1\", \"localhost\"]\n\n\
         [http]\nlisten = \"127.0.0.1:{http_port}\"\npublic_url = \"http://127.0.0.1:{http_port}\"\n\n\
         [detect]\ninterval = \"5s\"\n",
        text(&data.join("collector"))
    );
    fs::write(&file, words).with_context(|| format!("cannot write {}", file.display()))?;
    Ok(file)
}

/// Says so before anything is started, with what to do.
fn check_port(port: u16) -> Result<()> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port))
        .map(drop)
        .with_context(|| {
            format!(
                "port {port} is taken: stop what uses it (another demo?) or choose one with --port"
            )
        })
}

fn free_port() -> Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?
        .local_addr()?
        .port())
}

fn load(data: &Path) -> Option<State> {
    serde_json::from_slice(&fs::read(data.join("demo.json")).ok()?).ok()
}

fn save(data: &Path, state: &State) -> Result<()> {
    let file = data.join("demo.json");
    fs::write(&file, serde_json::to_vec_pretty(state)?)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        // It holds the logins.
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600))?;
    }
    Ok(())
}

/// A first start that was cut off leaves a half story: begin anew. A folder without the mark of a demo is somebody else's,
/// and nothing in it is removed.
fn start_over(data: &Path) -> Result<()> {
    let mark = data.join("demo.mark");
    let is_ours = mark.is_file();
    for part in ["collector", "agent", "fleet"].map(|part| data.join(part)) {
        if !part.exists() {
            continue;
        }
        if !is_ours {
            bail!(
                "{} is there and is not of a demo: choose another folder with --data",
                part.display()
            );
        }
        fs::remove_dir_all(&part).with_context(|| format!("cannot clear {}", part.display()))?;
    }
    fs::write(&mark, "A demo of Weft lives in this folder.\n")
        .with_context(|| format!("cannot write {}", mark.display()))
}

fn say(words: &str) {
    eprintln!("▸ {words}");
}

fn banner(url: &str, logins: &Logins, simulated: u32, ready: Duration, options: &Options) {
    let line = |login: &http::Login, home: &str| {
        println!("    {:<12} {:<28} {home}", login.login, login.password)
    };
    println!(
        "\n  Weft is ready after {:.1} s:  {url}\n",
        ready.as_secs_f64()
    );
    println!("    login        password                     sees");
    line(&logins.admin, "the fleet, tokens, audit (IT)");
    line(&logins.technician, "devices and threads");
    line(&logins.security, "apps, processes, verdicts");
    line(&logins.user, "this very laptop as its owner");
    println!(
        "\n  One laptop is real: this one. {} are simulated, and marked so.",
        simulated
    );
    match options.seconds {
        0 => println!(
            "  Ctrl-C stops everything; the data stays in {}.\n",
            options.data.display()
        ),
        seconds => println!("  It stops by itself in {seconds} s.\n"),
    }
}

fn open_browser(url: &str) {
    let opener = if cfg!(target_os = "macos") {
        "open"
    } else {
        "xdg-open"
    };
    // Nobody's demo fails because there is no desktop: the address is on the screen.
    let _ = std::process::Command::new(opener)
        .arg(url)
        .stdin(std::process::Stdio::null())
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .spawn();
}

fn text(path: &Path) -> String {
    path.display().to_string()
}
