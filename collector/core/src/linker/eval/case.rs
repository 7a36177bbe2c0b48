//! One line of labelled threads and anomalies, read leniently.
//!
//! **Invariant: what was written and could not be used is said** ([`Read::notes`]), in words and with the place; nothing is
//! dropped silently. Not here: scoring ([`super`]).

use std::collections::HashMap;

use jiff::{Timestamp, civil, tz::TimeZone};
use serde::Deserialize as _;
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::{
    anomaly::{Anomaly, State},
    device::DeviceId,
    finding::{Facts, Finding, Kind, Severity, Subject},
    linker::PastDecision,
    symptoms::{self, Vocabulary},
    thread::ThreadText,
};

/// How an anomaly names its people.
const OWNERS: [&str; 2] = ["owner", "owners"];

/// Notes of one line; more say nothing new.
const NOTES_LIMIT: usize = 20;

/// A case as the ranking needs it.
#[derive(Clone, Debug)]
pub struct Case {
    pub anomaly: Anomaly,
    pub threads: Vec<ThreadText>,
    pub expected: Vec<Uuid>,
    pub history: Vec<PastDecision>,
    pub now: Timestamp,
    /// The threads' ids as they were written.
    pub names: HashMap<Uuid, String>,
}

/// A case and what was odd about it.
#[derive(Clone, Debug)]
pub struct Read {
    pub case: Case,
    pub notes: Vec<String>,
}

/// Reads one case; an error says what is missing.
pub fn read(value: &Value) -> Result<Read, String> {
    let Some(case) = value.as_object() else {
        return Err(
            "a case is a JSON object with \"anomaly\", \"threads\" and \"expected\"".to_owned(),
        );
    };
    let mut notes = Notes::default();
    let anomaly_value = case
        .get("anomaly")
        .filter(|anomaly| anomaly.is_object())
        .ok_or("\"anomaly\" is missing or no object")?;
    // A pair is a case with one thread: {"anomaly": .., "thread": .., "expected": true}.
    let pair = case.get("thread").filter(|thread| thread.is_object());
    let values: Vec<&Value> = match case.get("threads") {
        Some(Value::Array(threads)) => threads.iter().collect(),
        Some(one @ Value::Object(_)) => vec![one],
        Some(_) => return Err("\"threads\" is no array of objects".to_owned()),
        None if pair.is_none() => {
            return Err(
                "\"threads\" is missing: a case needs the threads to choose from".to_owned(),
            );
        }
        None => pair.into_iter().collect(),
    };
    // Where the anomaly names its owner, people stand for their devices.
    let by_people = OWNERS.iter().any(|key| anomaly_value.get(*key).is_some());
    let mut names = HashMap::new();
    let (mut threads, mut labelled) = (Vec::new(), Vec::new());
    for (index, value) in values.iter().enumerate() {
        let place = format!("thread {}", index + 1);
        match thread(value, &place, by_people, &mut notes) {
            Some((thread, name)) if names.contains_key(&thread.id) => {
                notes.add(format!(
                    "{place}: the id {name} was there before; it is read once"
                ));
            }
            Some((thread, name)) => {
                if is_labelled(value) {
                    labelled.push(thread.id);
                }
                names.insert(thread.id, name);
                threads.push(thread);
            }
            None => notes.add(format!("{place}: no object with a title or posts")),
        }
    }
    let expected = match values.iter().any(|thread| label(thread).is_some()) {
        // The pairs are labelled one by one, inside their threads.
        true if label_of(case).is_none() => labelled,
        _ => expected(case, &threads, &names, &mut notes),
    };
    let anomaly = anomaly(anomaly_value, &threads, &mut notes);
    let history = match case.get("history") {
        None | Some(Value::Null) => Vec::new(),
        Some(history) => Vec::<PastDecision>::deserialize(history).unwrap_or_else(|error| {
            notes.add(format!("\"history\" was left out: {error}"));
            Vec::new()
        }),
    };
    let latest = threads.iter().map(|thread| thread.last_post_at).max();
    let now = time(case, "now", "the case", &mut notes)
        .or(latest)
        .unwrap_or(anomaly.finding.to)
        .max(anomaly.finding.to);
    Ok(Read {
        case: Case {
            anomaly,
            threads,
            expected,
            history,
            now,
            names,
        },
        notes: notes.0,
    })
}

#[derive(Default)]
struct Notes(Vec<String>);

impl Notes {
    fn add(&mut self, note: String) {
        if self.0.len() < NOTES_LIMIT && !self.0.contains(&note) {
            self.0.push(note);
        }
    }
}

fn label_of(object: &Map<String, Value>) -> Option<&Value> {
    ["expected", "label", "linked"]
        .iter()
        .find_map(|key| object.get(*key))
}

fn label(thread: &Value) -> Option<&Value> {
    thread.as_object().and_then(label_of)
}

fn is_labelled(thread: &Value) -> bool {
    match label(thread) {
        Some(Value::Bool(yes)) => *yes,
        Some(Value::Number(number)) => number.as_u64() == Some(1),
        _ => false,
    }
}

fn expected(
    case: &Map<String, Value>,
    threads: &[ThreadText],
    names: &HashMap<Uuid, String>,
    notes: &mut Notes,
) -> Vec<Uuid> {
    match label_of(case) {
        Some(Value::Bool(true)) => threads.iter().map(|thread| thread.id).collect(),
        Some(Value::Number(number)) if number.as_u64() == Some(1) && threads.len() == 1 => {
            threads.iter().map(|thread| thread.id).collect()
        }
        None if threads.is_empty() => Vec::new(),
        None => {
            notes.add(
                "\"expected\" is missing: read as an empty list, so every link counts as wrong"
                    .to_owned(),
            );
            Vec::new()
        }
        Some(Value::Bool(false) | Value::Null | Value::Number(_)) => Vec::new(),
        Some(Value::Array(list)) => list
            .iter()
            .filter_map(|value| {
                let id = id(value.get("id").unwrap_or(value));
                if !id.is_some_and(|id| names.contains_key(&id)) {
                    notes.add(format!(
                        "expected {value} is the id of no thread of this case"
                    ));
                }
                id
            })
            .collect(),
        Some(one) => id(one).into_iter().collect(),
    }
}

fn thread(
    value: &Value,
    place: &str,
    by_people: bool,
    notes: &mut Notes,
) -> Option<(ThreadText, String)> {
    let thread = value.as_object()?;
    let title = first_text(thread, ["title", "subject"]);
    let posts = first_texts(thread, ["posts", "messages", "body", "text"]);
    let given = thread
        .get("id")
        .and_then(|value| Some((id(value)?, plain(value))));
    let (id, name) = match given {
        Some(given) => given,
        None if title.is_empty() && posts.is_empty() => return None,
        // Its place tells it from the others.
        None => (id(&Value::String(place.to_owned()))?, place.to_owned()),
    };
    let opened = time(thread, "opened_at", place, notes);
    let last = time(thread, "last_post_at", place, notes);
    let opened_at = opened.or(last).unwrap_or(Timestamp::UNIX_EPOCH);
    let lower = |key: &str| -> Vec<String> {
        texts(thread, key)
            .iter()
            .map(|text| text.to_lowercase())
            .collect()
    };
    let mut models = lower("models");
    models.extend(lower("model"));
    let mut author_devices = devices(thread, "author_devices");
    author_devices.extend(devices(thread, "author_device"));
    let mut participant_devices = devices(thread, "participant_devices");
    if by_people {
        author_devices.extend(devices(thread, "author"));
        participant_devices.extend(devices(thread, "participants"));
    }
    Some((
        ThreadText {
            id,
            title,
            posts,
            opened_at,
            last_post_at: last.unwrap_or(opened_at).max(opened_at),
            author_devices,
            participant_devices,
            models,
            os_builds: lower("os_builds"),
            teams: lower("teams"),
            solved: thread
                .get("solved")
                .and_then(Value::as_bool)
                .unwrap_or(false),
        },
        name,
    ))
}

/// A whole anomaly, or a neutral one with the parts that are named (at the top or under `finding`).
fn anomaly(value: &Value, threads: &[ThreadText], notes: &mut Notes) -> Anomaly {
    if let Ok(mut whole) = serde_json::from_value::<Anomaly>(value.clone()) {
        complete(&mut whole.finding);
        return whole;
    }
    let empty = Map::new();
    let top = value.as_object().unwrap_or(&empty);
    let part = top.get("finding").and_then(Value::as_object).unwrap_or(top);
    let written = |key: &str| part.get(key).or_else(|| top.get(key));
    let timed = |key: &str, notes: &mut Notes| {
        time(part, key, "the anomaly", notes).or_else(|| time(top, key, "the anomaly", notes))
    };
    let opened = timed("opened_at", notes);
    let from = timed("from", notes)
        .or(opened)
        .or_else(|| threads.iter().map(|t| t.opened_at).min())
        .unwrap_or(Timestamp::UNIX_EPOCH);
    let to = timed("to", notes)
        .or(opened)
        .or_else(|| threads.iter().map(|t| t.last_post_at).max())
        .unwrap_or(from)
        .max(from);
    let kind = match written("kind") {
        None | Some(Value::Null) => kind_of(&text(part, "detector")),
        Some(kind) => serde_json::from_value(kind.clone()).unwrap_or_else(|_| {
            notes.add(format!(
                "the anomaly: kind {kind} is none of {:?}; read as reboot",
                Kind::ALL.map(Kind::as_str)
            ));
            Kind::Reboot
        }),
    };
    // Facts may stand under "facts" or beside it, as lists or as one word.
    let facts_value = written("facts")
        .and_then(Value::as_object)
        .unwrap_or(&empty);
    let fact = |keys: [&str; 2]| -> Vec<String> {
        keys.iter()
            .flat_map(|key| {
                let inside = texts(facts_value, key);
                if inside.is_empty() {
                    texts(part, key)
                } else {
                    inside
                }
            })
            .collect()
    };
    let facts = Facts {
        symptoms: fact(["symptoms", "symptom"]),
        apps: fact(["apps", "app"]),
        processes: fact(["processes", "process"]),
        models: fact(["models", "model"]),
        codes: fact(["codes", "code"]),
        os_builds: fact(["os_builds", "os_build"]),
        teams: fact(["teams", "team"]),
    };
    let mut affected = devices(part, "devices");
    affected.extend(devices(part, "device"));
    affected.extend(OWNERS.iter().flat_map(|key| devices(top, key)));
    affected.dedup();
    let mut finding = Finding {
        kind,
        detector: text(part, "detector"),
        subject: Subject::Device(affected.first().copied().unwrap_or_default()),
        cause: text(part, "cause"),
        severity: Severity::Medium,
        confidence: 1.0,
        score: 0.0,
        from,
        to,
        title: text(part, "title"),
        why: texts(part, "why"),
        evidence: Vec::new(),
        devices: affected,
        at_risk: devices(part, "at_risk"),
        facts,
    };
    complete(&mut finding);
    Anomaly {
        id: top.get("id").and_then(id).unwrap_or(Uuid::nil()),
        state: State::Open,
        judgement: None,
        opened_at: to,
        updated_at: to,
        resolved_at: time(top, "resolved_at", "the anomaly", notes),
        relapses: 0,
        finding,
    }
}

/// Facts that a detector would have set, read from what the anomaly says of itself.
fn complete(finding: &mut Finding) {
    finding.facts.tidy();
    let said = format!("{}\n{}", finding.title, finding.why.join("\n"));
    let read = symptoms::read_with(&said, Vocabulary::built_in());
    let facts = &mut finding.facts;
    let bare = facts.symptoms.is_empty();
    if bare {
        facts.symptoms = by_detector(finding.kind, &finding.detector)
            .iter()
            .map(|name| (*name).to_owned())
            .collect();
    }
    if bare
        && (facts.symptoms.is_empty()
            || finding.kind == Kind::Capacity && !finding.detector.contains('.'))
    {
        facts.symptoms.extend(
            read.symptoms
                .iter()
                .filter(|s| s.name != "other")
                .map(|s| s.name.clone()),
        );
    }
    // A process that starts from Outlook makes it no anomaly of Outlook.
    let apps = match finding.kind {
        Kind::App => read.apps,
        _ => Vec::new(),
    };
    for (list, found) in [
        (&mut facts.apps, apps),
        (&mut facts.processes, read.processes),
        (&mut facts.codes, read.codes),
        (&mut facts.models, read.models),
    ] {
        if list.is_empty() {
            *list = found;
        }
    }
    facts.tidy();
}

/// What machines of such an anomaly make people write.
fn by_detector(kind: Kind, detector: &str) -> &'static [&'static str] {
    let rule = detector.rsplit('.').next().unwrap_or_default();
    match (kind, rule) {
        (Kind::Capacity, "disk") => &["disk_full"],
        (Kind::Capacity, "battery") => &["battery"],
        (Kind::Capacity, "throttled" | "thermal") => &["thermal", "slow"],
        (Kind::Capacity, "memory") => &["slow"],
        (Kind::Capacity, _) => &[],
        (Kind::Reboot, _) => &["unexpected_restart", "crash"],
        (Kind::Process | Kind::Compound, _) => &["malware_suspected"],
        (Kind::App, _) => &["app_sync"],
    }
}

fn kind_of(detector: &str) -> Kind {
    let first = detector.split('.').next().unwrap_or_default();
    Kind::ALL
        .into_iter()
        .find(|kind| kind.as_str() == first)
        .unwrap_or(Kind::Reboot)
}

/// A UUID as it is; any other name gets one that is always the same.
fn id(value: &Value) -> Option<Uuid> {
    let name = plain(value);
    if name.is_empty() {
        return None;
    }
    Some(name.parse().unwrap_or_else(|_| {
        let hash = blake3::hash(name.as_bytes());
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&hash.as_bytes()[..16]);
        Uuid::from_bytes(bytes)
    }))
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.trim().to_owned(),
        Value::Number(number) => number.to_string(),
        _ => String::new(),
    }
}

fn text(object: &Map<String, Value>, key: &str) -> String {
    object.get(key).map(plain).unwrap_or_default()
}

fn first_text(object: &Map<String, Value>, keys: [&str; 2]) -> String {
    keys.iter()
        .map(|key| text(object, key))
        .find(|text| !text.is_empty())
        .unwrap_or_default()
}

fn first_texts(object: &Map<String, Value>, keys: [&str; 4]) -> Vec<String> {
    keys.iter()
        .map(|key| texts(object, key))
        .find(|texts| !texts.is_empty())
        .unwrap_or_default()
}

/// A list of texts, or one text; of objects (posts as the API gives them) their words.
fn texts(object: &Map<String, Value>, key: &str) -> Vec<String> {
    let words = |value: &Value| match value {
        Value::Object(object) => ["text", "body", "source", "name"]
            .iter()
            .map(|key| text(object, key))
            .find(|text| !text.is_empty())
            .unwrap_or_default(),
        value => plain(value),
    };
    let list = match object.get(key) {
        Some(Value::Array(list)) => list.iter().map(words).collect(),
        Some(one) => vec![words(one)],
        None => Vec::new(),
    };
    list.into_iter().filter(|text| !text.is_empty()).collect()
}

fn devices(object: &Map<String, Value>, key: &str) -> Vec<DeviceId> {
    texts(object, key)
        .into_iter()
        .filter_map(|name| id(&Value::String(name)))
        .filter_map(|id| id.to_string().parse().ok())
        .collect()
}

/// Numbers from here on count milliseconds since 1970, smaller ones seconds: as seconds it is the year 5138.
const MILLISECONDS_FROM: f64 = 1e11;

fn instant(number: f64) -> Option<Timestamp> {
    let milliseconds = match number.abs() >= MILLISECONDS_FROM {
        true => number,
        false => number * 1000.0,
    };
    // A float's rounding is far below a millisecond in any year that a timestamp holds.
    Timestamp::from_millisecond(milliseconds.round() as i64).ok()
}

/// An instant, a date and time (read as UTC), a date, or seconds or milliseconds since 1970.
fn time(
    object: &Map<String, Value>,
    key: &str,
    place: &str,
    notes: &mut Notes,
) -> Option<Timestamp> {
    let value = object.get(key).filter(|value| !value.is_null())?;
    let utc = |moment: civil::DateTime| {
        moment
            .to_zoned(TimeZone::UTC)
            .ok()
            .map(|zoned| zoned.timestamp())
    };
    let read = match value {
        Value::Number(number) => number.as_f64().and_then(instant),
        Value::String(text) => {
            let text = text.trim();
            text.parse()
                .ok()
                .or_else(|| text.parse().ok().and_then(utc))
                .or_else(|| {
                    text.parse::<civil::Date>()
                        .ok()
                        .and_then(|day| utc(day.to_datetime(civil::Time::midnight())))
                })
                .or_else(|| text.parse().ok().and_then(instant))
        }
        _ => None,
    };
    if read.is_none() {
        notes.add(format!(
            "{place}: \"{key}\" {value} is no time; write 2026-11-22T12:00:00Z"
        ));
    }
    read
}
