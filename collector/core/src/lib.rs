//! Vocabulary, detectors and linker of the collector.
//!
//! **Invariant: no I/O, no clock, no randomness.** The same input gives the same findings, so that a judgement can be
//! replayed, tested and questioned. What time it is, which devices exist and what they reported are arguments.
//!
//! # Words
//!
//! | word | meaning | where |
//! | --- | --- | --- |
//! | Device | an enrolled laptop; Owner: its person; Cohort: devices that share a model, an OS build or a team | [`device`] |
//! | Observation | one fact that an agent saw; inside the collector an [`event::Event`] | [`event`] |
//! | Evidence | what the store says about many devices, ready to be judged | [`evidence`] |
//! | Finding | what a detector concludes from evidence | [`finding`] |
//! | Detector | from evidence to findings | [`detect`] |
//! | Anomaly | a finding kept, with a life and a judgement | [`anomaly`] |
//! | Space, thread, post | the discussion | [`thread`] |
//! | Link | a scored, explained tie between an anomaly and a thread | [`link`] |
//! | Linker | finds the threads that an anomaly belongs to | [`linker`] |
//! | Symptom | what people complain about, read from their words | [`symptoms`] |
//! | Verdict | sanctioned, tolerated (until a date), unsanctioned, per app and scope | [`verdict`] |
//! | Effect | what an accepted answer did, against matched controls | [`effect`] |
//! | Context card | what a thread may show of a device, chosen by its owner | [`card`] |
//! | Peer | somebody with the same laptop or trouble who agreed to be found | [`peers`] |
//! | Review | asking an owner first why an app is used; its decision is a verdict | [`review`] |
//! | Demand | what unapproved apps are wanted for | [`demand`] |
//! | Impact | time lost and saved, with its formula | [`impact`] |
//! | Telling | by which way and when somebody wants to hear of it | [`telling`] |
//! | Books | where every observation ended | [`books`] |
//! | Authority | who may see what, as a table | [`authority`] |

pub mod books;
pub mod device;
pub mod event;

pub mod anomaly;
pub mod detect;
pub mod effect;
pub mod evidence;
pub mod finding;
pub mod verdict;

pub mod anonymity;
pub mod authority;
pub mod card;
pub mod cohort;
pub mod demand;
pub mod impact;
pub mod link;
pub mod linker;
pub mod peers;
pub mod review;
pub mod symptoms;
pub mod telling;
pub mod thread;
