//! Words for the owner of a laptop, on their way to its agent: "3 colleagues with this model are on it".
//!
//! **Invariant:** a notice waits in SQL until its agent has said that it has it, at most [`LASTING`] and at most
//! [`MOST_WAITING`] per device; the oldest give way. The same id is the same notice. What a notice may say is decided by the
//! room that makes it: it reaches the device's owner and nobody else.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::{sync::broadcast, time::sleep};
use weft_collector_core::device::DeviceId;
use weft_collector_store::control::{Control, ControlError};
use weft_proto::v1::Notice;

use crate::clock::Clock;

/// A laptop that comes back after a holiday is not greeted with more than this.
const MOST_WAITING: usize = 20;
const LASTING: SignedDuration = SignedDuration::from_hours(24 * 14);

/// Longest title and body: what a desktop shows.
const LONGEST: usize = 400;

/// Devices that the other collectors are told of; more news than this within one look, and all streams look themselves.
const RECENT: usize = 200;

/// Waiting streams hear at most this many names at once; who falls behind looks itself.
const HEARD: usize = 256;

/// Names of the documents in SQL.
const DEVICE: &str = "notices.device.";
const LATEST: &str = "notices.latest";

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
}

impl Notices {
    pub fn new(control: Control, clock: Clock) -> Self {
        Self {
            control,
            clock,
            news: broadcast::Sender::new(HEARD),
            seen: Default::default(),
        }
    }

    pub fn news(&self) -> News {
        News(self.news.subscribe())
    }

    /// What waits for this device, oldest first.
    pub async fn waiting(&self, device: DeviceId) -> Result<Vec<Notice>, ControlError> {
        let kept = self.control.settings().get(&document(device)).await?;
        let mut waiting = kept.map(|kept| read(kept.value)).unwrap_or_default();
        prune(&mut waiting, self.clock.now());
        Ok(waiting.into_iter().map(Waiting::told).collect())
    }

    /// The agent has these.
    pub async fn delivered(&self, device: DeviceId, ids: &[String]) -> Result<(), ControlError> {
        self.change(device, |waiting| {
            waiting.retain(|notice| !ids.contains(&notice.id));
        })
        .await
    }

    /// Looks whether another collector left a word for a device that is connected here.
    pub async fn look(&self) -> Result<(), ControlError> {
        use std::sync::atomic::Ordering::Relaxed;
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
        let now = self.clock.now();
        let fresh = Waiting {
            id: clip(&notice.id),
            title: clip(&notice.title),
            body: clip(&notice.body),
            path: clip(&notice.path),
            since: now,
        };
        self.change(device, |waiting| {
            waiting.retain(|old| old.id != fresh.id);
            waiting.push(fresh.clone());
            let excess = waiting.len().saturating_sub(MOST_WAITING);
            waiting.drain(..excess);
        })
        .await?;
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
}
