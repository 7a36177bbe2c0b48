//! Asking first: why somebody uses an app, and what was decided then.
//!
//! **Invariant: a decision is a verdict with a scope**, so that what people were told and what detectors and agents act on cannot
//! differ. Not here: the private talk (threads), who may ask (`authority`).

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    device::DeviceId,
    verdict::{Judged, Verdict},
};

/// What the app is used for, as its user says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// Files for customers, partners, suppliers.
    ShareOutside,
    ShareInside,
    LargeFiles,
    /// The same files on several machines.
    OwnDevices,
    Talk,
    RemoteHelp,
    Private,
    /// "It was there already."
    NotUsed,
    Other,
}

impl Purpose {
    pub fn words(self) -> &'static str {
        match self {
            Self::ShareOutside => "sharing with people outside",
            Self::ShareInside => "sharing with colleagues",
            Self::LargeFiles => "large files",
            Self::OwnDevices => "the same files on several machines",
            Self::Talk => "talking with people",
            Self::RemoteHelp => "helping or being helped at a distance",
            Self::Private => "private things",
            Self::NotUsed => "nothing: it is there and not used",
            Self::Other => "something else",
        }
    }
}

/// An owner's answer to "why do you use it?".
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reason {
    pub purpose: Purpose,
    /// What the approved tool lacks; may be empty.
    #[serde(default)]
    pub missing: String,
    /// Free words; may be empty.
    #[serde(default)]
    pub words: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    Sanction,
    /// Until a date.
    Tolerate,
    /// By something else, perhaps after a time of grace.
    Replace,
    Remove,
}

/// Whom a decision concerns.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    Fleet,
    Team(String),
    Device(DeviceId),
}

impl Scope {
    pub fn concerns(&self, device: DeviceId, team: &str) -> bool {
        match self {
            Self::Fleet => true,
            Self::Team(of) => of == team,
            Self::Device(of) => *of == device,
        }
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Decision {
    pub outcome: Outcome,
    pub scope: Scope,
    pub until: Option<Timestamp>,
    #[serde(default)]
    pub replace_by: String,
    /// Why, as the people concerned read it.
    pub words: String,
}

/// Why a decision cannot be taken like this.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    #[error("a tolerance needs an end: give `until`")]
    NoEnd,
    #[error("`until` has passed already")]
    Passed,
    #[error("say by what it is to be replaced: give `replace_by`")]
    NoReplacement,
    #[error("a decision to {0} has no end: leave `until` out")]
    End(&'static str),
    #[error("`replace_by` belongs to the decision `replace`")]
    Replacement,
    #[error("say why, in words for the people concerned")]
    NoWords,
}

impl Decision {
    /// The verdict that it is. A replacement is tolerated until its day, and unsanctioned where it has none.
    pub fn verdict(&self, app: &str, now: Timestamp) -> Result<Verdict, Unfit> {
        if self.words.trim().is_empty() {
            return Err(Unfit::NoWords);
        }
        if self.until.is_some_and(|until| until <= now) {
            return Err(Unfit::Passed);
        }
        if self.outcome != Outcome::Replace && !self.replace_by.is_empty() {
            return Err(Unfit::Replacement);
        }
        let verdict = match (self.outcome, self.until) {
            (Outcome::Sanction, None) => Judged::Sanctioned,
            (Outcome::Sanction, Some(_)) => return Err(Unfit::End("sanction")),
            (Outcome::Tolerate, Some(_)) => Judged::Tolerated,
            (Outcome::Tolerate, None) => return Err(Unfit::NoEnd),
            (Outcome::Replace, _) if self.replace_by.trim().is_empty() => {
                return Err(Unfit::NoReplacement);
            }
            (Outcome::Replace, Some(_)) => Judged::Tolerated,
            (Outcome::Replace | Outcome::Remove, None) => Judged::Unsanctioned,
            (Outcome::Remove, Some(_)) => return Err(Unfit::End("remove")),
        };
        let (team, device) = match &self.scope {
            Scope::Fleet => (None, None),
            Scope::Team(team) => (Some(team.clone()), None),
            Scope::Device(device) => (None, Some(*device)),
        };
        Ok(Verdict {
            app: app.to_owned(),
            verdict,
            team,
            device,
            until: self.until,
            reason: self.words.trim().to_owned(),
            replace_by: self.replace_by.trim().to_owned(),
        })
    }

    /// What the people concerned are told, as text.
    pub fn told(&self, app: &str) -> String {
        let day = |at: Timestamp| at.strftime("%-d %B %Y").to_string();
        match (self.outcome, self.until) {
            (Outcome::Sanction, _) => format!("{app} may be used."),
            (Outcome::Tolerate, Some(until)) => format!("{app} may be used until {}.", day(until)),
            (Outcome::Tolerate, None) => format!("{app} may be used for now."),
            (Outcome::Replace, Some(until)) => format!(
                "{app} is to be replaced by {} until {}.",
                self.replace_by.trim(),
                day(until)
            ),
            (Outcome::Replace, None) => {
                format!("{app} is to be replaced by {} now.", self.replace_by.trim())
            }
            (Outcome::Remove, _) => format!("{app} is to be removed."),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_decision_is_a_verdict() {
        let now: Timestamp = "2026-03-01T00:00:00Z".parse().unwrap_or_default();
        let later: Option<Timestamp> = "2026-06-01T00:00:00Z".parse().ok();
        let check = |outcome, until, replace_by: &str| {
            let decision = Decision {
                outcome,
                scope: Scope::Team("Design".to_owned()),
                until,
                replace_by: replace_by.to_owned(),
                words: "because".to_owned(),
            };
            decision
                .verdict("dropbox", now)
                .map(|verdict| verdict.verdict)
        };
        assert_eq!(check(Outcome::Sanction, None, ""), Ok(Judged::Sanctioned));
        assert_eq!(check(Outcome::Tolerate, later, ""), Ok(Judged::Tolerated));
        assert_eq!(
            check(Outcome::Replace, later, "OneDrive"),
            Ok(Judged::Tolerated)
        );
        assert_eq!(
            check(Outcome::Replace, None, "OneDrive"),
            Ok(Judged::Unsanctioned)
        );
        assert_eq!(check(Outcome::Remove, None, ""), Ok(Judged::Unsanctioned));
        assert_eq!(check(Outcome::Tolerate, None, ""), Err(Unfit::NoEnd));
        assert_eq!(check(Outcome::Tolerate, Some(now), ""), Err(Unfit::Passed));
        assert_eq!(
            check(Outcome::Replace, None, " "),
            Err(Unfit::NoReplacement)
        );
        assert_eq!(check(Outcome::Remove, later, ""), Err(Unfit::End("remove")));
        assert_eq!(check(Outcome::Sanction, None, "x"), Err(Unfit::Replacement));
    }
}
