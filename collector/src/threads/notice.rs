//! What the collector says in a talk because somebody did something: a call was started, an answer was accepted, a decision
//! was taken.
//!
//! **Invariant: a topic is said once**, and its words come from this program, with names made harmless by
//! [`about::literal`](super::about::literal). Not the voice of detectors (`voice`), which has to be quieter.

use uuid::Uuid;
use weft_collector_store::control::{Control, ControlError, accounts::SYSTEM, posts::NewPost};

use crate::clock::Clock;

/// True when it was said now; false when this topic was said in this talk before.
pub async fn notice(
    control: &Control,
    clock: &Clock,
    thread: Uuid,
    topic: &str,
    markdown: String,
) -> Result<bool, ControlError> {
    let now = clock.now();
    let (said, _) = control.posts().of_collector(thread, topic, now).await?;
    if said.is_some() {
        return Ok(false);
    }
    let post = NewPost {
        id: clock.id(),
        thread,
        author: SYSTEM,
        at: now,
        markdown,
        topic: topic.to_owned(),
        ..NewPost::default()
    };
    control.posts().add(post).await?;
    Ok(true)
}
