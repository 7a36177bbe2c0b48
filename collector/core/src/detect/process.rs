//! Unusual processes: rare by content, odd by place, parent or name, suddenly costly, or spreading.
//!
//! **Invariant: no list of attack tools.** Rarity, lineage and place carry a finding; the only names known here are those
//! of the operating systems' own programs, because those are what others pretend to be. One identity, one finding.

pub mod arguments;
mod cost;
pub mod daily;
mod identity;
mod masquerade;
pub mod place;
mod rarity;
pub mod roles;
mod spread;

pub use identity::{identity, identity_of, normalised_name, normalised_path};
pub use masquerade::Masquerade;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    detect::{Settings, fleet::Fleet},
    device::DeviceId,
    evidence::Evidence,
    finding::Finding,
};

pub fn detect(evidence: &Evidence, settings: &Settings) -> Vec<Finding> {
    let fleet = Fleet::new(evidence, settings);
    let mut subjects = rarity::subjects(evidence);
    subjects.sort_by(|a, b| a.key.cmp(&b.key));
    let lineage = rarity::Lineage::of(&subjects);

    subjects
        .iter()
        .filter_map(|subject| {
            spread::judge(subject, &fleet, settings)
                .or_else(|| rarity::judge(subject, &lineage, &fleet, settings))
                .or_else(|| cost::judge(subject, &fleet, settings))
        })
        .collect()
}

/// One program on one device, for review: unusual first, whether or not it is a finding.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ranked {
    pub device: DeviceId,
    pub key: String,
    pub executable_name: String,
    pub parent_executable_name: String,
    pub first: Timestamp,
    /// As in the scores of process findings; from [`Settings::process_points`] on it is one.
    pub points: f64,
    pub why: Vec<String>,
}

/// All programs by how unusual they are, most unusual first: what a reviewer reads who has time for ten.
pub fn ranking(evidence: &Evidence, settings: &Settings) -> Vec<Ranked> {
    let fleet = Fleet::new(evidence, settings);
    let subjects = rarity::subjects(evidence);
    let lineage = rarity::Lineage::of(&subjects);
    let mut ranked: Vec<Ranked> = Vec::new();
    for subject in &subjects {
        let Some(assessment) = rarity::assess(subject, &lineage, &fleet, settings) else {
            continue;
        };
        for seen in &subject.seen {
            // Where only one device's parent is odd, the others have the program's plain points.
            let concerned = !assessment.is_old || assessment.devices.contains(&seen.device);
            ranked.push(Ranked {
                device: seen.device,
                key: subject.key.clone(),
                executable_name: subject.about.executable_name.clone(),
                parent_executable_name: seen.parent_executable_name.clone(),
                first: seen.first,
                points: if concerned {
                    assessment.points
                } else {
                    assessment.points.min(0.0)
                },
                why: assessment.why.clone(),
            });
        }
    }
    ranked.sort_by(|a, b| {
        b.points
            .total_cmp(&a.points)
            .then_with(|| (a.device, &a.key, a.first).cmp(&(b.device, &b.key, b.first)))
    });
    ranked.dedup_by(|a, b| a.device == b.device && a.key == b.key);
    ranked
}
