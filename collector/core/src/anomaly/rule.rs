//! A judgement made into a rule: "this is expected here, until then". Visible, reversible, with a known effect.
//!
//! **Invariant: a rule hides only what a person looked at**: the same rule of the same detector about the same thing
//! (everything of a cause but its place, [`crate::finding::what_of`]), inside the scope they chose.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    anomaly::{Anomaly, Judgement},
    device::{Cohort, CohortBy, DeviceId},
    finding::{Finding, Subject, what_of},
};

/// How far a judgement reaches.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    Device(DeviceId),
    Cohort(Cohort),
    Fleet,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Rule {
    pub id: Uuid,
    /// `True` hides nothing; it is kept as praise for the detector.
    pub judgement: Judgement,
    /// The rule of the detector, e.g. `process.rare`; empty: any.
    #[serde(default)]
    pub detector: String,
    /// What the judged cause is about, without where.
    pub what: String,
    pub scope: Scope,
    pub from: Timestamp,
    /// `None`: until somebody takes it back.
    #[serde(default)]
    pub until: Option<Timestamp>,
    #[serde(default)]
    pub note: String,
}

impl Rule {
    /// The rule that follows from judging `anomaly`.
    pub fn of(
        id: Uuid,
        anomaly: &Anomaly,
        judgement: Judgement,
        scope: Scope,
        from: Timestamp,
        until: Option<Timestamp>,
        note: String,
    ) -> Self {
        Self {
            id,
            judgement,
            detector: String::new(),
            what: what_of(&anomaly.finding.cause).to_owned(),
            scope,
            from,
            until,
            note,
        }
    }

    pub fn in_force(&self, now: Timestamp) -> bool {
        self.from <= now && self.until.is_none_or(|until| now < until)
    }

    /// True when this rule says that `finding` is no news.
    pub fn hides(&self, finding: &Finding, now: Timestamp) -> bool {
        self.judgement != Judgement::True
            && self.in_force(now)
            && (self.detector.is_empty() || self.detector == finding.detector)
            && self.what == what_of(&finding.cause)
            && self.covers(finding)
    }

    /// A finding about many devices is covered only when all of them are.
    fn covers(&self, finding: &Finding) -> bool {
        match &self.scope {
            Scope::Fleet => true,
            Scope::Device(device) => {
                !finding.devices.is_empty() && finding.devices.iter().all(|one| one == device)
            }
            Scope::Cohort(cohort) => in_cohort(finding, cohort),
        }
    }
}

fn in_cohort(finding: &Finding, cohort: &Cohort) -> bool {
    if matches!(&finding.subject, Subject::Cohort(of) if of == cohort) {
        return true;
    }
    let value = cohort.value.to_lowercase();
    let only = |words: &[String]| words.len() == 1 && words[0] == value;
    match cohort.by {
        CohortBy::Fleet => true,
        CohortBy::Model => only(&finding.facts.models),
        CohortBy::OsBuild => only(&finding.facts.os_builds),
        CohortBy::Team => only(&finding.facts.teams),
        CohortBy::App => only(&finding.facts.apps),
        CohortBy::Component => false,
    }
}

/// What a rule would have done: "would hide 14 anomalies of the last 30 days".
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Preview {
    pub would_hide: usize,
    pub ids: Vec<Uuid>,
}

/// The effect of `rule` on anomalies opened since `since`, before it is saved.
pub fn preview(anomalies: &[Anomaly], rule: &Rule, since: Timestamp, now: Timestamp) -> Preview {
    let ids: Vec<Uuid> = anomalies
        .iter()
        .filter(|anomaly| anomaly.opened_at >= since || anomaly.updated_at >= since)
        .filter(|anomaly| rule.hides(&anomaly.finding, now))
        .map(|anomaly| anomaly.id)
        .collect();
    Preview {
        would_hide: ids.len(),
        ids,
    }
}
