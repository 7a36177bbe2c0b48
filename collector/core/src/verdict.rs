//! What the organisation decided about an app, for whom, until when.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::device::DeviceId;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Judged {
    Sanctioned,
    /// Allowed for now; `Verdict::until` says how long.
    Tolerated,
    Unsanctioned,
}

impl Judged {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sanctioned => "sanctioned",
            Self::Tolerated => "tolerated",
            Self::Unsanctioned => "unsanctioned",
        }
    }
}

/// A verdict applies to the whole organisation, to one team or to one device; the narrower one wins.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Verdict {
    /// Catalog id.
    pub app: String,
    pub verdict: Judged,
    /// `None`: everybody.
    #[serde(default)]
    pub team: Option<String>,
    /// This device alone; then `team` is `None`.
    #[serde(default)]
    pub device: Option<DeviceId>,
    #[serde(default)]
    pub until: Option<Timestamp>,
    #[serde(default)]
    pub reason: String,
    /// What to use instead, in words or as a catalog id; empty: nothing was named.
    #[serde(default)]
    pub replace_by: String,
}

/// The verdict in force for `app` in `team` at `now`; `None` when nobody decided. An expired tolerance is unsanctioned.
pub fn in_force(verdicts: &[Verdict], app: &str, team: &str, now: Timestamp) -> Option<Judged> {
    chosen(verdicts, app, team, None).map(|verdict| verdict.at(now))
}

/// The same for one device of the team.
pub fn in_force_on(
    verdicts: &[Verdict],
    app: &str,
    team: &str,
    device: DeviceId,
    now: Timestamp,
) -> Option<Judged> {
    chosen(verdicts, app, team, Some(device)).map(|verdict| verdict.at(now))
}

/// The verdict that concerns a device of a team: its own, else its team's, else everybody's.
pub fn chosen<'a>(
    verdicts: &'a [Verdict],
    app: &str,
    team: &str,
    device: Option<DeviceId>,
) -> Option<&'a Verdict> {
    let of_app = || verdicts.iter().filter(|verdict| verdict.app == app);
    of_app()
        .find(|verdict| verdict.device.is_some() && verdict.device == device)
        .or_else(|| {
            of_app().find(|verdict| {
                verdict.device.is_none()
                    && !team.is_empty()
                    && verdict.team.as_deref() == Some(team)
            })
        })
        .or_else(|| of_app().find(|verdict| verdict.device.is_none() && verdict.team.is_none()))
}

impl Verdict {
    /// What it means at `now`: a tolerance ends.
    pub fn at(&self, now: Timestamp) -> Judged {
        match (self.verdict, self.until) {
            (Judged::Tolerated, Some(until)) if until <= now => Judged::Unsanctioned,
            (verdict, _) => verdict,
        }
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn the_narrower_wins_and_a_tolerance_ends() {
        let now: Timestamp = "2026-03-01T00:00:00Z".parse().unwrap_or_default();
        let device = DeviceId(Uuid::from_u128(1));
        let verdict = |verdict, team: Option<&str>, device| Verdict {
            app: "dropbox".to_owned(),
            verdict,
            team: team.map(str::to_owned),
            device,
            until: None,
            reason: String::new(),
            replace_by: String::new(),
        };
        let verdicts = [
            verdict(Judged::Unsanctioned, None, None),
            verdict(Judged::Sanctioned, Some("Design"), None),
            Verdict {
                until: Some(now),
                ..verdict(Judged::Tolerated, None, Some(device))
            },
        ];
        let other = DeviceId(Uuid::from_u128(2));
        for (team, on, at, expect) in [
            ("Sales", other, now, Judged::Unsanctioned),
            ("Design", other, now, Judged::Sanctioned),
            ("Design", device, Timestamp::UNIX_EPOCH, Judged::Tolerated),
            ("Design", device, now, Judged::Unsanctioned),
            ("", other, now, Judged::Unsanctioned),
        ] {
            assert_eq!(
                in_force_on(&verdicts, "dropbox", team, on, at),
                Some(expect),
                "{team} {on} {at}"
            );
        }
        assert_eq!(
            in_force(&verdicts, "dropbox", "Design", now),
            Some(Judged::Sanctioned)
        );
        assert_eq!(in_force(&verdicts, "box", "Design", now), None);
    }
}
