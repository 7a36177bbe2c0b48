//! A full pass over what the machine is made of and what is installed on it, beside FusionInventory's.
//!
//! Invariant: the two take turns; children of children count for both.

use std::{path::Path, process::Command};

use crate::{Outcome, measure, median, tell};

const ROUNDS: usize = 3;
/// The kernel gives children's time in hundredths of a second: several passes make one sample of ours.
const PASSES: usize = 5;

pub fn measure(agent: &Path) -> Outcome<()> {
    let directory = tempfile::tempdir()?;
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let before = measure::children_cpu();
        for _ in 0..PASSES {
            // Hardware and system; then packages, homes and mounts against the catalog.
            for topic in ["inventory", "app"] {
                run(Command::new(agent).args(["probe", topic]))?;
            }
        }
        let between = measure::children_cpu();
        run(Command::new("fusioninventory-agent")
            .arg("--local")
            .arg(directory.path()))?;
        ours.push((between - before) / PASSES as f64);
        theirs.push(measure::children_cpu() - between);
    }
    let (ours, theirs) = (median(&mut ours), median(&mut theirs));
    tell(
        "agent.inventory.cpu",
        "s",
        ours,
        "fusioninventory-agent --local",
        theirs,
        0.2,
    );
    Ok(())
}

fn run(command: &mut Command) -> Outcome<()> {
    let done = command.output()?;
    match done.status.success() {
        true => Ok(()),
        false => Err(format!(
            "{}: {}",
            command.get_program().to_string_lossy(),
            String::from_utf8_lossy(&done.stderr)
        )
        .into()),
    }
}
