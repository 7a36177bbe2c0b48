//! About which laptops a figure is told, to somebody who is not staff.
//!
//! **Invariant: a group is remembered before a figure about it is told**, and one at a time in this process, so that two
//! questions at once cannot get two answers that differ by one laptop. The rule itself is `core::anonymity`; here it meets what
//! was told before. What a group is about is its **topic**: a talk, an anomaly, a model, an accepted answer.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use sha2::{Digest as _, Sha256};
use tokio::sync::Mutex;
use uuid::Uuid;
use weft_collector_core::{
    anonymity::{self, FLOOR},
    device::DeviceId,
};
use weft_collector_store::control::{
    Control, ControlError,
    groups::{Sort, Standing},
};

use crate::{clock::Clock, watch::earlier};

/// Figures told longer ago than this are about another fleet.
pub const REMEMBERED: SignedDuration = SignedDuration::from_hours(24 * 180);

/// One telling after the other.
#[derive(Default)]
pub struct Telling(pub Mutex<()>);

/// The topic of figures about a model, wherever they are shown.
pub fn topic_of_model(model: &str) -> Uuid {
    let hash = Sha256::new()
        .chain_update(b"model ")
        .chain_update(model)
        .finalize();
    let mut topic = [0; 16];
    topic.copy_from_slice(&hash[..16]);
    Uuid::from_bytes(topic)
}

/// The laptops that a figure on `topic` may be about, for the owner of `own`: those of now, or those of the last telling while
/// few have come or gone since. `None`: nothing may be said.
pub async fn tellable(
    control: &Control,
    clock: &Clock,
    telling: &Telling,
    topic: Uuid,
    group: BTreeSet<DeviceId>,
    own: &[DeviceId],
) -> Result<Option<BTreeSet<DeviceId>>, ControlError> {
    let _one_at_a_time = telling.0.lock().await;
    let now = clock.now();
    let told = told(control, Sort::Counts, now).await?;
    let may = |group: &BTreeSet<DeviceId>| {
        // Compared with nobody: a figure by itself.
        anonymity::may_tell(group, group, FLOOR, own, &told).is_ok()
    };
    let standing = control.groups().standing(topic).await?;
    if may(&group) {
        if standing.is_none_or(|standing| standing.devices != group) {
            let next = Standing {
                topic,
                sort: Sort::Counts,
                devices: group.clone(),
                figures: serde_json::Value::Null,
            };
            control.groups().stand(clock.id(), &next, now).await?;
        }
        return Ok(Some(group));
    }
    Ok(standing
        .map(|standing| standing.devices)
        .filter(|devices| may(devices)))
}

/// Every group that anybody was told figures of this sort about.
pub async fn told(
    control: &Control,
    sort: Sort,
    now: Timestamp,
) -> Result<Vec<BTreeSet<DeviceId>>, ControlError> {
    let since = earlier(now, REMEMBERED);
    let mut told = control.groups().told(sort, since).await?;
    if sort == Sort::Counts {
        told.extend(control.cohorts().groups(since).await?);
    }
    Ok(told)
}
