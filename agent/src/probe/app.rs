//! Apps of the catalog: what the machine's records and the running programs say about each, graded.
//!
//! Invariant: an app is told when what is known of it changed, and once a day to confirm. Evidence quotes the catalog, never
//! the value that matched: no file name of a person can be in it. Changes in sync folders are told hourly, as counts.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use weft_agent_sys::apps::RawFact;
use weft_proto::v1::{App, Observation, app, observation::Kind};
use weft_proto_catalog::{Catalog, Category, Context, FactKind, Flag, Match, Os, State};

use super::{
    Moment, Probe,
    folders::{Change, Folders},
    process::{RunningProgram, RunningPrograms},
};
use crate::{observation, policy::Effective, state};

/// Package databases and homes are read this often; running programs at every look.
const FACTS_AGE: Duration = Duration::from_secs(3600);

/// Known apps are confirmed once a day.
const CONFIRM: SignedDuration = SignedDuration::from_hours(24);

/// An app that stopped is told as not running only after this time, so that a program that comes and goes is one fact.
const RUNNING_LINGERS: SignedDuration = SignedDuration::from_hours(1);

/// Changes in sync folders are told once in this time.
const CHANGES: Duration = Duration::from_secs(3600);

/// Sentences of evidence per app.
const MAX_EVIDENCE: usize = 8;

/// Whose column of the catalog applies.
const OS: Os = if cfg!(windows) {
    Os::Windows
} else if cfg!(target_os = "macos") {
    Os::Macos
} else {
    Os::Linux
};

/// What was told about one app.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Told {
    at: Timestamp,
    print: String,
    running_at: Option<Timestamp>,
}

type Memory = BTreeMap<String, Told>;

/// See the module.
pub struct AppProbe {
    file: Option<PathBuf>,
    memory: Memory,
    pending: Option<Memory>,
    running: RunningPrograms,
    facts: Vec<RawFact>,
    facts_at: Option<Instant>,
    folders: Folders,
    changes_at: Option<Instant>,
    pending_changes: Vec<(String, Change)>,
    /// A newer catalog that the policy brought, by policy version.
    /// One that was refused leaves its reason, which health tells.
    pushed: Mutex<Option<(u64, Result<Catalog, String>)>>,
}

impl AppProbe {
    /// With its memory in `state`; `running` is kept by the process probe.
    pub fn new(state: &Path, running: RunningPrograms) -> Self {
        let file = state.join("apps.json");
        let memory = state::load(&file).unwrap_or_default();
        Self {
            file: Some(file),
            memory,
            ..Self::forgetful(running)
        }
    }

    /// Without memory, for `weft-agent probe`.
    pub fn forgetful(running: RunningPrograms) -> Self {
        Self {
            file: None,
            memory: Memory::new(),
            pending: None,
            running,
            facts: Vec::new(),
            facts_at: None,
            folders: Folders::default(),
            changes_at: None,
            pending_changes: Vec::new(),
            pushed: Mutex::new(None),
        }
    }

    fn refresh_facts(&mut self, moment: &Moment<'_>) {
        if self
            .facts_at
            .is_none_or(|at| moment.instant.duration_since(at) >= FACTS_AGE)
        {
            let catalog = Catalog::builtin();
            // Thousands of packages, a handful of which matter: only those are kept, so that the list costs no memory.
            self.facts = weft_agent_sys::apps::facts(moment.root, |fact| {
                let kind = kind_of(fact.kind);
                kind.is_some_and(|kind| {
                    catalog
                        .matches(OS, kind, &fact.value, &Context::default())
                        .is_some()
                }) || !moment.policy.sent.catalog.is_empty()
            });
            weft_agent_sys::heap::give_back();
            self.facts_at = Some(moment.instant);
        }
    }

    fn find(&self, catalog: &Catalog, moment: &Moment<'_>) -> BTreeMap<String, Found> {
        let mut found: BTreeMap<String, Found> = BTreeMap::new();
        let context = Context {
            organisation_domains: moment.policy.sent.organisation_domains.clone(),
            ..Context::default()
        };
        for fact in &self.facts {
            let Some(kind) = kind_of(fact.kind) else {
                continue;
            };
            // An account's domain and tenant are told apart here and go no further.
            let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
            let of_account = Context {
                account_domain: some(&fact.account_domain),
                tenant: some(&fact.tenant),
                ..context.clone()
            };
            if let Some(one) = catalog.matches(OS, kind, &fact.value, &of_account) {
                let found = found.entry(one.app.to_owned()).or_default();
                found.add(&one, fact.version.clone());
                found.folders.extend(sync_folder(&one, fact));
            }
        }
        let running = self
            .running
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        for program in &running {
            if let Some(one) = catalog.matches(
                OS,
                FactKind::Process,
                &program.name,
                &context_of(program, &context),
            ) {
                found
                    .entry(one.app.to_owned())
                    .or_default()
                    .add(&one, String::new());
            }
        }
        found
    }

    /// Folders of homes that the catalog knows as an app's: those people put their files into.
    fn watch_folders(&mut self, found: &mut BTreeMap<String, Found>, moment: &Moment<'_>) {
        let mut folders = BTreeMap::new();
        if self.file.is_some() {
            for home in weft_agent_sys::apps::homes(moment.root) {
                for (app, one) in found.iter() {
                    let paths = one
                        .folders
                        .iter()
                        .map(|name| home.path.join(name))
                        .filter(|path| path.is_dir());
                    folders.extend(paths.map(|path| (path, app.clone())));
                }
            }
        }
        self.folders.watch(folders);
        for (app, one) in found {
            one.sync_folders = self.folders.count(app);
            one.change = self.folders.changed(app);
        }
    }

    /// The catalog in force: the policy's when it parses, else the built-in one.
    fn with_catalog<T>(&self, policy: &Effective, look: impl FnOnce(&Catalog) -> T) -> T {
        if policy.sent.catalog.is_empty() {
            return look(Catalog::builtin());
        }
        let mut pushed = self.pushed.lock().unwrap_or_else(PoisonError::into_inner);
        if pushed
            .as_ref()
            .is_none_or(|(version, _)| *version != policy.version)
        {
            let documents: Vec<&str> = policy.sent.catalog.iter().map(String::as_str).collect();
            let parsed = Catalog::parse(&documents);
            if let Err(error) = &parsed {
                tracing::warn!(%error, "the policy's catalog cannot be read; the built-in one stays in force");
            }
            *pushed = Some((policy.version, parsed.map_err(|error| error.to_string())));
        }
        match pushed
            .as_ref()
            .and_then(|(_, catalog)| catalog.as_ref().ok())
        {
            Some(catalog) => look(catalog),
            None => look(Catalog::builtin()),
        }
    }

    fn news(
        &self,
        mut found: BTreeMap<String, Found>,
        tell_changes: bool,
        now: Timestamp,
    ) -> (Vec<Observation>, Memory) {
        let mut memory = Memory::new();
        let mut news = Vec::new();
        for (id, told) in &self.memory {
            let lingers = told
                .running_at
                .is_some_and(|at| now.duration_since(at) < RUNNING_LINGERS);
            match found.get_mut(id) {
                Some(found) if lingers && found.state != Some(State::RunningNow) => {
                    found.lingering = Some(told.clone())
                }
                Some(_) => {}
                None if lingers => drop(memory.insert(id.clone(), told.clone())),
                None => {
                    let gone = App {
                        app: id.clone(),
                        state: app::State::Removed.into(),
                        confidence: 1.0,
                        ..App::default()
                    };
                    news.push(observation::observe(now, Kind::App(named(gone))));
                }
            }
        }
        for (id, found) in found {
            let told = self.memory.get(&id);
            let has_changes = tell_changes && found.change.files > 0;
            if let (Some(lingering), false) = (found.lingering.clone(), has_changes) {
                memory.insert(id, lingering);
                continue;
            }
            let running_at = (found.state == Some(State::RunningNow)).then_some(now);
            let print = found.print();
            let unchanged = !has_changes
                && told.is_some_and(|told| {
                    told.print == print && now.duration_since(told.at) < CONFIRM
                });
            if unchanged {
                let at = told.map_or(now, |told| told.at);
                memory.insert(
                    id,
                    Told {
                        at,
                        print,
                        running_at,
                    },
                );
                continue;
            }
            memory.insert(
                id.clone(),
                Told {
                    at: now,
                    print,
                    running_at,
                },
            );
            news.push(observation::observe(now, Kind::App(found.into_app(id))));
        }
        (news, memory)
    }
}

/// Everything that speaks for one app.
#[derive(Default)]
struct Found {
    name: String,
    category: &'static str,
    state: Option<State>,
    confidence: f64,
    evidence: BTreeSet<String>,
    flags: BTreeSet<&'static str>,
    account: app::Account,
    version: String,
    /// Folders where people put their files, relative to a home.
    folders: BTreeSet<String>,
    sync_folders: u32,
    change: Change,
    lingering: Option<Told>,
}

impl Found {
    fn add(&mut self, one: &Match<'_>, version: String) {
        self.name = one.name.to_owned();
        self.category = category(one.category);
        self.state = self.state.max(Some(one.state));
        self.confidence = self.confidence.max(one.confidence);
        if self.evidence.len() < MAX_EVIDENCE {
            self.evidence.insert(one.why.clone());
        }
        for flag in &one.flags {
            match flag {
                Flag::Renamed => drop(self.flags.insert("renamed")),
                Flag::Portable => drop(self.flags.insert("portable")),
                Flag::Masquerade => drop(self.flags.insert("masquerade")),
                Flag::Personal => self.account = app::Account::Personal,
                Flag::Business => self.account = app::Account::Business,
                Flag::ForeignTenant => self.account = app::Account::ForeignTenant,
            }
        }
        if !version.is_empty() {
            self.version = version;
        }
    }

    /// Everything whose change is news.
    fn print(&self) -> String {
        format!(
            "{:?}|{:?}|{:?}|{:?}|{}",
            self.state, self.evidence, self.flags, self.account, self.version
        )
    }

    fn into_app(self, id: String) -> App {
        App {
            app: id,
            name: self.name,
            category: self.category.to_owned(),
            state: match self.state {
                Some(State::FolderLeft) => app::State::FolderLeft,
                Some(State::Installed) => app::State::Installed,
                Some(State::SignedIn) => app::State::SignedIn,
                Some(State::RunningNow) => app::State::RunningNow,
                None => app::State::Unspecified,
            }
            .into(),
            confidence: self.confidence,
            evidence: self.evidence.into_iter().collect(),
            flags: self.flags.into_iter().map(str::to_owned).collect(),
            account: self.account.into(),
            version: self.version,
            sync_folders: self.sync_folders,
            files_changed: self.change.files,
            bytes_changed: self.change.bytes,
            change_incomplete: self.change.incomplete,
            ..App::default()
        }
    }
}

/// The folder that a fact names, where people put their files into it: directly in a home and in plain sight, or where macOS
/// keeps such folders.
fn sync_folder(one: &Match<'_>, fact: &RawFact) -> Option<String> {
    if one.category != Category::CloudSync || fact.kind != "path" || !fact.person_home {
        return None;
    }
    let path = fact
        .value
        .strip_prefix("~/")
        .or_else(|| fact.value.strip_prefix("~\\"))?;
    let name = path.strip_prefix("Library/CloudStorage/").unwrap_or(path);
    let is_plain = !name.is_empty() && !name.starts_with('.') && !name.contains(['/', '\\']);
    is_plain.then(|| path.to_owned())
}

fn changes_of(observation: &Observation) -> Option<(String, Change)> {
    match &observation.kind {
        Some(Kind::App(app)) => {
            let change = Change {
                files: app.files_changed,
                bytes: app.bytes_changed,
                incomplete: app.change_incomplete,
            };
            Some((app.app.clone(), change))
        }
        _ => None,
    }
}

fn named(mut gone: App) -> App {
    if let Some(known) = Catalog::builtin().app(&gone.app) {
        gone.name = known.name.to_string();
        gone.category = category(known.category).to_owned();
    }
    gone
}

fn category(category: Category) -> &'static str {
    match category {
        Category::CloudSync => "cloud_sync",
        Category::FileTransfer => "file_transfer",
        Category::Messaging => "messaging",
        Category::RemoteAccess => "remote_access",
    }
}

fn kind_of(word: &str) -> Option<FactKind> {
    Some(match word {
        "process" => FactKind::Process,
        "path" => FactKind::Path,
        "package" => FactKind::Package,
        "desktop_id" => FactKind::DesktopId,
        "flatpak" => FactKind::Flatpak,
        "snap" => FactKind::Snap,
        "app_path" => FactKind::AppPath,
        "mount" => FactKind::Mount,
        "bundle_id" => FactKind::BundleId,
        "installed_software" => FactKind::InstalledSoftware,
        "domain" => FactKind::Domain,
        _ => return None,
    })
}

fn context_of(program: &RunningProgram, base: &Context) -> Context {
    let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    Context {
        signer: some(&program.signer),
        // A signature that does not hold is empty, so its absence proves nothing.
        signed: (!program.signer.is_empty()).then_some(true),
        original_filename: some(&program.original_file_name),
        description: some(&program.description),
        bundle_id: some(&program.bundle_id),
        image: some(&program.path),
        cgroup: some(&program.cgroup),
        package: some(&program.package),
        ..base.clone()
    }
}

impl Probe for AppProbe {
    fn name(&self) -> &'static str {
        "app"
    }

    fn cadence(&self, policy: &Effective) -> Duration {
        policy.app
    }

    fn look(&mut self, moment: &Moment<'_>) -> Vec<Observation> {
        self.refresh_facts(moment);
        let mut found = self.with_catalog(moment.policy, |catalog| self.find(catalog, moment));
        self.watch_folders(&mut found, moment);
        let last = *self.changes_at.get_or_insert(moment.instant);
        let tell_changes = moment.instant.duration_since(last) >= CHANGES;
        if tell_changes {
            self.changes_at = Some(moment.instant);
        }
        let (news, memory) = self.news(found, tell_changes, moment.wall);
        self.pending_changes = news.iter().filter_map(changes_of).collect();
        self.pending = Some(memory);
        news
    }

    fn kept(&mut self, _moment: &Moment<'_>) {
        let Some(memory) = self.pending.take() else {
            return;
        };
        for (app, told) in std::mem::take(&mut self.pending_changes) {
            self.folders.settle(&app, told);
        }
        let changed = memory != self.memory;
        self.memory = memory;
        if let (true, Some(file)) = (changed, &self.file) {
            // Losing this file tells the apps once more.
            state::store(file, &self.memory).ok();
        }
    }

    fn blind_spots(&self) -> Vec<String> {
        let mut spots = weft_agent_sys::apps::blind_spots();
        spots.extend(self.folders.blind_spots());
        let pushed = self.pushed.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, Err(reason))) = pushed.as_ref() {
            spots.push(format!(
                "the catalog of apps that the policy brought cannot be read; the built-in one stays in force ({reason})"
            ));
        }
        spots
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    struct Laptop {
        root: tempfile::TempDir,
        probe: AppProbe,
        running: RunningPrograms,
        policy: Effective,
        begun: Instant,
    }

    impl Laptop {
        fn new() -> Self {
            let running = RunningPrograms::default();
            let probe = AppProbe::forgetful(running.clone());
            Self {
                root: tempfile::tempdir().unwrap(),
                probe,
                running,
                policy: Effective::default(),
                begun: Instant::now(),
            }
        }

        /// Looks after so many hours and keeps the news.
        fn look(&mut self, hours: u64) -> Vec<App> {
            let elapsed = Duration::from_secs(hours * 3600);
            let moment = Moment {
                wall: Timestamp::UNIX_EPOCH + elapsed,
                instant: self.begun + elapsed,
                root: self.root.path(),
                policy: &self.policy,
            };
            let news = self.probe.look(&moment);
            self.probe.kept(&moment);
            let app = |one: Observation| match one.kind {
                Some(Kind::App(app)) => app,
                other => panic!("{other:?}"),
            };
            news.into_iter().map(app).collect()
        }

        fn runs(&self, programs: &[(&str, &str)]) {
            let program = |(name, path): &(&str, &str)| RunningProgram {
                name: (*name).to_owned(),
                path: (*path).to_owned(),
                ..RunningProgram::default()
            };
            *self.running.lock().unwrap() = programs.iter().map(program).collect();
        }
    }

    #[test]
    fn an_app_is_told_when_it_comes_when_it_goes_and_daily() {
        let mut laptop = Laptop::new();
        assert!(laptop.look(0).is_empty());
        laptop.runs(&[("megasync", "/usr/bin/megasync"), ("bash", "/usr/bin/bash")]);
        let news = laptop.look(1);
        assert_eq!(news.len(), 1);
        assert_eq!(
            (news[0].app.as_str(), news[0].state()),
            ("mega", app::State::RunningNow)
        );
        assert!(!news[0].evidence.is_empty() && news[0].category == "cloud_sync");
        assert!(laptop.look(2).is_empty(), "no change, no news");
        assert_eq!(laptop.look(26).len(), 1, "confirmed daily");
        laptop.runs(&[]);
        assert!(
            laptop.look(26).is_empty(),
            "a program that comes and goes lingers"
        );
        let news = laptop.look(28);
        assert_eq!(
            (news[0].app.as_str(), news[0].state()),
            ("mega", app::State::Removed)
        );
        assert!(laptop.look(29).is_empty());
    }

    #[test]
    fn changes_in_a_sync_folder_are_told_hourly() {
        let mut laptop = Laptop::new();
        let state = tempfile::tempdir().unwrap();
        laptop.probe = AppProbe::new(state.path(), laptop.running.clone());
        let root = laptop.root.path().canonicalize().unwrap();
        std::fs::create_dir_all(root.join("etc")).unwrap();
        std::fs::write(
            root.join("etc/passwd"),
            "anna:x:1000:1000::/home/anna:/bin/sh\n",
        )
        .unwrap();
        let folder = root.join("home/anna/Dropbox");
        std::fs::create_dir_all(folder.join("deep")).unwrap();
        std::fs::create_dir_all(root.join("home/anna/.config/Nextcloud")).unwrap();
        let news = laptop.look(0);
        let of = |news: &[App], id: &str| news.iter().find(|app| app.app == id).cloned();
        assert_eq!(of(&news, "dropbox").unwrap().sync_folders, 1);
        assert_eq!(
            of(&news, "nextcloud").unwrap().sync_folders,
            0,
            "settings are no sync folder"
        );
        std::fs::write(folder.join("deep/secret.txt"), [0; 300]).unwrap();
        let begun = Instant::now();
        while laptop.probe.folders.changed("dropbox").files == 0
            && begun.elapsed() < Duration::from_secs(20)
        {
            std::thread::sleep(Duration::from_millis(10));
        }
        let told = of(&laptop.look(1), "dropbox").unwrap();
        assert_eq!(
            (
                told.files_changed,
                told.bytes_changed,
                told.change_incomplete
            ),
            (1, 300, false)
        );
        assert!(!format!("{told:?}").contains("secret"));
        assert!(of(&laptop.look(2), "dropbox").is_none(), "told once");
    }

    #[test]
    fn a_broken_catalog_is_told_and_the_built_in_one_stays() {
        let mut laptop = Laptop::new();
        laptop.runs(&[("megasync", "/usr/bin/megasync"), ("acme", "/usr/bin/acme")]);
        laptop.policy.version = 7;
        laptop.policy.sent.catalog = vec!["category = \"cloud_sync\"\n[[app]]\nid = 3\n".into()];
        let news = laptop.look(0);
        assert_eq!(news[0].app, "mega");
        let told = |laptop: &Laptop| {
            let spots = laptop.probe.blind_spots();
            spots.into_iter().find(|spot| spot.contains("catalog"))
        };
        assert!(told(&laptop).unwrap().contains("line 3"));
        let document = "category = \"cloud_sync\"\n[[app]]\nid = \"acme\"\nname = \"Acme\"\nsources = [\"ours\"]\nlinux.process = [\"acme\"]\n";
        laptop.policy.version = 8;
        laptop.policy.sent.catalog = vec![document.into()];
        let news = laptop.look(1);
        assert!(news.iter().any(|app| app.app == "acme"));
        assert_eq!(told(&laptop), None);
    }

    #[test]
    fn a_folder_that_was_left_is_less_than_a_running_program() {
        let mut laptop = Laptop::new();
        let etc = laptop.root.path().join("etc");
        std::fs::create_dir_all(&etc).unwrap();
        std::fs::write(etc.join("passwd"), "anna:x:1000:1000::/home/anna:/bin/sh\n").unwrap();
        std::fs::create_dir_all(laptop.root.path().join("home/anna/Dropbox")).unwrap();
        let news = laptop.look(0);
        assert_eq!(
            (news[0].app.as_str(), news[0].state()),
            ("dropbox", app::State::FolderLeft)
        );
        laptop.runs(&[(
            "dropbox",
            "/home/anna/.dropbox-dist/dropbox-lnx.x86_64-1/dropbox",
        )]);
        let news = laptop.look(1);
        assert_eq!(news[0].state(), app::State::RunningNow);
        assert!(!format!("{news:?}").contains("anna"));
    }
}
