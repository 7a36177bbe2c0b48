//! Weft and its peer by one measure that both can meet: any word of the right family about one of a story's devices.
//!
//! **Invariant: both are counted by the same code.** It is a laxer measure than a rule's own: a peer that knows no outbreak
//! may name one of its laptops for "restarts too often".

use std::collections::BTreeMap;

use crate::{
    peer::{Alert, FAMILIES},
    rounds::Log,
    story::Expected,
    world::World,
};

#[derive(Clone, Debug, Default)]
pub struct Family {
    pub stories: usize,
    pub found: usize,
    pub alerts: usize,
    pub right: usize,
    /// About devices without a part.
    pub healthy: usize,
}

impl Family {
    pub fn recall(&self) -> Option<f64> {
        (self.stories > 0).then(|| self.found as f64 / self.stories as f64)
    }

    pub fn precision(&self) -> Option<f64> {
        (self.alerts > 0).then(|| self.right as f64 / self.alerts as f64)
    }

    pub fn alerts_per_story(&self) -> Option<f64> {
        (self.stories > 0).then(|| self.alerts as f64 / self.stories as f64)
    }
}

pub type Families = BTreeMap<&'static str, Family>;

/// Weft's alerts of a log in the peer's words.
pub fn of_weft(log: &Log) -> Vec<Alert> {
    let said = log.voices.iter().filter(|voice| voice.alert);
    said.filter_map(|voice| {
        let family = family(&voice.finding.detector)?;
        Some(Alert {
            day: voice.day,
            family,
            devices: voice.finding.devices.clone(),
        })
    })
    .collect()
}

pub fn add(families: &mut Families, world: &World, alerts: &[Alert], (from, to): (f64, f64)) {
    for story in world
        .expected
        .iter()
        .filter(|one| one.by <= to && one.since >= from)
    {
        let Some(family) = family(story.detector) else {
            continue;
        };
        let of = families.entry(family).or_default();
        of.stories += 1;
        let said = |alert: &Alert| {
            alert.family == family && touches(story, alert) && alert.day <= story.by
        };
        of.found += usize::from(alerts.iter().any(said));
    }
    for alert in alerts {
        let of = families.entry(alert.family).or_default();
        of.alerts += 1;
        of.right += usize::from(world.expected.iter().any(|story| {
            // A compound is restarts and a program: a word about either is right.
            let kin = family(story.detector).is_none_or(|family| family == alert.family);
            kin && touches(story, alert) && alert.day <= story.until
        }));
        let has_part = |index: &usize| alert.devices.contains(&World::id(*index));
        of.healthy += usize::from(!world.cast.iter().any(has_part));
    }
}

fn touches(story: &Expected, alert: &Alert) -> bool {
    let about = |index: &usize| alert.devices.contains(&World::id(*index));
    alert.day >= story.since - 0.5 && story.devices.iter().any(about)
}

fn family(detector: &str) -> Option<&'static str> {
    let (head, _) = detector.split_once('.')?;
    FAMILIES.into_iter().find(|family| *family == head)
}
