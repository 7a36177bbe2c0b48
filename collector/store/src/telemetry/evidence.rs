//! Evidence for the detectors: one set-based query per question, whatever the size of the fleet.
//!
//! **Invariant: bounded.** Every list has a limit that stands in the SQL or here, so that a round over 10,000 laptops and
//! 90 days fits in memory. Judging is `core`'s work; this file only asks, sorts and hands over.

mod apps;
mod capacity;
mod devices;
mod processes;
mod reboots;
mod restarts;
mod runs;

use std::collections::BTreeMap;

use jiff::Timestamp;
use weft_collector_core::{
    device::{DeviceId, Traits},
    evidence::Evidence,
    verdict::Verdict,
};

pub use self::restarts::{EndsOfMonth, Restarts};
use super::{Error, Telemetry, overview::back};

/// Days of capacity figures. A disk's slope is judged on weeks, and daily rows of three file systems of 10,000 laptops
/// are the largest answer of a round.
const CAPACITY_DAYS: u32 = 60;

impl Telemetry {
    /// What detectors read at `now` about the last `history_days`. A device that never reported is left out: it has
    /// neither trouble nor the lack of it. `devices` are those that still belong to the fleet; traits that the control
    /// store does not know yet are filled from the newest inventory.
    pub async fn evidence(
        &self,
        now: Timestamp,
        history_days: u32,
        devices: &BTreeMap<DeviceId, Traits>,
        verdicts: Vec<Verdict>,
    ) -> Result<Evidence, Error> {
        let from = back(now, history_days);
        let capacity_from = back(now, history_days.min(CAPACITY_DAYS));
        let (known, reboots, processes, apps, capacity) = futures::try_join!(
            self.evidence_devices(from, now, devices),
            self.evidence_boots(from, now),
            self.evidence_processes(from, now),
            self.evidence_apps(from, now),
            self.evidence_capacity(capacity_from, now),
        )?;
        let mut evidence = Evidence {
            now,
            devices: known,
            reboots,
            processes,
            apps,
            capacity,
            verdicts,
        };
        keep_known(&mut evidence);
        Ok(evidence)
    }
}

/// A retired device's history must not judge the others.
fn keep_known(evidence: &mut Evidence) {
    let devices = &evidence.devices;
    evidence
        .reboots
        .retain(|of| devices.contains_key(&of.device));
    evidence.apps.retain(|of| devices.contains_key(&of.device));
    evidence
        .capacity
        .retain(|of| devices.contains_key(&of.device));
    for identity in &mut evidence.processes {
        let before = identity.seen.len() as u32;
        identity
            .seen
            .retain(|seen| devices.contains_key(&seen.device));
        let gone = before - identity.seen.len() as u32;
        identity.devices = identity.devices.saturating_sub(gone);
        identity.devices_with_name = identity
            .devices_with_name
            .saturating_sub(gone)
            .max(identity.devices);
    }
    evidence
        .processes
        .retain(|identity| !identity.seen.is_empty());
}
