//! Samples of public lists, scored: what they state of the catalog's apps is found, what is only near them is not.
//!
//! Invariant: the lists hold facts only (names, paths, hosts), one a line, each with the source that states it; they are
//! made from the sources, never from the catalog. Not here: which app answers (`matches`, `recorded`).
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;

use weft_proto_catalog::{Catalog, Context, Os, Query};

/// Least share of stated facts that must be found on each system. The lists also state what is nobody's (hosts of third
/// parties, `winpty-agent64.exe`, pages of a forum), which the catalog leaves out: below the 0.95 it aims at.
const LEAST_RECALL: f64 = 0.90;

const STATED: &str = include_str!("lists/stated.tsv");
const LOOKALIKES: &str = include_str!("lists/lookalikes.tsv");

/// The lines of a list as questions: source, system, kind, value, `context key=text`.
fn questions(list: &'static str) -> impl Iterator<Item = (&'static str, Os, Query)> {
    list.lines()
        .filter(|line| !line.starts_with('#'))
        .map(|line| {
            let cells: Vec<&str> = line.split('\t').collect();
            let mut context = Context::default();
            let (key, text) = cells[4].split_once('=').unwrap_or(("", ""));
            match key {
                "" => {}
                "original_filename" => context.original_filename = Some(text.to_owned()),
                "description" => context.description = Some(text.to_owned()),
                "cgroup" => context.cgroup = Some(text.to_owned()),
                other => panic!("unknown context {other}"),
            }
            let query = Query {
                kind: serde_json::from_value(cells[2].into()).unwrap(),
                value: cells[3].to_owned(),
                context,
            };
            (cells[0], cells[1].parse().unwrap(), query)
        })
}

#[test]
fn what_public_lists_state_is_found() {
    let catalog = Catalog::builtin();
    let mut scores: BTreeMap<Os, (usize, usize)> = BTreeMap::new();
    let mut missed = Vec::new();
    for (source, os, query) in questions(STATED) {
        let (asked, found) = scores.entry(os).or_default();
        *asked += 1;
        match catalog.matches(os, query.kind, &query.value, &query.context) {
            Some(_) => *found += 1,
            None => missed.push(format!("{source} {os:?} {:?} {}", query.kind, query.value)),
        }
    }
    assert_eq!(scores.len(), Os::ALL.len());
    for (os, (asked, found)) in scores {
        let recall = found as f64 / asked as f64;
        assert!(asked >= 100, "{os:?}: {asked}");
        assert!(
            recall >= LEAST_RECALL,
            "{os:?} {recall:.3}\n{}",
            missed.join("\n")
        );
    }
}

#[test]
fn nothing_near_is_flagged() {
    let catalog = Catalog::builtin();
    let flagged: Vec<String> = questions(LOOKALIKES)
        .filter_map(|(source, os, query)| {
            let found = catalog.matches(os, query.kind, &query.value, &query.context)?;
            Some(format!(
                "{source} {os:?} {:?} {}: {}",
                query.kind, query.value, found.app
            ))
        })
        .collect();
    assert!(questions(LOOKALIKES).count() >= 300);
    assert!(flagged.is_empty(), "{}", flagged.join("\n"));
}
