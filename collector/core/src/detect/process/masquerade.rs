//! Programs that wear another's name: a look-alike spelling, the right name in the wrong place, a system's name under a
//! person.
//!
//! **Invariant: only the operating systems' own names are known here**, each with where it lives and who runs it.

use crate::detect::process::identity::{normalised_name, slashed};

/// Who may run a system program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Under {
    SystemOnly,
    Anybody,
    /// A kernel thread: it has no file.
    Kernel,
}

/// Names that others pretend to be, from the systems' own documentation of their processes.
const SYSTEM_NAMES: [(&str, Under); 62] = [
    ("svchost.exe", Under::Anybody),
    ("lsass.exe", Under::SystemOnly),
    ("csrss.exe", Under::SystemOnly),
    ("services.exe", Under::SystemOnly),
    ("winlogon.exe", Under::SystemOnly),
    ("smss.exe", Under::SystemOnly),
    ("wininit.exe", Under::SystemOnly),
    ("spoolsv.exe", Under::SystemOnly),
    ("lsaiso.exe", Under::SystemOnly),
    ("fontdrvhost.exe", Under::Anybody),
    ("explorer.exe", Under::Anybody),
    ("taskhostw.exe", Under::Anybody),
    ("taskhost.exe", Under::Anybody),
    ("taskmgr.exe", Under::Anybody),
    ("dwm.exe", Under::Anybody),
    ("conhost.exe", Under::Anybody),
    ("rundll32.exe", Under::Anybody),
    ("regsvr32.exe", Under::Anybody),
    ("dllhost.exe", Under::Anybody),
    ("runtimebroker.exe", Under::Anybody),
    ("searchindexer.exe", Under::SystemOnly),
    ("ctfmon.exe", Under::Anybody),
    ("sihost.exe", Under::Anybody),
    ("userinit.exe", Under::Anybody),
    ("wmiprvse.exe", Under::Anybody),
    ("audiodg.exe", Under::Anybody),
    ("logonui.exe", Under::SystemOnly),
    ("wscript.exe", Under::Anybody),
    ("cscript.exe", Under::Anybody),
    ("mshta.exe", Under::Anybody),
    ("certutil.exe", Under::Anybody),
    ("cmd.exe", Under::Anybody),
    ("powershell.exe", Under::Anybody),
    ("schtasks.exe", Under::Anybody),
    ("backgroundtaskhost.exe", Under::Anybody),
    ("systemd", Under::Anybody),
    ("systemd-journald", Under::Anybody),
    ("systemd-logind", Under::SystemOnly),
    ("systemd-udevd", Under::SystemOnly),
    ("systemd-resolved", Under::Anybody),
    ("networkmanager", Under::SystemOnly),
    ("dbus-daemon", Under::Anybody),
    ("polkitd", Under::Anybody),
    ("rsyslogd", Under::Anybody),
    ("gnome-shell", Under::Anybody),
    ("sshd", Under::Anybody),
    ("cron", Under::SystemOnly),
    ("crond", Under::SystemOnly),
    ("agetty", Under::SystemOnly),
    ("kworker", Under::Kernel),
    ("kthreadd", Under::Kernel),
    ("ksoftirqd", Under::Kernel),
    ("kswapd0", Under::Kernel),
    ("kdevtmpfs", Under::Kernel),
    ("migration", Under::Kernel),
    ("launchd", Under::Anybody),
    ("windowserver", Under::Anybody),
    ("kernel_task", Under::Kernel),
    ("loginwindow", Under::Anybody),
    ("coreaudiod", Under::Anybody),
    ("securityd", Under::Anybody),
    ("mdworker", Under::Anybody),
];

/// Folders that only an administrator writes; a program there was put there by the system or its installer.
const SYSTEM_FOLDERS: [&str; 17] = [
    "/usr/",
    "/bin/",
    "/sbin/",
    "/lib/",
    "/lib64/",
    "/opt/",
    "/snap/",
    "/nix/store/",
    "/system/",
    "/library/",
    "/applications/",
    "c:/windows/system32/",
    "c:/windows/syswow64/",
    "c:/windows/winsxs/",
    "c:/program files/",
    "c:/program files (x86)/",
    "c:/programdata/microsoft/",
];

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Masquerade {
    /// Spelled almost like this system program.
    LookAlike(&'static str),
    /// This system program's name, elsewhere.
    WrongPlace(&'static str),
    /// This system program's name, run by a person.
    WrongUser(&'static str),
}

impl Masquerade {
    pub fn words(&self, name: &str, place: &str) -> String {
        match self {
            Self::LookAlike(like) => {
                format!("Its name \"{name}\" is spelled almost like the system's own \"{like}\".")
            }
            Self::WrongPlace(like) => format!(
                "It calls itself \"{like}\" like a program of the system, but lies in {}.",
                place_words(place)
            ),
            Self::WrongUser(like) => {
                format!(
                    "It calls itself \"{like}\", which only the system itself runs, but a person's account runs it."
                )
            }
        }
    }
}

/// What a name pretends to be, if anything. `path` may be empty.
pub fn judge(name: &str, path: &str, place: &str, user_class: &str) -> Option<Masquerade> {
    let raw = slashed(name);
    let raw = raw.trim_start_matches('[').trim_end_matches(']');
    let head = raw.split(['/', ':']).next().unwrap_or(raw);
    if let Some((known, under)) = SYSTEM_NAMES.iter().find(|(known, _)| *known == head) {
        return wrong_place(known, *under, path, place, user_class);
    }
    let plain = normalised_name(name);
    SYSTEM_NAMES
        .iter()
        .find(|(known, _)| looks_like(&plain, known) || looks_like(head, known))
        .map(|(known, _)| Masquerade::LookAlike(known))
}

/// True when the file lies where only an administrator writes.
pub fn in_system_folder(path: &str) -> bool {
    let path = slashed(path);
    SYSTEM_FOLDERS.iter().any(|folder| path.starts_with(folder))
        || path
            .strip_prefix("c:/windows/")
            .is_some_and(|rest| !rest.contains('/'))
}

pub fn place_words(place: &str) -> &'static str {
    match place {
        "system_path" => "a system folder",
        "program_path" => "a program folder",
        "home" => "a person's home folder",
        "temp" => "a temporary folder",
        "removable" => "a removable drive",
        "network" => "a network drive",
        "container" => "a container",
        "deleted" => "a file that was deleted while it runs",
        "memory_only" => "memory only, without a file",
        _ => "an unusual folder",
    }
}

fn wrong_place(
    known: &'static str,
    under: Under,
    path: &str,
    place: &str,
    user_class: &str,
) -> Option<Masquerade> {
    let at_home = match place {
        "" | "container" => true,
        "system_path" => {
            path.is_empty() || in_system_folder(path) || !slashed(path).starts_with("c:/")
        }
        // An updated program keeps running from its deleted file.
        "deleted" | "program_path" | "other_place" => in_system_folder(path),
        "memory_only" => under == Under::Kernel,
        _ => false,
    };
    if under == Under::Kernel && !matches!(place, "" | "memory_only") {
        return Some(Masquerade::WrongPlace(known));
    }
    if !at_home {
        return Some(Masquerade::WrongPlace(known));
    }
    (under == Under::SystemOnly && user_class == "person").then_some(Masquerade::WrongUser(known))
}

/// Same once look-alike letters are made equal, or one slip of the finger away; short names are too close to everything.
fn looks_like(name: &str, known: &str) -> bool {
    let shortest = if known.ends_with(".exe") { 5 } else { 6 };
    if name == known || SYSTEM_NAMES.iter().any(|(other, _)| *other == name) {
        return false;
    }
    let (stem, known_stem) = (stem(name), stem(known));
    if known.ends_with(".exe") != name.ends_with(".exe") && stem != known_stem {
        // A Linux tool that happens to be close to a Windows name is a coincidence.
        return false;
    }
    if stem == known_stem {
        return false;
    }
    if skeleton(stem) == skeleton(known_stem) {
        return true;
    }
    let same_start = stem.chars().next() == known_stem.chars().next();
    known_stem.chars().count() >= shortest
        && stem.chars().count() + 1 >= shortest
        && same_start
        && strsim::osa_distance(stem, known_stem) == 1
        && !is_plain_variant(stem, known_stem)
}

/// "systemd1", "taskhosts": a digit or plural at the end is how versions and families are named.
fn is_plain_variant(stem: &str, known: &str) -> bool {
    let longer = stem
        .strip_prefix(known)
        .is_some_and(|rest| rest.chars().all(|c| c.is_ascii_digit()));
    let shorter = known.strip_prefix(stem).is_some_and(|rest| rest == "d");
    longer || shorter
}

fn stem(name: &str) -> &str {
    name.strip_suffix(".exe").unwrap_or(name)
}

/// Letters that look alike become one: 0 and o, 1 and l and i, rn and m, vv and w, Cyrillic and Greek twins.
fn skeleton(name: &str) -> String {
    let letters: String = name
        .chars()
        .filter_map(|c| match c {
            '0' | 'о' | 'ο' | 'ö' => Some('o'),
            '1' | 'i' | '|' | 'і' | 'ı' | 'í' => Some('l'),
            '5' | 'ѕ' => Some('s'),
            '3' | 'е' | 'ε' | 'é' => Some('e'),
            'а' | 'α' | '@' => Some('a'),
            'с' => Some('c'),
            'р' | 'ρ' => Some('p'),
            'х' => Some('x'),
            'у' => Some('y'),
            'һ' => Some('h'),
            // Marks that nobody sees.
            '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}' | '\u{feff}' | ' ' => {
                None
            }
            other => Some(other),
        })
        .collect();
    letters.replace("rn", "m").replace("vv", "w")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn borrowed_names_are_seen() {
        for name in [
            "scvhost.exe",
            "svch0st.exe",
            "svhost.exe",
            "lsasss.exe",
            "exp1orer.exe",
            "winIogon.exe",
            "svсhost.exe",
            "rundII32.exe",
        ] {
            assert!(
                matches!(
                    judge(name, "", "home", "person"),
                    Some(Masquerade::LookAlike(_))
                ),
                "{name}"
            );
        }
        assert!(matches!(
            judge(
                "svchost.exe",
                r"C:\Users\Public\svchost.exe",
                "other_place",
                "person"
            ),
            Some(Masquerade::WrongPlace(_))
        ));
        assert!(matches!(
            judge(
                "lsass.exe",
                r"C:\Windows\System32\lsass.exe",
                "system_path",
                "person"
            ),
            Some(Masquerade::WrongUser(_))
        ));
        assert!(matches!(
            judge("[kworker/0:1]", "~/.cache/x", "home", "person"),
            Some(Masquerade::WrongPlace(_))
        ));
    }

    #[test]
    fn honest_names_are_left_alone() {
        for (name, path, place, user) in [
            (
                "svchost.exe",
                r"C:\Windows\System32\svchost.exe",
                "system_path",
                "system",
            ),
            (
                "explorer.exe",
                r"C:\Windows\explorer.exe",
                "system_path",
                "person",
            ),
            ("kworker/3:1-events", "", "memory_only", "system"),
            ("systemd", "/usr/lib/systemd/systemd", "deleted", "system"),
            ("sshd", "/usr/sbin/sshd", "system_path", "system"),
            ("systemctl", "/usr/bin/systemctl", "system_path", "person"),
            ("cron", "/usr/sbin/cron", "system_path", "system"),
            (
                "iexplore.exe",
                r"C:\Program Files\Internet Explorer\iexplore.exe",
                "program_path",
                "person",
            ),
            ("code", "/usr/share/code/code", "program_path", "person"),
            ("chrome.exe", "", "program_path", "person"),
        ] {
            assert_eq!(judge(name, path, place, user), None, "{name}");
        }
    }
}
