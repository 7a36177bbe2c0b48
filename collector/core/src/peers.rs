//! Peers: people with the same laptop or the same trouble who agreed to be found.
//!
//! **Invariant: nobody is found who did not agree to be found in that way**, and nobody is ranked. A reason names a model or a
//! cause that may be told to peers; what somebody runs is never a reason. Not here: inviting, and its limits (the collector).

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{authority::is_private, finding::Finding, finding::what_of};

/// People shown at once: enough to choose from, few enough not to be a directory.
pub const MOST: usize = 10;
/// A person who was asked this often in the last week is left in peace.
pub const ASKED_ENOUGH: u32 = 3;

/// How somebody agreed to be found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Findable {
    /// By people with the same laptop model.
    pub by_model: bool,
    /// By people whose laptop has the same trouble.
    pub by_problem: bool,
}

/// Somebody who might be found.
#[derive(Clone, Debug, PartialEq)]
pub struct Candidate {
    pub account: Uuid,
    pub findable: Findable,
    /// Models of their laptops.
    pub models: BTreeSet<String>,
    /// Troubles that their laptops have or had: [`problem`] to its words.
    pub problems: BTreeMap<String, String>,
    /// Invitations of the last week.
    pub asked: u32,
}

/// Whom somebody looks for.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Wanted {
    pub models: BTreeSet<String>,
    pub problems: BTreeSet<String>,
    /// Who is there already, or said no.
    pub but: BTreeSet<Uuid>,
    /// Turns the order: the same talk always sees the same order, another talk another.
    pub turn: Uuid,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Match {
    pub account: Uuid,
    pub same_model: bool,
    pub same_problem: bool,
    /// "has the same laptop (ThinkPad T14)".
    pub reasons: Vec<String>,
}

/// What an anomaly is about in a form that two laptops can share; `None` where peers must not learn of it.
pub fn problem(finding: &Finding) -> Option<String> {
    (!is_private(finding.kind)).then(|| what_of(&finding.cause).to_owned())
}

/// Those who fit, both ways first; among equals a fixed mixture, so that it is not always the same person.
pub fn find(wanted: &Wanted, candidates: &[Candidate]) -> Vec<Match> {
    let mut found: Vec<(u64, Match)> = candidates
        .iter()
        .filter(|one| !wanted.but.contains(&one.account) && one.asked < ASKED_ENOUGH)
        .filter_map(|one| Some((mixed(wanted.turn, one.account), fits(wanted, one)?)))
        .collect();
    found.sort_by_key(|(mixed, one)| (!(one.same_model && one.same_problem), *mixed, one.account));
    found.dedup_by_key(|(_, one)| one.account);
    found.truncate(MOST);
    found.into_iter().map(|(_, one)| one).collect()
}

fn fits(wanted: &Wanted, one: &Candidate) -> Option<Match> {
    let mut reasons = Vec::new();
    let model = one
        .models
        .iter()
        .find(|model| !model.is_empty() && wanted.models.contains(*model))
        .filter(|_| one.findable.by_model);
    if let Some(model) = model {
        reasons.push(format!("has the same laptop ({model})"));
    }
    let problem = one
        .problems
        .iter()
        .find(|(problem, _)| wanted.problems.contains(*problem))
        .filter(|_| one.findable.by_problem);
    if let Some((_, words)) = problem {
        reasons.push(format!("has or had the same trouble ({words})"));
    }
    (!reasons.is_empty()).then(|| Match {
        account: one.account,
        same_model: model.is_some(),
        same_problem: problem.is_some(),
        reasons,
    })
}

/// FNV-1a over both ids: the same on every machine.
fn mixed(turn: Uuid, account: Uuid) -> u64 {
    turn.as_bytes()
        .iter()
        .chain(account.as_bytes())
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
            (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn candidate(n: u128, by_model: bool, by_problem: bool) -> Candidate {
        Candidate {
            account: Uuid::from_u128(n),
            findable: Findable {
                by_model,
                by_problem,
            },
            models: BTreeSet::from(["T14".to_owned()]),
            problems: BTreeMap::from([(
                "reboot/rate".to_owned(),
                "unexpected restarts".to_owned(),
            )]),
            asked: 0,
        }
    }

    fn wanted() -> Wanted {
        Wanted {
            models: BTreeSet::from(["T14".to_owned()]),
            problems: BTreeSet::from(["reboot/rate".to_owned()]),
            but: BTreeSet::from([Uuid::from_u128(99)]),
            turn: Uuid::from_u128(5),
        }
    }

    #[test]
    fn only_who_agreed_and_only_in_that_way() {
        let all = [
            candidate(1, false, false),
            candidate(2, true, false),
            candidate(3, false, true),
            candidate(4, true, true),
            candidate(99, true, true),
            Candidate {
                asked: ASKED_ENOUGH,
                ..candidate(5, true, true)
            },
            Candidate {
                models: BTreeSet::from(["X1".to_owned()]),
                ..candidate(6, true, false)
            },
        ];
        let found = find(&wanted(), &all);
        assert_eq!(found[0].account, Uuid::from_u128(4));
        assert_eq!(found[0].reasons.len(), 2);
        let mut rest: Vec<_> = found[1..]
            .iter()
            .map(|one| (one.account.as_u128(), one.same_model, one.same_problem))
            .collect();
        rest.sort_unstable();
        assert_eq!(rest, [(2, true, false), (3, false, true)]);
    }

    #[test]
    fn it_is_not_always_the_same_person() {
        let all: Vec<Candidate> = (1..40).map(|n| candidate(n, true, false)).collect();
        let firsts: BTreeSet<Uuid> = (0..30)
            .map(|turn| {
                let wanted = Wanted {
                    turn: Uuid::from_u128(turn),
                    ..wanted()
                };
                assert_eq!(find(&wanted, &all), find(&wanted, &all));
                find(&wanted, &all)[0].account
            })
            .collect();
        assert!(firsts.len() > 10, "{}", firsts.len());
        assert_eq!(find(&wanted(), &all).len(), MOST);
    }
}
