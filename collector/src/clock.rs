//! Time and new ids, as a parameter: the rooms of this crate ask a [`Clock`], never the system.
//!
//! Only `main` and tests make one.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use uuid::{ContextV7, Uuid};

/// A source of moments. Cloning shares it.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> Timestamp + Send + Sync>);

impl Clock {
    pub fn system() -> Self {
        Self(Arc::new(Timestamp::now))
    }

    /// The system's clock, set back.
    pub fn behind(span: SignedDuration) -> Self {
        Self(Arc::new(move || {
            Timestamp::now()
                .saturating_sub(span)
                .unwrap_or(Timestamp::MIN)
        }))
    }

    pub fn from_fn(now: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        Self(Arc::new(now))
    }

    pub fn now(&self) -> Timestamp {
        (self.0)()
    }

    /// A new UUIDv7 of this moment: sorts by time.
    pub fn id(&self) -> Uuid {
        let now = self.now();
        let seconds = u64::try_from(now.as_second()).unwrap_or(0);
        let nanos = u32::try_from(now.subsec_nanosecond()).unwrap_or(0);
        Uuid::new_v7(uuid::Timestamp::from_unix(ContextV7::new(), seconds, nanos))
    }
}

impl std::fmt::Debug for Clock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Clock({})", self.now())
    }
}
