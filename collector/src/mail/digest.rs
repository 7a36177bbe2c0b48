//! The digest: what is new for one person, once a day or a week, at their hour.
//!
//! **Invariant: a digest is due once**: its letter is named after the moment at which it was due, and nothing new is no letter.
//! What it tells is read when it is sent, with the reader's eyes, like every letter.

use jiff::Timestamp;
use serde_json::json;
use uuid::Uuid;
use weft_collector_core::{
    anomaly::State,
    authority::{Action, Object, allows},
    device::DeviceId,
    effect::Effect,
    telling::Rhythm,
};
use weft_collector_store::control::{
    accounts::Account,
    letters::{Letter, LetterKind, NewLetter},
    threads::{Reader, Thread, Wanted},
    wishes::Due,
};

use super::{
    Mail, MailError, Wishes,
    face::{self, Face, Line, Section},
    told::{excerpt, newest},
    write::Headers,
};
use crate::{
    effects,
    threads::{reader, viewer},
};

/// Digests made in one round; the next round goes on.
const MOST: u64 = 50;
/// Threads looked at, and lines of one section: what somebody reads over a coffee.
const THREADS: u64 = 60;
const LINES: usize = 15;
/// Characters of an excerpt: two lines on a phone.
const EXCERPT: usize = 140;

impl Mail {
    /// Makes the digests that are due. Gives the number of letters.
    pub async fn digest(&self) -> Result<usize, MailError> {
        let mut made = 0;
        for due in self.control.wishes().due(self.clock.now(), MOST).await? {
            made += usize::from(self.digest_for(due).await?);
        }
        Ok(made)
    }

    async fn digest_for(&self, due: Due) -> Result<bool, MailError> {
        let now = self.clock.now();
        let rhythm = due.preferences.digest;
        let since = due
            .since
            .unwrap_or_else(|| due.due - due.preferences.digest_span());
        let wishes = Wishes::new(due.preferences);
        let account = self.control.accounts().get(due.account).await?;
        let there = account.filter(|account| !account.disabled);
        let reachable = self.control.addresses().to_write_to(due.account).await?;
        let mut made = false;
        if let (Some(account), Some(_)) = (there, reachable) {
            let name = format!("digest.{}.{}", due.due.as_second(), account.id.simple());
            let news = self.news(&account, since, now).await?;
            if !news.is_empty() {
                let letter = NewLetter {
                    id: self.clock.id(),
                    account: Some(account.id),
                    kind: LetterKind::Digest,
                    key: name.clone(),
                    address: String::new(),
                    content: json!({"since": since, "until": now, "weekly": rhythm == Rhythm::Weekly}),
                    message_id: self.message_id(&name),
                    at: now,
                };
                made = self.control.letters().add(letter).await?;
            }
        }
        self.control
            .wishes()
            .digested(due.account, now, wishes.digest_after(now))
            .await?;
        Ok(made)
    }

    pub(super) async fn prepare_digest(
        &self,
        letter: &Letter,
        account: &Account,
        headers: Headers,
    ) -> Result<Option<(Headers, Face)>, MailError> {
        let moment =
            |key: &str| -> Option<Timestamp> { letter.content[key].as_str()?.parse().ok() };
        let (Some(since), Some(until)) = (moment("since"), moment("until")) else {
            return Ok(None);
        };
        let news = self.news(account, since, until).await?;
        if news.is_empty() {
            return Ok(None);
        }
        let foot = self.foot(account.id, None).await?;
        let span = match letter.content["weekly"].as_bool() {
            Some(true) => "week",
            _ => "day",
        };
        let threads = news.first().map_or(0, |section| section.lines.len());
        let subject = match (news[0].title, threads) {
            (NEW, 1) => format!("Your {span}: {}", news[0].lines[0].title),
            (NEW, several) => format!("Your {span}: news in {several} threads"),
            _ => format!("Your {span} with Weft"),
        };
        let headers = Headers {
            unsubscribe: Some(foot.stop_all.clone()),
            list_id: Some(format!("digest.weft.{}", self.on()?.domain())),
            ..headers
        };
        Ok(Some((headers, face::digest(subject, &news, &foot))))
    }

    /// Sections that have something to tell.
    async fn news(
        &self,
        account: &Account,
        since: Timestamp,
        until: Timestamp,
    ) -> Result<Vec<Section>, MailError> {
        let reader = reader(account);
        let wanted = Wanted {
            mine: Some(account.id),
            since: Some(since),
            ..Wanted::default()
        };
        let threads = self
            .control
            .threads()
            .list(&wanted, reader, None, THREADS)
            .await?;
        let muted = self.control.wishes().muted(account.id, THREADS).await?;
        let threads: Vec<Thread> = threads
            .into_iter()
            .filter(|thread| !muted.contains(&thread.id))
            .collect();
        let sections = [
            Section {
                title: NEW,
                lines: self.new_posts(&threads, reader, since).await?,
            },
            Section {
                title: "Solved",
                lines: self.solved(account, reader, since, until).await?,
            },
            Section {
                title: "What laptops show",
                lines: self.anomalies(account, since, until).await?,
            },
        ];
        Ok(sections
            .into_iter()
            .filter(|section| !section.lines.is_empty())
            .collect())
    }

    async fn new_posts(
        &self,
        threads: &[Thread],
        reader: Reader,
        since: Timestamp,
    ) -> Result<Vec<Line>, MailError> {
        let marks: Vec<(Uuid, Timestamp)> =
            threads.iter().map(|thread| (thread.id, since)).collect();
        let counts = self.control.posts().unread(reader, &marks).await?;
        let mut lines = vec![];
        for thread in threads {
            let Some(count) = counts.get(&thread.id).filter(|count| **count > 0) else {
                continue;
            };
            if lines.len() == LINES {
                break;
            }
            let posts = if *count == 1 { "post" } else { "posts" };
            let last = newest(&self.control, thread, reader).await?;
            lines.push(Line {
                title: thread.title.clone(),
                link: format!("{}/threads/{}", self.public_url, thread.id),
                note: format!("{count} new {posts}"),
                excerpt: last.map_or_else(String::new, |post| excerpt(&post.markdown, EXCERPT)),
            });
        }
        Ok(lines)
    }

    /// Answers that were accepted in threads of theirs, with what they did.
    async fn solved(
        &self,
        account: &Account,
        reader: Reader,
        since: Timestamp,
        until: Timestamp,
    ) -> Result<Vec<Line>, MailError> {
        let wanted = Wanted {
            mine: Some(account.id),
            solved: Some(true),
            ..Wanted::default()
        };
        let threads = self
            .control
            .threads()
            .list(&wanted, reader, None, THREADS)
            .await?;
        let mut lines = vec![];
        for thread in threads {
            let new = thread.solved_at.is_some_and(|at| at > since && at <= until);
            let (true, Some(answer)) = (new, thread.accepted_post) else {
                continue;
            };
            let Some(post) = self.control.posts().get(answer, reader).await? else {
                continue;
            };
            if lines.len() == LINES {
                break;
            }
            let effect = self.effect(answer, account, reader).await?;
            let note = effect.filter(|effect| effect.enough).map_or_else(
                || "Solved; its effect is not measured yet".to_owned(),
                |effect| format!("Solved; {}", effect.words),
            );
            lines.push(Line {
                link: format!("{}/threads/{}#post-{answer}", self.public_url, thread.id),
                title: thread.title,
                note,
                excerpt: excerpt(&post.markdown, EXCERPT),
            });
        }
        Ok(lines)
    }

    /// What an answer did, as far as this reader may hear it.
    async fn effect(
        &self,
        answer: Uuid,
        account: &Account,
        reader: Reader,
    ) -> Result<Option<Effect>, MailError> {
        let Some(measured) = self.control.applied().effect_of(answer).await? else {
            return Ok(None);
        };
        if reader.staff {
            return Ok(Some(measured.effect));
        }
        let devices = self.control.devices().of_owner(account.id).await?;
        let own: Vec<DeviceId> = devices.iter().map(|device| device.id).collect();
        Ok(effects::tell_to(&self.control, &self.clock, &measured, &own).await?)
    }

    /// For staff: what began and what ended, of the kinds that they may see.
    async fn anomalies(
        &self,
        account: &Account,
        since: Timestamp,
        until: Timestamp,
    ) -> Result<Vec<Line>, MailError> {
        let viewer = viewer(account);
        if !viewer.is_staff() {
            return Ok(vec![]);
        }
        let within = |at: Timestamp| at > since && at <= until;
        let known = self.control.anomalies().known(since).await?;
        let mut lines = vec![];
        for kept in known {
            let anomaly = kept.anomaly;
            let object = Object::Anomaly((&anomaly.finding).into());
            if !allows(&viewer, Action::See, &object).is_allowed() {
                continue;
            }
            let note = match (anomaly.state, anomaly.resolved_at) {
                (State::Resolved, Some(at)) if within(at) => "Resolved",
                (State::Resolved, _) => continue,
                _ if within(anomaly.opened_at) => "New",
                _ => continue,
            };
            if lines.len() == LINES {
                break;
            }
            lines.push(Line {
                link: format!("{}/anomalies/{}", self.public_url, anomaly.id),
                excerpt: anomaly.finding.why.first().cloned().unwrap_or_default(),
                title: anomaly.finding.title,
                note: note.to_owned(),
            });
        }
        Ok(lines)
    }
}

const NEW: &str = "New in your threads";
