//! The collector's own voice in threads: an anomaly joined, came back, is over.
//!
//! **Invariant: the voice is quiet.** News on one anomaly joins the collector's last post on it for a day, up to
//! [`TURNS_PER_DAY`]; a thread gets at most [`POSTS_PER_DAY`] such posts, that an anomaly joined is said once for ever, and
//! a space is told only what [`about::Place`] allows. What is not said here still shows as a link.

use jiff::SignedDuration;
use uuid::Uuid;
use weft_collector_core::{
    anomaly::{Anomaly, Judgement},
    authority::Audience,
    link::LinkState,
};
use weft_collector_store::control::{
    Control, ControlError,
    accounts::SYSTEM,
    events::{EventKind, NewEvent},
    notifications::{NewNotice, NoticeKind},
    posts::NewPost,
    threads::{Reader, Thread},
};

use super::{
    ThreadError,
    about::{self, Place},
    notices::{self, Happening},
    source::MAX_POST,
};
use crate::clock::Clock;

/// More than this is noise in a talk between people.
pub const POSTS_PER_DAY: u64 = 3;
/// What comes and goes more often in a day is told once more, as that: each line reaches every follower and every bridge.
pub const TURNS_PER_DAY: usize = 6;
const RESTLESS: &str =
    "- It keeps coming and going; no more of it is said here today. Its page shows every turn.";
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
        let Some(audience) = self.may_be_said(&thread, anomaly).await? else {
            return Ok(Said::NotHere);
        };
        // A private talk is between its people; what else the laptops show is not for whoever was asked in.
        let private = self
            .control
            .threads()
            .private_among(vec![thread.id])
            .await?;
        if thread.hidden.is_some() || !private.is_empty() {
            return Ok(Said::NotHere);
        }
        let (said, post) = self.post(&thread, anomaly, news).await?;
        if said != Said::Withheld {
            self.tell(&thread, audience, anomaly, news, post).await?;
        }
        Ok(said)
    }

    /// An event for those who carry talk elsewhere, and a notice for those who follow: once per piece of news that was
    /// said. What was withheld here is withheld there.
    async fn tell(
        &self,
        thread: &Thread,
        audience: Audience,
        anomaly: &Anomaly,
        news: News,
        post: Option<Uuid>,
    ) -> Result<(), ThreadError> {
        let (event, notice) = match news {
            News::Linked => (EventKind::AnomalyLinked, NoticeKind::Linked),
            News::Relapsed => (EventKind::AnomalyRelapsed, NoticeKind::Relapsed),
            News::Resolved => (EventKind::AnomalyResolved, NoticeKind::Resolved),
        };
        let now = self.clock.now();
        let happening = Happening {
            thread: thread.id,
            audience,
            members: self.control.members().of_thread(thread.id).await?,
            opener: thread.author,
            post,
            actor: SYSTEM,
            whisper: false,
            at: now,
        };
        let title = &anomaly.finding.title;
        let notices =
            notices::of_followers(&self.control, &self.clock, &happening, notice, None, title)
                .await?;
        let notices = notices
            .into_iter()
            .map(|notice| NewNotice {
                anomaly: Some(anomaly.id),
                ..notice
            })
            .collect();
        self.control.notifications().tell(notices).await?;
        let event = NewEvent {
            post,
            anomaly: Some(anomaly.id),
            ..NewEvent::new(event, thread.id, SYSTEM, now)
        };
        self.control.events().note(event).await?;
        Ok(())
    }

    /// Says it, and in which post.
    async fn post(
        &self,
        thread: &Thread,
        anomaly: &Anomaly,
        news: News,
    ) -> Result<(Said, Option<Uuid>), ThreadError> {
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
            return Ok((Said::Withheld, None));
        }
        if let Some(last) = last.filter(|last| last.posted_at > now - DAY) {
            let turns = last.markdown.lines().count();
            let line = match turns < TURNS_PER_DAY {
                true => line.as_str(),
                false => RESTLESS,
            };
            let whole = format!("{}\n{line}", last.markdown);
            // The same news twice, or a post grown to its limit: nothing to add.
            if last.markdown.ends_with(line) || whole.len() > MAX_POST {
                return Ok((Said::Withheld, None));
            }
            self.control
                .posts()
                .edit(self.clock.id(), last.id, &whole, SYSTEM, now)
                .await?;
            return Ok((Said::Joined, Some(last.id)));
        }
        if today >= POSTS_PER_DAY || thread.posts >= super::MAX_POSTS {
            return Ok((Said::Withheld, None));
        }
        let post = NewPost {
            id: self.clock.id(),
            thread: thread.id,
            author: SYSTEM,
            at: now,
            markdown: line,
            topic,
            ..NewPost::default()
        };
        let id = post.id;
        self.control.posts().add(post).await?;
        Ok((Said::Posted, Some(id)))
    }

    /// The audience of the thread's space, when it may hear this: security everything, staff what all of them may open,
    /// others what the people who talk there could have told themselves. People who were asked in hear what the space hears.
    async fn may_be_said(
        &self,
        thread: &Thread,
        anomaly: &Anomaly,
    ) -> Result<Option<Audience>, ThreadError> {
        let space = self
            .control
            .spaces()
            .find(&thread.space.to_string())
            .await?;
        let audience = space.map_or(Audience::Security, |space| space.audience);
        // Only whoever opened the thread spoke about the own laptop for sure.
        let devices = self.control.devices().of_owner(thread.author).await?;
        let own: Vec<_> = devices.into_iter().map(|device| device.id).collect();
        let wanted = Place::of(anomaly, &own).audience();
        Ok((wanted <= audience).then_some(audience))
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
