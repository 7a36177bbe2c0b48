//! A word to the owners when a talk is found to be about their laptops.
//!
//! **Invariant:** only what an owner could read in that space anyway is told: never of a thread in a staff space, never about
//! programs or apps, never about one laptop to the owner of another ([`Place`] decides). One notice per anomaly and thread.

use uuid::Uuid;
use weft_collector_core::{
    anomaly::Anomaly, authority::Audience, device::DeviceId, finding::Subject,
};
use weft_collector_store::control::{ControlError, threads::Reader};
use weft_proto::v1::Notice;

use super::Correlate;
use crate::{
    ingest::{Notices, NotifyOwner as _},
    threads::about::Place,
};

/// Laptops of one cohort that are told; beyond, the talk is everybody's already.
const MOST_TOLD: usize = 200;

impl Correlate {
    /// What could not be told is in the log and stops nobody.
    pub(super) async fn tell_owners(&self, thread: Uuid, anomaly: &Anomaly) {
        let Some(notices) = &self.notices else {
            return;
        };
        if let Err(error) = self.try_to_tell(notices, thread, anomaly).await {
            tracing::warn!(%thread, anomaly = %anomaly.id, "owners were not told: {error}");
        }
    }

    async fn try_to_tell(
        &self,
        notices: &Notices,
        thread: Uuid,
        anomaly: &Anomaly,
    ) -> Result<(), ControlError> {
        let told = told(anomaly);
        let found = self
            .control
            .threads()
            .get(thread, Reader::COLLECTOR)
            .await?;
        let (Some(thread), false) = (found, told.is_empty()) else {
            return Ok(());
        };
        let spaces = self.control.spaces();
        let space = spaces.find(&thread.space.to_string()).await?;
        if space.is_none_or(|space| space.audience != Audience::Everyone) {
            return Ok(());
        }
        for device in told {
            let notice = Notice {
                id: format!("link:{}:{}", anomaly.id, thread.id),
                title: anomaly.finding.title.clone(),
                body: format!("People talk about it: {}", thread.title),
                path: format!("/threads/{}", thread.id),
            };
            notices.notify_device(device, notice).await?;
        }
        Ok(())
    }
}

/// Whose owners may hear of it.
fn told(anomaly: &Anomaly) -> Vec<DeviceId> {
    let devices = match &anomaly.finding.subject {
        Subject::Device(device) => vec![*device],
        Subject::Cohort(_) => anomaly.finding.devices.clone(),
    };
    match Place::of(anomaly, &devices) {
        Place::Staff | Place::Security => Vec::new(),
        Place::OpenGroup | Place::OpenOwner => devices.into_iter().take(MOST_TOLD).collect(),
    }
}
