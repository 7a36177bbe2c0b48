//! 200,000 files in a sync folder: what watching them costs the agent.
//!
//! Invariant: the agent sees this machine, with one home more. At rest nothing changes in the folder, so all that the agent does
//! more often than without it would be polling.

use std::{path::Path, time::Duration};

use weft_proto::v1::observation::Kind;

use crate::{
    Limit, Outcome,
    collector::Collector,
    laptop::{Laptop, until},
    measure,
    relay::Relay,
};

const DIRECTORIES: usize = 2_000;
const FILES: usize = 100;
/// Long enough for a poller to show itself.
const REST: Duration = Duration::from_secs(60);

pub async fn measure(agent: &Path) -> Outcome<()> {
    let directory = tempfile::tempdir()?;
    let root = directory.path().join("root");
    furnish(&root)?;
    let collector = Collector::start().await;
    let relay = Relay::to(collector.address).await?;
    let laptop = Laptop::enrol(agent, directory.path().join("state"), &collector, &relay).await?;
    let running = laptop.run(&root)?;
    let books = std::sync::Arc::clone(&collector.books);
    until("the sync folder's discovery", || {
        books.lock().is_ok_and(|books| {
            books
                .observations()
                .any(|one| matches!(&one.kind, Some(Kind::App(app)) if app.sync_folders > 0))
        })
    })
    .await?;
    tokio::time::sleep(Duration::from_secs(5)).await;
    let read = || {
        Some((
            measure::cpu(running.pid())?,
            measure::wakeups(running.pid())?,
        ))
    };
    let before = read().ok_or("the agent has ended")?;
    tokio::time::sleep(REST).await;
    let after = read().ok_or("the agent has ended")?;
    let seconds = REST.as_secs_f64();
    let memory = running.memory()?;
    Limit::new("agent.folders.memory.peak", "MiB", 40.0).tell(measure::mebibytes(memory.peak));
    // A poller of 2,000 folders would need thousands of system calls in each round.
    Limit::new("agent.folders.rest.wakeups", "1/s", 4.0)
        .tell((after.1 - before.1) as f64 / seconds);
    Limit::new("agent.folders.rest.cpu", "ms/s", 5.0).tell((after.0 - before.0) * 1e3 / seconds);
    Ok(())
}

/// This machine's tree, except for its people.
fn furnish(root: &Path) -> Outcome<()> {
    let etc = root.join("etc");
    std::fs::create_dir_all(&etc)?;
    for name in ["proc", "sys", "usr", "bin", "lib", "var", "run", "dev"] {
        std::os::unix::fs::symlink(format!("/{name}"), root.join(name))?;
    }
    std::fs::write(
        etc.join("passwd"),
        "root:x:0:0:root:/root:/bin/bash\nanna:x:1000:1000:Anna:/home/anna:/bin/bash\n",
    )?;
    std::fs::copy("/etc/os-release", etc.join("os-release"))?;
    let dropbox = root.join("home/anna/Dropbox");
    for nth in 0..DIRECTORIES {
        // Three levels deep, as people's folders are.
        let path = dropbox.join(format!("{}/{}/{nth}", nth % 10, nth % 100));
        std::fs::create_dir_all(&path)?;
        for file in 0..FILES {
            std::fs::write(path.join(format!("photograph-{file}.jpg")), [])?;
        }
    }
    Ok(())
}
