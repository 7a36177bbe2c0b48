//! Who started whom, by the source's own process ids: gives each run a number and the number of its parent's run.
//!
//! **Invariant: bounded, and a lost parent is no parent.** Two generations of [`MOST`] ids are kept; who is older is
//! forgotten, so that a file of any length costs the same memory.

use std::collections::HashMap;

use weft_collector_core::{detect::process::daily::number, event::Process};

/// Ids per generation: a day of a busy fleet.
const MOST: usize = 500_000;

#[derive(Default)]
pub struct Ancestry {
    young: HashMap<String, String>,
    old: HashMap<String, String>,
}

impl Ancestry {
    /// Adds `run:` and, where the parent was seen, `parent_run:` to the traits.
    pub fn trace(&mut self, host: &str, id: &str, parent: &str, process: &mut Process) {
        let run = number(&[
            &process.executable_path.to_lowercase(),
            &process.parent_executable_name.to_lowercase(),
            &process.user_class,
            &process.traits.join(" "),
        ]);
        if let Some(parent) = self.find(&key(host, parent)) {
            process.traits.push(format!("parent_run:{parent}"));
        }
        if id.is_empty() {
            return;
        }
        process.traits.push(format!("run:{run}"));
        if self.young.len() >= MOST {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(key(host, id), run);
    }

    fn find(&self, key: &str) -> Option<&str> {
        self.young
            .get(key)
            .or_else(|| self.old.get(key))
            .map(String::as_str)
    }
}

fn key(host: &str, id: &str) -> String {
    number(&[host, id]) + &number(&[id, host])
}
