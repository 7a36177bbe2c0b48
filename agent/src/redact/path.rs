//! Paths: which part of one may travel.
//!
//! Invariant: an allow-list. A path that lies in no public place keeps its first component only, so a place that nobody
//! thought of leaks nothing.

use std::borrow::Cow;

/// Places that packages and administrators fill; what lies there was named by a vendor.
const PUBLIC: [&str; 24] = [
    "/usr",
    "/bin",
    "/sbin",
    "/lib",
    "/lib32",
    "/lib64",
    "/libx32",
    "/opt",
    "/etc",
    "/boot",
    "/nix/store",
    "/gnu/store",
    "/snap",
    "/var/lib/flatpak",
    "/var/lib/snapd",
    "/app",
    "/System",
    "/Applications",
    "/Library",
    r"C:\Windows",
    r"C:\Program Files",
    r"C:\Program Files (x86)",
    r"C:\ProgramData",
    "/memfd:",
];

/// Roots of homes when the account database does not name them.
const HOMES: [&str; 7] = [
    "/home/",
    "/Users/",
    "/var/home/",
    r"C:\Users\",
    "/root",
    "/var/root",
    "/export/home/",
];

/// Two components are needed to say what kind of place these are; what follows is personal.
const TWO_PARTS: [&str; 6] = [
    "/run/user",
    "/run/media",
    "/var/tmp",
    "/var/lib",
    "/var/run",
    "/dev/shm",
];

/// Directories in a drive's root that Windows or its installers make; any other may be a person's.
const DRIVE_ROOTS: [&str; 5] = [
    "Temp",
    "Windows.old",
    "PerfLogs",
    "$Recycle.Bin",
    "Recovery",
];

/// What remains of a path. `homes` are this machine's homes, `depth` the policy's.
pub(super) fn cut(path: &str, homes: &[String], depth: u32) -> String {
    let plain = without_prefix(path);
    let path = plain.as_ref();
    // A share: server, share and folders are the organisation's or a person's.
    if path.starts_with(r"\\") {
        return r"\\".to_owned();
    }
    if let Some(rest) = below_home(path, homes) {
        return below_tilde(rest, depth);
    }
    // "~user/..." and "~/..." as others write them.
    if let Some(rest) = path.strip_prefix('~') {
        return below_tilde(
            rest.find(['/', '\\'])
                .and_then(|at| rest.get(at..))
                .unwrap_or_default(),
            depth,
        );
    }
    if PUBLIC.iter().any(|place| is_below(path, place)) {
        return path.to_owned();
    }
    if path.starts_with('\\') {
        return r"\".to_owned();
    }
    if !path.starts_with('/') && !is_drive(path) {
        return path.to_owned();
    }
    TWO_PARTS
        .iter()
        .find(|place| is_below(path, place))
        .map_or_else(|| first_part(path), |place| (*place).to_owned())
}

/// Begins where a path of some system begins.
pub(super) fn is_rooted(text: &str) -> bool {
    text.starts_with(['/', '~']) || text.starts_with(r"\") || is_drive(text)
}

/// The path behind what Windows' own interfaces put in front: `\\?\C:\x`, `\??\C:\x`, `\Device\HarddiskVolume3\x`.
fn without_prefix(path: &str) -> Cow<'_, str> {
    for prefix in [r"\\?\UNC", r"\\?\", r"\??\", r"\\.\"] {
        if let Some(rest) = strip_ignoring_case(path, prefix) {
            return match prefix.ends_with("UNC") {
                true => Cow::Owned(format!(r"\{rest}")),
                false => Cow::Borrowed(rest),
            };
        }
    }
    // The kernel numbers volumes; the system's own is C: to everybody else.
    strip_ignoring_case(path, r"\Device\HarddiskVolume")
        .map(|rest| rest.trim_start_matches(|c: char| c.is_ascii_digit()))
        .map_or(Cow::Borrowed(path), |rest| Cow::Owned(format!("C:{rest}")))
}

/// What follows the home directory's name, if the path lies in one.
fn below_home<'a>(path: &'a str, homes: &[String]) -> Option<&'a str> {
    for home in homes {
        if let Some(rest) = strip_place(path, home) {
            return Some(rest);
        }
    }
    HOMES.iter().find_map(|root| {
        let rest = strip_ignoring_case(path, root)?;
        if !root.ends_with(['/', '\\']) {
            return (rest.is_empty() || rest.starts_with('/')).then_some(rest);
        }
        // The next component is the person.
        Some(
            rest.find(['/', '\\'])
                .and_then(|at| rest.get(at..))
                .unwrap_or_default(),
        )
    })
}

/// "~" and at most `depth` folders; the file's own name is in another field.
fn below_tilde(rest: &str, depth: u32) -> String {
    let folders: Vec<&str> = rest
        .split(['/', '\\'])
        .filter(|part| !part.is_empty())
        .collect();
    let folders = folders.split_last().map_or(&[][..], |(_, folders)| folders);
    let mut kept = String::from("~");
    for folder in folders.iter().take(depth as usize) {
        kept.push('/');
        kept.push_str(folder);
    }
    kept
}

fn first_part(path: &str) -> String {
    if is_drive(path) {
        let root = path.get(..3).unwrap_or_default();
        let name = path
            .get(3..)
            .and_then(|rest| rest.split(['/', '\\']).next());
        let known = DRIVE_ROOTS
            .iter()
            .find(|known| name.is_some_and(|name| name.eq_ignore_ascii_case(known)));
        return format!("{root}{}", known.unwrap_or(&""));
    }
    let separators = ['/', '\\'];
    let start = 1;
    let end = path
        .get(start..)
        .and_then(|rest| rest.find(separators))
        .map(|at| at + start);
    match end {
        Some(end) => path.get(..end).unwrap_or_default().to_owned(),
        // A file directly in the root: its name is not a place.
        None => path.get(..start).unwrap_or_default().to_owned(),
    }
}

fn is_drive(path: &str) -> bool {
    let bytes = path.as_bytes();
    matches!(bytes, [letter, b':', b'\\' | b'/', ..] if letter.is_ascii_alphabetic())
}

fn is_below(path: &str, place: &str) -> bool {
    place.ends_with(':') && path.starts_with(place) || strip_place(path, place).is_some()
}

fn strip_place<'a>(path: &'a str, place: &str) -> Option<&'a str> {
    let place = place.trim_end_matches(['/', '\\']);
    if place.is_empty() {
        return None;
    }
    strip_ignoring_case(path, place).filter(|rest| rest.is_empty() || rest.starts_with(['/', '\\']))
}

/// Windows and macOS do not mind case; erring towards "is a home" is the safe side elsewhere.
fn strip_ignoring_case<'a>(path: &'a str, prefix: &str) -> Option<&'a str> {
    let head = path.get(..prefix.len())?;
    head.eq_ignore_ascii_case(prefix)
        .then(|| path.get(prefix.len()..))
        .flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(path: &str, depth: u32, expect: &str) {
        assert_eq!(
            cut(path, &["/data/people/anna".to_owned()], depth),
            expect,
            "{path}"
        );
    }

    #[test]
    fn public_places_stay_and_personal_ones_are_cut() {
        check("/usr/bin/bash", 0, "/usr/bin/bash");
        check(
            r"C:\Windows\System32\svchost.exe",
            0,
            r"C:\Windows\System32\svchost.exe",
        );
        check("/opt/vendor/tool/bin/tool", 0, "/opt/vendor/tool/bin/tool");
        check("/home/anna/secret/tool", 0, "~");
        check("/home/anna/secret/deeper/tool", 1, "~/secret");
        check("/home/anna/tool", 3, "~");
        check("/root/x/tool", 0, "~");
        check("/rootkit/tool", 0, "/rootkit");
        check(r"c:\users\Anna\AppData\x.exe", 0, "~");
        check("/data/people/anna/x", 0, "~");
        check("~anna/x/y", 0, "~");
        check("/tmp/anna-secret/x", 0, "/tmp");
        check("/run/user/1000/x", 0, "/run/user");
        check("/media/anna/STICK/x", 0, "/media");
        check("/srv/projects/secret/x", 0, "/srv");
        check(r"D:\private\x.exe", 0, r"D:\");
        check(r"C:\Temp\x.exe", 0, r"C:\Temp");
        check(r"\\fileserver\anna$\secret\x.exe", 0, r"\\");
        check(r"\\?\UNC\fileserver\anna$\x.exe", 0, r"\\");
        check(r"\\?\C:\Users\anna\x.exe", 0, "~");
        check(r"\??\C:\Windows\x.exe", 0, r"C:\Windows\x.exe");
        check(r"\Device\HarddiskVolume3\Users\anna\x.exe", 0, "~");
        check(
            r"\Device\HarddiskVolume3\Program Files\x\x.exe",
            0,
            r"C:\Program Files\x\x.exe",
        );
        check(r"\secret\x.exe", 0, r"\");
        check("/secret-tool", 0, "/");
        check("/memfd:payload", 0, "/memfd:payload");
        check("", 0, "");
    }
}
