//! Evidence that is a running process: what it is called, where it lies, what its file says of itself.
//!
//! Invariant: what a file says of itself beats what it is called; what contradicts a name is flagged, never hidden.
//! Not here: who runs it and when (`agent`).

use super::commandline::{self, Target};
use super::{Found, SHORT_NAME, ids, kin, place, software, sure};
use crate::app::{App, Slot};
use crate::index::{Catalog, Hit, LINUX_COMM, MACOS_COMM};
use crate::normal;
use crate::query::{Context, Flag, Os};

/// A process as seen: names in normal form.
struct Seen<'v> {
    os: Os,
    /// As given, for drive letters.
    given: &'v str,
    base: String,
    name: String,
    /// Normal path, empty where only a name is known.
    path: String,
    context: &'v Context,
}

pub(super) fn find<'a>(
    catalog: &'a Catalog,
    os: Os,
    value: &str,
    context: &Context,
) -> Option<Found<'a>> {
    let seen = Seen::new(os, value, context);
    let named = by_name(catalog, &seen);
    let home = home(catalog, &seen);
    let found = match inside(catalog, &seen) {
        Some(inside) => Some(from_inside(&seen, inside, named, home)),
        None => from_name(catalog, &seen, named, home),
    };
    let found = found.or_else(|| beside(catalog, &seen, home));
    let mut found = found.or_else(|| kin::found(catalog, os, &called(&seen.base)))?;
    if !seen.path.is_empty() && portable(&seen, &found) {
        found.flag(Flag::Portable);
    }
    Some(found)
}

/// A file's name without what versions, builds and rules' patterns add: `UltraViewer_setup*`.
fn called(base: &str) -> String {
    let whole = base.trim_end_matches(['*', '-', '_', ' ']);
    normal::bare_name(whole)
}

impl<'v> Seen<'v> {
    fn new(os: Os, value: &'v str, context: &'v Context) -> Self {
        let given = normal::strip_deleted(value).trim_matches('"');
        let is_path = match os {
            Os::Windows => given.contains('\\') || given.contains('/'),
            Os::Linux | Os::Macos => given.starts_with(['/', '~', '$', '.']) && given.contains('/'),
        };
        let image = context
            .image
            .as_deref()
            .map(normal::strip_deleted)
            .filter(|image| image.contains(['/', '\\']));
        let at = if is_path { Some(given) } else { image };
        let separators: &[char] = if os == Os::Windows {
            &['/', '\\']
        } else {
            &['/']
        };
        let base = if is_path {
            given.rsplit(separators).next().unwrap_or(given)
        } else {
            given
        };
        Self {
            os,
            given: at.unwrap_or(given),
            base: base.to_owned(),
            name: normal::name(os, base),
            path: at.map(|at| normal::path(os, at)).unwrap_or_default(),
            context,
        }
    }

    fn is_system_name(&self) -> bool {
        const NAMES: [&str; 48] = [
            "svchost",
            "lsass",
            "csrss",
            "smss",
            "wininit",
            "winlogon",
            "services",
            "explorer",
            "rundll32",
            "dllhost",
            "conhost",
            "taskhostw",
            "taskhost",
            "spoolsv",
            "dwm",
            "sihost",
            "ctfmon",
            "fontdrvhost",
            "runtimebroker",
            "searchindexer",
            "wmiprvse",
            "msiexec",
            "regsvr32",
            "notepad",
            "cmd",
            "powershell",
            "pwsh",
            "system",
            "msmpeng",
            "chrome",
            "firefox",
            "msedge",
            "iexplore",
            "launchd",
            "kernel_task",
            "windowserver",
            "finder",
            "systemd",
            "init",
            "sshd",
            "cron",
            "crond",
            "dbus-daemon",
            "bash",
            "sh",
            "udevd",
            "kthreadd",
            "rsyslogd",
        ];
        NAMES.contains(&self.name.as_str())
            || self.name.starts_with("kworker")
            || self.name.starts_with('[')
    }
}

/// The app whose process is called so, and how far the name had to be bent.
fn by_name<'a>(catalog: &'a Catalog, seen: &Seen<'_>) -> Option<Found<'a>> {
    let exact = |name: &str| catalog.find(seen.os, Slot::Process, name);
    if let Some(hit) = exact(&seen.name) {
        return Some(Found::new(hit, sure::PROCESS));
    }
    let cut_at = match seen.os {
        Os::Linux => LINUX_COMM,
        Os::Macos => MACOS_COMM,
        Os::Windows => 0,
    };
    if seen.name.len() == cut_at
        && let Some(hit) = catalog.find_cut(seen.os, &seen.name)
    {
        return Some(Found::new(hit, sure::CUT));
    }
    if let Some(hit) = catalog.find_open(seen.os, Slot::Process, &seen.name) {
        return Some(Found::new(hit, sure::TRIMMED));
    }
    // Rules write patterns: `winvnc*.exe`, `*\\TightVNC*`.
    if seen.name.contains('*') {
        let bare = seen.name.replace('*', "");
        let stem = normal::bare_name(bare.trim_end_matches(['-', '_', ' ', '.']));
        let stem = stem.trim_end_matches(['-', '_', ' ', '.']);
        let hit = exact(stem).or_else(|| catalog.find_open(seen.os, Slot::Process, stem));
        if let Some(hit) = hit.filter(|hit| !hit.weak()) {
            return Some(Found::new(hit, sure::CUT));
        }
    }
    // Chromium's and Apple's children: `Slack Helper (Renderer)`.
    if let Some((parent, _)) = seen.name.split_once(" helper")
        && let Some(hit) = exact(parent)
    {
        return Some(Found::new(hit, sure::PROCESS - 0.05));
    }
    if seen.os == Os::Macos && seen.name.matches('.').count() >= 2 {
        return ids::bundle(catalog, &seen.name);
    }
    let bare = normal::bare_name(&seen.base);
    let bare = normal::name(seen.os, &bare);
    let strong = |name: &str| exact(name).filter(|hit| !hit.weak());
    let app_image = seen.base.to_ascii_lowercase().contains(".appimage");
    // `Line 6` is no version of LINE: a short name with a number after a space is a name of its own.
    let numbered = bare.len() < SHORT_NAME && seen.name.contains(' ');
    let hit = if (bare == seen.name && !app_image) || numbered {
        None
    } else {
        strong(&bare)
    };
    let hit = hit.or_else(|| {
        let named = catalog
            .find(seen.os, Slot::Name, &normal::display(&bare))
            .filter(|hit| app_image && !hit.weak());
        named.or_else(|| {
            if app_image {
                strong(&bare.to_lowercase())
            } else {
                None
            }
        })
    })?;
    Some(Found::new(hit, sure::TRIMMED))
}

/// The app in whose program directory, `.app`, flatpak, snap or Store package the file lies.
fn home<'a>(catalog: &'a Catalog, seen: &Seen<'_>) -> Option<Hit<'a>> {
    if seen.path.is_empty() {
        return None;
    }
    place::program_directory(catalog, seen.os, &seen.path).or_else(|| {
        let (parent, _) = normal::split_last(&seen.path);
        place::part(catalog, seen.os, parent).map(|found| found.hit)
    })
}

/// What the file's own record says it is: original file name, then description.
fn inside<'a>(catalog: &'a Catalog, seen: &Seen<'_>) -> Option<Hit<'a>> {
    let original = seen
        .context
        .original_filename
        .as_deref()
        .map(str::trim)
        .filter(|text| !text.is_empty());
    if let Some(original) = original {
        let name = normal::name(
            Os::Windows,
            original.rsplit(['/', '\\']).next().unwrap_or(original),
        );
        let own = catalog
            .find(seen.os, Slot::Original, &name)
            .or_else(|| catalog.find(Os::Windows, Slot::Original, &name));
        // A .NET program is started by a copy of its host, which records the library: `Agent.dll`.
        let name = name.strip_suffix(".dll").unwrap_or(&name);
        let same = normal::name(seen.os, name);
        let hit = own
            .or_else(|| catalog.find(seen.os, Slot::Process, &same))
            .or_else(|| catalog.find(Os::Windows, Slot::Process, name));
        if let Some(hit) = hit.filter(|hit| !hit.weak()) {
            return Some(hit);
        }
    }
    [&seen.context.description, &seen.context.product]
        .into_iter()
        .find_map(|text| described(catalog, seen.os, text.as_deref()?))
}

/// What a file description or product name names: `TeamViewer 15`, a rule's `TeamViewer*`, or the vendor of one app.
fn described<'a>(catalog: &'a Catalog, os: Os, text: &str) -> Option<Hit<'a>> {
    let text = normal::display(text.trim_end_matches('*'));
    if text.is_empty() {
        return None;
    }
    catalog
        .find(os, Slot::Description, &text)
        .or_else(|| software::by_name(catalog, os, &text).map(|found| found.hit))
        .or_else(|| of_vendor(catalog, os, &normal::vendor(&text)))
        .filter(|hit| !hit.weak())
        .or_else(|| kin::named(catalog, os, &text))
}

/// The one app of a vendor; `vendor` in normal form. A vendor of several apps names none of them.
pub(super) fn of_vendor<'a>(catalog: &'a Catalog, os: Os, vendor: &str) -> Option<Hit<'a>> {
    let mut hits = catalog.all(os, Slot::Signer, vendor);
    let first = hits.next().filter(|hit| !hit.weak())?;
    hits.all(|hit| hit.app.id == first.app.id).then_some(first)
}

/// The file says what it is: the name agrees, is another's, or is nobody's.
fn from_inside<'a>(
    seen: &Seen<'_>,
    inside: Hit<'a>,
    named: Option<Found<'a>>,
    home: Option<Hit<'a>>,
) -> Found<'a> {
    let own_name = named
        .as_ref()
        .is_some_and(|named| named.hit.app.id == inside.app.id);
    let at_home = home.is_some_and(|home| home.app.id == inside.app.id);
    let mut found = Found::new(inside, sure::ORIGINAL);
    found.beside.push("the file's own record says so");
    if own_name || at_home {
        found.confidence = sure::PROCESS_AT_HOME;
    }
    if own_name {
        if let Some(named) = named {
            found.hit = named.hit;
        }
        judge(seen, &mut found, at_home);
    } else if !at_home && !is_original_name(seen) {
        found.flag(Flag::Renamed);
        found.beside.push("its name is another");
        if seen.is_system_name() || named.is_some_and(|named| !named.hit.weak()) {
            found.flag(Flag::Masquerade);
            found.beside.push("that name belongs to another program");
        }
    }
    found
}

/// The file is called what its record says, though the catalog knows the record only: it was not renamed.
fn is_original_name(seen: &Seen<'_>) -> bool {
    let Some(original) = seen
        .context
        .original_filename
        .as_deref()
        .filter(|text| !text.trim().is_empty())
    else {
        // Only a description: a helper of the same product may be called anything but a system's name.
        return !seen.is_system_name();
    };
    let original = normal::letters(&normal::bare_name(original));
    let name = normal::letters(&normal::bare_name(&seen.base));
    original == name
}

/// Only the name speaks; its place, signature and record confirm or contradict it.
fn from_name<'a>(
    catalog: &'a Catalog,
    seen: &Seen<'_>,
    named: Option<Found<'a>>,
    home: Option<Hit<'a>>,
) -> Option<Found<'a>> {
    let mut found = named?;
    let app = found.hit.app;
    let at_home = home.is_some_and(|home| home.app.id == app.id);
    if found.hit.weak() {
        let second = at_home
            || signed_by(seen, app)
            || described_as(seen, app)
            || beside(catalog, seen, None).is_some_and(|other| other.hit.app.id == app.id);
        if !second {
            return None;
        }
        found.confidence = sure::WRAPPED;
        found.beside.push("a second fact agrees");
        return Some(found);
    }
    // An app's helper that shares its name with another app's: the directory knows better.
    if let Some(home) = home.filter(|home| home.app.id != app.id && !home.weak()) {
        let mut found = Found::new(home, sure::NEIGHBOUR);
        found.beside.push("runs from its directory");
        return Some(found);
    }
    judge(seen, &mut found, at_home);
    Some(found)
}

/// Raises the confidence of a name at home, lowers it where something contradicts.
fn judge(seen: &Seen<'_>, found: &mut Found<'_>, at_home: bool) {
    let app = found.hit.app;
    let signer = seen
        .context
        .signer
        .as_deref()
        .map(str::trim)
        .filter(|text| !text.is_empty());
    let known_signer =
        seen.os != Os::Linux && app.facts_on(seen.os).any(|fact| fact.slot == Slot::Signer);
    let mut against = None;
    if known_signer
        && signer.is_some_and(|signer| !signed_by(seen, app) && !is_store_signature(signer))
    {
        against = Some("signed by another");
    } else if known_signer && signer.is_none() && seen.context.signed == Some(false) {
        against = Some("not signed, as its vendor's files are");
    } else if says_otherwise(seen, app) {
        against = Some("the file's own record says otherwise");
    } else if !at_home && place::is_system(seen.os, &seen.path) {
        against = Some("in a directory of the system");
    }
    if let Some(reason) = against {
        found.flag(Flag::Masquerade);
        found.confidence = sure::PRETENDED;
        found.beside.push(reason);
        return;
    }
    if at_home {
        found.confidence = found.confidence.max(sure::PROCESS_AT_HOME);
        found.beside.push("runs from its own directory");
    }
    if signer.is_some() && signed_by(seen, app) {
        found.confidence = found.confidence.max(sure::PROCESS_AT_HOME);
        found.beside.push("its vendor signed it");
    }
}

fn signed_by(seen: &Seen<'_>, app: &App) -> bool {
    /// Shorter names stand inside of others' names.
    const LEAST: usize = 5;
    let forms = signer_forms(seen.context);
    app.facts_on(seen.os)
        .filter(|fact| fact.slot == Slot::Signer)
        .map(|fact| normal::vendor(&fact.text))
        .any(|own| {
            let opens = |form: &String| own.len() >= LEAST && form.starts_with(&own);
            forms.iter().any(|form| *form == own || opens(form))
        })
}

/// The names in a signer: it comes as a name, a subject (`CN=Dropbox, Inc, O=...`) or with a team id behind it.
fn signer_forms(context: &Context) -> Vec<String> {
    let signer = context.signer.as_deref().unwrap_or_default();
    let mut forms = vec![normal::vendor(signer)];
    for part in signer.split(['=', '(', ')', ':', '"']) {
        forms.push(normal::vendor(part));
        // The attribute that follows hangs on with its last word: `Dropbox, Inc, O`.
        forms.extend(
            part.rsplit_once(',')
                .map(|(value, _)| normal::vendor(value)),
        );
    }
    forms.retain(|form| !form.is_empty());
    forms
}

fn described_as(seen: &Seen<'_>, app: &App) -> bool {
    let name = normal::display(&app.name);
    let says = |text: &String| {
        let text = normal::display(text);
        text == name
            || text.starts_with(&format!("{name} "))
            || text.split(' ').any(|word| word == app.id)
    };
    let context = seen.context;
    [&context.description, &context.product]
        .into_iter()
        .flatten()
        .any(says)
}

/// Stores sign with identities of their own, a number for each publisher.
fn is_store_signature(signer: &str) -> bool {
    let lower = signer.to_lowercase();
    let name = lower.trim_start_matches("cn=");
    let number = name.len() >= 36
        && name
            .bytes()
            .take(36)
            .all(|c| c.is_ascii_hexdigit() || c == b'-');
    number
        || lower.contains("apple mac os application signing")
        || lower.contains("apple code signing")
        || lower.contains("signpath")
}

/// The original file name is neither the app's nor one that frameworks give to all their apps.
fn says_otherwise(seen: &Seen<'_>, app: &App) -> bool {
    const FRAMEWORKS: [&str; 12] = [
        "electron",
        "update",
        "squirrel",
        "setup",
        "installer",
        "java",
        "javaw",
        "python",
        "pythonw",
        "nw",
        "apphost",
        "app",
    ];
    let Some(original) = seen
        .context
        .original_filename
        .as_deref()
        .map(str::trim)
        .filter(|text| !text.is_empty())
    else {
        return false;
    };
    let original = normal::letters(&normal::bare_name(original));
    let name = normal::letters(&normal::bare_name(&seen.base));
    if original.is_empty()
        || original == name
        || FRAMEWORKS.contains(&original.as_str())
        || seen.os == Os::Linux
    {
        return false;
    }
    // Helpers carry the product's name in front: `slackhelper`, `TeamViewer_Desktop`.
    let product = normal::letters(&app.name);
    let shared = |text: &str| {
        !text.is_empty()
            && (original.starts_with(text) || text.starts_with(&original) && original.len() >= 4)
    };
    let known = app.facts.iter().any(|fact| {
        matches!(fact.slot, Slot::Process | Slot::Original)
            && normal::letters(&normal::bare_name(&fact.text)) == original
    });
    !(known || shared(&product) || shared(&name))
}

/// Neither name nor record: sandbox, wrapper's program, directory, and last the signature.
fn beside<'a>(catalog: &'a Catalog, seen: &Seen<'_>, home: Option<Hit<'a>>) -> Option<Found<'a>> {
    by_cgroup(catalog, seen)
        .or_else(|| by_bundle(catalog, seen))
        .or_else(|| by_command(catalog, seen))
        .or_else(|| by_home(seen, home))
        .or_else(|| by_signer(catalog, seen))
}

fn by_bundle<'a>(catalog: &'a Catalog, seen: &Seen<'_>) -> Option<Found<'a>> {
    if let Some(id) = &seen.context.bundle_id {
        return ids::bundle(catalog, id);
    }
    ids::package(catalog, seen.os, seen.context.package.as_deref()?)
}

/// `app-flatpak-ID-123.scope`, `snap.NAME.APP-….scope`, `app-gnome-ID-123.scope`, `NAME.service`.
fn by_cgroup<'a>(catalog: &'a Catalog, seen: &Seen<'_>) -> Option<Found<'a>> {
    let cgroup = seen
        .context
        .cgroup
        .as_deref()
        .filter(|_| seen.os == Os::Linux)?;
    cgroup
        .split(['/', '\n', ':'])
        .rev()
        .find_map(|unit| of_unit(catalog, &unit.replace("\\x2d", "-").replace("\\x20", " ")))
}

fn of_unit<'a>(catalog: &'a Catalog, unit: &str) -> Option<Found<'a>> {
    let stem = unit
        .strip_suffix(".scope")
        .or_else(|| unit.strip_suffix(".service"))?;
    let tell = |mut found: Found<'a>| {
        found.beside.push("the process's control group names it");
        found
    };
    if let Some(rest) = stem.strip_prefix("snap.") {
        return ids::snap(catalog, rest.split('.').next().unwrap_or(rest)).map(tell);
    }
    let number = |text: &str| text.bytes().all(|c| c.is_ascii_digit());
    let unnumbered = match stem.rsplit_once('-') {
        Some((id, tail)) if number(tail) => id,
        _ => stem.split('@').next().unwrap_or(stem),
    };
    if let Some(id) = unnumbered
        .strip_prefix("app-flatpak-")
        .or_else(|| unnumbered.strip_prefix("flatpak-"))
    {
        return ids::flatpak(catalog, id).map(tell);
    }
    if let Some(id) = unnumbered.strip_prefix("app-") {
        // The launcher's name may stand in front: `app-gnome-slack`, `app-com.slack.Slack`.
        let inner = id.split_once('-').map(|(_, rest)| rest);
        return ids::desktop(catalog, id)
            .or_else(|| ids::desktop(catalog, inner?))
            .map(tell);
    }
    if !unit.ends_with(".service") {
        return None;
    }
    place::process_named(catalog, Os::Linux, unnumbered)
        .map(|hit| tell(Found::new(hit, sure::WRAPPED)))
}

/// The program behind a wrapper, or the word a process was started with.
fn by_command<'a>(catalog: &'a Catalog, seen: &Seen<'_>) -> Option<Found<'a>> {
    let line = seen
        .context
        .command_line
        .as_deref()
        .map(|line| line.get(..super::MAX_VALUE_BYTES).unwrap_or(line))?;
    let wrapped = commandline::is_wrapper(&seen.name);
    if !wrapped {
        return by_first_word(catalog, seen, line);
    }
    let wine = seen.name.starts_with("wine");
    let target = commandline::behind_wine(line).filter(|_| wine);
    let found = match target.or_else(|| commandline::target(line))? {
        Target::Flatpak(id) => ids::flatpak(catalog, &id)?,
        Target::Snap(name) => ids::snap(catalog, &name)?,
        Target::Program(program) => of_program(catalog, seen.os, &program)?,
    };
    let mut found = found.at_most(sure::WRAPPED);
    found.beside.push("run by an interpreter or wrapper");
    Some(found)
}

fn of_program<'a>(catalog: &'a Catalog, os: Os, program: &str) -> Option<Found<'a>> {
    if os != Os::Windows
        && let Some(inside) = normal::windows_inside(program)
    {
        return of_program(catalog, Os::Windows, &inside);
    }
    let base = program.rsplit(['/', '\\']).next().unwrap_or(program);
    let name = normal::name(os, base);
    let bare = normal::name(os, &normal::bare_name(base));
    let module = bare.split('.').next().unwrap_or(&bare);
    let hit = [name.as_str(), bare.as_str(), module]
        .into_iter()
        .find_map(|name| place::process_named(catalog, os, name));
    if let Some(hit) = hit {
        return Some(Found::new(hit, sure::WRAPPED));
    }
    let path = normal::path(os, program);
    let hit = place::program_directory(catalog, os, &path)
        .filter(|hit| !hit.weak())
        .or_else(|| {
            if os == Os::Macos {
                place::app_of(catalog, &path)
            } else {
                None
            }
        })?;
    Some(Found::new(hit, sure::WRAPPED))
}

/// A process that gave itself another name still shows what it was started as.
fn by_first_word<'a>(catalog: &'a Catalog, seen: &Seen<'_>, line: &str) -> Option<Found<'a>> {
    let first = commandline::first_word(line)?;
    let base = first.rsplit(['/', '\\']).next().unwrap_or(&first);
    let name = normal::name(seen.os, base);
    if name == seen.name {
        return None;
    }
    let mut found = Found::new(place::process_named(catalog, seen.os, &name)?, sure::CUT);
    found.beside.push("started under that name");
    if seen.is_system_name() {
        found.flag(Flag::Renamed);
        found.flag(Flag::Masquerade);
    }
    Some(found)
}

fn by_home<'a>(seen: &Seen<'_>, home: Option<Hit<'a>>) -> Option<Found<'a>> {
    let mut found = Found::new(home.filter(|home| !home.weak())?, sure::NEIGHBOUR);
    found.beside.push("runs from its directory");
    // An AppImage's name is its own; anything else there may be a helper.
    if place::is_system(seen.os, &seen.path) && found.hit.fact.slot != Slot::Install {
        return None;
    }
    Some(found)
}

/// A vendor with one app only: its signature alone names the app.
fn by_signer<'a>(catalog: &'a Catalog, seen: &Seen<'_>) -> Option<Found<'a>> {
    let signer = seen
        .context
        .signer
        .as_deref()
        .filter(|_| seen.os != Os::Linux)?;
    if seen.context.signed == Some(false) {
        return None;
    }
    let mut forms = signer_forms(seen.context);
    forms.retain(|form| form.len() >= 4);
    let hit = forms
        .iter()
        .find_map(|form| of_vendor(catalog, seen.os, form))
        .or_else(|| kin::named(catalog, seen.os, signer))?;
    let mut found = Found::new(hit, sure::NEIGHBOUR);
    found.beside.push("its vendor has no other app here");
    if seen.is_system_name() {
        found.flag(Flag::Renamed);
        found.flag(Flag::Masquerade);
    } else if let Some(named) = software::by_name(catalog, seen.os, &seen.base)
        && named.hit.app.id == hit.app.id
    {
        found.confidence = sure::TRIMMED;
    }
    Some(found)
}

/// A copy that nobody installed.
fn portable(seen: &Seen<'_>, found: &Found<'_>) -> bool {
    let app_image = seen.os == Os::Linux
        && (seen.base.to_ascii_lowercase().ends_with(".appimage")
            || seen.path.starts_with("/tmp/.mount_"));
    if app_image || !place::is_portable(seen.os, seen.given, &seen.path) {
        return app_image;
    }
    !found
        .hit
        .app
        .facts_on(seen.os)
        .filter(|fact| fact.slot == Slot::Install)
        .any(|fact| {
            let form = normal::path(seen.os, &fact.text);
            let form = form.trim_end_matches('*');
            !form.is_empty() && seen.path.starts_with(form)
        })
}
