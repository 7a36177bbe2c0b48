//! `docs/privacy.md` lists every field that can leave a laptop: this holds the page against the wire itself.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;

use prost::Message as _;
use prost_types::{DescriptorProto, FileDescriptorSet};

/// The kinds' own wrappers in `Observation`: they carry no data of their own.
const WRAPPERS: [&str; 7] = [
    "boot",
    "resume",
    "process",
    "app",
    "vitals",
    "inventory",
    "agent_health",
];

fn fields_of(message: &DescriptorProto, into: &mut BTreeSet<String>) {
    into.extend(
        message
            .field
            .iter()
            .map(|field| format!("{}.{}", message.name(), field.name())),
    );
    for nested in &message.nested_type {
        fields_of(nested, into);
    }
}

#[test]
fn every_field_of_every_observation_is_on_the_privacy_page() {
    let page = include_str!("../../docs/privacy.md");
    // Words in backquotes in the first column of the tables.
    let listed: BTreeSet<&str> = page
        .lines()
        .filter_map(|line| {
            line.strip_prefix("| ")
                .and_then(|row| row.split(" | ").next())
        })
        .flat_map(|cell| cell.split('`').skip(1).step_by(2))
        .collect();
    let descriptors = FileDescriptorSet::decode(weft_proto::DESCRIPTORS).unwrap();
    let mut fields = BTreeSet::new();
    for file in descriptors
        .file
        .iter()
        .filter(|file| file.name().ends_with("observation.proto"))
    {
        for message in &file.message_type {
            fields_of(message, &mut fields);
        }
    }
    assert!(
        fields.len() > 80,
        "only {} fields found: is the descriptor read right?",
        fields.len()
    );
    let missing: Vec<&String> = fields
        .iter()
        .filter(|field| {
            let name = field.rsplit('.').next().unwrap();
            !(listed.contains(name)
                || field.starts_with("Observation.") && WRAPPERS.contains(&name))
        })
        .collect();
    assert!(
        missing.is_empty(),
        "docs/privacy.md does not list {missing:?}"
    );
    let gone: Vec<&&str> = listed
        .iter()
        .filter(|name| {
            !fields
                .iter()
                .any(|field| field.ends_with(&format!(".{name}")))
        })
        .collect();
    assert!(
        gone.is_empty(),
        "docs/privacy.md lists what is not on the wire: {gone:?}"
    );
}
