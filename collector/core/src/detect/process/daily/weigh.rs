//! The points of a run: how rare it is here, how strange its lineage, place, name and shape are anywhere.
//!
//! **Invariant: what is said is what is weighed.** Every term that moves a run up brings its sentence. The first half
//! (rarity) needs the fleet's past and grows with it; the second (roles, place, name, shape) holds from the first hour.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::{
    Run,
    memory::{Memory, bits},
};
use crate::detect::{
    process::{
        identity::{in_workshop, normalised_name, normalised_path},
        masquerade::{self, Masquerade, place_words},
        place,
        roles::{self, Role, role},
    },
    wording,
};

/// Points per bit, by what is rare.
const PROGRAM: f64 = 0.55;
const PAIR: f64 = 0.45;
const FORM: f64 = 0.35;
/// What the device did on an earlier day is its person's habit.
const HABIT: f64 = 0.35;
/// Whoever administers from this device on other days does another thing of that kind today.
const WORK: f64 = 0.65;
const WORK_DAYS: u32 = 3;
/// Bits by which one program that came is rarer than its way of coming.
const ONE_OF_THEM: f64 = 1.0;
/// What is left of an odd place or mark when most of the fleet has it.
const USUAL: f64 = 0.15;
/// A child of an odd run shares in its points, by how sure the parent is known.
const SHARE: f64 = 0.35;
const SHARE_BY_NAME: f64 = 0.15;
/// Of a parent's points, what anything has.
const SHARED_FROM: f64 = 4.0;
const MOST_SHARED: f64 = 4.0;

/// Under what names the memory counts a run.
#[derive(Clone, Debug)]
pub struct Keys {
    pub program: String,
    /// Name of the parent, normalised.
    pub parent: String,
    pub pair: String,
    pub form: String,
    pub content: String,
    /// How such a program comes into the fleet: from what place, by what kind of parent.
    pub arrival: String,
    /// The kind of work, where a person works with the system's tools; else empty.
    pub work: String,
    parent_all: String,
}

impl Keys {
    pub fn of(run: &Run) -> Self {
        let name = name_of(run);
        let path = counted(normalised_path(&run.executable_path), &run.executable_path);
        let copied = counted(name.clone(), &run.executable_path);
        let parent = match run.value("parent_place:") {
            "system_path" | "program_path" | "" => normalised_name(&run.parent_executable_name),
            _ => counted(normalised_name(&run.parent_executable_name), ""),
        };
        let program = if run.package.is_empty()
            && (path.is_empty()
                || masquerade::in_system_folder(&run.executable_path) && role(&name).is_tool())
        {
            // Two places of one system tool (System32, SysWOW64) are one program.
            format!(
                "p:{name}:{}",
                if masquerade::in_system_folder(&run.executable_path) {
                    "system"
                } else {
                    &run.place
                }
            )
        } else if !run.package.is_empty() {
            format!(
                "p:{name}:{}",
                super::super::identity::package_name(&run.package)
            )
        } else {
            format!("p:{copied}:{path}")
        };
        Self {
            arrival: arrival(run, &parent),
            work: work(run, &name, &parent),
            pair: format!("c:{program}<{parent}"),
            form: format!("f:{name}<{parent}:{}", run.value("form:")),
            content: if run.executable_sha256.is_empty() {
                String::new()
            } else {
                format!("h:{}", run.executable_sha256)
            },
            parent_all: format!("a:{parent}"),
            program,
            parent,
        }
    }

    pub fn all(&self) -> impl Iterator<Item = &str> {
        [
            &self.program,
            &self.pair,
            &self.form,
            &self.content,
            &self.parent_all,
        ]
        .into_iter()
        .map(String::as_str)
        .filter(|key| !key.is_empty())
    }
}

/// What a person fetched and opened comes by the dozen; what a script put into a temporary folder does not.
fn arrival(run: &Run, parent: &str) -> String {
    let path = &run.executable_path;
    let place = match run.place.as_str() {
        _ if place::is_open(path) => "open",
        "home" if place::is_fetched(path) => "fetched",
        "home" if is_installed_at_home(path) => "installed",
        known => known,
    };
    let by = match role(parent) {
        Role::Other => run.value("parent_place:").to_owned(),
        known => format!("{known:?}"),
    };
    let unmarked = run.has("no_version_info");
    format!("n:{place}<{by}:{}:{unmarked}", run.user_class)
}

/// An administrator's tool from a person's shell: some laptops do that every day.
fn work(run: &Run, name: &str, parent: &str) -> String {
    let tool = role(name);
    let by = role(parent);
    if tool == Role::Admin && by == Role::Shell && run.user_class == "person" {
        format!("{tool:?}<{by:?}")
    } else {
        String::new()
    }
}

/// "setup (2).exe" and "invoice17.exe" below a person are further copies of one thing.
fn counted(name: String, path: &str) -> String {
    if masquerade::in_system_folder(path) {
        return name;
    }
    let (stem, end) = match name.rsplit_once('.') {
        Some((stem, end)) if !end.contains('/') => (stem, end),
        _ => (name.as_str(), ""),
    };
    let bare = stem.trim_end_matches(|c: char| c.is_ascii_digit() || matches!(c, '(' | ')' | ' '));
    if bare.is_empty() || bare.ends_with('/') || bare.len() == stem.len() {
        return name;
    }
    format!("{bare}.{end}")
}

#[derive(Clone, Debug)]
pub struct Sentence {
    pub points: f64,
    pub words: String,
}

#[derive(Clone, Debug)]
pub struct Weighed {
    pub points: f64,
    /// Of them, what rarity in this fleet gave.
    pub rarity: f64,
    pub detector: &'static str,
    pub why: Vec<Sentence>,
}

impl Weighed {
    /// What would be strange in any fleet.
    pub fn strange(&self) -> f64 {
        self.points - self.rarity
    }

    fn add(&mut self, points: f64, words: impl Into<String>) {
        if points <= 0.0 {
            return;
        }
        self.points += points;
        self.why.push(Sentence {
            points,
            words: words.into(),
        });
    }
}

/// All runs of one device-day, in their order.
pub fn all(runs: &[(Run, Keys)], memory: &Memory) -> Vec<Weighed> {
    let mut weighed: Vec<Weighed> = runs
        .iter()
        .map(|(run, keys)| one(run, keys, memory))
        .collect();
    questions(runs, memory, &mut weighed);
    inherit(runs, &mut weighed);
    weighed
}

fn one(run: &Run, keys: &Keys, memory: &Memory) -> Weighed {
    let mut weighed = Weighed {
        points: 0.0,
        rarity: 0.0,
        detector: "process.rare",
        why: Vec::new(),
    };
    let name = name_of(run);
    let kind = role(&name);
    if kind == Role::Console && masquerade::in_system_folder(&run.executable_path) {
        return weighed;
    }
    rarity(run, keys, kind, memory, &mut weighed);
    weighed.rarity = weighed.points;
    lineage(run, keys, &name, kind, memory, &mut weighed);
    lies(run, keys, kind, memory, &mut weighed);
    marks(run, keys, kind, &name, memory, &mut weighed);
    pretence(run, keys, memory, &mut weighed);
    if is_ordinary(run, keys, kind) {
        weighed.points -= 2.5;
    }
    if in_workshop(&run.executable_path) {
        weighed.points -= 3.0;
    }
    if !run.package.is_empty() || !run.signer.is_empty() {
        weighed.points -= 1.5;
    }
    weighed
}

/// How rare the program, its parent and its form are in this fleet so far.
fn rarity(run: &Run, keys: &Keys, kind: Role, memory: &Memory, weighed: &mut Weighed) {
    let all = memory.device_days();
    let habit = if memory.is_familiar(run.device, run.day, &keys.pair) {
        HABIT
    } else if is_work(run, keys, memory) {
        WORK
    } else {
        1.0
    };
    let program = memory.count(&keys.program);
    let pair = memory.count(&keys.pair);
    // A newcomer is as surprising as its way of coming: people open what they fetched on many days.
    let arrivals = memory.arrivals(keys).filter(|_| !kind.is_tool());
    let most = arrivals.map_or(f64::INFINITY, |(part, whole)| {
        bits(part, whole) + ONE_OF_THEM
    });
    let mut seen = format!(
        "It ran on {program} of {} so far.",
        wording::count(all as usize, "device-day")
    );
    if let Some((part, whole)) = arrivals
        && most < bits(program, all)
    {
        seen.push_str(&format!(
            " Programs come here in this way now and then: on {part} of the last {whole}."
        ));
    }
    weighed.add(PROGRAM * habit * bits(program, all).min(most), seen);
    // Rare beneath this parent although the program itself is common, or the other way round: whichever is less.
    let given_child = bits(pair, program);
    let given_parent = bits(pair, memory.count(&keys.parent_all)).min(most);
    if !keys.parent.is_empty() {
        weighed.add(
            PAIR * habit * (given_child + 0.5 * given_parent),
            format!(
                "{} started it on {pair} of the {} on which it ran.",
                run.parent_executable_name,
                wording::count(program as usize, "device-day"),
            ),
        );
    }
    if !run.value("form:").is_empty() {
        let form = memory.count(&keys.form);
        let weight = if kind.is_tool() { FORM } else { FORM * 0.25 };
        weighed.add(
            weight * habit * bits(form, pair),
            format!("Its arguments have a form that was seen on {form} of those {pair}."),
        );
    }
    let others = memory.count(&keys.program);
    if !keys.content.is_empty()
        && !masquerade::in_system_folder(&run.executable_path)
        && others >= 6
    {
        let content = memory.count(&keys.content);
        if content * 6 <= others {
            weighed.add(0.8 * habit, "The same file has another content elsewhere.");
        }
    }
}

/// On other days, too, this device's person works with such tools.
fn is_work(run: &Run, keys: &Keys, memory: &Memory) -> bool {
    !keys.work.is_empty() && memory.days_of_work(run.device, keys) >= WORK_DAYS
}

/// 1 for what the fleet has never seen before, down to [`USUAL`] for what all have: an odd thing that many do daily is
/// their way of working.
fn oddness(key: &str, memory: &Memory) -> f64 {
    let all = memory.device_days();
    if all < super::LEARNING_DEVICE_DAYS {
        return 1.0;
    }
    (bits(memory.count(key), all) / bits(1, all)).clamp(USUAL, 1.0)
}

/// Whether this parent ordinarily starts such a program.
fn lineage(run: &Run, keys: &Keys, name: &str, kind: Role, memory: &Memory, weighed: &mut Weighed) {
    let parent = role(&keys.parent);
    let from = run.value("parent_place:");
    let usual = oddness(&keys.pair, memory);
    let mut strange = roles::strangeness(parent, kind);
    if matches!(parent, Role::Other) && kind.is_tool() && from == "system_path" {
        // A part of the system that is no shell has no reason to start one.
        strange = 2.8;
    }
    let before = weighed.points;
    if keys.parent != *name || strange > 1.0 {
        let (parent, child) = (shown(&run.parent_executable_name), &run.executable_name);
        let words = if strange >= 2.0 {
            format!("{parent} hardly ever has a reason to start {child}.")
        } else {
            format!("{parent} starts {child} seldom, though not without reason.")
        };
        weighed.add(strange * usual, words);
    }
    let placed = match from {
        "open" | "temp" => 2.2,
        "fetched" | "removable" => 1.6,
        "network" => 1.5,
        "home" => 0.7,
        _ => 0.0,
    };
    if kind.is_tool() {
        weighed.add(
            placed * usual,
            format!("Its parent lies in {}.", from_words(from)),
        );
    }
    if roles::breaks_start_order(name, &keys.parent)
        && masquerade::in_system_folder(&run.executable_path)
    {
        weighed.add(
            3.5,
            format!(
                "The system itself never starts {name} from {}.",
                run.parent_executable_name
            ),
        );
    }
    if weighed.points - before >= 2.0 {
        weighed.detector = "process.lineage";
    }
}

/// Where the file lies and who runs it from there.
fn lies(run: &Run, keys: &Keys, kind: Role, memory: &Memory, weighed: &mut Weighed) {
    let path = &run.executable_path;
    let system = masquerade::in_system_folder(path);
    let odd = oddness(&keys.program, memory);
    if place::is_open(path) {
        weighed.add(3.0 * odd, "It lies in a folder that everybody may write.");
    } else {
        let worth = match run.place.as_str() {
            "temp" => 2.4,
            "deleted" if !system => 2.6,
            "memory_only" if run.user_class == "person" => 2.0,
            "removable" => 2.2,
            "network" => 2.0,
            "home" if place::is_fetched(path) => 1.8,
            "home" if is_installed_at_home(path) => 0.4,
            "home" => 0.9,
            "other_place" => 1.5,
            _ => 0.0,
        };
        weighed.add(
            worth * odd,
            format!("It lies in {}.", place_words(&run.place)),
        );
    }
    if matches!(run.user_class.as_str(), "system" | "service")
        && (matches!(
            run.place.as_str(),
            "home" | "temp" | "removable" | "network"
        ) || place::is_open(path))
    {
        weighed.add(
            2.0 * odd,
            "It runs with the system's rights from where a person can write.",
        );
    }
    if matches!(kind, Role::Shell | Role::Loader | Role::Admin)
        && !system
        && !path.is_empty()
        && run.package.is_empty()
        && matches!(run.place.as_str(), "temp" | "home" | "other_place")
        && !in_workshop(path)
    {
        weighed.add(0.8 * odd, "A copy of a system's tool in another place.");
    }
}

/// `AppData/Local/<vendor>/<program>/...`: where programs install themselves for one person.
fn is_installed_at_home(path: &str) -> bool {
    let path = path.to_lowercase().replace('\\', "/");
    path.split_once("/appdata/local/")
        .is_some_and(|(_, below)| below.matches('/').count() >= 2)
        || path.contains("/library/application support/")
        || path.contains("/applications/")
}

fn marks(run: &Run, keys: &Keys, kind: Role, name: &str, memory: &Memory, weighed: &mut Weighed) {
    let of_file = oddness(&keys.program, memory);
    let of_arguments = oddness(&keys.form, memory);
    let original = normalised_name(&run.original_file_name);
    let stem = |name: &str| {
        name.trim_end_matches(".mui")
            .trim_end_matches(".exe")
            .trim_end_matches(".dll")
            .to_owned()
    };
    let (original, own) = (stem(&original), stem(name));
    let named = original.len() > 1 && original.chars().any(char::is_alphabetic);
    let alike = original.contains(&own) || own.contains(&original);
    if named && original != own && (run.has("renamed") || !alike) {
        let of_tool = role(&original).is_tool();
        let worth = match (of_tool, alike) {
            (true, false) => 4.0,
            (false, false) if !masquerade::in_system_folder(&run.executable_path) => 1.2,
            (true, true) => 1.0,
            _ => 0.0,
        };
        weighed.add(
            worth * of_file,
            format!("It was made as {original} and now has another name."),
        );
    } else if run.has("renamed") {
        weighed.add(of_file, "It was renamed.");
    }
    for (mark, worth, words) in [
        ("hidden_name", 1.5, "Its file name is hidden."),
        (
            "deleted_executable",
            1.5,
            "Its file was deleted while it ran.",
        ),
        (
            "no_version_info",
            1.2,
            "Its file says neither maker nor version.",
        ),
        (
            "arguments_encoded",
            2.2,
            "Its arguments carry encoded data.",
        ),
        (
            "arguments_obscured",
            1.6,
            "Its arguments are written so that nobody reads them.",
        ),
        (
            "arguments_long",
            0.6,
            "Its arguments are longer than people type.",
        ),
        (
            "arguments_none",
            2.5,
            "It runs others' code and was given none to run.",
        ),
        (
            "code_in_temp",
            1.8,
            "The code it was told to run lies in a temporary folder.",
        ),
        (
            "code_in_open",
            2.2,
            "The code it was told to run lies where everybody writes.",
        ),
        (
            "code_in_home",
            0.8,
            "The code it was told to run lies in a person's home.",
        ),
    ] {
        if run.has(mark)
            && !(mark == "deleted_executable" && masquerade::in_system_folder(&run.executable_path))
        {
            let odd = if mark.starts_with("arguments_") || mark.starts_with("code_") {
                of_arguments
            } else {
                of_file
            };
            weighed.add(worth * odd, words);
        }
    }
    if run.has("arguments_address") && kind.is_tool() {
        weighed.add(1.4 * of_arguments, "Its arguments name another machine.");
    }
    if run.has("arguments_chained") && kind == Role::Shell {
        weighed.add(0.5 * of_arguments, "Its arguments chain several orders.");
    }
}

fn pretence(run: &Run, keys: &Keys, memory: &Memory, weighed: &mut Weighed) {
    let often = memory.count(&keys.program);
    let common = often > 3 && often * 10 > memory.device_days();
    let Some(pretends) = masquerade::judge(
        &run.executable_name,
        &run.executable_path,
        &run.place,
        &run.user_class,
    ) else {
        return;
    };
    if common
        || !run.package.is_empty()
        || (matches!(pretends, Masquerade::LookAlike(_)) && !run.signer.is_empty())
    {
        return;
    }
    let worth = match pretends {
        Masquerade::WrongUser(_) => 1.5,
        Masquerade::LookAlike(_) | Masquerade::WrongPlace(_) => 4.5,
    };
    weighed.add(worth, pretends.words(&run.executable_name, &run.place));
    if worth > 2.0 {
        weighed.detector = "process.masquerade";
    }
}

/// The system's and its installed programs' own doings.
fn is_ordinary(run: &Run, keys: &Keys, kind: Role) -> bool {
    if kind.is_tool()
        || !matches!(run.place.as_str(), "system_path" | "program_path")
        || place::is_open(&run.executable_path)
    {
        return false;
    }
    let parent = role(&keys.parent);
    let own = name_of(run) == keys.parent;
    own || matches!(
        parent,
        Role::Manager | Role::Closed | Role::Session | Role::Installer | Role::Browser
    )
}

/// Someone who looks around asks many questions from one place: each alone is an administrator's, together they are not.
fn questions(runs: &[(Run, Keys)], memory: &Memory, weighed: &mut [Weighed]) {
    const FEW: usize = 3;
    let mut asked: HashMap<(&str, &str), BTreeSet<&str>> = HashMap::new();
    let rare = |keys: &Keys| {
        memory.count(&keys.program) * 8 <= memory.device_days() || memory.device_days() < 8
    };
    let mut of = Vec::with_capacity(runs.len());
    for (run, keys) in runs {
        let counts =
            role(&name_of(run)) == Role::Admin && rare(keys) && !is_work(run, keys, memory);
        of.push(counts);
        if counts {
            asked
                .entry((&keys.parent, run.value("parent_run:")))
                .or_default()
                .insert(&keys.program);
        }
    }
    for (index, (run, keys)) in runs.iter().enumerate() {
        let count = asked
            .get(&(keys.parent.as_str(), run.value("parent_run:")))
            .map_or(0, BTreeSet::len);
        if of[index] && count >= FEW {
            weighed[index].add(
                (0.5 * (count - FEW + 1) as f64).min(2.0),
                format!(
                    "{} started {count} such tools that day, all rare here.",
                    shown(&run.parent_executable_name)
                ),
            );
        }
    }
}

/// What an odd program starts is odd with it. Three rounds reach a great-grandchild.
fn inherit(runs: &[(Run, Keys)], weighed: &mut [Weighed]) {
    let mut by_run: HashMap<&str, usize> = HashMap::new();
    let mut by_name: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (index, (run, _)) in runs.iter().enumerate() {
        if !run.value("run:").is_empty() {
            by_run.insert(run.value("run:"), index);
        }
        by_name.entry(name_of(run)).or_default().push(index);
    }
    let own: Vec<f64> = weighed.iter().map(|one| one.points).collect();
    let mut shared = vec![0.0; runs.len()];
    for _ in 0..3 {
        let now: Vec<f64> = own
            .iter()
            .zip(&shared)
            .map(|(own, shared)| own + shared)
            .collect();
        for (index, (run, keys)) in runs.iter().enumerate() {
            let parent = run.value("parent_run:");
            let (points, share) = if parent.is_empty() {
                let named = by_name.get(&keys.parent).map(Vec::as_slice).unwrap_or(&[]);
                let least = named
                    .iter()
                    .map(|at| now[*at])
                    .fold(f64::INFINITY, f64::min);
                (if least.is_finite() { least } else { 0.0 }, SHARE_BY_NAME)
            } else {
                (
                    by_run
                        .get(parent)
                        .filter(|at| **at != index)
                        .map_or(0.0, |at| now[*at]),
                    SHARE,
                )
            };
            shared[index] = ((points - SHARED_FROM) * share).clamp(0.0, MOST_SHARED);
        }
    }
    for (index, (run, _)) in runs.iter().enumerate() {
        if role(&name_of(run)) != Role::Console {
            weighed[index].add(
                shared[index],
                format!(
                    "Its parent {} is itself unusual.",
                    shown(&run.parent_executable_name)
                ),
            );
        }
    }
}

fn name_of(run: &Run) -> String {
    if run.executable_name.is_empty() {
        normalised_name(&run.executable_path)
    } else {
        normalised_name(&run.executable_name)
    }
}

fn shown(parent: &str) -> &str {
    if parent.is_empty() {
        "an unknown parent"
    } else {
        parent
    }
}

fn from_words(place: &str) -> &'static str {
    match place {
        "open" => "a folder that everybody may write",
        "fetched" => "a folder for what was fetched",
        other => place_words(other),
    }
}
