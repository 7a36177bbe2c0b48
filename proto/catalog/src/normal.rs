//! One spelling for things that are written in many ways: paths, process names, packages, display names, hosts.
//!
//! Invariant: a normal form is stable (normalising it again changes nothing that matters) and is made the same way for a
//! fact and for a value, so equality is all that a match needs. Not here: which forms to try in which order (`matcher`).

use std::borrow::Cow;

use crate::app::{Fact, Slot};
use crate::query::Os;

/// The normal form under which a fact is stored.
pub(crate) fn fact_form(fact: &Fact) -> String {
    let os = fact.os.unwrap_or(Os::Windows);
    match fact.slot {
        Slot::Process | Slot::Original => name(os, &fact.text),
        Slot::Install | Slot::Data => path(os, &fact.text),
        Slot::Signer => vendor(&fact.text),
        Slot::Name | Slot::Description => display(&fact.text).trim().to_owned(),
        Slot::Package
        | Slot::Bundle
        | Slot::App
        | Slot::Desktop
        | Slot::Flatpak
        | Slot::Snap
        | Slot::Mount
        | Slot::Domain => fact.text.to_lowercase(),
    }
}

/// A process's base name: Windows and macOS compare without case, Windows without `.exe`.
pub(crate) fn name(os: Os, base: &str) -> String {
    match os {
        Os::Linux => base.to_owned(),
        Os::Macos => base.to_lowercase(),
        Os::Windows => {
            let lower = base.to_lowercase();
            lower
                .strip_suffix(".exe")
                .map(str::to_owned)
                .unwrap_or(lower)
        }
    }
}

/// Letters and digits only, lower case: for signers, which come as names, subjects and team ids.
pub(crate) fn letters(text: &str) -> String {
    text.chars()
        .filter(|c| c.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect()
}

/// A vendor's name in letters, without the form of its company: `Splashtop Inc.`, `SPLASHTOP`.
pub(crate) fn vendor(text: &str) -> String {
    const FORMS: [&str; 39] = [
        "a",
        "ab",
        "ag",
        "as",
        "b",
        "bv",
        "co",
        "com",
        "company",
        "corp",
        "corporation",
        "cy",
        "gmbh",
        "inc",
        "incorporated",
        "kg",
        "kk",
        "l",
        "limited",
        "llc",
        "lp",
        "ltd",
        "o",
        "oo",
        "ou",
        "oy",
        "oü",
        "p",
        "plc",
        "pte",
        "pty",
        "r",
        "s",
        "sa",
        "sarl",
        "sas",
        "sp",
        "srl",
        "z",
    ];
    let lower = text.to_lowercase();
    let mut words: Vec<&str> = lower
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .collect();
    while words.len() > 1 && words.last().is_some_and(|last| FORMS.contains(last)) {
        words.pop();
    }
    words.concat()
}

/// The separator of normal paths is `/` on every system.
pub(crate) fn split_last(path: &str) -> (&str, &str) {
    path.rsplit_once('/').unwrap_or(("", path))
}

/// A path in normal form: `~` for any home, `%pf%` for any program directory, no drive, `/` between, no final `/`.
/// Windows and macOS paths are in lower case.
pub(crate) fn path(os: Os, text: &str) -> String {
    let text = text.trim().trim_matches(|c| c == '"' || c == '\'');
    match os {
        Os::Linux => linux(text),
        Os::Macos => macos(text),
        Os::Windows => windows(text),
    }
}

/// What opens a path, and what it becomes. The first that fits is taken; a `*` segment stands for any one name.
type Openings = &'static [(&'static str, &'static str)];

const LINUX: Openings = &[
    ("$XDG_CONFIG_HOME", "~/.config"),
    ("$XDG_DATA_HOME", "~/.local/share"),
    ("$XDG_CACHE_HOME", "~/.cache"),
    ("$XDG_STATE_HOME", "~/.local/state"),
    ("${XDG_CONFIG_HOME}", "~/.config"),
    ("${XDG_DATA_HOME}", "~/.local/share"),
    ("${XDG_CACHE_HOME}", "~/.cache"),
    ("$HOME", "~"),
    ("${HOME}", "~"),
    ("%%users.homedir%%", "~"),
    ("/var/home/*", "~"),
    ("/home/*", "~"),
    ("/root", "~"),
    // Whose run-time directory it is does not matter; facts are written with the first person's number.
    ("/run/user/*", "/run/user/1000"),
    ("/bin", "/usr/bin"),
    ("/sbin", "/usr/sbin"),
    ("/lib/systemd", "/usr/lib/systemd"),
];

const MACOS: Openings = &[
    ("/system/volumes/data/users/*", "~"),
    ("$home", "~"),
    ("${home}", "~"),
    ("%%users.homedir%%", "~"),
    ("/users/shared", "/users/shared"),
    ("/users/*", "~"),
    ("/var/root", "~"),
    ("/private/var/root", "~"),
    ("/private/var", "/var"),
    ("/private/tmp", "/tmp"),
    ("/system/volumes/data", ""),
];

const WINDOWS: Openings = &[
    ("%localappdata%", "~/appdata/local"),
    ("%appdata%", "~/appdata/roaming"),
    ("%userprofile%", "~"),
    ("%homedrive%%homepath%", "~"),
    ("%homepath%", "~"),
    ("$localappdata", "~/appdata/local"),
    ("$appdata", "~/appdata/roaming"),
    ("$userprofile", "~"),
    ("$programfiles", "%pf%"),
    ("$programdata", "/programdata"),
    ("${env:localappdata}", "~/appdata/local"),
    ("${env:appdata}", "~/appdata/roaming"),
    ("${env:userprofile}", "~"),
    ("${env:programfiles}", "%pf%"),
    ("${env:programfiles(x86)}", "%pf%"),
    ("${env:programdata}", "/programdata"),
    ("$env:localappdata", "~/appdata/local"),
    ("$env:appdata", "~/appdata/roaming"),
    ("$env:userprofile", "~"),
    ("$home", "~"),
    ("%%users.localappdata%%", "~/appdata/local"),
    ("%%users.appdata%%", "~/appdata/roaming"),
    ("%%users.userprofile%%", "~"),
    ("%%users.homedir%%", "~"),
    ("%temp%", "~/appdata/local/temp"),
    ("%tmp%", "~/appdata/local/temp"),
    ("%onedrive%", "~/onedrive"),
    ("%onedriveconsumer%", "~/onedrive"),
    ("%commonprogramfiles%", "%pf%/common files"),
    ("%commonprogramfiles(x86)%", "%pf%/common files"),
    ("%programfiles%", "%pf%"),
    ("%programfiles(x86)%", "%pf%"),
    ("%programfiles(arm)%", "%pf%"),
    ("%programw6432%", "%pf%"),
    ("$env:programfiles", "%pf%"),
    ("%programdata%", "/programdata"),
    ("%allusersprofile%", "/programdata"),
    ("$env:programdata", "/programdata"),
    ("%%environ_programfiles%%", "%pf%"),
    ("%%environ_programfilesx86%%", "%pf%"),
    ("%%environ_allusersappdata%%", "/programdata"),
    ("%%environ_systemroot%%", "/windows"),
    ("%systemroot%", "/windows"),
    ("%windir%", "/windows"),
    ("%systemdrive%", ""),
    ("%public%", "/users/public"),
    ("program files", "%pf%"),
    ("program files (x86)", "%pf%"),
    ("program files*", "%pf%"),
    ("appdata", "~/appdata"),
    ("programdata", "/programdata"),
    ("/appdata", "~/appdata"),
    ("/program files", "%pf%"),
    ("/program files (x86)", "%pf%"),
    ("/program files*", "%pf%"),
    ("/program files (arm)", "%pf%"),
    // The short names that Windows gives them, in the order in which it makes them.
    ("/progra~1", "%pf%"),
    ("/progra~2", "%pf%"),
    ("/progra~3", "/programdata"),
    ("~/appdata/local/virtualstore/program files", "%pf%"),
    ("~/appdata/local/virtualstore/program files (x86)", "%pf%"),
    ("/users/public", "/users/public"),
    ("/users/all users", "/programdata"),
    ("/users/*/application data", "~/appdata/roaming"),
    (
        "/users/*/local settings/application data",
        "~/appdata/local",
    ),
    ("/users/*", "~"),
    (
        "/documents and settings/all users/application data",
        "/programdata",
    ),
    (
        "/documents and settings/*/application data",
        "~/appdata/roaming",
    ),
    (
        "/documents and settings/*/local settings/application data",
        "~/appdata/local",
    ),
    ("/documents and settings/*", "~"),
    ("/windows/system32/config/systemprofile", "~"),
    ("/windows/syswow64/config/systemprofile", "~"),
    ("/windows/serviceprofiles/*", "~"),
    // What an upgrade put aside.
    ("/windows.old", ""),
];

fn linux(text: &str) -> String {
    let text = strip_deleted(text);
    open(LINUX, &slashes(text))
}

fn macos(text: &str) -> String {
    let opened = open(MACOS, &slashes(&text.to_lowercase()));
    match opened.strip_prefix("~/applications/") {
        Some(rest) => format!("/applications/{rest}"),
        None => opened,
    }
}

fn windows(text: &str) -> String {
    let lower = text.to_lowercase().replace('\\', "/");
    let mut rest = lower.as_str();
    for prefix in ["//?/", "/??/", "//./", "file:///"] {
        rest = rest.strip_prefix(prefix).unwrap_or(rest);
    }
    let mut rest = rest.trim_start_matches('*');
    if let Some(device) = rest.strip_prefix("/device/harddiskvolume") {
        rest = device.trim_start_matches(|c: char| c.is_ascii_digit() || c == '*');
    }
    if rest.as_bytes().get(1) == Some(&b':') {
        rest = rest.get(2..).unwrap_or_default();
    }
    // Rules leave the drive's letter out: `:\Program Files\`.
    rest = rest.strip_prefix(':').unwrap_or(rest);
    open(WINDOWS, &slashes(rest))
}

/// The Windows path in a Wine prefix, a CrossOver bottle or a WSL mount, or one that Wine itself shows.
pub(crate) fn windows_inside(text: &str) -> Option<String> {
    let text = text.trim().trim_matches('"');
    if let Some((_, rest)) = text.split_once("/drive_c/") {
        return Some(format!("C:/{rest}"));
    }
    let mounted = text.strip_prefix("/mnt/").and_then(|rest| {
        let (drive, rest) = rest.split_once('/')?;
        let letter = drive.len() == 1 && drive.starts_with(|c: char| c.is_ascii_alphabetic());
        letter.then(|| format!("{drive}:/{rest}"))
    });
    let drive =
        matches!(text.as_bytes(), [letter, b':', b'\\', ..] if letter.is_ascii_alphabetic());
    mounted.or_else(|| drive.then(|| text.to_owned()))
}

/// The mark Linux puts behind an executable that is gone.
pub(crate) fn strip_deleted(text: &str) -> &str {
    text.trim().trim_end_matches("(deleted)").trim_end()
}

/// No doubled and no final separators.
fn slashes(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if c == '/' && out.ends_with('/') {
            continue;
        }
        out.push(c);
    }
    while out.len() > 1 && out.ends_with('/') {
        out.pop();
    }
    out
}

/// Replaces the opening of a path; tried until none fits, twice at most (`/program files` behind `%systemdrive%`).
fn open(openings: Openings, text: &str) -> String {
    let mut text = Cow::Borrowed(text);
    for _ in 0..2 {
        let next = openings
            .iter()
            .find_map(|(from, to)| rest_after(&text, from).map(|rest| [*to, rest].concat()));
        match next {
            Some(next) if *next != *text => text = Cow::Owned(next),
            _ => break,
        }
    }
    text.into_owned()
}

/// What follows `opening` in `text` when it ends at a separator; `/*` in the opening stands for one segment.
fn rest_after<'a>(text: &'a str, opening: &str) -> Option<&'a str> {
    // Every path meets every opening: most are sorted out by their first letter.
    if text.as_bytes().first() != opening.as_bytes().first() {
        return None;
    }
    let rest = match opening.split_once('*') {
        Some((before, after)) if before.ends_with('/') => {
            let segment = text.strip_prefix(before)?;
            let end = segment.find('/').unwrap_or(segment.len());
            if end == 0 {
                return None;
            }
            segment.get(end..)?.strip_prefix(after)?
        }
        _ => text.strip_prefix(opening)?,
    };
    (rest.is_empty() || rest.starts_with('/')).then_some(rest)
}

/// A display name: lower case, single spaces, no trade marks, no quotes.
pub(crate) fn display(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars().flat_map(char::to_lowercase) {
        match c {
            '®' | '™' | '©' | '"' => {}
            c if c.is_whitespace() || c == '\u{200e}' || c == '_' => {
                if !out.ends_with(' ') && !out.is_empty() {
                    out.push(' ');
                }
            }
            c => out.push(c),
        }
    }
    out.truncate(out.trim_end().len());
    out
}

/// Display names without parentheses, dotted versions and architectures at the end.
pub(crate) fn without_version(text: &str) -> String {
    let bare = without_parentheses(text);
    trim_words(&bare, |word| {
        is_architecture(word) || is_dotted_version(word) || is_filler(word)
    })
}

/// Display names further without plain numbers and the words every product carries.
pub(crate) fn without_common_words(text: &str) -> String {
    trim_words(&without_version(text), |word| {
        is_architecture(word)
            || is_dotted_version(word)
            || is_filler(word)
            || is_number(word)
            || is_common(word)
    })
}

fn without_parentheses(text: &str) -> String {
    let mut depth = 0_usize;
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '(' | '[' => depth += 1,
            ')' | ']' => depth = depth.saturating_sub(1),
            c if depth == 0 => out.push(c),
            _ => {}
        }
    }
    out
}

/// Takes words off the end while they say nothing; the first word always stays.
fn trim_words(text: &str, empty: impl Fn(&str) -> bool) -> String {
    let mut words: Vec<&str> = text.split_whitespace().collect();
    while words.len() > 1
        && words
            .last()
            .is_some_and(|word| empty(word.trim_matches([',', '-', ':'])))
    {
        words.pop();
    }
    words.join(" ").trim_end_matches([',', '-', ' ']).to_owned()
}

fn is_architecture(word: &str) -> bool {
    const WORDS: [&str; 17] = [
        "x64", "x86", "x32", "x86-64", "x64-bit", "64-bit", "32-bit", "64bit", "32bit", "amd64",
        "arm64", "aarch64", "i386", "win64", "win32", "64", "bit",
    ];
    WORDS.contains(&word)
}

fn is_filler(word: &str) -> bool {
    // What is left between a name and its version, and locales as browsers' installers add them.
    matches!(
        word,
        "" | "-"
            | "–"
            | "|"
            | "version"
            | "ver"
            | "v"
            | "build"
            | "release"
            | "en-us"
            | "en"
            | "multilingual"
    )
}

fn is_dotted_version(word: &str) -> bool {
    let digits = word.strip_prefix('v').unwrap_or(word);
    digits.starts_with(|c: char| c.is_ascii_digit())
        && digits.contains('.')
        && digits
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '+' | '~' | '_'))
}

fn is_number(word: &str) -> bool {
    let digits = word.strip_prefix('v').unwrap_or(word);
    !digits.is_empty() && digits.bytes().all(|c| c.is_ascii_digit())
}

fn is_common(word: &str) -> bool {
    const WORDS: [&str; 27] = [
        "client",
        "desktop",
        "app",
        "application",
        "beta",
        "portable",
        "launcher",
        "updater",
        "update",
        "helper",
        "user",
        "edition",
        "for",
        "windows",
        "mac",
        "macos",
        "linux",
        "setup",
        "installer",
        "machine",
        "wide",
        "machine-wide",
        "service",
        "host",
        "free",
        "software",
        "preview",
    ];
    WORDS.contains(&word)
}

/// A file's base name without version, architecture, copy number and container suffix:
/// `Nextcloud-3.13.0-x86_64.AppImage` is `Nextcloud`, `AnyDesk (1)` is `AnyDesk`.
pub(crate) fn bare_name(text: &str) -> String {
    let mut text = text;
    loop {
        let lower = text.to_ascii_lowercase();
        let suffix = [
            ".appimage",
            ".exe",
            ".bin",
            ".run",
            ".msi",
            ".dmg",
            ".deb",
            ".rpm",
            ".jar",
            ".pyw",
            ".py",
            ".asar",
            ".sh",
            ".js",
            ".x86",
        ]
        .into_iter()
        .find(|suffix| lower.ends_with(suffix) && lower.len() > suffix.len());
        match suffix.and_then(|suffix| text.get(..text.len() - suffix.len())) {
            Some(rest) => text = rest,
            None => break,
        }
    }
    let text = without_parentheses(text);
    let text = text.trim();
    let mut end = text.len();
    for (at, _) in text.match_indices(['-', '_', ' ']) {
        if at == 0 {
            continue;
        }
        let word = text.get(at + 1..).unwrap_or_default();
        let word = word
            .split(['-', '_', ' '])
            .next()
            .unwrap_or_default()
            .to_ascii_lowercase();
        if is_number(&word) || is_dotted_version(&word) || is_build_word(&word) {
            end = at;
            break;
        }
    }
    text.get(..end).unwrap_or(text).to_owned()
}

fn is_build_word(word: &str) -> bool {
    const WORDS: [&str; 17] = [
        "x86",
        "x64",
        "amd64",
        "arm64",
        "aarch64",
        "win",
        "win32",
        "win64",
        "windows",
        "linux",
        "macos",
        "darwin",
        "setup",
        "installer",
        "portable",
        "latest",
        "i686",
    ];
    WORDS.contains(&word)
}

/// A package's name: without manager, version, architecture. Lower case.
pub(crate) fn package(text: &str) -> String {
    let lower = text.trim().to_lowercase();
    let mut rest = lower.as_str();
    for manager in [
        "dpkg:",
        "deb:",
        "apt:",
        "rpm:",
        "pacman:",
        "aur:",
        "aur/",
        "brew:",
        "cask:",
        "homebrew:",
        "homebrew/cask/",
        "homebrew/core/",
        "winget:",
        "choco:",
        "chocolatey:",
        "msstore:",
        "appx:",
        "msix:",
        "snap:",
        "flatpak:",
        "extra/",
        "community/",
        "pip:",
        "npm:",
        "nix:",
    ] {
        rest = rest.strip_prefix(manager).unwrap_or(rest);
    }
    let rest = rest.split_whitespace().next().unwrap_or_default();
    let rest = [".deb", ".rpm", ".pkg.tar.zst", ".pkg.tar.xz"]
        .into_iter()
        .find_map(|end| rest.strip_suffix(end))
        .unwrap_or(rest);
    rest.split([':', '=']).next().unwrap_or_default().to_owned()
}

/// The package's name without what a file name adds: `dropbox-2020.03.04-1.fc33.x86_64`, `megasync_5.2-1_amd64`,
/// `Microsoft.SkypeApp_15.1_x64__kzf8qxf38zg5c`.
pub(crate) fn package_without_version(name: &str) -> String {
    let cut = name.match_indices(['-', '_']).find(|(at, sep)| {
        let next = name.get(at + 1..).unwrap_or_default();
        let publisher_hash =
            *sep == "_" && next.len() == 13 && next.bytes().all(|c| c.is_ascii_alphanumeric());
        *at > 0 && (publisher_hash || next.starts_with(|c: char| c.is_ascii_digit()))
    });
    match cut {
        Some((at, _)) => name.get(..at).unwrap_or(name).to_owned(),
        None => name.to_owned(),
    }
}

/// The host in a domain, a URL, `host:port`, `*.host` or a mail address.
pub(crate) fn host(text: &str) -> String {
    // Lists write patterns: `*.host`, `*host`, `.host`.
    let lower = text
        .trim_start_matches(|c: char| c == '*' || c == '.' || c.is_whitespace())
        .to_lowercase();
    let rest = lower
        .split_once("://")
        .map_or(lower.as_str(), |(_, rest)| rest);
    let rest = rest.split(['/', '?', '#', ' ']).next().unwrap_or_default();
    let rest = rest.rsplit_once('@').map_or(rest, |(_, host)| host);
    let rest = rest.split(':').next().unwrap_or_default();
    rest.trim_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_have_one_form() {
        for text in [
            r"C:\Users\ann\AppData\Local\Dropbox\",
            r"%LOCALAPPDATA%\Dropbox",
            r"c:/users/bob b/appdata/local/dropbox",
            r"\\?\D:\Users\x\AppData\Local\Dropbox",
            r"\Device\HarddiskVolume3\Users\x\AppData\Local\Dropbox",
            r"C:\Documents and Settings\x\Local Settings\Application Data\Dropbox",
            r"\AppData\Local\Dropbox\",
            r"*\AppData\Local\Dropbox",
            r"C:\Windows\System32\config\systemprofile\AppData\Local\Dropbox",
        ] {
            assert_eq!(path(Os::Windows, text), "~/appdata/local/dropbox", "{text}");
        }
        for text in [
            r"C:\Program Files (x86)\Dropbox",
            r"%ProgramFiles%\Dropbox\",
            r"\Program Files\Dropbox",
            r"C:\Program Files*\Dropbox",
        ] {
            assert_eq!(path(Os::Windows, text), "%pf%/dropbox", "{text}");
        }
        for text in [
            "/home/ann/.dropbox",
            "$HOME/.dropbox",
            "~/.dropbox/",
            "/root/.dropbox",
            "/var/home/a/.dropbox",
        ] {
            assert_eq!(path(Os::Linux, text), "~/.dropbox", "{text}");
        }
        for text in [
            "/Users/ann/Library/Dropbox",
            "~/library/dropbox",
            "/System/Volumes/Data/Users/x/Library/Dropbox",
        ] {
            assert_eq!(path(Os::Macos, text), "~/library/dropbox", "{text}");
        }
        assert_eq!(
            path(Os::Macos, "~/Applications/Slack.app"),
            "/applications/slack.app"
        );
        assert_eq!(path(Os::Linux, "/bin/rclone (deleted)"), "/usr/bin/rclone");
    }

    #[test]
    fn names_lose_their_versions() {
        assert_eq!(bare_name("Nextcloud-3.13.0-x86_64.AppImage"), "Nextcloud");
        assert_eq!(bare_name("AnyDesk (1).exe"), "AnyDesk");
        assert_eq!(bare_name("MEGAsync_5.2-1_amd64"), "MEGAsync");
        assert_eq!(bare_name("rclone-v1.65.2-windows-amd64.exe"), "rclone");
        assert_eq!(bare_name("signal-desktop"), "signal-desktop");
        assert_eq!(
            without_version(&display("Zoom Workplace (64-bit)")),
            "zoom workplace"
        );
        assert_eq!(without_version(&display("Dropbox 221.4.5365")), "dropbox");
        assert_eq!(
            without_version(&display("Mozilla Thunderbird (x64 en-US)")),
            "mozilla thunderbird"
        );
        assert_eq!(
            without_common_words(&display("TeamViewer 15 Host")),
            "teamviewer"
        );
        assert_eq!(
            package_without_version(&package("dropbox-2020.03.04-1.fc33.x86_64")),
            "dropbox"
        );
        assert_eq!(
            package_without_version(&package("MEGAsync_5.2-1_amd64")),
            "megasync"
        );
        assert_eq!(
            package_without_version(&package("MSTeams_8wekyb3d8bbwe")),
            "msteams"
        );
        assert_eq!(package(" dpkg:megasync:amd64"), "megasync");
        assert_eq!(
            host("https://ann@www.dropbox.com:443/home?x"),
            "www.dropbox.com"
        );
    }
}
