//! The linker on labelled stories: what must link, what must only be suggested, what must not.
//!
//! Cases come from templates filled by a seeded generator: even seeds were used while the weights were set, odd seeds only
//! report.

use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;
use weft_collector_core::{
    anomaly::{Anomaly, State},
    device::DeviceId,
    finding::{Facts, Finding, Kind, Severity, Subject},
    link::{Link, LinkState},
    linker::{self, PastDecision, Settings, rank},
    thread::ThreadText,
};

use crate::sim::{Chance, MODELS, TEAMS, at, device};

struct Story {
    kind: Kind,
    detector: &'static str,
    symptoms: &'static [&'static str],
    /// Titles that speak of it, and posts.
    says: &'static [(&'static str, &'static str)],
    app: &'static str,
    process: &'static str,
    code: &'static str,
}

const STORIES: [Story; 6] = [
    Story {
        kind: Kind::Reboot,
        detector: "reboot.rate",
        symptoms: &["unexpected_restart", "crash"],
        says: &[
            (
                "Laptop keeps rebooting on me",
                "Third time today, always without warning.",
            ),
            (
                "Random shutdowns since last week",
                "It just turns off, then starts again.",
            ),
            (
                "Anyone else with restarts in the middle of calls?",
                "No message, black and then the logo.",
            ),
            (
                "My machine restarts by itself every couple of hours",
                "I lost my work twice.",
            ),
            (
                "BSOD several times a day",
                "Blue screen, then it boots again.",
            ),
        ],
        app: "",
        process: "",
        code: "0x00000154",
    },
    Story {
        kind: Kind::Capacity,
        detector: "capacity.disk",
        symptoms: &["disk_full"],
        says: &[
            (
                "Disk almost full and I don't know why",
                "Windows says only 2 GB left on C.",
            ),
            (
                "Running out of space again",
                "I deleted everything I could.",
            ),
            ("No space left on device when I build", "df says 98 %."),
            (
                "What is eating my SSD?",
                "It fills up a bit more each day. Low disk space warning.",
            ),
            ("Low disk space warning every morning", "Help please."),
        ],
        app: "",
        process: "",
        code: "",
    },
    Story {
        kind: Kind::Process,
        detector: "process.rare",
        symptoms: &["malware_suspected"],
        says: &[
            (
                "What is helperd.exe?",
                "It runs all the time and I did not install it.",
            ),
            (
                "Strange process in task manager",
                "helperd.exe, from a temp folder. Virus?",
            ),
            (
                "Is this malware?",
                "Something called helperd opens a window at start.",
            ),
            (
                "Suspicious program on my laptop",
                "I never installed it, see screenshot.",
            ),
            ("Unknown process helperd.exe eats CPU", "any idea?"),
        ],
        app: "",
        process: "helperd.exe",
        code: "",
    },
    Story {
        kind: Kind::App,
        detector: "app.growth",
        symptoms: &["app_sync"],
        says: &[
            (
                "Dropbox for large files?",
                "The approved share is too small for our videos.",
            ),
            (
                "Dropbox folder not syncing",
                "My team shares footage there.",
            ),
            (
                "How do you share big files with clients",
                "We all use Dropbox now, it just works.",
            ),
            ("Drop box stuck on uploading", "Since this morning."),
            ("Dropbox wants an upgrade", "Who pays for it?"),
        ],
        app: "dropbox",
        process: "",
        code: "",
    },
    Story {
        kind: Kind::Capacity,
        detector: "capacity.battery",
        symptoms: &["battery"],
        says: &[
            (
                "Battery lasts an hour now",
                "It was a full day when it was new.",
            ),
            (
                "Battery drains overnight",
                "Closed at 90, dead in the morning.",
            ),
            ("Can I get a new battery?", "Health says 48 %."),
            (
                "Laptop dies as soon as I unplug it",
                "Battery shows 60 % before.",
            ),
            ("Poor battery life", "Two meetings and it is empty."),
        ],
        app: "",
        process: "",
        code: "",
    },
    Story {
        kind: Kind::Capacity,
        detector: "capacity.throttled",
        symptoms: &["thermal"],
        says: &[
            (
                "Fan is screaming all day",
                "And it gets really hot on the left.",
            ),
            ("Overheating in video calls", "Then everything stutters."),
            ("Laptop too hot to touch", "Is that normal?"),
            ("Why is my laptop so loud and hot", "fans never stop"),
            ("Thermal throttling?", "0.8 GHz when I compile."),
        ],
        app: "",
        process: "",
        code: "",
    },
];

/// Talk that has nothing to do with any of them.
const SMALL_TALK: [(&str, &str); 8] = [
    ("Which headset do you recommend?", "For open plan offices."),
    ("Laptop problem, please help", "It does not work as before."),
    ("Printer on floor 3 offline", "Again."),
    ("How to add a second monitor", "USB-C or HDMI?"),
    ("Wifi drops in the canteen", "Only there."),
    ("Password reset takes forever", "Who can help?"),
    (
        "Keyboard layout changes by itself",
        "From German to English.",
    ),
    ("New laptops: your wishes", "We order next month."),
];

struct Case {
    anomaly: Anomaly,
    threads: Vec<ThreadText>,
    expected: Vec<Uuid>,
    now: Timestamp,
}

fn thread(
    id: u128,
    words: (&str, &str),
    day: f64,
    author: Option<DeviceId>,
    participants: &[DeviceId],
    model: &str,
    team: &str,
) -> ThreadText {
    ThreadText {
        id: Uuid::from_u128(id),
        title: words.0.to_owned(),
        posts: vec![
            words.1.to_owned(),
            "Thanks for the hint, I will try.".to_owned(),
        ],
        opened_at: at(day),
        last_post_at: at(day + 0.8),
        author_devices: author.into_iter().collect(),
        participant_devices: participants.to_vec(),
        models: vec![model.to_lowercase()],
        os_builds: vec!["22631.4317".to_owned()],
        teams: vec![team.to_lowercase()],
        solved: false,
    }
}

fn case(seed: u64) -> Case {
    let mut chance = Chance::new(9_000 + seed);
    let mut pick = |of: usize| (chance.next() % of as u64) as usize;
    let story_index = pick(STORIES.len());
    let story = &STORIES[story_index];
    let (model, other_model) = (MODELS[pick(2)], MODELS[2 + pick(2)]);
    let (team, other_team) = (TEAMS[pick(2)], TEAMS[2 + pick(2)]);
    let (own, neighbour, stranger) = (
        device(pick(50)),
        device(50 + pick(50)),
        device(100 + pick(50)),
    );
    let team_story = story.kind == Kind::App;
    let devices = if team_story {
        vec![own, neighbour]
    } else {
        vec![own]
    };
    let anomaly = Anomaly {
        id: Uuid::from_u128(1),
        state: State::Open,
        judgement: None,
        opened_at: at(30.0),
        updated_at: at(30.0),
        resolved_at: None,
        relapses: 0,
        finding: Finding {
            kind: story.kind,
            detector: story.detector.to_owned(),
            subject: Subject::Device(own),
            cause: format!("{}/x/device:{own}", story.kind.as_str()),
            severity: Severity::Medium,
            confidence: 0.9,
            score: 3.0,
            from: at(27.0),
            to: at(30.0),
            title: "x".to_owned(),
            why: Vec::new(),
            evidence: Vec::new(),
            devices,
            at_risk: Vec::new(),
            facts: Facts {
                symptoms: story.symptoms.iter().map(|s| (*s).to_owned()).collect(),
                apps: if story.app.is_empty() {
                    Vec::new()
                } else {
                    vec![story.app.to_owned()]
                },
                processes: if story.process.is_empty() {
                    Vec::new()
                } else {
                    vec![story.process.to_owned()]
                },
                models: if team_story {
                    Vec::new()
                } else {
                    vec![model.to_lowercase()]
                },
                codes: if story.code.is_empty() {
                    Vec::new()
                } else {
                    vec![story.code.to_owned()]
                },
                os_builds: vec!["22631.4317".to_owned()],
                teams: vec![team.to_lowercase()],
            },
        },
    };
    let mut threads = Vec::new();
    let mut expected = Vec::new();
    let mut id = 10u128;
    let mut next = || {
        id += 1;
        id
    };
    let says = |n: usize| story.says[n % story.says.len()];
    // The owner writes about it.
    let day = 27.2 + 0.5 * pick(5) as f64;
    let by_owner = thread(next(), says(pick(5)), day, Some(own), &[], model, team);
    expected.push(by_owner.id);
    threads.push(by_owner);
    // Somebody else opened it, the owner joined.
    let joined = thread(
        next(),
        says(pick(5)),
        day + 0.4,
        Some(stranger),
        &[own],
        other_model,
        other_team,
    );
    expected.push(joined.id);
    threads.push(joined);
    // A stranger with the same model names the code or the program.
    let specific = match (story.code, story.process) {
        ("", "") => None,
        (code, "") => Some(format!("Stop code {code} on {model}")),
        (_, process) => Some(format!("{process} on a {model}, what is it?")),
    };
    if let Some(title) = &specific {
        let named = thread(
            next(),
            (title, "Seen it twice now."),
            day + 0.2,
            Some(stranger),
            &[],
            model,
            other_team,
        );
        expected.push(named.id);
        threads.push(named);
    }
    // What must not link.
    let other_story = &STORIES[(story_index + 1 + pick(4)) % STORIES.len()];
    if other_story.symptoms != story.symptoms {
        // The owner, about something else.
        threads.push(thread(
            next(),
            other_story.says[pick(5)],
            day,
            Some(own),
            &[],
            model,
            team,
        ));
        // The same model, about something else.
        threads.push(thread(
            next(),
            other_story.says[pick(5)],
            day,
            Some(stranger),
            &[],
            model,
            other_team,
        ));
    }
    threads.push(thread(
        next(),
        SMALL_TALK[pick(8)],
        day,
        Some(own),
        &[],
        model,
        team,
    ));
    threads.push(thread(
        next(),
        SMALL_TALK[1],
        day,
        Some(stranger),
        &[],
        model,
        team,
    ));
    for _ in 0..6 {
        let n = next();
        threads.push(thread(
            n,
            SMALL_TALK[pick(8)],
            20.0 + pick(12) as f64,
            Some(device(200 + pick(50))),
            &[],
            MODELS[pick(4)],
            TEAMS[pick(4)],
        ));
    }
    // The owner had the same a year ago, and it was solved.
    let mut old = thread(next(), says(pick(5)), -330.0, Some(own), &[], model, team);
    old.solved = true;
    threads.push(old);
    Case {
        anomaly,
        threads,
        expected,
        now: at(30.0),
    }
}

fn evaluate(seeds: impl Iterator<Item = u64>) -> (f64, f64, f64) {
    let (mut automatic, mut right, mut suggested_right, mut expected, mut suggested) =
        (0usize, 0usize, 0usize, 0usize, 0usize);
    for seed in seeds {
        let case = case(seed);
        let links = rank(
            &case.anomaly,
            &case.threads,
            &[],
            case.now,
            &Settings::default(),
        );
        expected += case.expected.len();
        for link in &links {
            let title = &case
                .threads
                .iter()
                .find(|t| t.id == link.thread)
                .unwrap()
                .title;
            let is_right = case.expected.contains(&link.thread);
            suggested += 1;
            suggested_right += usize::from(is_right);
            if link.state == LinkState::Automatic {
                automatic += 1;
                right += usize::from(is_right);
                if !is_right && seed % 2 == 0 {
                    eprintln!(
                        "seed {seed}: wrong automatic \"{title}\" for {}: {:?}",
                        case.anomaly.finding.detector, link.reasons
                    );
                }
            }
        }
        for id in case
            .expected
            .iter()
            .filter(|id| seed % 2 == 0 && !links.iter().any(|l| l.thread == **id))
        {
            let thread = case.threads.iter().find(|t| t.id == *id).unwrap();
            let all = Settings {
                suggested: 0.0,
                ..Settings::default()
            };
            let link = rank(
                &case.anomaly,
                std::slice::from_ref(thread),
                &[],
                case.now,
                &all,
            );
            eprintln!(
                "seed {seed}: missed \"{}\" for {}: {:?}",
                thread.title,
                case.anomaly.finding.detector,
                link.first().map(|l| (l.score, &l.reasons))
            );
        }
    }
    (
        right as f64 / automatic.max(1) as f64,
        suggested_right as f64 / expected as f64,
        suggested_right as f64 / suggested.max(1) as f64,
    )
}

#[test]
fn automatic_links_are_right_and_suggestions_find_most() {
    let tuning = evaluate((0..80).map(|n| 2 * n));
    let (precision, recall, suggested_precision) = evaluate((0..80).map(|n| 2 * n + 1));
    eprintln!("tuning {tuning:?}");
    eprintln!(
        "reporting: precision at automatic {precision:.3}, recall at suggested {recall:.3}, precision at suggested {suggested_precision:.3}"
    );
    assert!(precision >= 0.95, "{precision}");
    assert!(recall >= 0.8, "{recall}");
}

fn first_case() -> (Case, Link) {
    let case = case(0);
    let links = rank(
        &case.anomaly,
        &case.threads,
        &[],
        case.now,
        &Settings::default(),
    );
    let link = links
        .iter()
        .find(|link| link.thread == case.expected[0])
        .unwrap()
        .clone();
    (case, link)
}

#[test]
fn the_owner_with_the_same_symptom_links_by_itself_and_says_why() {
    let (_, link) = first_case();
    assert_eq!(link.state, LinkState::Automatic);
    assert!(
        link.reasons[0].text.len() > 5
            && link.reasons.iter().any(|reason| reason.feature == "owner")
    );
}

#[test]
fn a_person_is_never_overruled() {
    let (case, link) = first_case();
    let said = |confirmed| PastDecision {
        cause: case.anomaly.finding.cause.clone(),
        detector: case.anomaly.finding.detector.clone(),
        thread: link.thread,
        confirmed,
        at: case.now - SignedDuration::from_hours(1),
        anomaly: Some(case.anomaly.id),
    };
    let state = |history: &[PastDecision]| {
        let links = rank(
            &case.anomaly,
            &case.threads,
            history,
            case.now,
            &Settings::default(),
        );
        links
            .iter()
            .find(|l| l.thread == link.thread)
            .unwrap()
            .state
    };
    assert_eq!(state(&[said(false)]), LinkState::Rejected);
    assert_eq!(state(&[said(true)]), LinkState::Confirmed);
}

#[test]
fn a_shared_model_or_common_words_never_act() {
    let case = case(2);
    let talk = thread(
        99,
        ("Laptop problem, please help", "Since the update, any idea?"),
        29.0,
        None,
        &[],
        MODELS[0],
        TEAMS[0],
    );
    for link in rank(&case.anomaly, &[talk], &[], case.now, &Settings::default()) {
        assert_ne!(link.state, LinkState::Automatic);
    }
}

#[test]
fn evaluation_reads_its_own_format() {
    let case = case(4);
    let line = serde_json::json!({"anomaly": case.anomaly, "threads": case.threads, "expected": case.expected, "now": case.now});
    let evaluation = linker::eval::run(&line.to_string(), &Settings::default());
    assert_eq!(
        (
            evaluation.cases,
            evaluation.dirty.len(),
            evaluation.counts.expected
        ),
        (1, 0, case.expected.len())
    );
    assert!(evaluation.recall_suggested.unwrap() > 0.0);
    // A case in a few words is a case too.
    let brief = r#"{"anomaly": {"facts": {"symptoms": ["battery"]}, "devices": ["00000000-0000-0000-0000-000000001000"]},
        "threads": [{"id": "00000000-0000-0000-0000-000000000001", "title": "Battery drains overnight", "author_devices": ["00000000-0000-0000-0000-000000001000"]}],
        "expected": ["00000000-0000-0000-0000-000000000001"]}"#
        .replace('\n', " ");
    let evaluation = linker::eval::run(&brief, &Settings::default());
    assert_eq!(evaluation.counts.automatic_right, 1, "{evaluation:?}");
}

/// Cases in the format of `link eval`, in words of our own: the first half was looked at, the second half only scored.
const CASES: &str = include_str!("data/link_cases.jsonl");

#[test]
fn labelled_cases_in_the_documented_format_reach_the_goals() {
    let halves: Vec<&str> = CASES.lines().collect();
    let (tuning, reporting) = halves.split_at(halves.len() / 2);
    let run = |lines: &[&str]| linker::eval::run(&lines.join("\n"), &Settings::default());
    let (tuning, reporting) = (run(tuning), run(reporting));
    for evaluation in [&tuning, &reporting] {
        eprintln!(
            "{} pairs: automatic precision {:?} recall {:?}, suggested precision {:?} recall {:?}",
            evaluation.pairs,
            evaluation.precision_automatic,
            evaluation.recall_automatic,
            evaluation.precision_suggested,
            evaluation.recall_suggested,
        );
        assert!(evaluation.dirty.is_empty(), "{:?}", evaluation.dirty);
        assert!(evaluation.precision_automatic.unwrap() >= 0.95);
        assert!(evaluation.recall_suggested.unwrap() >= 0.8);
        assert!(evaluation.precision_suggested.unwrap() >= 0.8);
    }
}

/// Hard ones: talk of the same owners about other things, rooms that are hot, films that crash, phones, jokes, other languages,
/// old talk. All were looked at by now; the numbers that were taken blind stand in docs/operating.md.
const HARD_CASES: &str = include_str!("data/link_cases_hard.jsonl");

#[test]
fn hard_cases_do_not_act_wrongly() {
    let found = linker::eval::run(HARD_CASES, &Settings::default());
    eprintln!("{:?} {:?}", found.counts, found.misses);
    assert_eq!(found.cases, 100);
    assert!(found.dirty.is_empty(), "{:?}", found.dirty);
    assert!(found.precision_automatic.unwrap() >= 0.97, "{found:?}");
    assert!(found.recall_automatic.unwrap() >= 0.4, "{found:?}");
    assert!(found.recall_suggested.unwrap() >= 0.9, "{found:?}");
}

#[test]
fn evaluation_takes_what_people_write_and_says_what_it_could_not_use() {
    let lines = [
        // Names instead of ids, one word instead of lists, a date, unknown fields, no facts: read.
        r#"{"anomaly": {"title": "LT-7 restarts by itself", "kind": "reboot", "device": "LT-7", "colour": 3}, "threads": [{"id": 7, "title": "Laptop keeps rebooting", "posts": "Help", "author_devices": "LT-7", "opened_at": "2026-11-22"}], "expected": ["7"]}"#,
        // A pair.
        r#"{"anomaly": {"detector": "capacity.disk"}, "thread": {"title": "Disk full"}, "expected": true}"#,
        r#"{"anomaly": {"detector": "capacity.disk"}, "thread": {"title": "Printer offline"}, "expected": false}"#,
        // What cannot be used is said, with its line.
        r#"{"anomaly": {}, "threads": ["no object", {"id": "a", "opened_at": "yesterday"}], "expected": ["b"]}"#,
        r#"{"anomaly": {}, "threads": "#,
        r#"{"threads": []}"#,
    ];
    let evaluation = linker::eval::run(&lines.join("\r\n"), &Settings::default());
    assert_eq!(evaluation.cases, 4, "{:?}", evaluation.dirty);
    assert_eq!(evaluation.counts.expected, 2);
    assert_eq!(evaluation.counts.automatic_right, 1, "{evaluation:?}");
    assert_eq!(evaluation.counts.suggested_right, 2, "{evaluation:?}");
    let said = |line: usize, word: &str| {
        evaluation
            .dirty
            .iter()
            .any(|(number, why)| *number == line && why.contains(word))
    };
    assert!(said(4, "thread 1") && said(4, "yesterday") && said(4, "expected"));
    assert!(
        said(5, "JSON") && said(6, "anomaly"),
        "{:?}",
        evaluation.dirty
    );
    // One array is read like its lines.
    let array = format!("[{}, {}]", lines[0], lines[1]);
    assert_eq!(linker::eval::run(&array, &Settings::default()).cases, 2);
}

/// People instead of devices, milliseconds, labels inside the threads, other names of fields, no ids.
#[test]
fn evaluation_reads_other_shapes_alike() {
    let shapes = [
        r#"{"anomaly": {"title": "LT-7 restarts by itself", "kind": "reboot", "owner": "mia", "from": 1763740800000, "to": 1763827200000}, "threads": [{"subject": "Laptop keeps rebooting", "body": "Help", "author": "mia", "opened_at": "1763751600", "expected": true}, {"subject": "Laptop keeps rebooting", "author": "tom", "participants": ["ann"], "opened_at": 1763751600.5, "label": 0}]}"#,
        r#"{"anomaly": {"title": "LT-7 restarts by itself", "kind": "reboot", "devices": ["LT-7"], "from": 1763740800, "to": 1763827200}, "threads": [{"title": "Laptop keeps rebooting", "posts": [{"body": "Help"}], "author_devices": ["LT-7"], "opened_at": 1763751600}, {"title": "Laptop keeps rebooting", "author_devices": ["LT-9"], "opened_at": 1763751600}], "expected": ["thread 1"]}"#,
    ];
    for shape in shapes {
        let evaluation = linker::eval::run(shape, &Settings::default());
        assert!(evaluation.dirty.is_empty(), "{:?}", evaluation.dirty);
        let counts = evaluation.counts;
        assert_eq!(
            (counts.expected, counts.automatic, counts.automatic_right),
            (1, 1, 1),
            "{shape}: {evaluation:?}"
        );
    }
}

/// What an owner writes acts only where it reports this machine's trouble.
#[test]
fn talk_that_only_sounds_like_it_does_not_act() {
    let acts = |title: &str| {
        let line = serde_json::json!({
            "anomaly": {"kind": "reboot", "devices": ["LT-7"], "facts": {"symptoms": ["unexpected_restart", "crash"],
                "models": ["Dell Latitude 5440"], "processes": ["powershell.exe"]}, "from": "2026-11-20", "to": "2026-11-22"},
            "thread": {"title": title, "author_devices": ["LT-7"], "models": ["Dell Latitude 5440"], "opened_at": "2026-11-21"},
            "expected": true,
        });
        let evaluation = linker::eval::run(&line.to_string(), &Settings::default());
        evaluation.counts.automatic == 1
    };
    assert!(acts("My laptop keeps rebooting by itself"));
    assert!(acts("Latitude keeps rebooting by itself"));
    for title in [
        "Not my laptop, but my daughter's tablet keeps rebooting",
        "My wife's laptop keeps rebooting by itself",
        "My MacBook keeps rebooting by itself",
        "Latitude 7420 keeps rebooting by itself",
        "How do I schedule a restart of my laptop?",
        "Reminder: laptops restart on patch day",
        "Planned restart of all laptops on Friday",
        "My laptop keeps rebooting more often than my career",
        "Meeting room PC keeps rebooting",
        "The label printer keeps rebooting",
        "PowerShell course, anyone?",
    ] {
        assert!(!acts(title), "{title}");
    }
}

/// The index finds what comparing everything finds, and forgets what was removed.
#[test]
fn the_index_agrees_with_comparing_everything() {
    let settings = Settings::default();
    for seed in 0..12 {
        let case = case(seed);
        let mut index = linker::Index::default();
        for thread in &case.threads {
            index.put(thread, &settings);
            index.put(thread, &settings);
        }
        assert_eq!(index.len(), case.threads.len());
        let slow = rank(&case.anomaly, &case.threads, &[], case.now, &settings);
        let fast = index.rank(&case.anomaly, &[], case.now, &settings);
        assert_eq!(slow, fast);
        for thread in &case.threads {
            index.remove(thread.id);
        }
        assert!(
            index.is_empty()
                && index
                    .rank(&case.anomaly, &[], case.now, &settings)
                    .is_empty()
        );
    }
}
