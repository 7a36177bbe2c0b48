//! Program identities of the fleet. SQL groups by what is known of the file; `core` names the identity, and groups of one
//! name are joined here.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::Deserialize;
use weft_collector_core::{
    detect::process::identity_of,
    device::DeviceId,
    evidence::{ProcessIdentity, ProcessSeen},
};
use weft_dashboards::queries;

use crate::telemetry::{Error, Telemetry};

/// Groups of one round. 10,000 laptops of one company run some 50,000 programs; a developers' fleet more.
const MAX_GROUPS: u32 = 200_000;

/// Lives of programs that one question reads: some hundred MB of groups in the engine.
const RUN_LIVES: u64 = 400_000;

/// Sightings per identity, see [`ProcessIdentity::seen`].
const MAX_SEEN: usize = 200;

#[derive(Deserialize)]
struct Row {
    name: String,
    signed: String,
    lies: String,
    about: About,
    devices: u32,
    seen: Vec<Seen>,
}

#[derive(Deserialize)]
struct Name {
    name: String,
    rows: u64,
    devices: u32,
}

/// path, sha256, package, original file name, user class, traits
#[derive(Deserialize)]
struct About(String, String, String, String, String, Vec<String>);

/// first, device, last, starts, parent, its package, CPU before, CPU of the last day
#[derive(Deserialize)]
struct Seen(
    Timestamp,
    DeviceId,
    Timestamp,
    u32,
    String,
    String,
    f64,
    f64,
);

impl Telemetry {
    pub(super) async fn evidence_processes(
        &self,
        from: Timestamp,
        now: Timestamp,
    ) -> Result<Vec<ProcessIdentity>, Error> {
        let names: Vec<Name> = self
            .work(queries::EVIDENCE_NAMES)
            .at("from", from)
            .all()
            .await?;
        let mut groups = 0;
        let mut identities: BTreeMap<String, ProcessIdentity> = BTreeMap::new();
        for run in runs(&names) {
            let (Some(first), Some(last)) = (run.first(), run.last()) else {
                continue;
            };
            let asked = self
                .work(queries::EVIDENCE_PROCESSES)
                .at("from", from)
                .at("now", now)
                .with("first", &first.name)
                .with("last", &last.name);
            let left = MAX_GROUPS.saturating_sub(groups);
            let mut answer = asked.with("limit", left).rows::<Row>()?;
            while let Some(rows) = answer.some().await? {
                groups += rows.len() as u32;
                for row in rows {
                    let with_name = run
                        .binary_search_by(|name| name.name.as_str().cmp(&row.name))
                        .map_or(0, |index| run[index].devices);
                    let one = row.identity(with_name);
                    match identities.get_mut(&one.key) {
                        Some(known) => join(known, one),
                        None => {
                            identities.insert(one.key.clone(), one);
                        }
                    }
                }
            }
        }
        if groups >= MAX_GROUPS {
            tracing::warn!(
                limit = MAX_GROUPS,
                "more program identities than one round reads; the rest is not judged"
            );
        }
        Ok(identities.into_values().collect())
    }
}

/// Neighbours in the order of the table, about [`RUN_LIVES`] together; a name is never cut.
fn runs(names: &[Name]) -> Vec<&[Name]> {
    let mut runs = Vec::new();
    let (mut begin, mut lives) = (0, 0);
    for (index, name) in names.iter().enumerate() {
        if index > begin && lives + name.rows > RUN_LIVES {
            runs.push(&names[begin..index]);
            (begin, lives) = (index, 0);
        }
        lives += name.rows;
    }
    runs.push(&names[begin..]);
    runs
}

impl Row {
    fn identity(self, devices_with_name: u32) -> ProcessIdentity {
        let About(path, sha256, package, original_file_name, user_class, traits) = self.about;
        let told = ProcessIdentity {
            key: String::new(),
            executable_name: self.name,
            executable_path: path,
            executable_sha256: sha256,
            package,
            signer: self.signed,
            original_file_name,
            place: self.lies,
            user_class,
            traits,
            devices_with_name: devices_with_name.max(self.devices),
            seen: self.seen.into_iter().map(Seen::seen).collect(),
            devices: self.devices,
        };
        ProcessIdentity {
            key: identity_of(&told),
            ..told
        }
    }
}

impl Seen {
    fn seen(self) -> ProcessSeen {
        let Self(
            first,
            device,
            last,
            starts,
            parent_executable_name,
            parent_package,
            cpu_per_day_before,
            cpu_last_day,
        ) = self;
        ProcessSeen {
            device,
            first,
            last,
            starts,
            parent_executable_name,
            parent_package,
            cpu_per_day_before,
            cpu_last_day,
        }
    }
}

/// Two groups of one identity (another version, another path): one sighting per device, the earliest first.
fn join(known: &mut ProcessIdentity, other: ProcessIdentity) {
    let mut by_device: BTreeMap<DeviceId, ProcessSeen> = BTreeMap::new();
    for seen in known.seen.drain(..).chain(other.seen) {
        match by_device.get_mut(&seen.device) {
            Some(one) => join_seen(one, seen),
            None => {
                by_device.insert(seen.device, seen);
            }
        }
    }
    let distinct = by_device.len() as u32;
    known.seen = by_device.into_values().collect();
    known.seen.sort_by_key(|seen| (seen.first, seen.device));
    known.seen.truncate(MAX_SEEN);
    // Exact while the sightings are complete; otherwise the larger group's count is a lower bound.
    known.devices = known.devices.max(other.devices).max(distinct);
    known.devices_with_name = known.devices_with_name.max(other.devices_with_name);
    let traits: BTreeSet<String> = known.traits.drain(..).chain(other.traits).collect();
    known.traits = traits.into_iter().collect();
}

fn join_seen(one: &mut ProcessSeen, other: ProcessSeen) {
    if other.first < one.first {
        one.first = other.first;
        one.parent_executable_name = other.parent_executable_name;
        one.parent_package = other.parent_package;
    }
    one.last = one.last.max(other.last);
    one.starts = one.starts.saturating_add(other.starts);
    one.cpu_per_day_before += other.cpu_per_day_before;
    one.cpu_last_day += other.cpu_last_day;
}
