//! What the organisation decided about an app, for whom, until when.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Judged {
    Sanctioned,
    /// Allowed for now; `Verdict::until` says how long.
    Tolerated,
    Unsanctioned,
}

/// A verdict applies to the whole organisation or to one team; the narrower one wins.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Verdict {
    /// Catalog id.
    pub app: String,
    pub verdict: Judged,
    /// `None`: everybody.
    #[serde(default)]
    pub team: Option<String>,
    #[serde(default)]
    pub until: Option<Timestamp>,
    #[serde(default)]
    pub reason: String,
}

/// The verdict in force for `app` in `team` at `now`; `None` when nobody decided. An expired tolerance is unsanctioned.
pub fn in_force(verdicts: &[Verdict], app: &str, team: &str, now: Timestamp) -> Option<Judged> {
    let of_app = || verdicts.iter().filter(|verdict| verdict.app == app);
    let chosen = of_app()
        .find(|verdict| verdict.team.as_deref() == Some(team))
        .or_else(|| of_app().find(|verdict| verdict.team.is_none()))?;
    match (chosen.verdict, chosen.until) {
        (Judged::Tolerated, Some(until)) if until <= now => Some(Judged::Unsanctioned),
        (verdict, _) => Some(verdict),
    }
}
