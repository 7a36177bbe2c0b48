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
    evidence::{DeviceCapacity, Evidence},
    verdict::Verdict,
};

pub use self::restarts::{EndsOfMonth, Restarts};
use super::{Error, Telemetry, overview::back};

/// Days of capacity figures. A disk's slope is judged on weeks, and daily rows of three file systems of 10,000 laptops
/// are the largest answer of a round.
const CAPACITY_DAYS: u32 = 60;

impl Telemetry {
    /// What detectors read at `now` about the last `history_days`, after folding what is new. A device that never reported
    /// is left out: it has neither trouble nor the lack of it. `devices` are those that still belong to the fleet; traits
    /// that the control store does not know yet are filled from the newest inventory.
    ///
    /// Everything at once, for a replay or a small fleet. A round over a large one reads in parts: see [`Reading`].
    pub async fn evidence(
        &self,
        now: Timestamp,
        history_days: u32,
        devices: &BTreeMap<DeviceId, Traits>,
        verdicts: Vec<Verdict>,
    ) -> Result<Evidence, Error> {
        let reading = self.reading(now, history_days).await?;
        let mut evidence = reading.devices(devices, verdicts).await?;
        evidence.capacity = reading.capacity(&evidence, None).await?;
        reading.rest(&mut evidence).await?;
        Ok(evidence)
    }

    /// Folds what is new; the evidence can then be read in parts, so that none but the largest is ever in memory.
    pub async fn reading(&self, now: Timestamp, history_days: u32) -> Result<Reading<'_>, Error> {
        self.fold(now).await?;
        Ok(Reading {
            telemetry: self,
            now,
            from: back(now, history_days),
            capacity_from: back(now, history_days.min(CAPACITY_DAYS)),
        })
    }
}

/// Evidence in parts, all of one moment. The questions come one after the other: the engine answers each with all its
/// threads, and its memory holds one.
#[derive(Debug)]
pub struct Reading<'a> {
    telemetry: &'a Telemetry,
    now: Timestamp,
    from: Timestamp,
    capacity_from: Timestamp,
}

impl Reading<'_> {
    /// Who is watched; everything else is empty.
    pub async fn devices(
        &self,
        devices: &BTreeMap<DeviceId, Traits>,
        verdicts: Vec<Verdict>,
    ) -> Result<Evidence, Error> {
        Ok(Evidence {
            now: self.now,
            devices: self
                .telemetry
                .evidence_devices(self.from, self.now, devices)
                .await?,
            verdicts,
            ..Evidence::default()
        })
    }

    /// Runs of at most `size` devices (first, last) for [`Self::capacity`].
    pub fn parts(&self, evidence: &Evidence, size: usize) -> Vec<(DeviceId, DeviceId)> {
        let mut ids: Vec<DeviceId> = evidence.devices.keys().copied().collect();
        ids.sort_by_key(place_in_table);
        ids.chunks(size.max(1))
            .filter_map(|some| some.first().copied().zip(some.last().copied()))
            .collect()
    }

    /// Daily figures of the devices from the first to the last of a part, or of all.
    pub async fn capacity(
        &self,
        evidence: &Evidence,
        among: Option<(DeviceId, DeviceId)>,
    ) -> Result<Vec<DeviceCapacity>, Error> {
        let mut capacity = self
            .telemetry
            .evidence_capacity(self.capacity_from, self.now, among)
            .await?;
        capacity.retain(|of| evidence.devices.contains_key(&of.device));
        Ok(capacity)
    }

    /// Restarts, programs and apps: detectors compare them over the whole fleet, so they come whole.
    pub async fn rest(&self, evidence: &mut Evidence) -> Result<(), Error> {
        let (from, now) = (self.from, self.now);
        evidence.processes = self.telemetry.evidence_processes(from, now).await?;
        evidence.reboots = self.telemetry.evidence_boots(from, now).await?;
        evidence.apps = self.telemetry.evidence_apps(from, now).await?;
        keep_known(evidence);
        Ok(())
    }
}

/// ClickHouse sorts UUIDs by their second half first (documented with the type).
fn place_in_table(device: &DeviceId) -> (u64, u64) {
    let (first, second) = device.0.as_u64_pair();
    (second, first)
}

/// A retired device's history must not judge the others.
fn keep_known(evidence: &mut Evidence) {
    let devices = &evidence.devices;
    evidence
        .reboots
        .retain(|of| devices.contains_key(&of.device));
    evidence.apps.retain(|of| devices.contains_key(&of.device));
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
