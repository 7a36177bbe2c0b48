//! The linker's shell: anomalies and threads in, links kept.
//!
//! **Invariant: a person's word stands.** What somebody confirmed or rejected is never written here; what the linker once
//! proposed and no longer holds is taken back. Ranking is pure and lives in `core::linker`; what it reads of a thread is
//! what everybody in its space can read: no whispers, and nothing that the collector itself wrote, or it would agree with
//! its own words.

mod owners;
pub(crate) mod threads;

use std::collections::{BTreeMap, HashMap};

use jiff::SignedDuration;
use uuid::Uuid;
use weft_collector_core::{
    anomaly::Anomaly,
    link::{Link, LinkState},
    linker::{Corpus, Digest, PastDecision, Settings, rank_digests},
    symptoms::{AppWords, Vocabulary},
};
use weft_collector_store::{
    control::{Control, ControlError},
    telemetry::{self, Telemetry},
};

use self::threads::{Owners, Texts};
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
}

impl Correlate {
    pub fn new(control: Control, telemetry: Telemetry, clock: Clock) -> Self {
        let lease = Lease {
            control: control.clone(),
            clock: clock.clone(),
            name: "correlate",
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
        let devices = self.control.devices().list().await?;
        let texts = Texts::read(&self.control, &Owners::of(&devices), now).await?;
        let kept = self
            .control
            .links()
            .of_anomalies(anomalies.iter().map(|anomaly| anomaly.id).collect())
            .await?;
        let history = decisions(&anomalies, &kept);
        let models = devices
            .iter()
            .map(|device| device.traits.model.clone())
            .collect();
        let settings = Settings {
            vocabulary: self.vocabulary(&anomalies, models).await?,
            ..Settings::default()
        };

        let round = Round {
            anomalies: anomalies.len(),
            threads: texts.threads.len(),
            ..Round::default()
        };
        let considered: Vec<Uuid> = texts.threads.iter().map(|thread| thread.id).collect();
        let ranked = tokio::task::spawn_blocking(move || {
            let digests: Vec<Digest> = texts
                .threads
                .iter()
                .map(|thread| Digest::of(thread, &settings.vocabulary))
                .collect();
            let corpus = Corpus::of(&digests);
            let rank = |anomaly: &Anomaly| {
                rank_digests(anomaly, &digests, &corpus, &history, now, &settings)
            };
            let ranked: Vec<Link> = anomalies.iter().flat_map(rank).collect();
            (ranked, anomalies)
        });
        let (ranked, anomalies) = ranked.await.map_err(|_| Error::Linker)?;
        self.keep(ranked, kept, &anomalies, &considered, round)
            .await
    }

    /// Writes what changed, takes back what is no longer held.
    async fn keep(
        &self,
        ranked: Vec<Link>,
        kept: Vec<Link>,
        anomalies: &[Anomaly],
        considered: &[Uuid],
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
            if !by_a_person(&link) && considered.contains(&link.thread) {
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
    ) -> Result<Vocabulary, Error> {
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
        Ok(Vocabulary::with(&apps, &models, &processes))
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
