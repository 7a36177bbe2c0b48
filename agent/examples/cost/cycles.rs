//! The agent at work: each cycle one look at all processes, one sample of vitals and one report over mTLS, beside one scrape of
//! the exporter and one sample of atop.
//!
//! Invariant: in each cycle a program starts that the agent has never seen, so each cycle has something to identify, to store
//! and to send; everything else that the agent does meanwhile counts too. Before that it lived through what needs memory: the
//! first look at everything, a collector that was away, its backlog, a new policy.

use std::{
    net::SocketAddr,
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

use weft_agent::{
    observation::observe,
    policy::Privacy,
    queue::Queue,
    redact::{Redactor, Secrets},
};
use weft_proto::v1::{Cadence, Policy, Process, observation::Kind};

use crate::{
    Limit, Outcome,
    collector::Collector,
    laptop::{Laptop, until},
    measure, median,
    peers::{Peer, scrape},
    relay::Relay,
    tell,
};

/// The shortest at which vitals may be sampled; the default is three times that.
const CYCLE: Duration = Duration::from_secs(10);
const CYCLES: usize = 15;
/// Starting, hashing and first scrapes are no cycle.
const SETTLING: usize = 3;
/// Programs of three days without a network.
const BACKLOG: usize = 6_000;
const BACKLOG_LOOK: usize = 50;

pub async fn measure(agent: &Path) -> Outcome<()> {
    let directory = tempfile::tempdir()?;
    let mut collector = Collector::start().await;
    let relay = Relay::to(collector.address).await?;
    let laptop = Laptop::enrol(agent, directory.path().join("state"), &collector, &relay).await?;
    fill(&laptop)?;
    collector.stop().await;
    let running = laptop.run(Path::new("/"))?;
    // It looks, it stores, nobody answers.
    tokio::time::sleep(CYCLE).await;
    set_policy(&collector);
    collector.restart().await;
    let books = std::sync::Arc::clone(&collector.books);
    until("the backlog's arrival", || {
        let books = books.lock().map_or(0, |books| books.observations().count());
        books > BACKLOG
    })
    .await?;

    let exporter_at = free_port()?;
    let exporter = Peer::exporter(exporter_at)?;
    let atop = Peer::atop(&directory.path().join("atop"), CYCLE)?;
    let (mut ours, mut scrapes, mut samples) = (Vec::new(), Vec::new(), Vec::new());
    let mut sent = Vec::new();
    for cycle in 0..SETTLING + CYCLES {
        let read = || -> Outcome<_> {
            let own = measure::cpu(running.pid()).ok_or("the agent has ended")?;
            Ok((own, exporter.cpu()?, atop.cpu()?, relay.bytes()))
        };
        let before = read()?;
        let mut program = unheard_of(directory.path(), cycle)?;
        tokio::time::sleep(CYCLE / 2).await;
        scrape(exporter_at)?;
        tokio::time::sleep(CYCLE / 2).await;
        let after = read()?;
        program.kill()?;
        program.wait()?;
        if cycle >= SETTLING {
            ours.push((after.0 - before.0) * 1e3);
            scrapes.push((after.1 - before.1) * 1e3);
            samples.push((after.2 - before.2) * 1e3);
            sent.push((after.3 - before.3) as f64);
        }
    }
    if median(&mut sent) == 0.0 {
        return Err("the agent sent nothing in most cycles".into());
    }
    let own = median(&mut ours);
    let exporter = median(&mut scrapes);
    tell(
        "agent.cycle.cpu",
        "ms",
        own,
        "prometheus-node-exporter --collector.processes",
        exporter,
        1.0,
    );
    tell(
        "agent.cycle.cpu.atop",
        "ms",
        own,
        "atop -w",
        median(&mut samples),
        0.75,
    );
    let memory = running.memory()?;
    Limit::new("agent.memory.peak", "MiB", 12.0).tell(measure::mebibytes(memory.peak));
    Limit::new("agent.memory.anonymous.peak", "MiB", 4.0)
        .tell(measure::mebibytes(memory.anonymous));
    Ok(())
}

/// As if the agent had looked for days and nobody had listened.
fn fill(laptop: &Laptop) -> Outcome<()> {
    let (queue, _) = Queue::open(
        &laptop.state,
        weft_agent_spool::Limits::default(),
        jiff::Timestamp::now,
    )?;
    let mut redactor = Redactor::new(Secrets::default(), Privacy::default());
    for look in 0..BACKLOG / BACKLOG_LOOK {
        let programs = (0..BACKLOG_LOOK).map(|nth| {
            let process = Process {
                executable_name: format!("program-{nth}"),
                executable_path: format!("/usr/lib/suite-{look}/bin/program-{nth}"),
                executable_sha256: format!(
                    "{:064x}",
                    (look * BACKLOG_LOOK + nth).wrapping_mul(0x9E37_79B9_7F4A_7C15)
                ),
                package: format!("dpkg:suite-{nth}@1.{look}"),
                parent_executable_name: "systemd".into(),
                starts: 3,
                cpu_time: 1.25,
                ..Process::default()
            };
            redactor.redact(observe(jiff::Timestamp::now(), Kind::Process(process)))
        });
        queue.append(&programs.collect::<Vec<_>>())?;
    }
    queue.flush()?;
    Ok(())
}

fn set_policy(collector: &Collector) {
    let seconds = CYCLE.as_secs() as u32;
    let cadence = Cadence {
        process: seconds,
        vitals: seconds,
        ship: 1,
        ..Cadence::default()
    };
    if let Ok(mut books) = collector.books.lock() {
        books.policy = Policy {
            version: 2,
            cadence: Some(cadence),
            ..Policy::default()
        };
    }
}

/// A copy of `sleep` under a name of its own.
fn unheard_of(directory: &Path, cycle: usize) -> Outcome<Child> {
    let path = directory.join(format!("program-{cycle}"));
    std::fs::copy("/bin/sleep", &path)?;
    let mut command = Command::new(path);
    Ok(command.arg("3600").stdin(Stdio::null()).spawn()?)
}

fn free_port() -> Outcome<SocketAddr> {
    Ok(std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?)
}
