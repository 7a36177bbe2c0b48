//! The context card: what a talk shows of a laptop, chosen by its owner, for a time, and taken back at once.
//!
//! **Invariant: there is no fact here that says what somebody runs**, so no selection can show it; and what a peer sees is the
//! chosen facts, no more, whoever draws the card ([`shown`] is asked by the real card and by its preview alike). Not here: the
//! values of the facts (the API), who may see a device's page (`authority`).

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    authority::{Action, Field, Object, Viewer, allows},
    device::DeviceId,
};

/// What an owner can show. Adding one here is a decision about privacy: see docs/privacy.md.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CardFact {
    /// The name that IT gave the laptop.
    Name,
    Model,
    /// Operating system and build.
    System,
    /// How long it has been up.
    Uptime,
    /// Unexpected restarts of the last 30 days, as a number.
    Restarts,
    /// The same day by day.
    RestartsByDay,
    /// How full the fullest disk is.
    Disk,
    /// How worn the battery is.
    Battery,
    /// Comparison with laptops of the same model, above the anonymity floor.
    SameModel,
}

impl CardFact {
    pub const ALL: [Self; 9] = [
        Self::Name,
        Self::Model,
        Self::System,
        Self::Uptime,
        Self::Restarts,
        Self::RestartsByDay,
        Self::Disk,
        Self::Battery,
        Self::SameModel,
    ];

    /// As the owner reads it when choosing.
    pub fn label(self) -> &'static str {
        match self {
            Self::Name => "Name of the laptop",
            Self::Model => "Model",
            Self::System => "System",
            Self::Uptime => "Up for",
            Self::Restarts => "Unexpected restarts, 30 days",
            Self::RestartsByDay => "Restarts day by day",
            Self::Disk => "Fullest disk",
            Self::Battery => "Battery",
            Self::SameModel => "Comparison with the same model",
        }
    }

    /// The part of the device that it is taken from.
    pub fn field(self) -> Field {
        match self {
            Self::Name => Field::Name,
            Self::Model => Field::Model,
            Self::System => Field::OsBuild,
            Self::Uptime | Self::Restarts | Self::RestartsByDay => Field::BootsByDay,
            Self::Disk => Field::Vitals,
            Self::Battery => Field::Inventory,
            Self::SameModel => Field::Peers,
        }
    }
}

/// What an owner shows of one laptop in one talk.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Share {
    pub facts: BTreeSet<CardFact>,
    /// From then on nothing is shown; `None`: until it is taken back.
    pub until: Option<Timestamp>,
}

impl Share {
    pub fn in_force(&self, now: Timestamp) -> bool {
        self.until.is_none_or(|until| now < until)
    }
}

/// The facts of `device` that `viewer` sees in a talk where its owner made `share`.
pub fn shown(
    viewer: &Viewer,
    device: DeviceId,
    share: Option<&Share>,
    now: Timestamp,
) -> BTreeSet<CardFact> {
    if allows(viewer, Action::See, &Object::Device(device)).is_allowed() {
        return CardFact::ALL.into_iter().collect();
    }
    match share.filter(|share| share.in_force(now)) {
        Some(share) if allows(viewer, Action::See, &Object::ContextCard(device)).is_allowed() => {
            share.facts.clone()
        }
        _ => BTreeSet::new(),
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::authority::Role;

    fn viewer(roles: &[Role], own: &[DeviceId]) -> Viewer {
        Viewer {
            account: Uuid::from_u128(7),
            roles: roles.to_vec(),
            team: "Design".to_owned(),
            devices: own.to_vec(),
        }
    }

    /// Whatever the owner chooses, in every one of the 512 ways.
    #[test]
    fn no_selection_shows_a_peer_what_somebody_runs() {
        let device = DeviceId(Uuid::from_u128(2));
        let now = Timestamp::UNIX_EPOCH;
        for bits in 0_u32..1 << CardFact::ALL.len() {
            let facts: BTreeSet<CardFact> = CardFact::ALL
                .into_iter()
                .enumerate()
                .filter(|(index, _)| bits & (1 << index) != 0)
                .map(|(_, fact)| fact)
                .collect();
            let share = Share {
                facts: facts.clone(),
                until: None,
            };
            let seen = shown(&viewer(&[Role::User], &[]), device, Some(&share), now);
            assert_eq!(seen, facts, "a peer sees what was chosen, no more, no less");
            for fact in seen {
                assert!(
                    !matches!(
                        fact.field(),
                        Field::Processes
                            | Field::Apps
                            | Field::Observations
                            | Field::Owner
                            | Field::Ledger
                            | Field::Certificate
                            | Field::Books
                    ),
                    "{fact:?}"
                );
            }
        }
    }

    #[test]
    fn words_for_what_is_run_are_no_facts() {
        for word in [
            "processes",
            "apps",
            "observations",
            "process",
            "app",
            "anomalies",
        ] {
            let read: Result<CardFact, _> = serde_json::from_value(word.into());
            assert!(read.is_err(), "{word}");
        }
    }

    #[test]
    fn who_sees_which_card() {
        let device = DeviceId(Uuid::from_u128(2));
        let now: Timestamp = "2026-03-01T12:00:00Z".parse().unwrap_or_default();
        let share = |until: &str| Share {
            facts: BTreeSet::from([CardFact::Model]),
            until: until.parse().ok(),
        };
        let all = CardFact::ALL.len();
        for (roles, own, share, expect) in [
            (vec![Role::User], vec![], None, 0),
            (vec![Role::User], vec![], Some(share("")), 1),
            (
                vec![Role::User],
                vec![],
                Some(share("2026-03-02T00:00:00Z")),
                1,
            ),
            (
                vec![Role::User],
                vec![],
                Some(share("2026-03-01T12:00:00Z")),
                0,
            ),
            (vec![Role::User], vec![device], None, all),
            (vec![Role::Technician], vec![], None, all),
            (vec![Role::Security], vec![], None, all),
            (vec![Role::Admin], vec![], None, all),
        ] {
            let seen = shown(&viewer(&roles, &own), device, share.as_ref(), now);
            assert_eq!(seen.len(), expect, "{roles:?} {own:?} {share:?}");
        }
    }
}
