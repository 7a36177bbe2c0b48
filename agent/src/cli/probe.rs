//! `probe`: one look of one probe, on stdout, redacted as it would be sent under the default policy.
//!
//! Invariant: nothing is stored and nothing is sent.

use std::{
    path::PathBuf,
    sync::{Arc, Mutex},
    time::Instant,
};

use clap::{Args, ValueEnum};
use jiff::Timestamp;
use weft_proto::v1::Observation;

use super::output;
use crate::{
    policy::{Effective, Privacy},
    probe::{
        Moment, Probe,
        app::AppProbe,
        boot::{self, BootProbe},
        inventory::InventoryProbe,
        vitals::VitalsProbe,
    },
    redact::{Redactor, Secrets},
};
use weft_agent_sys::boot::windows;

/// Arguments of `probe`.
#[derive(Debug, Args)]
pub(super) struct ProbeArgs {
    /// Which probe
    topic: Topic,
    /// Look at the tree of a mounted disk instead of this machine's
    #[arg(long, value_name = "DIR", default_value = "/")]
    root: PathBuf,
    /// Process: watch this long and tell what started or ended meanwhile, too
    #[arg(long, value_name = "SECONDS", default_value_t = 0)]
    seconds: u64,
    /// Whose records: "windows" reads saved event logs on any system (needs --evtx or --events)
    #[arg(long, value_enum)]
    os: Option<Os>,
    /// Saved System event logs of Windows
    #[arg(long, value_name = "FILE", num_args = 1..)]
    evtx: Vec<PathBuf>,
    /// Events as JSON lines: {"machine","provider","event_id","record_id","time","data"}
    #[arg(long, value_name = "FILE", num_args = 1..)]
    events: Vec<PathBuf>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Topic {
    Boot,
    Process,
    App,
    Vitals,
    Inventory,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Os {
    Linux,
    Windows,
}

/// Two samples this far apart give a processor load.
const BETWEEN_SAMPLES: std::time::Duration = std::time::Duration::from_secs(11);

pub(super) fn run(arguments: ProbeArgs, clock: fn() -> Timestamp) -> u8 {
    output::trace("warn");
    if arguments.os == Some(Os::Windows)
        || !arguments.evtx.is_empty()
        || !arguments.events.is_empty()
    {
        return saved_windows_logs(&arguments, clock());
    }
    let policy = Effective::default();
    let mut redactor = Redactor::of_machine(&arguments.root, policy.privacy);
    let (observations, blind_spots) = look(&arguments, &policy, clock);
    for spot in blind_spots {
        eprintln!("not seen: {spot}");
    }
    output::print(|out| {
        observations
            .into_iter()
            .try_for_each(|observation| output::line(out, redactor.redact(observation).get()))
    })
}

fn look(
    arguments: &ProbeArgs,
    policy: &Effective,
    clock: fn() -> Timestamp,
) -> (Vec<Observation>, Vec<String>) {
    let root = arguments.root.as_path();
    let moment = || Moment {
        wall: clock(),
        instant: Instant::now(),
        root,
        policy,
    };
    let once = |probe: &mut dyn Probe| (probe.look(&moment()), probe.blind_spots());
    match arguments.topic {
        Topic::Boot => once(&mut BootProbe::forgetful()),
        Topic::Inventory => once(&mut InventoryProbe::new()),
        Topic::Vitals => {
            let mut probe = VitalsProbe::new();
            probe.look(&moment());
            eprintln!("sampling for {} s", BETWEEN_SAMPLES.as_secs());
            std::thread::sleep(BETWEEN_SAMPLES);
            once(&mut probe)
        }
        Topic::Process => {
            let mut probe = crate::probe::process::ProcessProbe::forgetful(root, Arc::default());
            let mut news = probe.look(&moment());
            if arguments.seconds > 0 {
                probe.kept(&moment());
                std::thread::sleep(std::time::Duration::from_secs(arguments.seconds));
                news.extend(probe.look(&moment()));
            }
            (news, probe.blind_spots())
        }
        Topic::App => {
            // What runs is evidence too.
            let running = crate::probe::process::running(root);
            once(&mut AppProbe::forgetful(Arc::new(Mutex::new(running))))
        }
    }
}

/// Boots and resumes of saved System logs, per machine: one line each, with the machine's name beside it.
fn saved_windows_logs(arguments: &ProbeArgs, now: Timestamp) -> u8 {
    if !matches!(arguments.topic, Topic::Boot) || arguments.os == Some(Os::Linux) {
        eprintln!(
            "weft-agent: saved event logs hold boots only: `probe boot --os windows --evtx FILE...`"
        );
        return 2;
    }
    if arguments.evtx.is_empty() && arguments.events.is_empty() {
        eprintln!("weft-agent: name the saved logs with --evtx FILE... or --events FILE...");
        return 2;
    }
    let mut events = Vec::new();
    let mut failures = 0;
    let logs = arguments
        .evtx
        .iter()
        .map(|path| (path, windows::read_evtx(path)));
    let lines = arguments
        .events
        .iter()
        .map(|path| (path, windows::read_jsonl(path)));
    for (path, saved) in logs.chain(lines) {
        match saved {
            Ok(saved) => {
                eprintln!(
                    "{}: {} records of the System log",
                    path.display(),
                    saved.read
                );
                for remark in saved.remarks() {
                    eprintln!("{}: {remark}", path.display());
                }
                events.extend(saved.events);
            }
            // One bad file among many: the others still tell.
            Err(error) => {
                failures += 1;
                eprintln!("weft-agent: {error}");
            }
        }
    }
    // Not this machine's people: only what is personal by its form can be redacted.
    let mut redactor = Redactor::new(Secrets::default(), Privacy::default());
    let code = output::print(|out| {
        for machine in windows::judge(&events) {
            eprintln!("{}", summary(&machine));
            for spot in &machine.history.blind_spots {
                eprintln!("{}: not seen: {spot}", machine.machine);
            }
            // What still ran when the log was saved was true then, not now.
            let until = machine.last_record.unwrap_or(now);
            for observation in boot::tell_all(machine.history, until) {
                let mut line = serde_json::to_value(redactor.redact(observation).get())?;
                if let Some(object) = line.as_object_mut() {
                    object.insert("machine".into(), machine.machine.clone().into());
                }
                output::line(out, &line)?;
            }
        }
        Ok(())
    });
    code.max(u8::from(failures > 0))
}

/// One machine's history in a line, for people.
fn summary(machine: &windows::MachineHistory) -> String {
    let mut ends = std::collections::BTreeMap::<&str, usize>::new();
    for boot in &machine.history.boots {
        *ends.entry(boot.end.word()).or_default() += 1;
    }
    let ends: Vec<String> = ends
        .into_iter()
        .map(|(end, count)| format!("{count} {end}"))
        .collect();
    let name = if machine.machine.is_empty() {
        "(unnamed)"
    } else {
        &machine.machine
    };
    format!(
        "{name}: {} boots ({}), {} resumes",
        machine.history.boots.len(),
        ends.join(", "),
        machine.history.resumes.len()
    )
}
