//! The collector's own voice in threads: an anomaly joined, came back, is over.
//!
//! **Invariant: the voice is quiet.** News on one anomaly joins the collector's last post on it for a day, a thread
//! gets at most [`POSTS_PER_DAY`] such posts, that an anomaly joined is said once for ever, and a space is told only what
//! [`about::Place`] allows. What is not said here still shows as a link.

use jiff::SignedDuration;
use uuid::Uuid;
use weft_collector_core::{
    anomaly::{Anomaly, Judgement},
    link::LinkState,
};
use weft_collector_store::control::{
    Control, ControlError,
    accounts::SYSTEM,
    posts::NewPost,
    threads::{Reader, Thread},
};

use super::{
    ThreadError,
    about::{self, Place},
    source::MAX_POST,
};
use crate::clock::Clock;

/// More than this is noise in a talk between people.
pub const POSTS_PER_DAY: u64 = 3;
const DAY: SignedDuration = SignedDuration::from_hours(24);
/// Threads that hear of one anomaly's turn, the surest first: beyond, it is everybody's talk already.
const THREADS_TOLD: usize = 20;

/// What there is to say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum News {
    Linked,
    Relapsed,
    Resolved,
}

/// Whether it was said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Said {
    Posted,
    /// Joined the last post on this anomaly.
    Joined,
    /// Enough was said today.
    Withheld,
    /// Not for this space.
    NotHere,
}

#[derive(Clone, Debug)]
pub struct Voice {
    control: Control,
    clock: Clock,
}

impl Voice {
    pub fn new(control: Control, clock: Clock) -> Self {
        Self { control, clock }
    }

    /// Says in every thread that is surely about the anomaly that it came back or is over.
    pub async fn spread(&self, anomaly: &Anomaly, news: News) -> Result<(), ControlError> {
        // What a person declared false or expected was not cured: its silence is no news.
        let waved_off = matches!(
            anomaly.judgement,
            Some(Judgement::False | Judgement::Expected)
        );
        if news == News::Resolved && waved_off {
            return Ok(());
        }
        let links = self.control.links().of_anomalies(vec![anomaly.id]).await?;
        let sure = links.iter().filter(|link| is_sure(link.state));
        for link in sure.take(THREADS_TOLD) {
            self.try_to_say(link.thread, anomaly, news).await;
        }
        Ok(())
    }

    /// [`Voice::say`] for those who have more to do: what could not be said is in the log and stops nobody.
    pub async fn try_to_say(&self, thread: Uuid, anomaly: &Anomaly, news: News) {
        if let Err(error) = self.say(thread, anomaly, news).await {
            tracing::warn!(%thread, anomaly = %anomaly.id, ?news, "not said: {error}");
        }
    }

    /// Says the news in a thread, if it may be said there.
    pub async fn say(
        &self,
        thread: Uuid,
        anomaly: &Anomaly,
        news: News,
    ) -> Result<Said, ThreadError> {
        let Some(thread) = self
            .control
            .threads()
            .get(thread, Reader::COLLECTOR)
            .await?
        else {
            return Err(ThreadError::Missing("thread"));
        };
        if !self.may_be_said(&thread, anomaly).await? {
            return Ok(Said::NotHere);
        }
        let line = line(anomaly, news);
        let now = self.clock.now();
        let topic = format!("anomaly:{}", anomaly.id);
        let (last, today) = self
            .control
            .posts()
            .of_collector(thread.id, &topic, now - DAY)
            .await?;
        // A link that comes and goes is one piece of news.
        if news == News::Linked && last.is_some() {
            return Ok(Said::Withheld);
        }
        if let Some(last) = last.filter(|last| last.posted_at > now - DAY) {
            let whole = format!("{}\n{line}", last.markdown);
            // The same news twice, or a post grown to its limit: nothing to add.
            if last.markdown.ends_with(&line) || whole.len() > MAX_POST {
                return Ok(Said::Withheld);
            }
            self.control
                .posts()
                .edit(self.clock.id(), last.id, &whole, SYSTEM, now)
                .await?;
            return Ok(Said::Joined);
        }
        if today >= POSTS_PER_DAY || thread.posts >= super::MAX_POSTS {
            return Ok(Said::Withheld);
        }
        let post = NewPost {
            id: self.clock.id(),
            thread: thread.id,
            author: SYSTEM,
            at: now,
            markdown: line,
            whisper: false,
            topic,
        };
        self.control.posts().add(post).await?;
        Ok(Said::Posted)
    }

    /// In the staff space everything; elsewhere what the people who talk there could have told themselves.
    async fn may_be_said(&self, thread: &Thread, anomaly: &Anomaly) -> Result<bool, ThreadError> {
        let space = self
            .control
            .spaces()
            .find(&thread.space.to_string())
            .await?;
        if space.is_some_and(|space| space.staff_only) {
            return Ok(true);
        }
        // Only whoever opened the thread spoke about the own laptop for sure.
        let devices = self.control.devices().of_owner(thread.author).await?;
        let own: Vec<_> = devices.into_iter().map(|device| device.id).collect();
        Ok(Place::of(anomaly, &own) != Place::Staff)
    }
}

/// Sure enough to speak about the anomaly in the thread.
pub fn is_sure(state: LinkState) -> bool {
    matches!(state, LinkState::Confirmed | LinkState::Automatic)
}

fn line(anomaly: &Anomaly, news: News) -> String {
    let title = about::literal(&anomaly.finding.title);
    let link = format!("[{title}](/anomalies/{})", anomaly.id);
    match news {
        News::Linked => format!("- What the laptops show fits this talk: {link}."),
        News::Relapsed => format!("- It is back: {link}."),
        News::Resolved => {
            format!("- It has not been seen any more and counts as resolved: {link}.")
        }
    }
}
