//! The linker's shell: anomalies and threads in, links kept.
//!
//! **Invariant: a person's word stands.** What somebody confirmed or rejected is never written here; what the linker once
//! proposed and no longer holds is taken back. Ranking is pure and lives in `core::linker`; what it reads of a thread is
//! what everybody in its space can read: no whispers, and nothing that the collector itself wrote, or it would agree with
//! its own words.

pub mod book;
mod owners;
pub mod threads;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use jiff::SignedDuration;
use uuid::Uuid;
use weft_collector_core::{
    anomaly::Anomaly,
    link::{Link, LinkState},
    linker::{PastDecision, Settings},
    symptoms::{AppWords, Vocabulary},
};
use weft_collector_store::{
    control::{Control, ControlError},
    telemetry::{self, Telemetry},
};

use self::{
    book::Book,
    threads::{Owners, Texts},
};
use crate::{
    clock::Clock,
    ingest::Notices,
    jobs::Lease,
    threads::voice::{News, Voice, is_sure},
    watch::earlier,
};

/// How long the others wait for a linker that died in a round.
const LEASE: SignedDuration = SignedDuration::from_mins(5);

/// Anomalies that were resolved within this time are still linked: people write after the trouble.
const RESOLVED: SignedDuration = SignedDuration::from_hours(24 * 14);

/// Events read at a time.
const MOST_EVENTS: u64 = 500;

/// A score that moved less is the same score: no write, no news.
const SAME_SCORE: f64 = 0.01;

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("threads and links: {0}")]
    Control(#[from] ControlError),
    #[error("names of apps: {0}")]
    Telemetry(#[from] telemetry::Error),
    #[error("the linker ended in a panic; nothing was changed")]
    Linker,
}

/// What a round did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Round {
    pub anomalies: usize,
    pub threads: usize,
    pub proposed: usize,
    pub withdrawn: usize,
}

/// The linker of this process.
#[derive(Debug)]
pub struct Correlate {
    control: Control,
    telemetry: Telemetry,
    clock: Clock,
    lease: Lease,
    voice: Voice,
    notices: Option<Notices>,
    /// Kept from round to round while the lease is ours.
    book: tokio::sync::Mutex<Option<Book>>,
}

impl Correlate {
    pub fn new(control: Control, telemetry: Telemetry, clock: Clock) -> Self {
        let lease = Lease {
            control: control.clone(),
            clock: clock.clone(),
            name: "correlate".into(),
            holder: clock.id(),
            lasting: LEASE,
        };
        Self {
            voice: Voice::new(control.clone(), clock.clone()),
            control,
            telemetry,
            clock,
            lease,
            notices: None,
            book: tokio::sync::Mutex::default(),
        }
    }

    /// Owners of laptops hear of a talk about theirs.
    #[must_use]
    pub fn telling(self, notices: Notices) -> Self {
        Self {
            notices: Some(notices),
            ..self
        }
    }

    /// A round if it is this collector's turn.
    pub async fn turn(&self) -> Result<Option<Round>, Error> {
        if !self.lease.take().await {
            // Another collector links; what this one knows grows old.
            *self.book.lock().await = None;
            return Ok(None);
        }
        let round = self.round().await?;
        if round.proposed + round.withdrawn > 0 {
            tracing::info!(
                proposed = round.proposed,
                withdrawn = round.withdrawn,
                "the linker went round"
            );
        }
        Ok(Some(round))
    }

    /// At an orderly end: another collector goes on at once.
    pub async fn leave(&self) {
        self.lease.release().await;
    }

    async fn round(&self) -> Result<Round, Error> {
        let now = self.clock.now();
        let known = self
            .control
            .anomalies()
            .known(earlier(now, RESOLVED))
            .await?;
        let anomalies: Vec<Anomaly> = known.into_iter().map(|kept| kept.anomaly).collect();
        if anomalies.is_empty() {
            return Ok(Round::default());
        }
        let kept = self
            .control
            .links()
            .of_anomalies(anomalies.iter().map(|anomaly| anomaly.id).collect())
            .await?;
        let history = decisions(&anomalies, &kept);
        let (mut book, changed) = self.open_book(&anomalies).await?;
        let news = book.is_news(&anomalies, &history);
        self.tell_search(&mut book, &changed, &anomalies, &kept)
            .await?;
        let round = Round {
            anomalies: anomalies.len(),
            threads: book.len(),
            ..Round::default()
        };
        if !news && changed.is_empty() {
            *self.book.lock().await = Some(book);
            return Ok(round);
        }
        // A panic loses the book, and the next round writes it anew.
        let ranked = tokio::task::spawn_blocking(move || {
            let rank = |anomaly: &Anomaly| book.rank(anomaly, &history, now);
            let ranked: Vec<Link> = anomalies.iter().flat_map(rank).collect();
            (ranked, anomalies, book)
        });
        let (ranked, anomalies, mut book) = ranked.await.map_err(|_| Error::Linker)?;
        let done = self.keep(ranked, kept, &anomalies, &book, round).await?;
        if done.proposed + done.withdrawn > 0 {
            let ids = anomalies.iter().map(|anomaly| anomaly.id).collect();
            let kept = self.control.links().of_anomalies(ids).await?;
            self.tell_search(&mut book, &BTreeSet::new(), &anomalies, &kept)
                .await?;
        }
        *self.book.lock().await = Some(book);
        Ok(done)
    }

    /// The book, up to date, and the threads that changed in it.
    async fn open_book(&self, anomalies: &[Anomaly]) -> Result<(Book, BTreeSet<Uuid>), Error> {
        let now = self.clock.now();
        let devices = self.control.devices().list().await?;
        let owners = Owners::of(&devices);
        let models = devices
            .iter()
            .map(|device| device.traits.model.clone())
            .collect();
        let (vocabulary, words) = self.vocabulary(anomalies, models).await?;
        let head = self.control.events().head().await?;
        if let Some(mut book) = self
            .book
            .lock()
            .await
            .take()
            .filter(|book| !book.is_stale(&words, now))
        {
            let mut changed = BTreeSet::new();
            while book.position < head {
                let events = self
                    .control
                    .events()
                    .after(book.position, MOST_EVENTS)
                    .await?;
                let Some(last) = events.last() else {
                    break;
                };
                book.position = last.id;
                changed.extend(events.iter().map(|event| event.thread));
            }
            for thread in &changed {
                match Texts::one(&self.control, &owners, *thread).await? {
                    Some(text) => book.put(&text),
                    None => book.remove(*thread),
                }
            }
            return Ok((book, changed));
        }
        let texts = Texts::read(&self.control, &owners, now).await?;
        let settings = Settings {
            vocabulary,
            ..Settings::default()
        };
        let written = tokio::task::spawn_blocking(move || {
            let changed = texts.threads.iter().map(|text| text.id).collect();
            (
                Book::new(&texts.threads, settings, words, head, now),
                changed,
            )
        });
        written.await.map_err(|_| Error::Linker)
    }

    /// Lets the search know what threads name and what is tied to them.
    async fn tell_search(
        &self,
        book: &mut Book,
        changed: &BTreeSet<Uuid>,
        anomalies: &[Anomaly],
        links: &[Link],
    ) -> Result<(), Error> {
        for (thread, facts) in book.news_in_words(changed) {
            self.control
                .search()
                .set_facts(thread, "words", &facts)
                .await?;
        }
        for (thread, facts) in book.news_in_links(book::told_by_links(anomalies, links)) {
            self.control
                .search()
                .set_facts(thread, "anomaly", &facts)
                .await?;
        }
        Ok(())
    }

    /// Writes what changed, takes back what is no longer held.
    async fn keep(
        &self,
        ranked: Vec<Link>,
        kept: Vec<Link>,
        anomalies: &[Anomaly],
        book: &Book,
        mut round: Round,
    ) -> Result<Round, Error> {
        let now = self.clock.now();
        let mut kept: BTreeMap<(Uuid, Uuid), Link> = kept
            .into_iter()
            .map(|link| ((link.anomaly, link.thread), link))
            .collect();
        for link in ranked {
            let before = kept.remove(&(link.anomaly, link.thread));
            if before
                .as_ref()
                .is_some_and(|before| by_a_person(before) || same(before, &link))
            {
                continue;
            }
            if !self.control.links().propose(&link, now).await? {
                continue;
            }
            round.proposed += 1;
            let was_sure = before.is_some_and(|before| is_sure(before.state));
            if is_sure(link.state)
                && !was_sure
                && let Some(anomaly) = anomalies.iter().find(|one| one.id == link.anomaly)
            {
                self.voice
                    .try_to_say(link.thread, anomaly, News::Linked)
                    .await;
                self.tell_owners(link.thread, anomaly).await;
            }
        }
        for link in kept.into_values() {
            // A thread too old to be considered keeps its links: nothing new is known about it.
            if !by_a_person(&link) && book.holds(link.thread) {
                self.control
                    .links()
                    .withdraw(link.anomaly, link.thread)
                    .await?;
                round.withdrawn += 1;
            }
        }
        Ok(round)
    }

    /// The words of this fleet: its models, its apps, the programs that anomalies are about.
    async fn vocabulary(
        &self,
        anomalies: &[Anomaly],
        mut models: Vec<String>,
    ) -> Result<(Vocabulary, String), Error> {
        let apps = self.telemetry.apps(self.clock.now()).await?;
        let apps: Vec<AppWords> = apps
            .into_iter()
            .map(|app| AppWords {
                words: vec![app.name.to_lowercase(), app.app.clone()],
                id: app.app,
            })
            .collect();
        let mut processes: Vec<String> = anomalies
            .iter()
            .flat_map(|anomaly| anomaly.finding.facts.processes.iter().cloned())
            .collect();
        for words in [&mut models, &mut processes] {
            words.retain(|word| !word.is_empty());
            words.sort();
            words.dedup();
        }
        let mut words: Vec<String> = apps.iter().map(|app| app.id.clone()).collect();
        words.sort();
        words.extend(models.iter().chain(&processes).cloned());
        Ok((
            Vocabulary::with(&apps, &models, &processes),
            words.join("\n"),
        ))
    }
}

fn by_a_person(link: &Link) -> bool {
    matches!(link.state, LinkState::Confirmed | LinkState::Rejected)
}

fn same(before: &Link, now: &Link) -> bool {
    before.state == now.state
        && (before.score - now.score).abs() < SAME_SCORE
        && before.reasons.len() == now.reasons.len()
}

/// What people said about links of these anomalies.
fn decisions(anomalies: &[Anomaly], links: &[Link]) -> Vec<PastDecision> {
    let by_id: HashMap<Uuid, &Anomaly> = anomalies
        .iter()
        .map(|anomaly| (anomaly.id, anomaly))
        .collect();
    let decided = links.iter().filter(|link| by_a_person(link));
    decided
        .filter_map(|link| {
            let anomaly = by_id.get(&link.anomaly)?;
            Some(PastDecision {
                cause: anomaly.finding.cause.clone(),
                detector: anomaly.finding.detector.clone(),
                thread: link.thread,
                confirmed: link.state == LinkState::Confirmed,
                at: anomaly.updated_at,
                anomaly: Some(anomaly.id),
            })
        })
        .collect()
}
