//! What IT may ask of agents: a document, checked before it is kept.
//!
//! **Invariant:** an agent does what is kept here to the letter. It clamps whatever it is asked to bounds of its own
//! (`agent/src/policy.rs`); asking for more is refused here in words, so that nobody believes in a cadence that no agent
//! keeps. Pure.

use prost::Message as _;
use serde_json::Value;
use weft_proto::{
    MAX_MESSAGE_BYTES,
    v1::{Cadence, Policy, Privacy, Quota},
};
use weft_proto_catalog::{Catalog, CatalogError};

use crate::nearest::nearest;

/// Half of the largest message: the other half is for the verdicts that travel along.
const MAX_BYTES: usize = MAX_MESSAGE_BYTES / 2;
/// More than any organisation has; each is compared with each account that an app tells.
const MAX_DOMAINS: usize = 1_000;
/// RFC 1035, 2.3.4.
const DOMAIN_CHARACTERS: usize = 253;

const PROBES: [&str; 5] = ["boot", "process", "app", "vitals", "inventory"];
/// Settings without a range. `version` and `verdicts` are read and left out: the collector gives them itself.
const PLAIN: [&str; 11] = [
    "privacy.command_lines",
    "privacy.host_name",
    "disabled_probes",
    "catalog",
    "organisation_domains",
    "notices.disabled",
    "notices.quiet_from",
    "notices.quiet_until",
    "notices.console_url",
    "version",
    "verdicts",
];

/// A number and what agents make of it at most; 0 always means the agent's default.
struct Range {
    key: &'static str,
    read: fn(&Asked) -> u64,
    least: u64,
    most: u64,
    unit: &'static str,
}

struct Asked {
    cadence: Cadence,
    privacy: Privacy,
    quota: Quota,
}

const fn range(
    key: &'static str,
    read: fn(&Asked) -> u64,
    (least, most): (u64, u64),
    unit: &'static str,
) -> Range {
    Range {
        key,
        read,
        least,
        most,
        unit,
    }
}

/// The agent's own bounds.
const RANGES: [Range; 9] = [
    range(
        "cadence.process",
        |asked| asked.cadence.process.into(),
        (5, 3_600),
        "seconds",
    ),
    range(
        "cadence.app",
        |asked| asked.cadence.app.into(),
        (60, 86_400),
        "seconds",
    ),
    range(
        "cadence.vitals",
        |asked| asked.cadence.vitals.into(),
        (10, 3_600),
        "seconds",
    ),
    range(
        "cadence.inventory",
        |asked| asked.cadence.inventory.into(),
        (600, 604_800),
        "seconds",
    ),
    range(
        "cadence.ship",
        |asked| asked.cadence.ship.into(),
        (1, 3_600),
        "seconds",
    ),
    range(
        "privacy.home_path_depth",
        |asked| asked.privacy.home_path_depth.into(),
        (1, 8),
        "folders",
    ),
    range(
        "quota.bytes_per_day",
        |asked| asked.quota.bytes_per_day,
        (64 * 1024, i64::MAX as u64),
        "bytes",
    ),
    range(
        "quota.spool_bytes",
        |asked| asked.quota.spool_bytes,
        (8 * 1024 * 1024, 1024 * 1024 * 1024),
        "bytes",
    ),
    range(
        "quota.spool_days",
        |asked| asked.quota.spool_days.into(),
        (1, 365),
        "days",
    ),
];

/// Why a document is no policy.
#[derive(Debug, thiserror::Error)]
pub enum Unfit {
    #[error("a policy has no setting {key:?}{}", hint(*nearest))]
    UnknownKey {
        key: String,
        nearest: Option<&'static str>,
    },
    #[error("this is not a policy: {0}")]
    Shape(#[from] serde_json::Error),
    #[error(
        "{key} = {asked}: agents do no less than {least} and no more than {most} {unit}; 0 leaves it to them"
    )]
    Range {
        key: &'static str,
        asked: u64,
        least: u64,
        most: u64,
        unit: &'static str,
    },
    #[error("disabled_probes: there is no probe {probe:?}{}", hint(*nearest))]
    Probe {
        probe: String,
        nearest: Option<&'static str>,
    },
    #[error("organisation_domains: {0:?} is not a domain like \"example.org\"")]
    Domain(String),
    #[error(
        "notices.{key}: {found:?} is no time of day; write \"HH:MM\", e.g. \"18:30\", and both ends or none"
    )]
    QuietHours { key: &'static str, found: String },
    #[error("notices.console_url: {0:?} is no address; write https://HOST, without a path")]
    ConsoleUrl(String),
    #[error("organisation_domains: more than {MAX_DOMAINS}")]
    Domains,
    #[error("catalog: {0}")]
    Catalog(#[from] CatalogError),
    #[error("{0} bytes; a policy travels in one message and has at most {MAX_BYTES}")]
    TooLarge(usize),
}

fn hint(nearest: Option<&str>) -> String {
    nearest.map_or_else(String::new, |name| format!("; did you mean {name:?}?"))
}

/// The policy in a document, without what IT does not set.
pub fn read(document: &Value) -> Result<Policy, Unfit> {
    check_keys(document)?;
    let mut policy: Policy = serde_json::from_value(document.clone())?;
    policy.version = 0;
    policy.verdicts.clear();
    check_numbers(&policy)?;
    check_probes(&policy)?;
    check_domains(&policy)?;
    check_notices(&policy)?;
    let size = policy.encoded_len();
    if size > MAX_BYTES {
        return Err(Unfit::TooLarge(size));
    }
    let documents: Vec<&str> = policy.catalog.iter().map(String::as_str).collect();
    Catalog::parse(&documents)?;
    Ok(policy)
}

fn keys() -> impl Iterator<Item = &'static str> {
    RANGES.iter().map(|range| range.key).chain(PLAIN)
}

fn check_keys(document: &Value) -> Result<(), Unfit> {
    for (name, value) in document.as_object().into_iter().flatten() {
        let is_section = keys().any(|key| key.split('.').next() == Some(name) && key != name);
        match value.as_object() {
            Some(section) if is_section => {
                for key in section.keys() {
                    check_key(&format!("{name}.{key}"))?;
                }
            }
            // Whatever else stands in a section's place is told by its shape.
            _ if is_section => {}
            _ => check_key(name)?,
        }
    }
    Ok(())
}

fn check_key(key: &str) -> Result<(), Unfit> {
    if keys().any(|known| known == key) {
        return Ok(());
    }
    // A section alone is a name that may be meant, too.
    let names = keys().chain(keys().filter_map(|known| Some(known.split_once('.')?.0)));
    Err(Unfit::UnknownKey {
        key: key.to_owned(),
        nearest: nearest(names, key),
    })
}

fn check_numbers(policy: &Policy) -> Result<(), Unfit> {
    let asked = Asked {
        cadence: policy.cadence.unwrap_or_default(),
        privacy: policy.privacy.unwrap_or_default(),
        quota: policy.quota.unwrap_or_default(),
    };
    for range in &RANGES {
        let number = (range.read)(&asked);
        if number != 0 && !(range.least..=range.most).contains(&number) {
            return Err(Unfit::Range {
                key: range.key,
                asked: number,
                least: range.least,
                most: range.most,
                unit: range.unit,
            });
        }
    }
    Ok(())
}

fn check_probes(policy: &Policy) -> Result<(), Unfit> {
    for probe in &policy.disabled_probes {
        if !PROBES.contains(&probe.as_str()) {
            return Err(Unfit::Probe {
                probe: probe.clone(),
                nearest: nearest(PROBES, probe),
            });
        }
    }
    Ok(())
}

fn check_domains(policy: &Policy) -> Result<(), Unfit> {
    if policy.organisation_domains.len() > MAX_DOMAINS {
        return Err(Unfit::Domains);
    }
    match policy
        .organisation_domains
        .iter()
        .find(|domain| !is_domain(domain))
    {
        Some(domain) => Err(Unfit::Domain(domain.clone())),
        None => Ok(()),
    }
}

fn check_notices(policy: &Policy) -> Result<(), Unfit> {
    let notices = policy.notices.clone().unwrap_or_default();
    let (from, until) = (&notices.quiet_from, &notices.quiet_until);
    for (key, found) in [("quiet_from", from), ("quiet_until", until)] {
        let is_none = from.is_empty() && until.is_empty();
        if !is_none && !is_time(found) {
            let found = found.clone();
            return Err(Unfit::QuietHours { key, found });
        }
    }
    let url = &notices.console_url;
    let host = url.strip_prefix("https://").or(url.strip_prefix("http://"));
    let is_plain = |host: &str| host.parse::<http::uri::Authority>().is_ok() && !host.contains('@');
    if !url.is_empty() && !host.is_some_and(is_plain) {
        return Err(Unfit::ConsoleUrl(url.clone()));
    }
    Ok(())
}

/// "HH:MM".
fn is_time(text: &str) -> bool {
    let (hour, minute) = text.split_once(':').unwrap_or_default();
    let below = |part: &str, limit: u8| {
        part.len() == 2
            && part.bytes().all(|b| b.is_ascii_digit())
            && part.parse().is_ok_and(|number: u8| number < limit)
    };
    below(hour, 24) && below(minute, 60)
}

/// Two labels at least, in lower case as the catalog compares them.
fn is_domain(domain: &str) -> bool {
    let is_label = |label: &str| {
        !label.is_empty()
            && label
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
    };
    domain.len() <= DOMAIN_CHARACTERS && domain.contains('.') && domain.split('.').all(is_label)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::collections::BTreeSet;

    use serde_json::json;
    use weft_proto::v1::{AppVerdict, Notices};

    use super::*;

    fn full() -> Policy {
        Policy {
            version: 3,
            cadence: Some(Cadence {
                process: 5,
                app: 60,
                vitals: 10,
                inventory: 600,
                ship: 1,
            }),
            privacy: Some(Privacy {
                command_lines: true,
                host_name: true,
                home_path_depth: 8,
            }),
            quota: Some(Quota {
                bytes_per_day: 64 * 1024,
                spool_bytes: 8 * 1024 * 1024,
                spool_days: 365,
            }),
            disabled_probes: vec!["app".to_owned()],
            catalog: vec!["category = \"cloud_sync\"".to_owned()],
            verdicts: vec![AppVerdict {
                app: "dropbox".to_owned(),
                verdict: "tolerated".to_owned(),
                until: String::new(),
                replace_by: String::new(),
            }],
            organisation_domains: vec!["example.org".to_owned()],
            notices: Some(Notices {
                disabled: true,
                quiet_from: "18:30".to_owned(),
                quiet_until: "07:00".to_owned(),
                console_url: "https://weft.example.org".to_owned(),
            }),
        }
    }

    fn refused(document: Value) -> String {
        read(&document).unwrap_err().to_string()
    }

    /// A field that the wire gains must be settable, so it must be known here.
    #[test]
    fn every_field_of_the_wire_is_known() {
        let document = serde_json::to_value(full()).unwrap();
        let mut found = BTreeSet::new();
        for (name, value) in document.as_object().unwrap() {
            match value.as_object() {
                Some(section) => found.extend(section.keys().map(|key| format!("{name}.{key}"))),
                None => drop(found.insert(name.clone())),
            }
        }
        assert_eq!(found, keys().map(str::to_owned).collect());
    }

    #[test]
    fn what_is_shown_can_be_set_and_loses_what_it_does_not_set() {
        let read = read(&serde_json::to_value(full()).unwrap()).unwrap();
        let expected = Policy {
            version: 0,
            verdicts: vec![],
            ..full()
        };
        assert_eq!(read, expected);
        assert_eq!(super::read(&json!({})).unwrap(), Policy::default());
    }

    #[test]
    fn a_cadence_that_no_agent_keeps_is_refused_in_words() {
        assert_eq!(
            refused(json!({"cadence": {"process": 4}})),
            "cadence.process = 4: agents do no less than 5 and no more than 3600 seconds; 0 leaves it to them"
        );
        for range in &RANGES {
            let (section, key) = range.key.split_once('.').unwrap();
            let ask = |number: u64| read(&json!({section: {key: number}}));
            for fine in [0, range.least, range.most] {
                assert!(ask(fine).is_ok(), "{} = {fine}", range.key);
            }
            assert!(
                range.least == 1 || ask(range.least - 1).is_err(),
                "{}",
                range.key
            );
            assert!(ask(range.most + 1).is_err(), "{}", range.key);
        }
    }

    #[test]
    fn slips_are_named() {
        let cases = [
            (
                json!({"cadence": {"vital": 30}}),
                "did you mean \"cadence.vitals\"?",
            ),
            (
                json!({"privacy": {"commandLines": true}}),
                "did you mean \"privacy.command_lines\"?",
            ),
            (json!({"cadance": {}}), "did you mean \"cadence\"?"),
            (json!({"catalogue": []}), "did you mean \"catalog\"?"),
            (
                json!({"disabled_probes": ["apps"]}),
                "did you mean \"app\"?",
            ),
            (json!({"cadence": 5}), "not a policy"),
            (json!([]), "not a policy"),
            (json!({"cadence": {"vitals": -1}}), "not a policy"),
            (
                json!({"organisation_domains": ["https://example.org"]}),
                "not a domain",
            ),
            (
                json!({"notices": {"quiet_from": "18:30"}}),
                "notices.quiet_until: \"\" is no time of day",
            ),
            (
                json!({"notices": {"quiet_from": "24:00", "quiet_until": "7:00"}}),
                "notices.quiet_from: \"24:00\"",
            ),
            (
                json!({"notices": {"console_url": "javascript:alert(1)"}}),
                "is no address",
            ),
            (
                json!({"catalog": ["category = \"cloud\""]}),
                "document 1, line 1",
            ),
        ];
        for (document, words) in cases {
            let said = refused(document.clone());
            assert!(said.contains(words), "{document}: {said}");
        }
    }
}
