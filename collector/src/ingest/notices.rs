//! Words for the owner of a laptop, on their way to its agent: "3 colleagues with this model are on it".
//!
//! **Invariant:** a notice waits in SQL until its agent has said that it has it, at most [`LASTING`] and at most
//! [`MOST_WAITING`] per device; the oldest give way. The same id is the same notice. What a notice may say is decided by the
//! room that makes it: it reaches the device's owner and nobody else, and not within the quiet hours that the owner set for
//! mail and desktop alike.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::{sync::broadcast, time::sleep};
use weft_collector_core::device::DeviceId;
use weft_collector_store::control::{Control, ControlError};
use weft_proto::v1::Notice;

use crate::{clock::Clock, mail::Wishes};

/// A laptop that comes back after a holiday is not greeted with more than this.
const MOST_WAITING: usize = 20;
const LASTING: SignedDuration = SignedDuration::from_hours(24 * 14);

/// Longest title and body: what a desktop shows.
const LONGEST: usize = 400;

/// Devices that the other collectors are told of; more news than this within one look, and all streams look themselves.
const RECENT: usize = 200;

/// Waiting streams hear at most this many names at once; who falls behind looks itself.
const HEARD: usize = 256;

/// Devices whose quiet hours are waited for; beyond, a laptop hears at its next connection.
const HELD: usize = 1_000;

/// Names of the documents in SQL.
const DEVICE: &str = "notices.device.";
const LATEST: &str = "notices.latest";
const HELD_UNTIL: &str = "notices.held";

/// The face for other rooms.
pub trait NotifyOwner {
    /// Leaves a word for the owner of a laptop; it is told once, as soon as the laptop is there.
    fn notify_device(
        &self,
        device: DeviceId,
        notice: Notice,
    ) -> impl Future<Output = Result<(), ControlError>> + Send;
}

/// Cloning shares it.
#[derive(Clone, Debug)]
pub struct Notices {
    control: Control,
    clock: Clock,
    news: broadcast::Sender<DeviceId>,
    seen: std::sync::Arc<std::sync::atomic::AtomicU64>,
    /// Up to when ends of quiet hours were told, in microseconds.
    woken: std::sync::Arc<std::sync::atomic::AtomicI64>,
}

/// What a stream listens to.
pub struct News(broadcast::Receiver<DeviceId>);

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Waiting {
    id: String,
    title: String,
    body: String,
    path: String,
    since: Timestamp,
    /// The end of its owner's quiet hours.
    #[serde(default)]
    not_before: Option<Timestamp>,
}

/// A device that is told when its owner's quiet hours end.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct HeldUntil {
    device: DeviceId,
    at: Timestamp,
}

impl Notices {
    pub fn new(control: Control, clock: Clock) -> Self {
        Self {
            control,
            clock,
            news: broadcast::Sender::new(HEARD),
            seen: Default::default(),
            woken: Default::default(),
        }
    }

    pub fn news(&self) -> News {
        News(self.news.subscribe())
    }

    /// What waits for this device, oldest first.
    pub async fn waiting(&self, device: DeviceId) -> Result<Vec<Notice>, ControlError> {
        let kept = self.control.settings().get(&document(device)).await?;
        let mut waiting = kept.map(|kept| read(kept.value)).unwrap_or_default();
        let now = self.clock.now();
        prune(&mut waiting, now);
        waiting.retain(|notice| notice.not_before.is_none_or(|opens| opens <= now));
        Ok(waiting.into_iter().map(Waiting::told).collect())
    }

    /// The agent has these.
    pub async fn delivered(&self, device: DeviceId, ids: &[String]) -> Result<(), ControlError> {
        self.change(device, |waiting| {
            waiting.retain(|notice| !ids.contains(&notice.id));
        })
        .await
    }

    /// Looks whether another collector left a word for a device that is connected here, and whose quiet hours ended.
    pub async fn look(&self) -> Result<(), ControlError> {
        use std::sync::atomic::Ordering::Relaxed;
        self.wake().await?;
        let Some(latest) = self.control.settings().get(LATEST).await? else {
            return Ok(());
        };
        if self.seen.swap(latest.version, Relaxed) == latest.version {
            return Ok(());
        }
        let devices: Vec<DeviceId> = serde_json::from_value(latest.value).unwrap_or_default();
        for device in devices {
            // Nobody listens: then nobody is connected.
            let _ = self.news.send(device);
        }
        Ok(())
    }

    async fn wake(&self) -> Result<(), ControlError> {
        use std::sync::atomic::Ordering::Relaxed;
        let now = self.clock.now().as_microsecond();
        let before = self.woken.swap(now, Relaxed);
        let held = self.control.settings().get(HELD_UNTIL).await?;
        let held: Vec<HeldUntil> = held
            .and_then(|held| serde_json::from_value(held.value).ok())
            .unwrap_or_default();
        for one in held {
            if (before..now).contains(&one.at.as_microsecond()) {
                let _ = self.news.send(one.device);
            }
        }
        Ok(())
    }

    /// When the owner may be told: now, or when their quiet hours end.
    async fn opens(&self, device: DeviceId) -> Result<Timestamp, ControlError> {
        let now = self.clock.now();
        let owner = self.control.devices().get(device).await?;
        Ok(match owner.and_then(|device| device.owner) {
            Some(owner) => Wishes::of(&self.control, owner).await?.opens(now),
            None => now,
        })
    }

    async fn hold(&self, device: DeviceId, at: Timestamp) -> Result<(), ControlError> {
        let now = self.clock.now();
        let hold = |old: Option<Value>| {
            let mut held: Vec<HeldUntil> = old
                .and_then(|old| serde_json::from_value(old).ok())
                .unwrap_or_default();
            // What ended an hour ago was told by every collector.
            held.retain(|one| one.device != device && now.duration_since(one.at).as_hours() < 1);
            held.push(HeldUntil { device, at });
            let excess = held.len().saturating_sub(HELD);
            held.drain(..excess);
            serde_json::json!(held)
        };
        self.control
            .settings()
            .change(HELD_UNTIL, hold, "system", now)
            .await
            .map(drop)
    }

    /// Leaves a word that is told from `opens` on.
    async fn leave(
        &self,
        device: DeviceId,
        notice: Notice,
        opens: Timestamp,
    ) -> Result<(), ControlError> {
        let now = self.clock.now();
        let held = opens > now;
        let fresh = Waiting {
            id: clip(&notice.id),
            title: clip(&notice.title),
            body: clip(&notice.body),
            path: clip(&notice.path),
            since: now,
            not_before: held.then_some(opens),
        };
        self.change(device, |waiting| {
            waiting.retain(|old| old.id != fresh.id);
            waiting.push(fresh.clone());
            let excess = waiting.len().saturating_sub(MOST_WAITING);
            waiting.drain(..excess);
        })
        .await?;
        match held {
            true => self.hold(device, opens).await,
            false => self.spread(device).await,
        }
    }

    /// Tells the streams here, and those of other collectors.
    async fn spread(&self, device: DeviceId) -> Result<(), ControlError> {
        let now = self.clock.now();
        let latest = |old: Option<Value>| {
            let mut devices: Vec<DeviceId> = old
                .and_then(|old| serde_json::from_value(old).ok())
                .unwrap_or_default();
            // The newest last; a device that is there already moves, so the document changes.
            devices.retain(|known| *known != device);
            devices.push(device);
            let excess = devices.len().saturating_sub(RECENT);
            devices.drain(..excess);
            serde_json::json!(devices)
        };
        self.control
            .settings()
            .change(LATEST, latest, "system", now)
            .await?;
        let _ = self.news.send(device);
        Ok(())
    }

    async fn change(
        &self,
        device: DeviceId,
        change: impl Fn(&mut Vec<Waiting>) + Send + Sync,
    ) -> Result<(), ControlError> {
        let now = self.clock.now();
        let changed = |old: Option<Value>| {
            let mut waiting = old.map(read).unwrap_or_default();
            prune(&mut waiting, now);
            change(&mut waiting);
            serde_json::to_value(waiting).unwrap_or_default()
        };
        let settings = self.control.settings();
        settings
            .change(&document(device), changed, "system", now)
            .await
            .map(drop)
    }
}

impl NotifyOwner for Notices {
    async fn notify_device(&self, device: DeviceId, notice: Notice) -> Result<(), ControlError> {
        let opens = self.opens(device).await?;
        self.leave(device, notice, opens).await
    }
}

impl News {
    /// Returns when there may be a notice for this device.
    pub async fn about(&mut self, device: DeviceId) {
        loop {
            match self.0.recv().await {
                Ok(named) if named == device => return,
                Ok(_) => {}
                Err(broadcast::error::RecvError::Lagged(_)) => return,
                // The house closes; the stream hears that by itself.
                Err(broadcast::error::RecvError::Closed) => sleep(Duration::MAX).await,
            }
        }
    }
}

impl Waiting {
    fn told(self) -> Notice {
        Notice {
            id: self.id,
            title: self.title,
            body: self.body,
            path: self.path,
        }
    }
}

fn document(device: DeviceId) -> String {
    format!("{DEVICE}{device}")
}

fn read(value: Value) -> Vec<Waiting> {
    serde_json::from_value(value).unwrap_or_default()
}

fn prune(waiting: &mut Vec<Waiting>, now: Timestamp) {
    waiting.retain(|notice| now.duration_since(notice.since) < LASTING);
}

fn clip(text: &str) -> String {
    text.chars().take(LONGEST).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use uuid::Uuid;

    use super::*;

    const DEVICE: DeviceId = DeviceId(Uuid::from_u128(7));

    fn notice(id: usize) -> Notice {
        Notice {
            id: id.to_string(),
            title: "t".repeat(1000),
            body: "b".into(),
            path: "/threads/1".into(),
        }
    }

    async fn ids(notices: &Notices) -> Vec<String> {
        let waiting = notices.waiting(DEVICE).await.unwrap();
        waiting.into_iter().map(|notice| notice.id).collect()
    }

    #[tokio::test]
    async fn waits_until_it_is_there_once_and_bounded() {
        let control = Control::connect("sqlite::memory:").await.unwrap();
        let notices = Notices::new(control.clone(), Clock::system());
        let mut news = notices.news();
        for id in [1, 2, 1] {
            notices.notify_device(DEVICE, notice(id)).await.unwrap();
        }
        news.about(DEVICE).await;
        assert_eq!(ids(&notices).await, ["2", "1"]);
        assert_eq!(
            notices.waiting(DEVICE).await.unwrap()[0].title.len(),
            LONGEST
        );
        notices
            .delivered(DEVICE, &["2".into(), "none".into()])
            .await
            .unwrap();
        assert_eq!(ids(&notices).await, ["1"]);
        for id in 10..10 + MOST_WAITING + 5 {
            notices.notify_device(DEVICE, notice(id)).await.unwrap();
        }
        let left = ids(&notices).await;
        assert_eq!((left.len(), left[0].as_str()), (MOST_WAITING, "15"));
        assert!(
            notices
                .waiting(DeviceId(Uuid::from_u128(8)))
                .await
                .unwrap()
                .is_empty()
        );

        // Another collector on the same database hears of it at its next look.
        let other = Notices::new(control, Clock::system());
        let mut news = other.news();
        other.look().await.unwrap();
        news.about(DEVICE).await;
        assert_eq!(ids(&other).await.len(), MOST_WAITING);
    }

    #[tokio::test]
    async fn quiet_hours_hold_a_notice_and_their_end_wakes_its_stream() {
        use std::sync::{
            Arc,
            atomic::{AtomicI64, Ordering::Relaxed},
        };
        let control = Control::connect("sqlite::memory:").await.unwrap();
        let seconds = Arc::new(AtomicI64::new(1_000));
        let clock = Clock::from_fn({
            let seconds = seconds.clone();
            move || Timestamp::from_second(seconds.load(Relaxed)).unwrap()
        });
        let notices = Notices::new(control, clock);
        notices.look().await.unwrap();
        let opens = Timestamp::from_second(2_000).unwrap();
        let mut news = notices.news();
        notices.leave(DEVICE, notice(1), opens).await.unwrap();
        notices.look().await.unwrap();
        assert!(ids(&notices).await.is_empty());
        assert!(news.0.try_recv().is_err());
        seconds.store(2_001, Relaxed);
        assert_eq!(ids(&notices).await, ["1"]);
        notices.look().await.unwrap();
        assert_eq!(news.0.try_recv().unwrap(), DEVICE);
        // Once.
        seconds.store(2_010, Relaxed);
        notices.look().await.unwrap();
        assert!(news.0.try_recv().is_err());
    }
}
