//! A host with three hundred more processes, all at rest.
//!
//! Invariant: they end with this value.

use std::process::{Child, Command, Stdio};

use crate::Outcome;

/// What the numbers are about: a laptop with a desktop and a browser.
const PROCESSES: usize = 300;

pub struct Crowd(Vec<Child>);

impl Crowd {
    pub fn gather() -> Outcome<Self> {
        let mut crowd = Self(Vec::with_capacity(PROCESSES));
        for _ in 0..PROCESSES {
            let mut sleep = Command::new("sleep");
            sleep
                .arg("86400")
                .stdin(Stdio::null())
                .stdout(Stdio::null());
            crowd.0.push(sleep.spawn()?);
        }
        Ok(crowd)
    }
}

impl Drop for Crowd {
    fn drop(&mut self) {
        for child in &mut self.0 {
            // One that is gone already is what we want.
            child.kill().ok();
            child.wait().ok();
        }
    }
}
