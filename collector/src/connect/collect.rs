//! Events become letters.
//!
//! **Invariant: an event that concerns a bridge has its letters before the cursor passes it**, and an event of the bridge's
//! own making has none.

use std::collections::HashSet;

use uuid::Uuid;
use weft_collector_store::control::{
    ControlError,
    bridges::{
        Bridge,
        letters::{NewLetter, Step},
    },
    events::{Event, EventKind, MOST},
    threads::Reader,
};

use super::{Connect, leave};

/// Letters that wait before no more events are read: a platform that is down for days fills no table. The events stay.
const MOST_WAITING: u64 = 10_000;
/// Posts of a thread that are carried again when it is shown again.
const MOST_AGAIN: u64 = 200;

impl Connect {
    /// Reads what happened and writes the letters. True when there may be more.
    pub async fn collect(&self, bridge: &Bridge) -> Result<bool, ControlError> {
        let now = self.clock.now();
        let from = self.control.events().cursor(&bridge.origin(), now).await?;
        let events = self.control.events().after(from, MOST).await?;
        let Some(last) = events.last() else {
            return Ok(false);
        };
        let bridges = self.control.bridges();
        let letters = bridges.letters(bridge.id);
        if letters.tally().await?.waiting >= MOST_WAITING {
            return Ok(false);
        }
        let mut written = Vec::new();
        for event in events.iter().filter(|_| bridge.outward) {
            written.extend(self.letters_of(bridge, event).await?);
        }
        letters.collect(from, last.id, written, now).await?;
        Ok(events.len() as u64 >= MOST)
    }

    async fn letters_of(
        &self,
        bridge: &Bridge,
        event: &Event,
    ) -> Result<Vec<NewLetter>, ControlError> {
        if event.whisper || event.origin == bridge.origin() {
            return Ok(vec![]);
        }
        let one = |step| vec![self.letter(event, event.post, step)];
        Ok(match event.kind {
            EventKind::ThreadOpened | EventKind::PostCreated | EventKind::PostRestored => {
                match leave::thread(&self.control, bridge, event.thread).await? {
                    Some(_) => one(Step::Say),
                    None => vec![],
                }
            }
            // Whether there is something over there to change is seen when it is sent.
            EventKind::PostEdited if self.concerns(bridge, event).await? => one(Step::Edit),
            EventKind::PostDeleted if self.concerns(bridge, event).await? => one(Step::Delete),
            EventKind::Solved if self.concerns(bridge, event).await? => one(Step::Solved),
            EventKind::Reopened if self.concerns(bridge, event).await? => one(Step::Reopened),
            EventKind::Hidden => self.take_back(bridge, event).await?,
            EventKind::Moved | EventKind::Restored => {
                match leave::thread(&self.control, bridge, event.thread).await? {
                    Some(_) => self.say_again(bridge, event).await?,
                    None => self.take_back(bridge, event).await?,
                }
            }
            _ => vec![],
        })
    }

    /// Is the thread known over there, or may it be?
    async fn concerns(&self, bridge: &Bridge, event: &Event) -> Result<bool, ControlError> {
        let bridges = self.control.bridges();
        if bridges
            .ties(bridge.id)
            .thread_there(event.thread)
            .await?
            .is_some()
        {
            return Ok(true);
        }
        let thread = leave::thread(&self.control, bridge, event.thread).await?;
        Ok(thread.is_some())
    }

    /// What we carried of a thread that is no longer everybody's.
    async fn take_back(
        &self,
        bridge: &Bridge,
        event: &Event,
    ) -> Result<Vec<NewLetter>, ControlError> {
        let bridges = self.control.bridges();
        let ours = bridges.ties(bridge.id).ours_in(event.thread).await?;
        Ok(ours
            .iter()
            .map(|tie| self.letter(event, Some(tie.post), Step::Delete))
            .collect())
    }

    /// What stands in a thread that is everybody's (again) and is not over there.
    async fn say_again(
        &self,
        bridge: &Bridge,
        event: &Event,
    ) -> Result<Vec<NewLetter>, ControlError> {
        let posts = self
            .control
            .posts()
            .of_thread(event.thread, Reader::COLLECTOR, MOST_AGAIN)
            .await?;
        let bridges = self.control.bridges();
        let ours = bridges.ties(bridge.id).ours_in(event.thread).await?;
        let there: HashSet<Uuid> = ours.iter().map(|tie| tie.post).collect();
        let mut letters: Vec<NewLetter> = posts
            .iter()
            .filter(|post| !post.whisper && post.origin != bridge.origin())
            .filter(|post| !there.contains(&post.id))
            .map(|post| self.letter(event, Some(post.id), Step::Say))
            .collect();
        // Letters of one event go by their ids: the oldest post has the smallest.
        let mut ids: Vec<Uuid> = letters.iter().map(|letter| letter.id).collect();
        ids.sort();
        for (letter, id) in letters.iter_mut().zip(ids) {
            letter.id = id;
        }
        Ok(letters)
    }

    fn letter(&self, event: &Event, post: Option<Uuid>, step: Step) -> NewLetter {
        NewLetter {
            id: self.clock.id(),
            seq: event.id,
            thread: event.thread,
            post,
            step,
        }
    }
}
