//! Measures what watching sync folders costs: a tree of 200,000 empty files, watched for a while at rest and then touched.
//!
//! Prints one JSON result a line: resident MiB, CPU seconds at rest, changes counted.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use weft_agent::{limits, probe::folders::Folders};

/// What the promise is about; per directory as in a folder of photographs.
const FILES: usize = 200_000;
const PER_DIRECTORY: usize = 20;
/// Long enough for a poller to show itself.
const REST: Duration = Duration::from_secs(20);

fn main() -> std::io::Result<()> {
    let base = std::env::temp_dir().join(format!("weft-folders-{}", std::process::id()));
    let outcome = measure(&base);
    std::fs::remove_dir_all(&base)?;
    outcome
}

fn measure(base: &Path) -> std::io::Result<()> {
    for directory in 0..FILES / PER_DIRECTORY {
        // Three levels deep, as people's folders are.
        let path = base.join(format!(
            "{}/{}/{directory}",
            directory % 10,
            directory % 100
        ));
        std::fs::create_dir_all(&path)?;
        for file in 0..PER_DIRECTORY {
            std::fs::write(path.join(format!("photograph-{file}.jpg")), [])?;
        }
    }
    let before = limits::usage();
    let begun = Instant::now();
    let mut folders = Folders::default();
    folders.watch([(base.to_owned(), "dropbox".to_owned())].into());
    let ready = begun.elapsed().as_secs_f64();
    for spot in folders.blind_spots() {
        eprintln!("not seen: {spot}");
    }
    let watching = limits::usage();
    std::thread::sleep(REST);
    let rested = limits::usage();
    let touched = 1000;
    for index in 0..touched {
        std::fs::write(base.join(format!("0/0/0/new-{index}")), [0; 100])?;
    }
    std::thread::sleep(Duration::from_secs(2));
    let mebibytes = |bytes: u64| bytes as f64 / 1024.0 / 1024.0;
    let seen = folders.changed("dropbox");
    for (name, unit, value) in [
        ("folders_resident", "MiB", mebibytes(rested.memory)),
        ("folders_peak", "MiB", mebibytes(rested.memory_peak)),
        ("folders_before", "MiB", mebibytes(before.memory)),
        ("folders_ready", "s", ready),
        ("folders_begin_cpu", "s", watching.cpu - before.cpu),
        ("folders_rest_cpu", "s", rested.cpu - watching.cpu),
        ("folders_changes_of_1000", "files", f64::from(seen.files)),
    ] {
        println!(
            "{}",
            serde_json::json!({ "name": name, "unit": unit, "value": value })
        );
    }
    Ok(())
}
