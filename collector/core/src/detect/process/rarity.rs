//! Points for being unusual: rare content, odd place, odd parent, borrowed name, nobody's file, new.
//!
//! **Invariant: no single ordinary fact makes a finding.** The largest share that one fact can give is smaller than
//! what is needed; being owned by a package or signed takes points away. The points are bits of surprise
//! in spirit (a share of 1/8 is worth 3 bits) and are weighted so that one rare, unowned, new program in a temporary
//! folder passes, and one in a home folder (a portable tool) does not.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use crate::{
    detect::{
        Settings,
        baseline::finite,
        cap,
        fleet::{DAY, Fleet, believable, days},
        process::{
            identity::{is_made_here, normalised_name, package_name},
            masquerade::{self, Masquerade, place_words},
        },
        wording,
    },
    device::DeviceId,
    evidence::{Evidence, ProcessIdentity, ProcessSeen},
    finding::{EvidenceRow, Finding, Kind, Severity, Subject as About, cause},
};

/// Most bits that rarity alone may give: beyond one in 100 devices, rarer is not odder.
const MOST_BITS: f64 = 6.0;
/// On a device's first day everything is new, and most of it is just what its person uses.
const FIRST_DAYS: f64 = 1.0;
const BIT: f64 = 0.45;
/// A file that no package owns and nobody signed.
const NOBODYS: f64 = 1.2;

/// One identity, each device once, in order of appearance.
pub struct Subject<'a> {
    pub key: String,
    pub about: &'a ProcessIdentity,
    /// By first sight, then device.
    pub seen: Vec<&'a ProcessSeen>,
    /// Devices with this identity in the whole fleet.
    pub devices: usize,
    pub name: String,
    /// The fleet's agents can tell packages or signers at all; without that "nobody's file" means nothing.
    pub provenance: bool,
    pub now: Timestamp,
}

impl Subject<'_> {
    pub fn owned(&self) -> bool {
        !self.about.package.is_empty() || !self.about.signer.is_empty()
    }

    pub fn first(&self) -> Option<&ProcessSeen> {
        self.seen.first().copied()
    }

    /// Every device, oldest first, each once.
    pub fn device_ids(&self) -> Vec<DeviceId> {
        let mut known = BTreeSet::new();
        self.seen
            .iter()
            .map(|seen| seen.device)
            .filter(|device| known.insert(*device))
            .collect()
    }

    pub fn shown_name(&self) -> &str {
        if self.about.executable_name.is_empty() {
            "a program without a name"
        } else {
            &self.about.executable_name
        }
    }

    pub fn rows(&self, fleet: &Fleet<'_>) -> Vec<EvidenceRow> {
        let mut known = BTreeSet::new();
        self.seen
            .iter()
            .filter(|seen| known.insert(seen.device))
            .take(crate::detect::EVIDENCE_LIMIT)
            .map(|seen| EvidenceRow {
                kind: "process".to_owned(),
                device: Some(seen.device),
                at: seen.first,
                text: format!(
                    "{} first seen on {}, started by {}, {}, path {}",
                    self.shown_name(),
                    fleet.name(seen.device),
                    or(&seen.parent_executable_name, "an unknown parent"),
                    wording::count(seen.starts as usize, "start"),
                    or(&self.about.executable_path, "unknown"),
                ),
            })
            .collect()
    }
}

/// Merges what the store may have told twice, drops what lies in the future.
pub fn subjects(evidence: &Evidence) -> Vec<Subject<'_>> {
    let mut by_key: BTreeMap<String, Vec<&ProcessIdentity>> = BTreeMap::new();
    for process in &evidence.processes {
        let key = if process.key.is_empty() {
            super::identity_of(process)
        } else {
            process.key.clone()
        };
        by_key.entry(key).or_default().push(process);
    }
    let told = by_key
        .values()
        .flatten()
        .filter(|p| !p.package.is_empty() || !p.signer.is_empty())
        .count();
    let provenance = told * 5 >= by_key.len();
    by_key
        .into_iter()
        .filter_map(|(key, told)| {
            let about = told
                .iter()
                .copied()
                .min_by(|a, b| text_order(a).cmp(&text_order(b)))?;
            let mut seen: Vec<&ProcessSeen> = told
                .iter()
                .flat_map(|process| &process.seen)
                .filter(|seen| {
                    believable(seen.first, evidence.now)
                        && evidence.devices.contains_key(&seen.device)
                })
                .collect();
            seen.sort_by(|a, b| {
                (
                    a.first,
                    a.device,
                    &a.parent_executable_name,
                    a.starts,
                    a.last,
                )
                    .cmp(&(
                        b.first,
                        b.device,
                        &b.parent_executable_name,
                        b.starts,
                        b.last,
                    ))
            });
            seen.dedup_by(|a, b| {
                a.device == b.device
                    && a.parent_executable_name == b.parent_executable_name
                    && a.first == b.first
            });
            let here: BTreeSet<DeviceId> = seen.iter().map(|seen| seen.device).collect();
            let devices = told
                .iter()
                .map(|process| process.devices as usize)
                .max()
                .unwrap_or(0)
                .max(here.len());
            Some(Subject {
                key,
                about,
                name: normalised_name(&about.executable_name),
                seen,
                devices,
                provenance,
                now: evidence.now,
            })
        })
        .filter(|subject| !subject.seen.is_empty())
        .collect()
}

/// Who starts whom, over the fleet: for a child's name the devices of each parent, for a parent's name its children.
pub struct Lineage {
    parents: BTreeMap<String, BTreeMap<String, BTreeSet<DeviceId>>>,
    /// Starts of a child, in all and by parent: in a fleet of three, devices are too few to count.
    starts: BTreeMap<String, BTreeMap<String, u64>>,
    children: BTreeMap<String, (BTreeSet<String>, BTreeSet<DeviceId>)>,
}

impl Lineage {
    pub fn of(subjects: &[Subject<'_>]) -> Self {
        let mut lineage = Self {
            parents: BTreeMap::new(),
            starts: BTreeMap::new(),
            children: BTreeMap::new(),
        };
        for subject in subjects {
            for seen in &subject.seen {
                let parent = normalised_name(&seen.parent_executable_name);
                if parent.is_empty() {
                    continue;
                }
                lineage
                    .parents
                    .entry(subject.name.clone())
                    .or_default()
                    .entry(parent.clone())
                    .or_default()
                    .insert(seen.device);
                *lineage
                    .starts
                    .entry(subject.name.clone())
                    .or_default()
                    .entry(parent.clone())
                    .or_default() += u64::from(seen.starts.max(1));
                let (names, devices) = lineage.children.entry(parent).or_default();
                names.insert(subject.name.clone());
                devices.insert(seen.device);
            }
        }
        lineage
    }

    /// Points and words for a child under this parent.
    fn oddity(&self, child: &str, parent: &str) -> Option<(f64, String)> {
        const WELL_KNOWN: usize = 5;
        let parents = self.parents.get(child)?;
        let everywhere: BTreeSet<DeviceId> = parents.values().flatten().copied().collect();
        let with_parent = parents.get(parent).map_or(0, BTreeSet::len);
        let share = with_parent as f64 / everywhere.len().max(1) as f64;
        if everywhere.len() >= WELL_KNOWN && share <= 0.1 {
            let points = if share <= 0.02 { 3.0 } else { 2.2 };
            return Some((
                points,
                format!(
                    "{child} runs on {}, but only on {with_parent} of them it was started by {parent}.",
                    wording::count(everywhere.len(), "device")
                ),
            ));
        }
        if let Some(odd) = self.odd_by_starts(child, parent, everywhere.len()) {
            return Some(odd);
        }
        let (names, devices) = self.children.get(parent)?;
        let narrow = names.len() <= 4 && devices.len() >= WELL_KNOWN;
        (narrow && everywhere.len() <= 2).then(|| {
            (
                1.5,
                format!(
                    "{parent} runs on {} and starts hardly anything; this is new for it.",
                    wording::count(devices.len(), "device")
                ),
            )
        })
    }
}

impl Lineage {
    fn odd_by_starts(&self, child: &str, parent: &str, devices: usize) -> Option<(f64, String)> {
        const ENOUGH: u64 = 50;
        let starts = self.starts.get(child)?;
        let all: u64 = starts.values().sum();
        let by_parent = starts.get(parent).copied().unwrap_or(0);
        let rare = all >= ENOUGH && by_parent * 50 <= all && devices <= 4;
        rare.then(|| {
            (
                2.2,
                format!("{child} was started {all} times, but only {by_parent} times by {parent}."),
            )
        })
    }
}

/// A sum that explains itself.
#[derive(Default)]
struct Points {
    total: f64,
    why: Vec<(f64, String)>,
}

impl Points {
    fn add(&mut self, points: f64, why: String) {
        self.total += points;
        if !why.is_empty() {
            self.why.push((points, why));
        }
    }

    fn sentences(mut self) -> Vec<String> {
        self.why.sort_by(|a, b| b.0.total_cmp(&a.0));
        self.why.into_iter().map(|(_, why)| why).collect()
    }
}

/// What one identity is worth, and why.
pub struct Assessment {
    pub points: f64,
    pub why: Vec<String>,
    pub detector: &'static str,
    /// Devices concerned: all that have it, or those where only its parent is odd.
    pub devices: Vec<DeviceId>,
    /// Points from which this is a finding.
    pub needed: f64,
    /// Seen before the time of news, so that only an odd parent speaks.
    pub is_old: bool,
}

/// Weighs an identity, news or not.
pub fn assess(
    subject: &Subject<'_>,
    lineage: &Lineage,
    fleet: &Fleet<'_>,
    settings: &Settings,
) -> Option<Assessment> {
    let first = subject.first()?.first;
    let is_old = days(first, subject.now) > settings.process_new_days;
    let about = subject.about;
    let common = subject.devices * 20 > fleet.size().max(1) && subject.devices > 2;
    let pretends = masquerade::judge(
        &about.executable_name,
        &about.executable_path,
        &about.place,
        &about.user_class,
    )
    .filter(|pretends| believable_pretence(pretends, subject, common));
    let odd_parent = oddest_parent(subject, lineage, settings);

    let mut points = Points::default();
    rare(&mut points, subject, fleet);
    place(&mut points, subject);
    provenance(&mut points, subject);
    marks(&mut points, subject);
    new(&mut points, subject, fleet, first, !is_old);
    if let Some(pretends) = &pretends {
        let worth = match pretends {
            Masquerade::WrongUser(_) => 2.5,
            Masquerade::LookAlike(_) | Masquerade::WrongPlace(_) => 4.5,
        };
        points.add(worth, pretends.words(subject.shown_name(), &about.place));
    }
    let mut by_parent = false;
    let mut devices = subject.device_ids();
    if let Some((worth, words, odd_devices)) = odd_parent {
        points.add(worth, words);
        by_parent = worth >= 2.0;
        if is_old {
            devices = odd_devices;
        }
    } else if is_old {
        devices.clear();
    }
    Some(Assessment {
        points: finite(points.total),
        needed: needed(subject, fleet, first, settings),
        detector: match &pretends {
            Some(_) => "process.masquerade",
            None if by_parent => "process.lineage",
            None => "process.rare",
        },
        why: points.sentences(),
        devices,
        is_old,
    })
}

pub fn judge(
    subject: &Subject<'_>,
    lineage: &Lineage,
    fleet: &Fleet<'_>,
    settings: &Settings,
) -> Option<Finding> {
    let assessment = assess(subject, lineage, fleet, settings)?;
    // Old news is no news, unless somebody else started it lately: then only those devices remain.
    if assessment.points < assessment.needed || assessment.devices.is_empty() {
        return None;
    }
    let over = assessment.points - assessment.needed;
    let severity = match over {
        over if over >= 3.5 => Severity::High,
        over if over >= 1.5 => Severity::Medium,
        _ => Severity::Low,
    };
    let first = subject.first()?.first;
    let newest = subject
        .seen
        .iter()
        .map(|seen| seen.last.max(seen.first))
        .max();
    let title = title(subject, &assessment, fleet);
    let Assessment {
        points,
        mut why,
        detector,
        devices,
        ..
    } = assessment;
    why.extend(
        fleet
            .learning
            .as_ref()
            .map(|learning| learning.words.clone()),
    );
    let newcomers = newcomers(&devices, fleet, subject.now);
    why.extend(newcomers.clone());
    let mut facts = fleet.facts(devices.iter().copied());
    facts.symptoms = vec!["malware_suspected".to_owned()];
    facts.processes = vec![subject.about.executable_name.clone(), subject.name.clone()];
    Some(Finding {
        kind: Kind::Process,
        detector: detector.to_owned(),
        subject: match devices.as_slice() {
            [one] => About::Device(*one),
            _ => About::Cohort(crate::device::Cohort {
                by: crate::device::CohortBy::Fleet,
                value: subject.shown_name().to_owned(),
            }),
        },
        cause: cause(Kind::Process, &format!("program:{}", subject.key), "fleet"),
        severity: match newcomers {
            // A first day excuses what people bring with them; not a borrowed name, nor what hides or leaves no file.
            Some(_)
                if detector != "process.masquerade"
                    && !matches!(
                        subject.about.place.as_str(),
                        "temp" | "deleted" | "memory_only"
                    ) =>
            {
                severity.min(Severity::Low)
            }
            _ => cap(severity, fleet.learning.is_some()),
        },
        confidence: finite(1.0 - (-(over + 1.0) / 3.0).exp()).clamp(0.3, 0.95),
        score: points,
        from: first,
        to: newest.unwrap_or(first).min(subject.now),
        title,
        why,
        evidence: subject.rows(fleet),
        devices,
        at_risk: Vec::new(),
        facts,
    })
}

/// In words, when all of `devices` are new themselves: then everything on them is new, and most of it is just theirs.
fn newcomers(devices: &[DeviceId], fleet: &Fleet<'_>, now: Timestamp) -> Option<String> {
    let mut youngest = f64::INFINITY;
    for (_, about) in fleet.devices().filter(|(id, _)| devices.contains(id)) {
        let age = days(about.first_report, now);
        if age >= FIRST_DAYS {
            return None;
        }
        youngest = youngest.min(age);
    }
    youngest.is_finite().then(|| {
        format!(
            "{} watched for {} only: its own programs all look new.",
            if devices.len() == 1 {
                "This device has been"
            } else {
                "These devices have been"
            },
            wording::duration(youngest.max(0.0) * DAY)
        )
    })
}

/// Three kinds of evidence cannot exist everywhere: a fleet of ten has no one-in-a-hundred, agents that read no signatures
/// know no "nobody's file", and the first day has no "never before". What could not be known is not asked for.
fn needed(subject: &Subject<'_>, fleet: &Fleet<'_>, first: Timestamp, settings: &Settings) -> f64 {
    const FLOOR: f64 = 0.55;
    let no_rarity = BIT * (MOST_BITS - bits_of(1, fleet.size().max(1) as f64));
    let no_provenance = if subject.provenance { 0.0 } else { NOBODYS };
    let no_past = 1.0 - newness(fleet, first);
    let asked = settings.process_points - no_rarity - no_provenance - no_past;
    asked.max(FLOOR * settings.process_points)
}

fn bits_of(devices: usize, all: f64) -> f64 {
    ((all + 1.0) / (devices as f64 + 0.5))
        .log2()
        .clamp(0.0, MOST_BITS)
}

/// How much "new" can mean at that moment, 0..1.
fn newness(fleet: &Fleet<'_>, first: Timestamp) -> f64 {
    const WATCHED: f64 = 7.0;
    let watched = fleet
        .devices()
        .map(|(_, about)| days(about.first_report, first))
        .fold(0.0, f64::max);
    finite(watched / WATCHED).clamp(0.0, 1.0)
}

fn rare(points: &mut Points, subject: &Subject<'_>, fleet: &Fleet<'_>) {
    let all = fleet.size().max(subject.devices).max(1) as f64;
    let bits = bits_of(subject.devices, all);
    points.add(
        bits * BIT,
        format!(
            "It runs on {} of {all:.0} in the fleet.",
            wording::count(subject.devices, "device")
        ),
    );
    let with_name = subject.about.devices_with_name as usize;
    if with_name > subject.devices.max(1) * 4 && !subject.owned() {
        points.add(
            1.0,
            format!(
                "The name is known from {}, but with another content.",
                wording::count(with_name, "device")
            ),
        );
    }
}

/// New counts as much as we could have known: a program that appears on the second day of watching proves little.
fn new(
    points: &mut Points,
    subject: &Subject<'_>,
    fleet: &Fleet<'_>,
    first: Timestamp,
    is_new: bool,
) {
    let worth = newness(fleet, first);
    if is_new && worth > 0.1 && subject.devices > 0 {
        points.add(
            worth,
            format!("Nobody had it before {}.", wording::day(first)),
        );
    }
}

fn place(points: &mut Points, subject: &Subject<'_>) {
    let about = subject.about;
    let updated_away = about.place == "deleted"
        && (masquerade::in_system_folder(&about.executable_path) || subject.owned());
    let worth = match about.place.as_str() {
        _ if updated_away => 0.0,
        "temp" => 2.6,
        "deleted" => 2.6,
        "memory_only" if about.user_class == "person" => 2.0,
        "removable" => 2.0,
        "network" => 1.0,
        "home" | "other_place" => 0.8,
        _ => 0.0,
    };
    if worth > 0.0 {
        points.add(
            worth,
            format!("It runs from {}.", place_words(&about.place)),
        );
    }
    if about.user_class == "system"
        && matches!(
            about.place.as_str(),
            "home" | "temp" | "removable" | "network"
        )
    {
        points.add(
            2.2,
            "It runs with the system's rights from a place that a person can write.".to_owned(),
        );
    }
    if is_made_here(about) {
        points.add(-3.0, String::new());
    }
}

fn provenance(points: &mut Points, subject: &Subject<'_>) {
    if subject.owned() {
        let by = if subject.about.package.is_empty() {
            subject.about.signer.clone()
        } else {
            package_name(&subject.about.package)
        };
        points.add(-2.5, format!("In its favour: it belongs to {by}."));
    } else if subject.provenance && subject.about.place != "memory_only" {
        points.add(
            NOBODYS,
            "No package owns the file and nobody signed it.".to_owned(),
        );
    }
}

fn marks(points: &mut Points, subject: &Subject<'_>) {
    let about = subject.about;
    let has = |mark: &str| about.traits.iter().any(|known| known == mark);
    let updated_away = masquerade::in_system_folder(&about.executable_path) || subject.owned();
    if has("deleted_executable") && about.place != "deleted" && !updated_away {
        points.add(1.5, "Its file was deleted while it runs.".to_owned());
    }
    if has("hidden_name") {
        points.add(
            1.5,
            "Its file name is hidden (it begins with a dot).".to_owned(),
        );
    }
    let original = normalised_name(&about.original_file_name);
    let differs = !original.is_empty() && stem(&original) != stem(&subject.name);
    if has("renamed") || differs {
        let was = if original.is_empty() {
            String::new()
        } else {
            format!(" (it was made as {original})")
        };
        points.add(1.5, format!("It was renamed{was}."));
    }
}

/// The oddest recent parent: points, words, devices on which it happened.
fn oddest_parent(
    subject: &Subject<'_>,
    lineage: &Lineage,
    settings: &Settings,
) -> Option<(f64, String, Vec<DeviceId>)> {
    let mut odd: BTreeMap<String, (f64, String, Vec<DeviceId>)> = BTreeMap::new();
    for seen in &subject.seen {
        if days(seen.first, subject.now) > settings.process_new_days {
            continue;
        }
        let parent = normalised_name(&seen.parent_executable_name);
        if let Some((worth, words)) = lineage.oddity(&subject.name, &parent) {
            odd.entry(parent)
                .or_insert_with(|| (worth, words, Vec::new()))
                .2
                .push(seen.device);
        }
    }
    odd.into_values()
        .max_by(|a, b| a.0.total_cmp(&b.0).then_with(|| b.1.cmp(&a.1)))
}

/// A pretence that half of the fleet shares is how that system is set up; owned files are what they say.
fn believable_pretence(pretends: &Masquerade, subject: &Subject<'_>, common: bool) -> bool {
    if common {
        return false;
    }
    match pretends {
        Masquerade::LookAlike(_) => !subject.owned(),
        Masquerade::WrongPlace(_) | Masquerade::WrongUser(_) => subject.about.package.is_empty(),
    }
}

fn title(subject: &Subject<'_>, assessment: &Assessment, fleet: &Fleet<'_>) -> String {
    let name = subject.shown_name();
    let place = place_words(&subject.about.place);
    let on = wording::list(&fleet.names(&assessment.devices), 2);
    let parent = subject
        .seen
        .iter()
        .filter(|seen| assessment.devices.contains(&seen.device))
        .max_by_key(|seen| (seen.first, seen.device))
        .map_or("", |seen| seen.parent_executable_name.as_str());
    match assessment.detector {
        "process.masquerade" => {
            format!("\"{name}\" on {on} pretends to be a program of the system")
        }
        "process.lineage" => format!(
            "{name} was started by {} on {on}, which is not its way",
            or(parent, "an unknown parent")
        ),
        _ => format!("Unknown program \"{name}\" runs from {place} on {on}"),
    }
}

fn stem(name: &str) -> &str {
    name.strip_suffix(".exe").unwrap_or(name)
}

fn or<'a>(text: &'a str, otherwise: &'a str) -> &'a str {
    if text.is_empty() { otherwise } else { text }
}

fn text_order(process: &ProcessIdentity) -> (&str, &str, &str, &str, &str, &str) {
    (
        &process.executable_path,
        &process.executable_name,
        &process.place,
        &process.user_class,
        &process.package,
        &process.signer,
    )
}
