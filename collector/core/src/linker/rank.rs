//! From features to links: the score, the gate, the order. See [`crate::linker`] for the whole.

use jiff::Timestamp;

use crate::{
    anomaly::Anomaly,
    link::{Link, LinkState, Reason},
    linker::{
        Corpus, Digest, Features, PastDecision, Settings,
        features::{Question, compare},
    },
    thread::ThreadText,
};

/// Links of one anomaly, best first. Reads every thread anew; callers with many threads keep digests and use
/// [`rank_digests`].
pub fn rank(
    anomaly: &Anomaly,
    threads: &[ThreadText],
    history: &[PastDecision],
    now: Timestamp,
    settings: &Settings,
) -> Vec<Link> {
    let digests: Vec<Digest> = threads
        .iter()
        .map(|thread| Digest::of(thread, &settings.vocabulary))
        .collect();
    let corpus = Corpus::of(&digests);
    rank_digests(anomaly, digests.iter(), &corpus, history, now, settings)
}

/// The same over digests that were made before.
pub fn rank_digests<'a>(
    anomaly: &Anomaly,
    threads: impl IntoIterator<Item = &'a Digest>,
    corpus: &Corpus,
    history: &[PastDecision],
    now: Timestamp,
    settings: &Settings,
) -> Vec<Link> {
    let question = Question::of(anomaly);
    let mut links: Vec<Link> = threads
        .into_iter()
        .filter_map(|thread| {
            let likeness = corpus.likeness(&question.words, thread);
            let features = compare(&question, thread, likeness, history, now, &settings.weights);
            link(
                anomaly,
                thread,
                &features,
                decided(anomaly, thread, history),
                settings,
            )
        })
        .collect();
    links.sort_by(|a, b| {
        said(b.state)
            .cmp(&said(a.state))
            .then_with(|| b.score.total_cmp(&a.score))
            .then_with(|| a.thread.cmp(&b.thread))
    });
    let decided = links.iter().filter(|link| said(link.state)).count();
    links.truncate(settings.most.max(decided));
    links
}

fn link(
    anomaly: &Anomaly,
    thread: &Digest,
    features: &Features,
    decided: Option<bool>,
    settings: &Settings,
) -> Option<Link> {
    let score = probability(settings.weights.bias + features.sum());
    let state = match decided {
        Some(true) => LinkState::Confirmed,
        Some(false) => LinkState::Rejected,
        None if score >= settings.automatic && gate(features) => LinkState::Automatic,
        None if score >= settings.suggested && features.what => LinkState::Suggested,
        None => return None,
    };
    Some(Link {
        anomaly: anomaly.id,
        thread: thread.id,
        score,
        state,
        reasons: reasons(features),
    })
}

/// Two independent kinds of agreement; see the head of [`crate::linker`].
fn gate(features: &Features) -> bool {
    let people_and_words = features.speaks_of_own && features.what_exact && features.grounded;
    let cohort_and_name = features.cohort && features.what_specific;
    let about_this = !features.elsewhere && !features.other_model && !features.general;
    !features.long_ago && about_this && (people_and_words || cohort_and_name)
}

/// The newest decision about this very pair. A decision about an earlier anomaly of the same cause counts as one about this.
fn decided(anomaly: &Anomaly, thread: &Digest, history: &[PastDecision]) -> Option<bool> {
    history
        .iter()
        .filter(|decision| decision.thread == thread.id)
        .filter(|decision| match decision.anomaly {
            Some(id) => id == anomaly.id,
            None => decision.cause == anomaly.finding.cause,
        })
        .max_by_key(|decision| (decision.at, decision.confirmed))
        .map(|decision| decision.confirmed)
}

/// Most telling first; what speaks against comes last and is said too.
fn reasons(features: &Features) -> Vec<Reason> {
    let mut reasons: Vec<Reason> = features
        .all
        .iter()
        .map(|feature| Reason {
            feature: feature.name.to_owned(),
            weight: (feature.adds * 100.0).round() / 100.0,
            text: feature.text.clone(),
        })
        .collect();
    reasons.sort_by(|a, b| {
        b.weight
            .total_cmp(&a.weight)
            .then_with(|| a.text.cmp(&b.text))
    });
    reasons
}

fn probability(log_odds: f64) -> f64 {
    let p = 1.0 / (1.0 + (-crate::detect::baseline::finite(log_odds)).exp());
    (p * 10_000.0).round() / 10_000.0
}

fn said(state: LinkState) -> bool {
    matches!(state, LinkState::Confirmed | LinkState::Rejected)
}
