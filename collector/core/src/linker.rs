//! The linker: which threads are about the same trouble as an anomaly, how sure, and why.
//!
//! **Invariants.** A person's word stands: a confirmed or rejected pair keeps its state whatever the score. Every link says
//! why, in words, with the share that each reason has in the score. What a thread and an anomaly have in common by
//! accident (a model, a common word, the same week) never makes an automatic link.
//!
//! ```text
//! anomaly ── who: devices, teams, models ┐                         ┌─ features ─ x1..xn (linker/features.rs)
//!            what: symptoms, apps, codes ├─ compared per thread ───┤
//!            when: from, to              ┘                         └─ words in common, weighted by rarity (linker/text.rs)
//!                                                                        │
//!                    score = 1 / (1 + e^-(bias + sum w_i x_i))   (linker/rank.rs)
//!                                                                        │
//!              below `suggested`: nothing · below `automatic`: suggested · else automatic, if the gate agrees
//! ```
//!
//! The score is a logistic model with weights that were set by hand on labelled stories and then checked on others
//! ([`eval`]): a few dozen labelled pairs cannot carry a fitted model of 14 weights, and a hand-set weight can be argued
//! with. The **gate** for automatic links asks for two independent kinds of agreement: *who* (an owner or participant of an
//! affected device, a shared cohort) **and** *what* (the same symptom, app, process or code); or a *what* that is specific
//! enough to stand alone (the same stop code or process **and** the same model or team). Talk that ended 45 days before
//! the trouble began never links by itself, nor does a symptom that the words only hint at ([`features::SURE`]), a complaint that
//! speaks of no laptop ("full", "hot"), the crash of a program where a machine went down, or the trouble of a phone or a server.
//!
//! [`Weights`] documents each feature. [`text::Digest`] is what the linker knows of a thread, [`Index`] all of them: a new
//! anomaly is compared with the few hundred threads that share a device, a name or a symptom with it.

pub mod eval;
pub mod features;
pub mod index;
pub mod rank;
pub mod text;

pub use features::Features;
pub use index::Index;
pub use rank::{rank, rank_digests};
pub use text::{Corpus, Digest};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::symptoms::Vocabulary;

/// What the linker needs beside an anomaly and threads.
#[derive(Clone, Debug)]
pub struct Settings {
    /// From this score a link is shown to be confirmed.
    pub suggested: f64,
    /// From this score a link acts, if the gate agrees.
    pub automatic: f64,
    pub weights: Weights,
    /// Apps, models and processes that may be named in threads.
    pub vocabulary: Vocabulary,
    /// Most links returned for one anomaly: more is a search page.
    pub most: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            suggested: 0.4,
            automatic: 0.85,
            weights: Weights::default(),
            vocabulary: Vocabulary::default(),
            most: 20,
        }
    }
}

/// Log-odds per feature. Each feature is 0..1, so a weight is the most that it can add.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Weights {
    /// Two threads in a hundred that reach the linker belong to a given anomaly.
    pub bias: f64,
    /// The author owns an affected device. Strong, but people with trouble open threads about other things too.
    pub owner: f64,
    /// Somebody who posted owns an affected device.
    pub participant: f64,
    /// The words agree and nothing is known of who wrote them (mail, a mirrored room): most threads that are about
    /// something else say so by their people; here nobody can.
    pub unknown: f64,
    /// The thread's people use the affected model.
    pub model: f64,
    /// They run the affected OS build.
    pub build: f64,
    /// They are in the affected team.
    pub team: f64,
    /// The words complain of what the machines show.
    pub symptom: f64,
    /// A related complaint ("crash" for an unexpected restart).
    pub symptom_near: f64,
    /// The words complain of something else only. Negative.
    pub symptom_other: f64,
    /// The title is about a phone, a server, somebody's computer at home. Negative.
    pub elsewhere: f64,
    pub app: f64,
    /// The owner wrote about the laptop in time, and what is not understood: just enough to be suggested. Negative.
    pub unread: f64,
    /// The anomaly is about an app, and another one is named. Negative.
    pub app_other: f64,
    pub process: f64,
    pub code: f64,
    /// The affected model is written in the text.
    pub model_named: f64,
    pub build_named: f64,
    /// Another family of models is named in the title. Negative.
    pub model_other: f64,
    /// Rare words in common with what the anomaly says.
    pub words: f64,
    /// Posted while the trouble lasted, or soon after.
    pub time: f64,
    /// The thread ended long before, or is old. Negative.
    pub long_ago: f64,
    /// Solved before the trouble began. Negative.
    pub solved_before: f64,
    /// How people answered for this pair of cause and thread, and for pairs like it: -1 (rejected) .. 1 (confirmed).
    pub history: f64,
}

impl Default for Weights {
    fn default() -> Self {
        Self {
            bias: -4.0,
            owner: 2.6,
            participant: 1.6,
            unknown: 0.9,
            model: 0.7,
            build: 0.5,
            team: 0.5,
            symptom: 2.2,
            symptom_near: 1.2,
            symptom_other: -1.8,
            elsewhere: -2.0,
            app: 2.8,
            unread: -0.3,
            app_other: -1.5,
            process: 3.0,
            code: 2.6,
            model_named: 1.2,
            build_named: 1.2,
            model_other: -1.5,
            words: 1.0,
            time: 1.0,
            long_ago: -3.5,
            solved_before: -1.0,
            history: 2.5,
        }
    }
}

/// What a person said about a link, and what the pair was about.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PastDecision {
    /// The anomaly's cause, see [`crate::finding::Finding::cause`].
    pub cause: String,
    pub detector: String,
    pub thread: Uuid,
    pub confirmed: bool,
    pub at: Timestamp,
    /// The decided anomaly, when it is still known.
    #[serde(default)]
    pub anomaly: Option<Uuid>,
}
