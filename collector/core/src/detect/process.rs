//! Unusual processes: rare by content, odd by place, parent or name, suddenly costly, or spreading.
//!
//! **Invariant: no list of attack tools.** Rarity, lineage and place carry a finding; the only names known here are those
//! of the operating systems' own programs, because those are what others pretend to be. One identity, one finding.

mod cost;
mod identity;
mod masquerade;
mod rarity;
mod spread;

pub use identity::{identity, normalised_name, normalised_path};
pub use masquerade::Masquerade;

use crate::{
    detect::{Settings, fleet::Fleet},
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
