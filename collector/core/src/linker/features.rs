//! What an anomaly and a thread have in common, as numbers from 0 to 1 (or -1 to 1) with words.
//!
//! **Invariant: a feature is finite and inside its range whatever the input**, and a feature that is not 0 has words.

use jiff::Timestamp;

use crate::{
    anomaly::Anomaly,
    detect::baseline::finite,
    finding::{Kind, what_of},
    linker::{PastDecision, Weights, text::Digest},
};

/// Half of the closeness is gone after this many days outside the time of trouble.
const HALF_LIFE_DAYS: f64 = 10.0;
/// A thread that ended this long before the trouble began is about something else.
const LONG_AGO_DAYS: f64 = 45.0;

/// A complaint must be named this surely to act without a person: below it one weak word said so.
pub const SURE: f64 = 0.8;
/// What the posts say counts this share of what a title says; all but whole when the title says nothing ("Help please").
const OF_POSTS: f64 = 0.75;
const OF_POSTS_ALONE: f64 = 0.9;
/// The name of a program that everybody runs says this share of what a rare one's would.
const OF_EVERYONES: f64 = 0.4;
/// A program's own crash says this share of what the machine's would.
const OF_PROGRAM: f64 = 0.4;

/// Words of a machine that went down, in any language that has them.
const DOWN: [&str; 10] = [
    "blue screen",
    "bluescreen",
    "bsod",
    "kernel panic",
    "power button",
    "stop code",
    "écran bleu",
    "pantallazo azul",
    "schermata blu",
    "whole system",
];
/// Words of one that came up again; of programs and routers they are said, too.
const RESTARTED: [&str; 5] = ["restart", "reboot", "hard reset", "shut", "neu gestartet"];

/// One feature with its log-odds.
#[derive(Clone, Debug, PartialEq)]
pub struct Feature {
    pub name: &'static str,
    /// Log-odds added: weight times value.
    pub adds: f64,
    pub text: String,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Features {
    pub all: Vec<Feature>,
    /// Kinds of agreement, for the gate.
    pub who: bool,
    /// The same people or device, not just the same kind of device.
    pub who_strong: bool,
    pub what: bool,
    /// The same complaint or name, not a related one.
    pub what_exact: bool,
    /// A name that only this trouble has: a process, a stop code.
    pub what_specific: bool,
    /// More than a bare complaint: the text speaks of a laptop, or names something of this trouble. "Full" and "hot" are said of
    /// shelves and rooms, too.
    pub grounded: bool,
    /// Written while the trouble lasted.
    pub in_time: bool,
    /// The title is about a phone or a server: whoever owns it, it is not this laptop's trouble.
    pub elsewhere: bool,
    /// An announcement, a rule, a question of how, talk of the house: worth a look at most.
    pub general: bool,
    /// It names a family of models that none of the affected machines is of.
    pub other_model: bool,
    /// Who has an affected machine wrote the thread, or says there to have the same.
    pub speaks_of_own: bool,
    /// The talk ended long before the trouble began: it cannot be about it, though it may be worth reading.
    pub long_ago: bool,
    pub cohort: bool,
}

impl Features {
    fn add(&mut self, name: &'static str, adds: f64, text: String) {
        let adds = finite(adds);
        if adds != 0.0 {
            self.all.push(Feature { name, adds, text });
        }
    }

    pub fn sum(&self) -> f64 {
        self.all.iter().map(|feature| feature.adds).sum()
    }
}

/// The anomaly, prepared once for all threads.
pub struct Question<'a> {
    pub anomaly: &'a Anomaly,
    pub words: std::collections::BTreeMap<String, f64>,
}

impl<'a> Question<'a> {
    pub fn of(anomaly: &'a Anomaly) -> Self {
        let facts = &anomaly.finding.facts;
        let named = facts
            .apps
            .iter()
            .chain(&facts.processes)
            .chain(&facts.models)
            .chain(&facts.codes)
            .chain(&facts.os_builds)
            .map(String::as_str);
        let symptoms = facts
            .symptoms
            .iter()
            .flat_map(|symptom| synonyms(symptom).iter().copied());
        Self {
            anomaly,
            words: super::text::query(named.chain(symptoms)),
        }
    }
}

pub fn compare(
    question: &Question<'_>,
    thread: &Digest,
    likeness: f64,
    history: &[PastDecision],
    now: Timestamp,
    weights: &Weights,
) -> Features {
    let mut features = Features::default();
    who(&mut features, question, thread, weights);
    what(&mut features, question, thread, weights);
    // A title that quotes is somebody else's words.
    let quotes = thread.lower.trim_start().starts_with('>');
    features.general = thread.scope.general.is_some() || thread.scope.no_machine || quotes;
    other_model(&mut features, question, thread, weights);
    if features.what_exact && !features.who && is_unknown(thread) {
        features.add(
            "unknown",
            weights.unknown,
            "it is not known which devices these people use, so nothing speaks against it"
                .to_owned(),
        );
    }
    if likeness >= 0.05 {
        features.add(
            "words",
            weights.words * likeness,
            "the text uses the same rare words".to_owned(),
        );
    }
    when(&mut features, question, thread, now, weights);
    unread(&mut features, thread, weights);
    past(&mut features, question, thread, history, weights);
    features
}

fn who(features: &mut Features, question: &Question<'_>, thread: &Digest, weights: &Weights) {
    let finding = &question.anomaly.finding;
    let hit = |devices: &[crate::device::DeviceId]| {
        devices
            .iter()
            .filter(|device| finding.devices.contains(device))
            .count()
    };
    let facts = &finding.facts;
    if hit(&thread.author_devices) > 0 {
        features.who = true;
        features.who_strong = true;
        features.speaks_of_own = true;
        let text = if finding.devices.len() == 1 {
            "the author owns this device"
        } else {
            "the author owns one of the affected devices"
        };
        features.add("owner", weights.owner, text.to_owned());
    } else if hit(&thread.participant_devices) > 0 {
        features.who = true;
        features.who_strong = true;
        // Who helps may own an affected machine by chance.
        features.speaks_of_own = thread.whole_scope.me_too;
        let count = hit(&thread.participant_devices);
        let text = if count == 1 {
            "somebody here owns an affected device".to_owned()
        } else {
            format!("{count} of the people here own affected devices")
        };
        features.add("participant", weights.participant, text);
    }
    let at_risk = thread
        .author_devices
        .iter()
        .chain(&thread.participant_devices)
        .any(|device| finding.at_risk.contains(device));
    if let Some(model) = shared(&facts.models, &thread.models) {
        features.cohort = true;
        let text = if at_risk {
            format!("they use the affected model ({model}), which is at risk")
        } else {
            format!("they use the affected model ({model})")
        };
        features.add("model", weights.model, text);
    }
    if let Some(build) = shared(&facts.os_builds, &thread.os_builds) {
        features.add(
            "build",
            weights.build,
            format!("they run the affected OS build ({build})"),
        );
    }
    if let Some(team) = shared(&facts.teams, &thread.teams) {
        features.cohort = true;
        features.add(
            "team",
            weights.team,
            format!("they are in the affected team ({team})"),
        );
    }
    features.who |= features.cohort;
}

fn what(features: &mut Features, question: &Question<'_>, thread: &Digest, weights: &Weights) {
    let facts = &question.anomaly.finding.facts;
    if let Some(thing) = &thread.scope.elsewhere {
        features.elsewhere = true;
        features.add(
            "elsewhere",
            weights.elsewhere,
            format!("the title is about something else: {thing}"),
        );
    }
    features.grounded = thread.whole_scope.machine || thread.whole_scope.part;
    if let Some(app) = facts
        .apps
        .iter()
        .find(|app| names(thread, app) || thread.whole.apps.contains(app))
    {
        let by_name = contains_word(&thread.lower, app);
        features.what = true;
        // "The drop box at the door", "no signal": such a name alone is for a person to judge.
        let is_plain = by_name && !is_word_of_every_day(app);
        features.what_exact |= is_plain;
        features.grounded |= is_plain;
        let sure = if thread.title.apps.contains(app) || by_name {
            1.0
        } else {
            0.7
        };
        features.add("app", weights.app * sure, format!("{app} is named"));
    } else if let Some(other) = thread.title.apps.first().filter(|_| !facts.apps.is_empty()) {
        features.add(
            "app",
            weights.app_other,
            format!("another app is named: {other}"),
        );
    }
    if let Some(process) = facts
        .processes
        .iter()
        .find(|process| process.len() >= 4 && names(thread, process))
    {
        let everyones = is_everyones(process);
        features.what = true;
        features.what_exact |= !everyones;
        features.what_specific |= !everyones;
        features.grounded |= !everyones;
        features.add(
            "process",
            weights.process * if everyones { OF_EVERYONES } else { 1.0 },
            format!("the program {process} is named"),
        );
    }
    if let Some(code) = facts.codes.iter().find(|code| {
        thread
            .whole
            .codes
            .iter()
            .any(|named| same_code(named, code))
    }) {
        features.what = true;
        features.what_exact = true;
        features.what_specific = true;
        features.grounded = true;
        features.add("code", weights.code, format!("the code {code} is named"));
    }
    if let Some(model) = facts
        .models
        .iter()
        .find(|model| model_is_named(thread, model))
    {
        features.cohort = true;
        features.grounded = true;
        features.add(
            "model",
            weights.model_named,
            format!("the model {model} is named"),
        );
    }
    if let Some(build) = facts
        .os_builds
        .iter()
        .find(|build| build.len() >= 4 && contains_word(&thread.lower, build))
    {
        features.add(
            "build",
            weights.build_named,
            format!("the OS build {build} is named"),
        );
    }
    symptom(features, question, thread, weights);
}

/// "My MacBook restarts" is no word about a Latitude, whoever owns both; nor is "Latitude 7420" one about a 5440.
fn other_model(
    features: &mut Features,
    question: &Question<'_>,
    thread: &Digest,
    weights: &Weights,
) {
    let affected = &question.anomaly.finding.facts.models;
    let is_affected = |named: &str| {
        let key = crate::symptoms::model_key(named);
        // "ThinkPad" alone is its family's name.
        let named = if key.is_empty() {
            named.to_lowercase()
        } else {
            key
        };
        affected.iter().any(|model| {
            let model = model.to_lowercase();
            let within =
                |part: &str, whole: &str| part.split(' ').all(|word| contains_word(whole, word));
            within(&named, &model)
        })
    };
    let named = match thread.title.models.is_empty() {
        true => &thread.families,
        false => &thread.title.models,
    };
    let Some(other) = named.first().filter(|_| !affected.is_empty()) else {
        return;
    };
    if !named.iter().any(|named| is_affected(named)) {
        features.other_model = true;
        features.add(
            "model",
            weights.model_other,
            format!("the title is about another model: {other}"),
        );
    }
}

fn symptom(features: &mut Features, question: &Question<'_>, thread: &Digest, weights: &Weights) {
    let wanted = &question.anomaly.finding.facts.symptoms;
    let complaint = |name: &str| -> f64 {
        let of = |read: &crate::symptoms::Symptoms| {
            read.symptoms
                .iter()
                .filter(|s| s.name == name)
                .map(|s| s.confidence)
                .fold(0.0, f64::max)
        };
        // What the title says is what the thread is about; in posts people mention much.
        let says_nothing = thread.title.symptoms.iter().all(|s| s.name == "other");
        let share = if says_nothing {
            OF_POSTS_ALONE
        } else {
            OF_POSTS
        };
        of(&thread.title).max(share * of(&thread.whole))
    };
    let exact = wanted
        .iter()
        .map(|name| (complaint(name), name))
        .max_by(|a, b| a.0.total_cmp(&b.0).then_with(|| b.1.cmp(a.1)));
    if let Some((sure, name)) = exact.filter(|(sure, _)| *sure >= 0.4) {
        features.what = true;
        let said_in_title = thread.title.symptoms.iter().any(|s| s.name == *name);
        if let Some(program) = programs_own(question, thread, name) {
            features.add(
                "symptom",
                weights.symptom * sure * OF_PROGRAM,
                format!("people here report the crash of a program: {program}"),
            );
            return;
        }
        // Shelves are full, rooms are hot, and much more than laptops restarts; but only a machine has a blue screen.
        let went_down =
            matches!(name.as_str(), "unexpected_restart" | "crash") && thread.scope.went_down;
        let nothing_else = thread.scope.only.contains(&name.as_str());
        features.grounded |=
            nothing_else || went_down || DOWN.iter().any(|word| thread.lower.contains(word));
        // An app's anomaly is about that app: "sync" alone is said of every other, too. And what posts alone complain of is
        // the talk's subject only where the title leaves room for it.
        let is_subject = said_in_title || thread.scope.machine || thread.scope.empty;
        let is_apps = !question.anomaly.finding.facts.apps.is_empty();
        features.what_exact |= sure >= SURE && is_subject && !is_apps;
        features.add(
            "symptom",
            weights.symptom * sure,
            format!("people here report the same: {}", name.replace('_', " ")),
        );
        return;
    }
    let near = wanted
        .iter()
        .flat_map(|name| related(name).iter().map(|near| (complaint(near), *near)))
        .max_by(|a, b| a.0.total_cmp(&b.0).then_with(|| b.1.cmp(a.1)));
    if let Some((sure, name)) = near.filter(|(sure, _)| *sure >= 0.5) {
        features.what = true;
        features.add(
            "symptom",
            weights.symptom_near * sure,
            format!(
                "people here report something related: {}",
                name.replace('_', " ")
            ),
        );
        return;
    }
    let about_else = thread
        .title
        .symptoms
        .iter()
        .find(|s| s.name != "other" && s.confidence >= 0.5);
    // Who names the very app, program or code speaks of it, whatever else they complain of.
    if let Some(other) = about_else.filter(|_| !features.what) {
        features.add(
            "symptom",
            weights.symptom_other * other.confidence,
            format!(
                "the thread is about something else: {}",
                other.name.replace('_', " ")
            ),
        );
    }
}

fn when(
    features: &mut Features,
    question: &Question<'_>,
    thread: &Digest,
    now: Timestamp,
    weights: &Weights,
) {
    let finding = &question.anomaly.finding;
    let days = |from: Timestamp, to: Timestamp| to.duration_since(from).as_secs_f64() / 86_400.0;
    // A day of grace: people often write before the pattern shows.
    let begin = days(finding.from, thread.last_post_at) + 1.0;
    let ended = if question.anomaly.resolved_at.is_some() {
        finding.to
    } else {
        now.max(finding.to)
    };
    let after = days(ended, thread.opened_at);
    let outside = (-begin).max(after).max(0.0);
    let close = 0.5f64.powf(outside / HALF_LIFE_DAYS);
    features.in_time = outside == 0.0;
    if outside == 0.0 {
        features.add(
            "time",
            weights.time,
            "written while the trouble lasted".to_owned(),
        );
    } else if close >= 0.1 {
        features.add(
            "time",
            weights.time * close,
            format!("written {outside:.0} days apart"),
        );
    }
    if -begin >= LONG_AGO_DAYS {
        features.long_ago = true;
        let share = (-begin / (2.0 * LONG_AGO_DAYS)).clamp(0.5, 1.0);
        features.add(
            "time",
            weights.long_ago * share,
            format!(
                "the last post was {:.0} days before the trouble began",
                -begin
            ),
        );
    }
    if thread.solved && begin < 0.0 {
        features.add(
            "time",
            weights.solved_before,
            "it was solved before the trouble began".to_owned(),
        );
    }
}

/// An owner wrote about the laptop while the trouble lasted, in words that the reader does not know: worth a look.
fn unread(features: &mut Features, thread: &Digest, weights: &Weights) {
    let is_owners = features.who_strong
        && features.all.iter().any(|feature| feature.name == "owner")
        && features.in_time
        && thread.whole_scope.machine;
    let says_nothing_known = |read: &crate::symptoms::Symptoms| {
        read.symptoms.iter().all(|s| s.name == "other") && read.apps.is_empty()
    };
    if !features.what
        && is_owners
        && !features.elsewhere
        && thread.scope.program.is_none()
        && says_nothing_known(&thread.title)
    {
        features.what = true;
        features.add(
            "unread",
            weights.unread,
            "its owner wrote about the laptop while the trouble lasted, in words that were not understood".to_owned(),
        );
    }
}

/// What people said about this cause, then about this kind of cause, in this thread.
fn past(
    features: &mut Features,
    question: &Question<'_>,
    thread: &Digest,
    history: &[PastDecision],
    weights: &Weights,
) {
    let finding = &question.anomaly.finding;
    let mut votes = 0.0;
    let mut count = 0;
    for decision in history
        .iter()
        .filter(|decision| decision.thread == thread.id)
    {
        let sure = if decision.cause == finding.cause {
            1.0
        } else if what_of(&decision.cause) == what_of(&finding.cause) {
            0.5
        } else if decision.detector == finding.detector {
            0.15
        } else {
            continue;
        };
        count += 1;
        votes += if decision.confirmed { sure } else { -sure };
    }
    if count > 0 {
        let vote = f64::clamp(votes, -1.0, 1.0);
        let text = if vote > 0.0 {
            "people confirmed such a link here before"
        } else {
            "people rejected such a link here before"
        };
        features.add("history", weights.history * vote, text.to_owned());
    }
}

/// The program whose own crash this is, where the anomaly is about machines that went down.
fn programs_own<'a>(
    question: &Question<'_>,
    thread: &'a Digest,
    symptom: &str,
) -> Option<&'a String> {
    let is_machines = question.anomaly.finding.kind == Kind::Reboot
        || question.anomaly.finding.kind == Kind::Compound;
    let scope = &thread.scope;
    if !is_machines || symptom != "crash" || scope.machine {
        return None;
    }
    let went_down = DOWN
        .iter()
        .chain(&RESTARTED)
        .any(|word| thread.lower.contains(word));
    scope.program.as_ref().filter(|_| !went_down)
}

/// Complaints that often describe the same trouble in other words.
pub(super) fn related(symptom: &str) -> &'static [&'static str] {
    match symptom {
        "unexpected_restart" => &["crash"],
        "crash" => &["unexpected_restart"],
        "thermal" => &["slow", "battery"],
        "slow" => &["thermal", "crash"],
        _ => &[],
    }
}

/// Words in which people say a symptom, for the likeness of texts.
fn synonyms(symptom: &str) -> &'static [&'static str] {
    match symptom {
        "unexpected_restart" => &["restart", "reboot", "shut", "randomly"],
        "crash" => &["crash", "bluescreen", "bsod", "panic"],
        "malware_suspected" => &["malware", "virus", "suspicious", "unknown", "process"],
        "app_sync" => &["sync", "upload", "cloud", "folder"],
        "disk_full" => &["disk", "space", "storage", "full"],
        "battery" => &["battery", "charge"],
        "thermal" => &["hot", "fan", "overheat", "throttl"],
        "slow" => &["slow", "lag", "memory"],
        _ => &[],
    }
}

/// Mirrored talk: no device, model or team is known of anybody here.
fn is_unknown(thread: &Digest) -> bool {
    thread.author_devices.is_empty()
        && thread.participant_devices.is_empty()
        && thread.models.is_empty()
        && thread.teams.is_empty()
}

/// Apps whose names people use for other things.
fn is_word_of_every_day(app: &str) -> bool {
    const WORDS: [&str; 14] = [
        "signal", "box", "mega", "line", "wire", "element", "drive", "zoom", "teams", "slack",
        "threads", "messages", "sync", "transfer",
    ];
    WORDS.contains(&app)
}

/// Programs that every laptop has: that somebody names one does not say that they speak of this run of it.
fn is_everyones(process: &str) -> bool {
    const EVERYONES: [&str; 24] = [
        "powershell",
        "pwsh",
        "cmd",
        "explorer",
        "svchost",
        "rundll32",
        "wscript",
        "cscript",
        "mshta",
        "conhost",
        "winword",
        "excel",
        "outlook",
        "powerpnt",
        "teams",
        "chrome",
        "msedge",
        "firefox",
        "safari",
        "python",
        "java",
        "node",
        "bash",
        "curl",
    ];
    let bare = process.strip_suffix(".exe").unwrap_or(process);
    EVERYONES.contains(&bare)
}

fn shared<'a>(ours: &'a [String], theirs: &[String]) -> Option<&'a String> {
    ours.iter().find(|one| theirs.contains(one))
}

fn names(thread: &Digest, name: &str) -> bool {
    let bare = name.strip_suffix(".exe").unwrap_or(name);
    thread.whole.processes.iter().any(|process| process == name)
        || (bare.len() >= 4 && contains_word(&thread.lower, bare))
}

/// "0x7e" and "0x0000007E" are one code; "124" in another program's error and the stop code 0x124 are not.
fn same_code(a: &str, b: &str) -> bool {
    let (a, b) = (a.to_lowercase(), b.to_lowercase());
    match (a.strip_prefix("0x"), b.strip_prefix("0x")) {
        (Some(a), Some(b)) => a.trim_start_matches('0') == b.trim_start_matches('0'),
        _ => a == b,
    }
}

/// "Lenovo ThinkPad T14 Gen 3" is named by "T14 Gen 3": all its words but the maker, in one place.
fn model_is_named(thread: &Digest, model: &str) -> bool {
    let key = crate::symptoms::model_key(model);
    !key.is_empty()
        && (thread
            .whole
            .models
            .iter()
            .any(|named| crate::symptoms::model_key(named) == key)
            || contains_word(&thread.lower, &key))
}

fn contains_word(text: &str, word: &str) -> bool {
    if word.is_empty() {
        return false;
    }
    let edge = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric());
    text.match_indices(word).any(|(at, _)| {
        edge(text[..at].chars().next_back()) && edge(text[at + word.len()..].chars().next())
    })
}

/// Kinds whose threads are read by security staff only would leak by a link: the caller asks [`crate::authority`].
pub fn is_private(kind: Kind) -> bool {
    matches!(kind, Kind::Process | Kind::App | Kind::Compound)
}
