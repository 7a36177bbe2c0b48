//! The name of a program that stays the same when only its version, its build or its temporary folder changes.
//!
//! **Invariant: pure text to text.** The agent's store and the detectors call the same function, so that "the same program"
//! means one thing. The strongest provenance wins:
//!
//! | what is known | identity | because |
//! | --- | --- | --- |
//! | owning package | `package:<manager:name>:<name>` | an update is the same program |
//! | signer | `signed:<signer>:<name>` | self-updating browsers change content and folder weekly |
//! | a place where programs are *made* | `built:<workshop>:<name>` | a developer's compiler makes new content every minute |
//! | content | `content:<sha256>` | the same unknown file under ten names is one program |
//! | nothing else | `named:<place>:<normalised path or name>` | the best that is left |

use std::sync::LazyLock;

use regex::Regex;

use crate::evidence::ProcessIdentity;

/// Folders in which software is made; what runs from there is a work in progress of the person at the keyboard.
const WORKSHOPS: [&str; 24] = [
    "/target/debug/",
    "/target/release/",
    "/node_modules/",
    "/.venv/",
    "/venv/",
    "/site-packages/",
    "/cmake-build",
    "/build/",
    "/go-build",
    "/go/bin/",
    "/deriveddata/",
    "/bazel-",
    "/.gradle/",
    "/bin/debug/",
    "/bin/release/",
    "/obj/debug/",
    "/.rustup/",
    "/.cargo/",
    "/.pyenv/",
    "/.rbenv/",
    "/.nvm/",
    "/.sdkman/",
    "/miniconda3/",
    "/anaconda3/",
];
/// The agent's word for it, where the redactor left nothing of the path to see it by.
const WORKSHOP: &str = "workshop";

struct Pattern {
    find: Regex,
    put: &'static str,
}

/// In this order: the longer and more certain shapes first.
static PATTERNS: LazyLock<Vec<Pattern>> = LazyLock::new(|| {
    [
        (r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "{id}"),
        (r"\b[0-9a-f]{12,64}\b", "{hash}"),
        (r"_mei\d+", "{temp}"),
        (r"\b(?:tmp|temp|is-|nsi|nsu|pip-|npx-|mkinst|sfx|7z)[._-]?[0-9a-z_]{5,}\b", "{temp}"),
        (r"(?:\bv)?\d{1,4}(?:[._]\d+){1,4}(?:[-_.+]?(?:alpha|beta|rc|dev|stable|lts|[a-f0-9]{7,})\d*)?", "{version}"),
        (r"\b\d{5,}\b", "{number}"),
    ]
    .into_iter()
    .filter_map(|(find, put)| Regex::new(find).ok().map(|find| Pattern { find, put }))
    .collect()
});

/// See the head comment. Arguments are the fields of a process observation, empty where unknown.
pub fn identity(
    name: &str,
    path: &str,
    sha256: &str,
    package: &str,
    signer: &str,
    place: &str,
) -> String {
    let plain = normalised_name(name);
    let package = package_name(package);
    if !package.is_empty() {
        return format!("package:{package}:{plain}");
    }
    let signer = signer.trim().to_lowercase();
    if !signer.is_empty() {
        return format!("signed:{signer}:{plain}");
    }
    let slashed = slashed(path);
    if let Some(workshop) = WORKSHOPS
        .iter()
        .find(|workshop| slashed.contains(**workshop))
    {
        return format!("built:{}:{plain}", workshop.trim_matches('/'));
    }
    let sha256 = sha256.trim().to_lowercase();
    if !sha256.is_empty() {
        return format!("content:{sha256}");
    }
    let place = if place.is_empty() { "unknown" } else { place };
    let path = normalised_path(path);
    let what = if path.is_empty() { plain } else { path };
    format!("named:{place}:{what}")
}

/// [`identity`] of a program as it was told, its traits included.
pub fn identity_of(about: &ProcessIdentity) -> String {
    let nobodys = about.package.trim().is_empty() && about.signer.trim().is_empty();
    if nobodys && is_told_workshop(about) {
        let plain = normalised_name(&about.executable_name);
        return format!("built:{WORKSHOP}:{plain}");
    }
    identity(
        &about.executable_name,
        &about.executable_path,
        &about.executable_sha256,
        &about.package,
        &about.signer,
        &about.place,
    )
}

fn is_told_workshop(about: &ProcessIdentity) -> bool {
    about.traits.iter().any(|one| one == WORKSHOP)
}

/// Lower case, no versions: "Python3.11" and "python3.12" are both "{version}"-free "python".
pub fn normalised_name(name: &str) -> String {
    let lower = slashed(name);
    let lower = lower.trim_start_matches('[').trim_end_matches(']');
    // Linux names kernel helpers per CPU: kworker/3:1-events is no path.
    let base = match lower.split_once('/') {
        Some((head, rest))
            if !head.is_empty()
                && !head.contains(':')
                && rest.starts_with(|c: char| c.is_ascii_digit() || c == 'u')
                && !rest.contains('/') =>
        {
            head
        }
        _ => lower.rsplit('/').next().unwrap_or("").trim(),
    };
    let (stem, extension) = match base.rsplit_once('.') {
        Some((stem, extension))
            if matches!(
                extension,
                "exe" | "com" | "scr" | "dll" | "sh" | "py" | "ps1" | "bin" | "appimage"
            ) =>
        {
            (stem, extension)
        }
        _ => (base, ""),
    };
    let mut stem = replaced(stem);
    if let Some(cut) = stem.find("{version}") {
        let head = stem[..cut]
            .trim_end_matches(['-', '_', ' ', '.'])
            .to_owned();
        if !head.is_empty() {
            stem = head;
        }
    }
    if extension.is_empty() {
        stem
    } else {
        format!("{stem}.{extension}")
    }
}

/// Lower case, forward slashes, one home, versions, hashes and temporary names replaced.
pub fn normalised_path(path: &str) -> String {
    let mut path = slashed(path);
    for home in ["c:/users/", "/home/", "/users/"] {
        if let Some(rest) = path.strip_prefix(home) {
            let below = rest.split_once('/').map_or("", |(_, below)| below);
            path = format!("~/{below}");
        }
    }
    path.split('/').map(replaced).collect::<Vec<_>>().join("/")
}

/// "dpkg:firefox@128.0" is "dpkg:firefox".
pub fn package_name(package: &str) -> String {
    let package = package.trim().to_lowercase();
    package.split('@').next().unwrap_or("").to_owned()
}

/// True when the path lies in a folder in which software is made.
pub fn in_workshop(path: &str) -> bool {
    let path = slashed(path);
    WORKSHOPS.iter().any(|workshop| path.contains(workshop))
}

/// The same of a program, by its path or by the agent's word.
pub fn is_made_here(about: &ProcessIdentity) -> bool {
    is_told_workshop(about) || in_workshop(&about.executable_path)
}

pub(super) fn slashed(path: &str) -> String {
    path.trim().to_lowercase().replace('\\', "/")
}

fn replaced(text: &str) -> String {
    let mut text = text.to_owned();
    for pattern in PATTERNS.iter() {
        text = pattern.find.replace_all(&text, pattern.put).into_owned();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn same(a: [&str; 6], b: [&str; 6]) {
        let of = |f: [&str; 6]| identity(f[0], f[1], f[2], f[3], f[4], f[5]);
        assert_eq!(of(a), of(b));
    }

    #[test]
    fn an_update_is_the_same_program() {
        same(
            [
                "firefox",
                "/usr/lib/firefox/firefox",
                "aa",
                "dpkg:firefox@128.0",
                "",
                "program_path",
            ],
            [
                "firefox",
                "/usr/lib/firefox/firefox",
                "bb",
                "dpkg:firefox@129.0",
                "",
                "program_path",
            ],
        );
        same(
            [
                "Slack.exe",
                r"C:\Users\a\AppData\Local\slack\app-4.36.140\slack.exe",
                "aa",
                "",
                "Slack Technologies",
                "home",
            ],
            [
                "slack.exe",
                r"C:\Users\b\AppData\Local\slack\app-4.37.0\slack.exe",
                "bb",
                "",
                "Slack Technologies",
                "home",
            ],
        );
    }

    #[test]
    fn what_a_compiler_makes_is_work_in_progress() {
        same(
            ["app", "~/src/app/target/debug/app", "aa", "", "", "home"],
            ["app", "~/src/app/target/debug/app", "bb", "", "", "home"],
        );
    }

    #[test]
    fn one_unknown_file_under_two_names_is_one_program() {
        same(
            ["update", "/tmp/.x/update", "cc", "", "", "temp"],
            ["kworkerd", "~/.cache/kworkerd", "CC", "", "", "home"],
        );
    }

    #[test]
    fn temporary_names_do_not_make_new_programs() {
        same(
            ["setup", "/tmp/tmpab12cd9x/setup", "", "", "", "temp"],
            ["setup", "/tmp/tmpzz91kk2q/setup", "", "", "", "temp"],
        );
        same(
            [
                "tool",
                r"C:\Users\x\AppData\Local\Temp\_MEI12345\tool.exe",
                "",
                "",
                "",
                "temp",
            ],
            [
                "tool",
                r"C:\Users\y\AppData\Local\Temp\_MEI99\tool.exe",
                "",
                "",
                "",
                "temp",
            ],
        );
    }

    #[test]
    fn names_lose_their_versions_and_keep_themselves() {
        assert_eq!(normalised_name("python3.11"), "python");
        assert_eq!(normalised_name("rundll32.exe"), "rundll32.exe");
        assert_eq!(normalised_name("svchost.exe"), "svchost.exe");
        assert_eq!(normalised_name("kworker/3:1-events"), "kworker");
        assert_eq!(normalised_name("/usr/bin/bash"), "bash");
        assert_eq!(normalised_name("7zFM.exe"), "7zfm.exe");
    }
}
