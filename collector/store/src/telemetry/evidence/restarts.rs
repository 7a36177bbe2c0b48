//! Restarts of the whole fleet, for comparisons outside the detectors: cohorts of a talk, effects of a fix, impact.
//!
//! **Invariant: the same evidence as the detectors read**, from the same queries, so that a talk and an anomaly never disagree.

use std::collections::BTreeMap;

use jiff::Timestamp;
use weft_collector_core::{
    device::{DeviceId, Traits},
    evidence::{AppUse, DeviceBoots, DeviceEvidence},
};

use serde::Deserialize;
use weft_collector_core::event::BootEnd;
use weft_dashboards::queries;

use crate::telemetry::{Error, Telemetry};

/// Who was watched since when, and how sessions ended.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Restarts {
    pub devices: BTreeMap<DeviceId, DeviceEvidence>,
    pub boots: Vec<DeviceBoots>,
}

/// How often sessions of one device ended in one way in one month.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct EndsOfMonth {
    pub device: DeviceId,
    /// `YYYY-MM`, UTC.
    pub month: String,
    pub end: BootEnd,
    pub count: u32,
}

impl Telemetry {
    pub async fn ends_by_month(
        &self,
        from: Timestamp,
        now: Timestamp,
    ) -> Result<Vec<EndsOfMonth>, Error> {
        self.select(queries::ENDS_BY_MONTH)
            .at("from", from)
            .at("now", now)
            .all()
            .await
    }

    pub async fn restarts(
        &self,
        from: Timestamp,
        now: Timestamp,
        devices: &BTreeMap<DeviceId, Traits>,
    ) -> Result<Restarts, Error> {
        self.fold(now).await?;
        let (known, mut boots) = futures::try_join!(
            self.evidence_devices(from, now, devices),
            self.evidence_boots(from, now),
        )?;
        boots.retain(|of| known.contains_key(&of.device));
        Ok(Restarts {
            devices: known,
            boots,
        })
    }

    /// Which app is on which device, as the detectors see it.
    pub async fn app_uses(&self, from: Timestamp, now: Timestamp) -> Result<Vec<AppUse>, Error> {
        self.fold(now).await?;
        self.evidence_apps(from, now).await
    }
}
