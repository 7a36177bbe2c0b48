//! Measuring what accepted answers did, again and again while there is something new to see.
//!
//! **Invariant: an effect is computed by `core::effect` from the restarts that detectors read, never typed.** What people who
//! are not staff hear of it ([`tell_to`]) is about enough laptops, told anew only when those have changed by enough, and without the
//! rates behind it. An answer is said to have helped in its talk once, without figures, when the measurement first says so.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;
use weft_collector_core::{
    anonymity::{self, FLOOR},
    detect::fleet::days_before,
    device::DeviceId,
    effect::{self, Effect, WINDOW_DAYS},
    impact::{self, Events, Impact, Minutes},
};
use weft_collector_store::{
    control::{
        Control, ControlError,
        applied::{Applied, Measured},
        groups::{Sort, Standing},
    },
    telemetry::Restarts,
};

use crate::{
    api::reads::{ReadError, Reads},
    clock::Clock,
    cohorts, groups,
    jobs::Lease,
    threads::notice::notice,
};

/// Fixes that were applied longer ago are measured for good: four weeks after, and time for laptops that report late.
const FOLLOWED: SignedDuration = SignedDuration::from_hours(24 * 60);
/// How long the others wait for a collector that died while measuring.
const LEASE: SignedDuration = SignedDuration::from_mins(10);

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    Control(#[from] ControlError),
    #[error("restarts: {0}")]
    Telemetry(#[from] ReadError),
    #[error("the measurement ended in a panic; nothing was changed")]
    Measurement,
}

/// Measures one answer now, keeps the result, and says in its talk that it helped, if that is new.
pub async fn measure(
    control: &Control,
    reads: &dyn Reads,
    minutes: Minutes,
    applied: &[Applied],
    clock: &Clock,
) -> Result<Option<Measured>, Error> {
    let now = clock.now();
    let Some(first) = applied.iter().map(|one| one.applied_at).min() else {
        return Ok(None);
    };
    let restarts = restarts(control, reads, first, now).await?;
    let measured = judge(applied.to_vec(), restarts, minutes, now).await?;
    if let Some((measured, _)) = &measured {
        keep(control, clock, measured).await?;
    }
    Ok(measured.map(|(measured, _)| measured))
}

async fn keep(control: &Control, clock: &Clock, measured: &Measured) -> Result<(), ControlError> {
    let before = control.applied().effect_of(measured.post).await?;
    control.applied().keep_effect(measured).await?;
    let is_told = |measured: &Measured| measured.effect.enough && measured.effect.devices >= FLOOR;
    if is_told(measured) && !before.as_ref().is_some_and(is_told) {
        let topic = format!("effect:{}", measured.post);
        // Figures stand beside the answer, for each reader those that they may hear.
        let words = format!(
            "The accepted answer was measured: {}. See beside it how much, and on how many laptops.",
            measured.effect.verdict()
        );
        notice(control, clock, measured.thread, &topic, words).await?;
    }
    Ok(())
}

/// The effect as the owner of `own`, who is not staff, may hear it: this measurement, or the one that was told last while few have
/// applied the answer since. It is remembered as told.
pub async fn tell_to(
    control: &Control,
    clock: &Clock,
    measured: &Measured,
    own: &[DeviceId],
) -> Result<Option<Effect>, ControlError> {
    let now = clock.now();
    let told = groups::told(control, Sort::Effect, now).await?;
    let may =
        |group: &BTreeSet<DeviceId>| anonymity::may_tell(group, group, FLOOR, own, &told).is_ok();
    let group: BTreeSet<DeviceId> = measured.effect.measured.iter().copied().collect();
    if !may(&group) {
        let kept = control.groups().standing(measured.post).await?;
        let kept = kept.filter(|kept| may(&kept.devices));
        return Ok(kept.and_then(|kept| serde_json::from_value(kept.figures).ok()));
    }
    let effect = measured.effect.for_everybody();
    let standing = Standing {
        topic: measured.post,
        sort: Sort::Effect,
        devices: group,
        figures: serde_json::to_value(&effect).unwrap_or_default(),
    };
    control.groups().stand(clock.id(), &standing, now).await?;
    Ok(Some(effect))
}

async fn restarts(
    control: &Control,
    reads: &dyn Reads,
    first: Timestamp,
    now: Timestamp,
) -> Result<Restarts, Error> {
    let devices = control.devices().list().await?;
    let from = days_before(first, WINDOW_DAYS);
    Ok(reads.restarts(cohorts::traits(&devices), from, now).await?)
}

/// Gives the restarts back: one reading serves many answers.
async fn judge(
    applied: Vec<Applied>,
    restarts: Restarts,
    minutes: Minutes,
    now: Timestamp,
) -> Result<Option<(Measured, Restarts)>, Error> {
    let Some((post, thread)) = applied.first().map(|one| (one.post, one.thread)) else {
        return Ok(None);
    };
    let when: BTreeMap<DeviceId, Timestamp> = applied
        .iter()
        .map(|one| (one.device, one.applied_at))
        .collect();
    // A large fleet is some seconds of computing.
    let judged = tokio::task::spawn_blocking(move || {
        let effect = effect::measure_at(&when, &cohorts::watched(&restarts, now), now);
        let saved = saved(&effect, &when, &restarts, &minutes);
        (effect, saved, restarts)
    });
    let (effect, saved, restarts) = judged.await.map_err(|_| Error::Measurement)?;
    let measured = Measured {
        post,
        thread,
        effect,
        saved,
        at: now,
    };
    Ok(Some((measured, restarts)))
}

/// Time is saved only where an effect can be shown.
fn saved(
    effect: &Effect,
    when: &BTreeMap<DeviceId, Timestamp>,
    restarts: &Restarts,
    minutes: &Minutes,
) -> Option<Impact> {
    let is_shown =
        effect.high.is_some_and(|high| high < 1.0) || effect.low.is_some_and(|low| low > 1.0);
    let (expected, happened) = (effect.expected?, effect.happened?);
    let before: Events = restarts
        .boots
        .iter()
        .filter_map(|boots| Some((boots, *when.get(&boots.device)?)))
        .flat_map(|(boots, at)| {
            let since = days_before(at, WINDOW_DAYS);
            let ends = boots.ends.iter();
            ends.filter(move |end| end.ended_at >= since && end.ended_at < at)
        })
        .filter(|end| end.end.is_unexpected())
        .map(|end| end.end)
        .collect();
    is_shown.then(|| impact::saved(expected, happened, &before, minutes))
}

/// The job.
pub struct Effects {
    control: Control,
    reads: std::sync::Arc<dyn Reads>,
    clock: Clock,
    minutes: Minutes,
    lease: Lease,
}

impl Effects {
    pub fn new(
        control: Control,
        reads: std::sync::Arc<dyn Reads>,
        clock: Clock,
        minutes: Minutes,
    ) -> Self {
        let lease = Lease {
            control: control.clone(),
            clock: clock.clone(),
            name: "effects".into(),
            holder: clock.id(),
            lasting: LEASE,
        };
        Self {
            control,
            reads,
            clock,
            minutes,
            lease,
        }
    }

    /// Measures everything that is followed, if it is this collector's turn. Gives how many answers.
    pub async fn turn(&self) -> Result<usize, Error> {
        if !self.lease.take().await {
            return Ok(0);
        }
        let now = self.clock.now();
        let since = crate::watch::earlier(now, FOLLOWED);
        // An answer that anybody applied lately is measured over everybody who applied it.
        let lately = self.control.applied().since(since).await?;
        let posts: BTreeSet<Uuid> = lately.iter().map(|one| one.post).collect();
        let Some(first) = lately.iter().map(|one| one.applied_at).min() else {
            return Ok(0);
        };
        let earliest = days_before(first, WINDOW_DAYS);
        let mut restarts = restarts(&self.control, &*self.reads, earliest, now).await?;
        for post in &posts {
            let applied = self.control.applied().of_post(*post).await?;
            let Some((measured, kept)) = judge(applied, restarts, self.minutes, now).await? else {
                return Ok(0);
            };
            restarts = kept;
            keep(&self.control, &self.clock, &measured).await?;
        }
        Ok(posts.len())
    }

    pub async fn leave(&self) {
        self.lease.release().await;
    }
}
