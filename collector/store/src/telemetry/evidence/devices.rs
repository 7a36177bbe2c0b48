//! Who reported, since when, and what each device is made of.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Deserialize;
use weft_collector_core::{
    device::{DeviceId, Traits},
    evidence::{Component, DeviceEvidence},
};
use weft_dashboards::queries;

use crate::telemetry::{Error, Telemetry};

#[derive(Deserialize)]
struct Life {
    device: DeviceId,
    watched: bool,
    #[serde(rename = "first_live_")]
    first_live: Timestamp,
    #[serde(rename = "last_live_")]
    last_live: Timestamp,
    #[serde(rename = "first_any_")]
    first_any: Timestamp,
    #[serde(rename = "last_any_")]
    last_any: Timestamp,
    history: Timestamp,
}

#[derive(Deserialize)]
struct Made {
    device: DeviceId,
    os_type: String,
    os_build: String,
    manufacturer: String,
    model: String,
    components: Vec<(String, String, Timestamp)>,
}

impl Telemetry {
    pub(super) async fn evidence_devices(
        &self,
        from: Timestamp,
        now: Timestamp,
        devices: &BTreeMap<DeviceId, Traits>,
    ) -> Result<BTreeMap<DeviceId, DeviceEvidence>, Error> {
        let asked = self.work(queries::EVIDENCE_DEVICES);
        let lives: Vec<Life> = asked.at("from", from).at("now", now).all().await?;
        let made: Vec<Made> = self.work(queries::EVIDENCE_INVENTORIES).all().await?;
        let mut made: BTreeMap<DeviceId, Made> =
            made.into_iter().map(|made| (made.device, made)).collect();
        let known = lives.into_iter().filter_map(|life| {
            let traits = devices.get(&life.device)?.clone();
            Some((
                life.device,
                life.evidence(traits, made.remove(&life.device)),
            ))
        });
        Ok(known.collect())
    }
}

impl Life {
    fn evidence(&self, mut traits: Traits, made: Option<Made>) -> DeviceEvidence {
        let first_report = match self.watched {
            true => self.first_live,
            false => self.first_any,
        };
        // A boot may be history when it begins to be known, but whoever booted then was there then.
        let last_report = self.last_live.max(self.last_any);
        let mut components = Vec::new();
        if let Some(made) = made {
            fill(&mut traits.model, || made.full_model());
            fill(&mut traits.os_build, || made.os_build.clone());
            fill(&mut traits.os_type, || made.os_type.clone());
            components = made
                .components
                .into_iter()
                .map(|(name, version, since)| Component {
                    name,
                    version,
                    since,
                })
                .collect();
        }
        DeviceEvidence {
            traits,
            first_report,
            last_report,
            history_from: self.history.min(first_report),
            components,
        }
    }
}

impl Made {
    /// "Lenovo ThinkPad T14": the maker is not said twice.
    fn full_model(&self) -> String {
        if self
            .model
            .to_lowercase()
            .starts_with(&self.manufacturer.to_lowercase())
        {
            return self.model.clone();
        }
        format!("{} {}", self.manufacturer, self.model)
            .trim()
            .to_owned()
    }
}

fn fill(empty: &mut String, value: impl FnOnce() -> String) {
    if empty.is_empty() {
        *empty = value();
    }
}
