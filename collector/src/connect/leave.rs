//! What may leave the house by a bridge, decided when it is written down and again when it is sent.
//!
//! **Invariant: whispers, hidden threads, private talks, security's spaces and what the collector says about programs and
//! apps never leave.** A space of staff leaves only where an admin said so for this bridge.

use uuid::Uuid;
use weft_collector_core::authority::{Audience, is_private};
use weft_collector_store::control::{
    Control, ControlError,
    accounts::SYSTEM,
    bridges::Bridge,
    posts::Post,
    threads::{Reader, Thread},
};

/// What of an audience may be bridged at all.
pub fn may_bridge(audience: Audience, beyond_everyone: bool) -> bool {
    match audience {
        Audience::Everyone => true,
        Audience::Staff => beyond_everyone,
        Audience::Security => false,
    }
}

/// The thread, if its talk may leave by this bridge now.
pub async fn thread(
    control: &Control,
    bridge: &Bridge,
    thread: Uuid,
) -> Result<Option<Thread>, ControlError> {
    let Some(thread) = control.threads().get(thread, Reader::COLLECTOR).await? else {
        return Ok(None);
    };
    let bridged = bridge.space == Some(thread.space) || bridge.thread == Some(thread.id);
    if !bridged || thread.hidden.is_some() || thread.merged_into.is_some() {
        return Ok(None);
    }
    let space = control.spaces().find(&thread.space.to_string()).await?;
    let audience = space.map_or(Audience::Security, |space| space.audience);
    if !may_bridge(audience, bridge.beyond_everyone) {
        return Ok(None);
    }
    let private = control.threads().private_among(vec![thread.id]).await?;
    Ok(private.is_empty().then_some(thread))
}

/// The post, if it may leave and did not come by this bridge.
pub async fn post(
    control: &Control,
    bridge: &Bridge,
    post: Uuid,
) -> Result<Option<Post>, ControlError> {
    let Some(post) = control.posts().get(post, Reader::COLLECTOR).await? else {
        return Ok(None);
    };
    if post.whisper || post.origin == bridge.origin() {
        return Ok(None);
    }
    match post.author != SYSTEM || may_be_told(control, &post.topic).await? {
        true => Ok(Some(post)),
        false => Ok(None),
    }
}

/// The collector's own words, by what they are about. Call links open a room to whoever has them; reviews and decisions
/// are about what people run: only what is named here leaves.
async fn may_be_told(control: &Control, topic: &str) -> Result<bool, ControlError> {
    match topic.split_once(':') {
        Some(("effect" | "applied", _)) => Ok(true),
        Some(("anomaly", id)) => {
            let Ok(id) = id.parse::<Uuid>() else {
                return Ok(false);
            };
            let anomaly = control.anomalies().get(id).await?;
            Ok(anomaly.is_some_and(|anomaly| !is_private(anomaly.anomaly.finding.kind)))
        }
        _ => Ok(false),
    }
}
