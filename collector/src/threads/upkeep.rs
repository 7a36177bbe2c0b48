//! Upkeep: what is forgotten, and when. Once an hour is enough: each limit is days.
//!
//! **Invariant: an event goes only when every consumer has carried it**; what people wrote never goes.

use jiff::{SignedDuration, Timestamp};
use weft_collector_store::control::{Control, ControlError};

use super::files::ORPHAN;
use crate::watch::earlier;

/// A draft that nobody touched for a month was given up.
pub const DRAFTS: SignedDuration = SignedDuration::from_hours(24 * 30);
/// Nobody reads what they were told a quarter ago.
pub const NOTICES: SignedDuration = SignedDuration::from_hours(24 * 90);
/// A connector that is down for a month starts over.
pub const EVENTS: SignedDuration = SignedDuration::from_hours(24 * 30);

/// Letters and messages are known this long, so that none is sent or taken again; mail servers give up after days.
pub const MAIL: SignedDuration = SignedDuration::from_hours(24 * 60);

/// What went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Forgotten {
    pub drafts: u64,
    pub notices: u64,
    pub events: u64,
    pub uploads: u64,
    pub mail: u64,
}

pub async fn round(control: &Control, now: Timestamp) -> Result<Forgotten, ControlError> {
    Ok(Forgotten {
        drafts: control.drafts().forget(earlier(now, DRAFTS)).await?,
        notices: control
            .notifications()
            .forget(earlier(now, NOTICES))
            .await?,
        events: control.events().forget(earlier(now, EVENTS)).await?,
        mail: control.letters().forget(earlier(now, MAIL)).await?
            + control.replies().forget(earlier(now, MAIL)).await?,
        uploads: control
            .attachments()
            .forget_orphans(earlier(now, ORPHAN))
            .await?,
    })
}
