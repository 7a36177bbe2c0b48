//! Evidence that is a place: directories, files, `.app` bundles, registry keys, mounts.
//!
//! Invariant: the longest known directory above a path decides; a file in a program's directory proves installation,
//! a file in its data directory only that it was once here. Not here: identifiers on their own (`ids`).

use super::{Found, SHORT_NAME, ids, kin, process, software, sure};
use crate::app::Slot;
use crate::index::{Catalog, Hit};
use crate::normal;
use crate::query::{Flag, Os, State};

/// Deeper paths are cut: no fact has that many parts.
const MAX_DEPTH: usize = 64;

pub(super) fn find<'a>(catalog: &'a Catalog, os: Os, value: &str) -> Option<Found<'a>> {
    if os == Os::Windows
        && let Some(key) = registry(value)
    {
        return of_key(catalog, &key);
    }
    let path = normal::path(os, value);
    if !path.contains('/') {
        return file(catalog, os, value, &path).or_else(|| {
            let shortcut = path.strip_suffix(".lnk")?;
            software::by_name(catalog, os, shortcut).map(|found| found.at_most(sure::TRIMMED))
        });
    }
    known(catalog, os, &path)
        .or_else(|| part(catalog, os, &path))
        .or_else(|| file(catalog, os, value, &path))
        .or_else(|| named_after(catalog, os, &path))
        .or_else(|| {
            // Collectors write patterns: `C:\Users\%user%\OneDrive*\`.
            let bare = path.contains('*').then(|| path.replace('*', ""))?;
            known(catalog, os, bare.trim_end_matches('/'))
        })
        .or_else(|| rootless(catalog, os, value, &path))
        .or_else(|| {
            // `AppData\*\`: whichever of its parts.
            let (before, after) = path.split_once("/appdata/*/")?;
            ["roaming", "local"]
                .iter()
                .find_map(|part| known(catalog, os, &format!("{before}/appdata/{part}/{after}")))
        })
        .or_else(|| unpacked(catalog, os, value, &path))
}

/// A directory that a portable copy was unpacked into: `Downloads\WinSCP-5.21.6-Portable`.
fn unpacked<'a>(catalog: &'a Catalog, os: Os, value: &str, path: &str) -> Option<Found<'a>> {
    if !is_portable(os, value, path) && !path.contains("portable") {
        return None;
    }
    path.split('/').find_map(|part| {
        let bare = normal::bare_name(&part.replace('*', "-"));
        if bare.len() >= part.len() {
            return None;
        }
        let mut found = kin::found(catalog, os, &bare)?;
        found.flag(Flag::Portable);
        found.state = Some(State::FolderLeft);
        Some(found)
    })
}

/// `*\TightVNC\*`, `\JWrapper-Remote Access\`: rules name the end of a path and leave its root to the reader.
fn rootless<'a>(catalog: &'a Catalog, os: Os, value: &str, path: &str) -> Option<Found<'a>> {
    const ROOTS: [&str; 5] = [
        "%pf%",
        "/programdata",
        "~/appdata/roaming",
        "~/appdata/local",
        "~",
    ];
    let value = value.trim().trim_matches('"');
    let open = value.starts_with('*') || value.starts_with('\\') && !value.starts_with("\\\\");
    let rest = path.trim_start_matches('/').trim_end_matches(['/', '*']);
    if os != Os::Windows || !open || rest.is_empty() || rest.starts_with(['~', '%']) {
        return None;
    }
    if rest.starts_with("users/") || rest.starts_with("windows/") {
        return find(catalog, os, &format!("C:/{rest}"));
    }
    ROOTS
        .iter()
        .find_map(|root| known(catalog, os, &format!("{root}/{rest}")))
        .or_else(|| {
            let root = if rest.starts_with("start menu/") {
                "~/appdata/roaming/microsoft/windows"
            } else {
                "%pf%"
            };
            named_after(catalog, os, &format!("{root}/{rest}"))
        })
        .map(|found| found.at_most(sure::CUT))
}

/// A directory or file that systems give to each app under the app's own name: `~/Library/Logs/Slack`,
/// `%APPDATA%\Zoom`. Linux names are compared with their case: `~/.config/session` is a desktop's.
fn named_after<'a>(catalog: &'a Catalog, os: Os, path: &str) -> Option<Found<'a>> {
    const LINUX: [&str; 4] = ["~/.config/", "~/.local/share/", "~/.cache/", "/opt/"];
    const MACOS: [&str; 11] = [
        "~/library/application support/crashreporter/",
        "~/library/application support/caches/",
        "~/library/application support/",
        "~/library/caches/sentrycrash/",
        "~/library/caches/",
        "~/library/logs/",
        "~/library/preferences/",
        "~/library/saved application state/",
        "~/library/httpstorages/",
        "/library/application support/",
        "/library/logs/",
    ];
    const WINDOWS: [&str; 9] = [
        "~/appdata/local/programs/",
        "~/appdata/local/temp/",
        "~/appdata/local/",
        "~/appdata/roaming/microsoft/windows/start menu/programs/",
        "/programdata/microsoft/windows/start menu/programs/",
        "/windows/temp/",
        "~/appdata/roaming/",
        "/programdata/",
        "%pf%/",
    ];
    let roots: &[&str] = match os {
        Os::Linux => &LINUX,
        Os::Macos => &MACOS,
        Os::Windows => &WINDOWS,
    };
    let (root, rest) = roots
        .iter()
        .find_map(|root| path.strip_prefix(root).map(|rest| (*root, rest)))?;
    let own = rest.split(['/', '*']).next().unwrap_or_default();
    let own = match os {
        Os::Macos => [".plist", ".log", ".savedstate", ".helper", "_", "-updater"]
            .iter()
            .fold(own, |name, end| name.strip_suffix(end).unwrap_or(name)),
        Os::Windows => own.strip_suffix("-updater").unwrap_or(own),
        Os::Linux => own,
    };
    // Anybody's scratch directory may be called `line` or `wire`.
    if root.ends_with("/temp/") && own.len() < SHORT_NAME {
        return None;
    }
    let by_app = || catalog.find(Os::Macos, Slot::App, &format!("{own}.app"));
    let hit = catalog
        .find(os, Slot::Name, &normal::display(own))
        .filter(|hit| !hit.weak() && (os != Os::Linux || hit.fact.text == own))
        .or_else(|| by_app().filter(|hit| os == Os::Macos && !hit.weak()));
    let mut found = match hit {
        Some(hit) => Found::new(hit, sure::CUT),
        None => kin::found(catalog, os, own)?,
    };
    if root == "%pf%/" || root == "/opt/" || root.ends_with("/programs/") {
        found.state = Some(State::Installed);
    } else {
        found.state = Some(State::FolderLeft);
    }
    Some(found)
}

/// A `.app` on macOS; elsewhere a program's path.
pub(super) fn find_app<'a>(catalog: &'a Catalog, os: Os, value: &str) -> Option<Found<'a>> {
    if os == Os::Macos {
        let path = normal::path(os, value);
        if let Some(hit) = app_of(catalog, &path) {
            return Some(Found::new(hit, sure::APP));
        }
        // Some inventories leave the ending out.
        if !path.contains(".app")
            && let Some(hit) = catalog.find(os, Slot::App, &format!("{}.app", last(&path)))
        {
            return Some(Found::new(hit, sure::TRIMMED));
        }
        let name = last(&path);
        return find(catalog, os, value)
            .or_else(|| kin::found(catalog, os, name.strip_suffix(".app").unwrap_or(name)))
            .filter(|_| !is_system(os, &path));
    }
    let mut found = find(catalog, os, value)
        .or_else(|| software::by_name(catalog, os, last(&normal::path(os, value))))?;
    found.state = Some(
        found
            .state
            .unwrap_or(State::Installed)
            .max(State::Installed),
    );
    Some(found)
}

/// The outermost `.app` of the catalog in a path.
pub(super) fn app_of<'a>(catalog: &'a Catalog, path: &str) -> Option<Hit<'a>> {
    // The system volume is sealed: what lies there is on every Mac.
    if is_system(Os::Macos, path) {
        return None;
    }
    path.split('/')
        .filter(|part| part.ends_with(".app"))
        .find_map(|part| {
            let named = |name: &str| catalog.find(Os::Macos, Slot::App, name);
            named(part)
                .or_else(|| named(&format!("{}.app", original_of_copy(part)?)))
                .or_else(|| named(&format!("{}.app", installed_by(part)?)))
        })
}

/// `Slack Installer.app`, `Uninstall Slack.app`: what comes with an app and goes before it.
fn installed_by(app: &str) -> Option<&str> {
    let name = app.strip_suffix(".app")?;
    let name = [" installer", " uninstaller"]
        .iter()
        .find_map(|end| name.strip_suffix(end))
        .or_else(|| name.strip_prefix("uninstall "))
        .or_else(|| name.strip_prefix("install "))?;
    (name.len() >= SHORT_NAME).then_some(name)
}

/// `Slack 2.app`, `Slack copy.app`: what the Finder calls a second one.
fn original_of_copy(app: &str) -> Option<&str> {
    let name = app.strip_suffix(".app")?;
    let (name, last) = name.rsplit_once(' ')?;
    let copy =
        last == "copy" || (last.len() == 1 && last.starts_with(|c: char| c.is_ascii_digit()));
    (copy && name.len() >= SHORT_NAME).then_some(name)
}

/// The fact for the longest known directory above `path`, itself included.
pub(super) fn known<'a>(catalog: &'a Catalog, os: Os, path: &str) -> Option<Found<'a>> {
    let mut rest = path;
    for _ in 0..MAX_DEPTH {
        if let Some(hit) = known_here(catalog, os, rest, Slot::Install) {
            return Some(Found::new(hit, sure::INSTALL_PATH));
        }
        if let Some(hit) = known_here(catalog, os, rest, Slot::Data) {
            return Some(Found::new(hit, sure::DATA_PATH));
        }
        let (parent, _) = normal::split_last(rest);
        if parent.is_empty() || parent == "~" || parent == "%pf%" {
            return None;
        }
        rest = parent;
    }
    None
}

/// The program directory above `path`, if it is one of the catalog's.
pub(super) fn program_directory<'a>(catalog: &'a Catalog, os: Os, path: &str) -> Option<Hit<'a>> {
    let mut rest = path;
    for _ in 0..MAX_DEPTH {
        if let Some(hit) = known_here(catalog, os, rest, Slot::Install) {
            return Some(hit);
        }
        let (parent, _) = normal::split_last(rest);
        if parent.is_empty() {
            return None;
        }
        rest = parent;
    }
    None
}

fn known_here<'a>(catalog: &'a Catalog, os: Os, path: &str, slot: Slot) -> Option<Hit<'a>> {
    catalog.find(os, slot, path).or_else(|| {
        let (parent, segment) = normal::split_last(path);
        catalog.find_under(os, slot, parent, segment)
    })
}

/// Identifiers that a system writes into paths.
pub(super) fn part<'a>(catalog: &'a Catalog, os: Os, path: &str) -> Option<Found<'a>> {
    match os {
        Os::Linux => linux_part(catalog, path),
        Os::Macos => macos_part(catalog, path),
        Os::Windows => windows_part(catalog, path),
    }
}

fn linux_part<'a>(catalog: &'a Catalog, path: &str) -> Option<Found<'a>> {
    let after = |openings: &[&str]| {
        openings
            .iter()
            .find_map(|opening| path.strip_prefix(opening))
            .and_then(|rest| rest.split('/').next())
    };
    if let Some(id) = after(&[
        "~/.var/app/",
        "/var/lib/flatpak/app/",
        "~/.local/share/flatpak/app/",
        "/var/lib/flatpak/runtime/",
    ]) {
        return ids::flatpak(catalog, id);
    }
    if let Some(name) = after(&["~/snap/", "/snap/", "/var/snap/", "/var/lib/snapd/snap/"]) {
        return ids::snap(catalog, name);
    }
    if path.ends_with(".desktop") {
        return ids::desktop(catalog, path);
    }
    if let Some(name) = after(&["/usr/share/doc/", "/var/lib/dpkg/info/"]) {
        let name = [".list", ".md5sums", ".postinst"]
            .iter()
            .find_map(|end| name.strip_suffix(end))
            .unwrap_or(name);
        return ids::package(catalog, Os::Linux, name);
    }
    let unit = last(path)
        .strip_suffix(".service")
        .filter(|_| path.contains("/systemd/"))?;
    process_named(catalog, Os::Linux, unit.split('@').next().unwrap_or(unit))
        .map(|hit| Found::new(hit, sure::TRIMMED))
}

fn macos_part<'a>(catalog: &'a Catalog, path: &str) -> Option<Found<'a>> {
    if is_system(Os::Macos, path) {
        return None;
    }
    if let Some(hit) = app_of(catalog, path) {
        let mut found = Found::new(hit, sure::APP);
        found.state = Some(State::Installed);
        return Some(found);
    }
    const ENDINGS: [&str; 9] = [
        ".plist",
        ".savedstate",
        ".binarycookies",
        ".shipit",
        ".sfl",
        ".sfl2",
        ".sfl3",
        ".bom",
        ".helper.plist",
    ];
    path.split('/')
        .filter(|part| part.contains('.'))
        .find_map(|part| {
            // Collectors' patterns: `*.com.vendor.app` for any team, `com.vendor.app*` for all its helpers.
            let part = part.strip_prefix("*.").unwrap_or(part);
            let part = part.strip_prefix("$(teamidentifierprefix)").unwrap_or(part);
            let id = ENDINGS
                .iter()
                .find_map(|end| part.strip_suffix(end))
                .unwrap_or(part);
            ids::bundle(catalog, id).map(|found| found.at_most(sure::DATA_PATH))
        })
        .or_else(|| crash_report(catalog, path))
}

/// What the system writes when a program crashes or idles: `CrashReporter/Slack_UUID.plist`, `DiagnosticReports/Slack-date.ips`.
fn crash_report<'a>(catalog: &'a Catalog, path: &str) -> Option<Found<'a>> {
    let (parent, file) = normal::split_last(path);
    if !["crashreporter", "diagnosticreports"].contains(&last(parent)) {
        return None;
    }
    let name = file.split(['_', '-', '.']).next().unwrap_or(file);
    process_named(catalog, Os::Macos, name).map(|hit| Found::new(hit, sure::CUT))
}

fn windows_part<'a>(catalog: &'a Catalog, path: &str) -> Option<Found<'a>> {
    for opening in [
        "~/appdata/local/packages/",
        "%pf%/windowsapps/",
        "~/appdata/local/microsoft/windowsapps/",
    ] {
        if let Some(family) = path
            .strip_prefix(opening)
            .and_then(|rest| rest.split('/').next())
        {
            let name = family.trim_matches(['*', '_']);
            return ids::package(catalog, Os::Windows, name)
                .map(|found| found.at_most(sure::INSTALL_PATH));
        }
    }
    if let Some(file) = path.strip_prefix("/windows/prefetch/") {
        let (name, _) = file.rsplit_once('-')?;
        let hit = process_named(catalog, Os::Windows, &normal::name(Os::Windows, name))?;
        return Some(Found::new(hit, sure::TRIMMED));
    }
    if let Some(log) = path.strip_prefix("/windows/system32/winevt/logs/") {
        return channel(catalog, log).map(|hit| Found::new(hit, sure::TRIMMED));
    }
    let link = last(path).strip_suffix(".lnk")?;
    let link = link.strip_prefix("uninstall ").unwrap_or(link);
    software::by_name(catalog, Os::Windows, link).map(|found| found.at_most(sure::TRIMMED))
}

/// A file that is named like a program of the catalog, wherever it lies.
fn file<'a>(catalog: &'a Catalog, os: Os, value: &str, path: &str) -> Option<Found<'a>> {
    let (parent, base) = normal::split_last(path);
    let app_image = base.to_ascii_lowercase().ends_with(".appimage");
    let program = match os {
        Os::Windows => [".exe", ".msi"].iter().any(|end| base.ends_with(end)),
        Os::Linux | Os::Macos => {
            app_image
                || ["bin", "sbin", "libexec"].contains(&last(parent))
                || base.ends_with(".deb")
                || base.ends_with(".rpm")
        }
    };
    if !program {
        return None;
    }
    let name = normal::name(os, base);
    let whole = process_named(catalog, os, &name).map(|hit| Found::new(hit, sure::TRIMMED));
    let mut found = whole.or_else(|| {
        let bare = normal::name(os, &normal::bare_name(base));
        process_named(catalog, os, &bare)
            .or_else(|| process_named(catalog, os, &bare.to_lowercase()))
            .or_else(|| {
                // On Linux a command is seldom called as its product is: `tox`, `chat`, `aim` are others'.
                catalog
                    .find(os, Slot::Name, &normal::display(&bare))
                    .filter(|hit| !hit.weak() && (os != Os::Linux || app_image))
            })
            .or_else(|| kin::named(catalog, os, &bare))
            .map(|hit| Found::new(hit, sure::CUT))
    })?;
    found.state = Some(State::Installed);
    if app_image || is_portable(os, value, path) {
        found.flag(Flag::Portable);
    }
    Some(found)
}

/// The process fact of this name, if it can stand alone.
pub(super) fn process_named<'a>(catalog: &'a Catalog, os: Os, name: &str) -> Option<Hit<'a>> {
    catalog
        .find(os, Slot::Process, name)
        .or_else(|| catalog.find_open(os, Slot::Process, name))
        .filter(|hit| !hit.weak())
}

fn last(path: &str) -> &str {
    normal::split_last(path).1
}

/// Whether programs lie there by hand: temporary and download directories, desktops, removable media, shares.
pub(super) fn is_portable(os: Os, value: &str, path: &str) -> bool {
    // Directories that desktops translate; the languages of the countries that the catalog's sources cover.
    const BY_HAND: [&str; 12] = [
        "~/Downloads/",
        "~/downloads/",
        "~/Desktop/",
        "~/desktop/",
        "~/Téléchargements/",
        "~/Bureau/",
        "~/Descargas/",
        "~/Escritorio/",
        "~/Загрузки/",
        "~/Scaricati/",
        "~/Transferências/",
        "~/Schreibtisch/",
    ];
    const LINUX: [&str; 6] = [
        "/tmp/",
        "/var/tmp/",
        "/dev/shm/",
        "/media/",
        "/run/media/",
        "/mnt/",
    ];
    const MACOS: [&str; 4] = ["/tmp/", "/var/tmp/", "/var/folders/", "/volumes/"];
    const WINDOWS: [&str; 9] = [
        "~/appdata/local/temp/",
        "/windows/temp/",
        "/temp/",
        "/tmp/",
        "/users/public/",
        "/perflogs/",
        "/$recycle.bin/",
        "~/documents/",
        "//",
    ];
    let starts = |list: &[&str]| list.iter().any(|opening| path.starts_with(opening));
    if starts(&BY_HAND) {
        return true;
    }
    match os {
        Os::Linux => starts(&LINUX),
        Os::Macos => starts(&MACOS),
        Os::Windows => {
            let text = value.trim().trim_matches('"');
            let drive = text
                .bytes()
                .next()
                .filter(|_| text.as_bytes().get(1) == Some(&b':'))
                .map(|c| c.to_ascii_lowercase());
            let other_drive = drive.is_some_and(|drive| drive != b'c')
                && !path.starts_with("%pf%")
                && !path.starts_with("~/");
            other_drive
                || starts(&WINDOWS)
                || text.starts_with(r"\\") && !text.starts_with(r"\\?\")
                || path.contains("/portableapps/")
        }
    }
}

/// Whether only the system's own programs belong there.
pub(super) fn is_system(os: Os, path: &str) -> bool {
    match os {
        Os::Windows => {
            (path.starts_with("/windows/") && !path.starts_with("/windows/temp/"))
                || path.starts_with("/$recycle.bin/")
        }
        Os::Macos => path.starts_with("/system/") || path.starts_with("/usr/libexec/"),
        Os::Linux => {
            path.starts_with("/dev/") || path.starts_with("/proc/") || path.starts_with("/sys/")
        }
    }
}

/// A registry key in lower case with `/` between, its hive and views in their short forms, if `value` is one. Rules leave
/// the hive out: `\Services\AnyDesk`.
fn registry(value: &str) -> Option<String> {
    const HIVES: [(&str, &str); 5] = [
        ("hkey_local_machine", "hklm"),
        ("hkey_current_user", "hkcu"),
        ("hkey_classes_root", "hkcr"),
        ("hkey_users", "hku"),
        ("hk", "hk"),
    ];
    const BELOW_A_HIVE: [&str; 6] = [
        "software",
        "currentcontrolset",
        "controlset001",
        "wow6432node",
        "services",
        "safeboot",
    ];
    let lower = value.trim().to_lowercase().replace('\\', "/");
    let lower = lower.strip_prefix("computer/").unwrap_or(&lower);
    let rest = lower.trim_start_matches(['*', '/']);
    let (first, after) = rest.split_once('/')?;
    let key = match HIVES.iter().find(|(long, _)| first.starts_with(long)) {
        Some((long, short)) => format!("{short}{}", rest.strip_prefix(long)?.replace(':', "")),
        None if BELOW_A_HIVE.contains(&first) && !after.is_empty() => format!("hklm/{rest}"),
        None => return None,
    };
    let key = key
        .replace("/wow6432node", "")
        .replace("/controlset001/", "/currentcontrolset/");
    key.contains('/').then_some(key)
}

/// A key that the catalog states, or one below a part that vendors name themselves: `software`, `services`, `safeboot`.
fn of_key<'a>(catalog: &'a Catalog, key: &str) -> Option<Found<'a>> {
    if let Some(found) = known(catalog, Os::Windows, key) {
        return Some(found);
    }
    let parts: Vec<&str> = key.split('/').collect();
    let start = parts.iter().position(|part| {
        const OPENINGS: [&str; 5] = ["software", "services", "classes", "safeboot", "deviceids"];
        OPENINGS.contains(part) || *part == "hkcr"
    })?;
    parts
        .get(start + 1..)?
        .iter()
        .take(MAX_DEPTH)
        .find_map(|part| key_part(catalog, part).filter(|hit| !hit.weak()))
        .map(|hit| Found::new(hit, sure::TRIMMED))
}

fn key_part<'a>(catalog: &'a Catalog, part: &str) -> Option<Hit<'a>> {
    const ENDINGS: [&str; 6] = [
        ".exe",
        "_rasapi32",
        "_rasmancs",
        " printer",
        " service",
        "service",
    ];
    let part = part.trim_start_matches('.');
    let part = ENDINGS
        .iter()
        .find_map(|end| part.strip_suffix(end))
        .unwrap_or(part);
    software::by_name(catalog, Os::Windows, part)
        .map(|found| found.hit)
        .or_else(|| process_named(catalog, Os::Windows, part))
        .or_else(|| process::of_vendor(catalog, Os::Windows, &normal::vendor(part)))
        .or_else(|| channel(catalog, part))
}

/// An event log, which its vendor names `Vendor-Product-Kind/Operational`.
fn channel<'a>(catalog: &'a Catalog, name: &str) -> Option<Hit<'a>> {
    let (vendor, rest) = name.split_once('-')?;
    let product = rest.split(['-', '%']).next().unwrap_or(rest);
    [product, vendor]
        .into_iter()
        .filter(|name| name.len() >= SHORT_NAME)
        .find_map(|name| software::by_name(catalog, Os::Windows, name))
        .map(|found| found.hit)
        .filter(|hit| !hit.weak())
}

/// A file system type, a line of `/proc/mounts` or of `mount`, a mount point, a volume.
pub(super) fn find_mount<'a>(catalog: &'a Catalog, os: Os, value: &str) -> Option<Found<'a>> {
    let lower = value.trim().to_lowercase();
    if let Some(hit) = catalog.find(os, Slot::Mount, &lower) {
        return Some(Found::new(hit, sure::MOUNT));
    }
    let whole =
        mount_word(catalog, os, &lower).or_else(|| known(catalog, os, &normal::path(os, value)));
    if whole.is_some() {
        return whole;
    }
    // `\040` is how the kernel writes a space.
    let words: Vec<String> = value
        .split_whitespace()
        .map(|word| word.replace("\\040", " "))
        .collect();
    let typed = words
        .iter()
        .find_map(|word| mount_word(catalog, os, &word.to_lowercase()));
    if typed.is_some() {
        return typed;
    }
    words
        .iter()
        .filter(|word| word.starts_with(['/', '~']))
        .find_map(|word| {
            let path = normal::path(os, word);
            known(catalog, os, &path).or_else(|| volume(catalog, os, &path))
        })
}

fn mount_word<'a>(catalog: &'a Catalog, os: Os, word: &str) -> Option<Found<'a>> {
    let word = word.trim_matches(['(', ')', ',']);
    if let Some(hit) = catalog
        .find(os, Slot::Mount, word)
        .or_else(|| catalog.find_open(os, Slot::Mount, word))
    {
        return Some(Found::new(hit, sure::MOUNT));
    }
    if let Some(kind) = word
        .strip_prefix("fuse.")
        .or_else(|| word.strip_prefix("fuse:"))
    {
        return process_named(catalog, Os::Linux, kind).map(|hit| Found::new(hit, sure::MOUNT));
    }
    if word.contains("://") {
        // A web address as a source is a WebDAV share, whoever serves it.
        let share = || catalog.find(os, Slot::Mount, "https://");
        return ids::domain(catalog, os, word)
            .or_else(|| share().map(|hit| Found::new(hit, sure::TRIMMED)));
    }
    volume(catalog, os, word)
}

/// A volume that an app mounts under its own name: `/Volumes/pCloud Drive`, a Windows label.
fn volume<'a>(catalog: &'a Catalog, os: Os, path: &str) -> Option<Found<'a>> {
    let label = path
        .strip_prefix("/volumes/")
        .map_or(path, |rest| rest.split('/').next().unwrap_or(rest));
    let label = match label.as_bytes() {
        [drive, b':', ..] if drive.is_ascii_alphabetic() => label
            .get(2..)
            .unwrap_or_default()
            .trim_matches([' ', '\\', '/']),
        _ => label,
    };
    let label = label
        .trim_matches(['(', ')'])
        .split(" (")
        .next()
        .unwrap_or_default();
    catalog
        .find(os, Slot::Mount, label)
        .map(|hit| Found::new(hit, sure::MOUNT))
}

/// The organisation in `OneDrive - Contoso`, and in `OneDrive-Contoso` of a Mac's CloudStorage.
pub(super) fn onedrive_organisation(value: &str) -> Option<String> {
    let lower = value.to_lowercase().replace('\\', "/");
    lower.split('/').find_map(|part| {
        let name = part
            .trim()
            .strip_prefix("onedrive - ")
            .or_else(|| part.strip_prefix("onedrive-"))?;
        let name = name.strip_prefix("sharedlibraries-").unwrap_or(name);
        (name != "personal").then(|| name.to_owned())
    })
}

/// OneDrive names its folder after the organisation, and its settings after the account.
pub(super) fn onedrive_account(value: &str) -> Option<Flag> {
    let lower = value.to_lowercase().replace('\\', "/");
    lower.split('/').find_map(|part| {
        let part = part.trim();
        if part == "onedrive"
            || part.starts_with("onedrive-personal")
            || part == "onedrive - personal"
            || part == "personal"
        {
            // `~/OneDrive` is the consumer's folder; program and settings directories of the same name say nothing.
            let ambiguous = part == "onedrive"
                && [
                    "/appdata/",
                    "/microsoft onedrive",
                    "/program files",
                    "programdata",
                    "/.config/",
                    "/library/",
                    "/usr/",
                    "localappdata",
                ]
                .iter()
                .any(|own| lower.contains(own));
            return (!ambiguous).then_some(Flag::Personal);
        }
        let business = part.starts_with("onedrive - ")
            || part.starts_with("onedrive-")
            || (part.starts_with("business") && part.len() <= 10);
        business.then_some(Flag::Business)
    })
}
