//! Which app is on which device.

use jiff::Timestamp;
use weft_collector_core::evidence::AppUse;
use weft_dashboards::queries;

use crate::telemetry::{Error, Telemetry};

/// (device, app) pairs of one round: 10,000 laptops with 50 apps each.
const MAX_USES: u32 = 500_000;

impl Telemetry {
    pub(super) async fn evidence_apps(
        &self,
        from: Timestamp,
        now: Timestamp,
    ) -> Result<Vec<AppUse>, Error> {
        let asked = self
            .work(queries::EVIDENCE_APPS)
            .at("from", from)
            .at("now", now);
        asked.with("limit", MAX_USES).all().await
    }
}
