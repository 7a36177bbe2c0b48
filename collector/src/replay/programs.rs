//! A program of a foreign log in our words: where it lies, who ran it, which app of the catalog it is.
//!
//! Names of people are cut out of paths as the agent would do it: a history is no reason to store more.

use weft_collector_core::{
    detect::process::place as detect_place,
    event::{App, Observed, Process},
};
use weft_proto_catalog::{Catalog, Context, FactKind, Match, Os, State};

/// The file's name, of a path of any system.
pub fn base_name(path: &str) -> &str {
    path.rsplit(['/', '\\']).next().unwrap_or(path)
}

/// The path without its person: what lies under a home begins with "~".
pub fn without_home(path: &str) -> String {
    let slashed = path.replace('\\', "/");
    let lower = slashed.to_lowercase();
    for home in ["/users/", "/home/", "/documents and settings/"] {
        // On Windows a drive stands before it.
        let at = lower
            .find(home)
            .filter(|at| *at == 0 || (*at == 2 && lower.as_bytes().get(1) == Some(&b':')));
        if let Some(at) = at {
            let rest = &slashed[at + home.len()..];
            // Folders that belong to nobody: what lies there lies open, and that must be seen.
            if ["public/", "all users/", "default/", "shared/"]
                .iter()
                .any(|nobodys| rest.to_lowercase().starts_with(nobodys))
            {
                return path.to_owned();
            }
            return match rest.split_once('/') {
                Some((_, below)) => format!("~/{below}"),
                None => "~".to_owned(),
            };
        }
    }
    match lower.strip_prefix("/root/") {
        Some(_) => format!("~/{}", &slashed["/root/".len()..]),
        None => path.to_owned(),
    }
}

/// The place's class, in the words of the proto.
pub fn place(path: &str) -> &'static str {
    let path = path.replace('\\', "/").to_lowercase();
    let bare = path
        .get(2..)
        .filter(|_| path.as_bytes().get(1) == Some(&b':'))
        .unwrap_or(&path);
    let begins = |places: &[&str]| places.iter().any(|place| bare.starts_with(place));
    let holds = |places: &[&str]| places.iter().any(|place| bare.contains(place));
    if bare.is_empty() {
        "unknown"
    } else if path.starts_with("//") {
        "network"
    } else if begins(&[
        "/tmp/",
        "/var/tmp/",
        "/dev/shm/",
        "/private/tmp/",
        "/windows/temp/",
    ]) || holds(&["/appdata/local/temp/"])
    {
        "temp"
    } else if begins(&["/home/", "/users/", "/root/", "/documents and settings/"]) {
        "home"
    } else if begins(&["/media/", "/mnt/", "/run/media/", "/volumes/"]) {
        "removable"
    } else if begins(&[
        "/windows/",
        "/bin/",
        "/sbin/",
        "/usr/",
        "/lib/",
        "/lib64/",
        "/system/",
    ]) {
        "system_path"
    } else if begins(&[
        "/program files",
        "/programdata/",
        "/opt/",
        "/snap/",
        "/applications/",
        "/library/",
    ]) {
        "program_path"
    } else {
        "other_place"
    }
}

/// Where a parent lies: as [`place`], with two finer classes for what anybody writes and what was just fetched.
pub fn parent_place(path: &str) -> &'static str {
    match place(path) {
        _ if detect_place::is_open(path) => "open",
        "home" if detect_place::is_fetched(path) => "fetched",
        class => class,
    }
}

/// The account's class; its name goes no further.
pub fn user_class(user: &str) -> &'static str {
    let user = user.to_lowercase();
    let name = base_name(&user);
    match name {
        "" | "-" => "unknown",
        "system" | "root" => "system",
        "local service" | "network service" | "lokaler dienst" | "netzwerkdienst" => "service",
        _ if user.starts_with("nt service")
            || user.starts_with("font driver host")
            || user.starts_with("window manager") =>
        {
            "service"
        }
        _ if name.starts_with('_') => "service",
        _ => "person",
    }
}

/// What is known of an app beside the evidence itself.
pub fn app(os: Os, kind: FactKind, value: &str, context: &Context) -> Option<Observed> {
    Catalog::builtin()
        .matches(os, kind, value, context)
        .map(|found| Observed::App(observed(&found)))
}

fn observed(found: &Match<'_>) -> App {
    App {
        app: found.app.to_owned(),
        name: found.name.to_owned(),
        category: word(&found.category),
        state: match found.state {
            State::FolderLeft => "folder_left",
            State::Installed => "installed",
            State::SignedIn => "signed_in",
            State::RunningNow => "running_now",
        }
        .to_owned(),
        confidence: found.confidence,
        evidence: vec![found.why.clone()],
        flags: found.flags.iter().map(word).collect(),
        ..App::default()
    }
}

/// The public word of an enum value.
fn word(value: &impl serde::Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => word,
        _ => String::new(),
    }
}

/// A program that ran, with what every log knows.
pub fn process(path: &str, parent_path: &str, user_class: &str, starts: u32) -> Process {
    Process {
        executable_name: base_name(path).to_owned(),
        executable_path: without_home(path),
        parent_executable_name: base_name(parent_path).to_owned(),
        user_class: user_class.to_owned(),
        place: place(path).to_owned(),
        starts,
        ..Process::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_lose_their_person_and_keep_their_place() {
        let check = |path: &str, bare: &str, lies: &str| {
            assert_eq!(
                (without_home(path).as_str(), place(path)),
                (bare, lies),
                "{path}"
            );
        };
        check(
            r"C:\Users\anna\AppData\Roaming\x.exe",
            "~/AppData/Roaming/x.exe",
            "home",
        );
        check(
            r"C:\Users\anna\AppData\Local\Temp\x.exe",
            "~/AppData/Local/Temp/x.exe",
            "temp",
        );
        check(
            r"C:\Windows\System32\svchost.exe",
            r"C:\Windows\System32\svchost.exe",
            "system_path",
        );
        check(r"C:\Users\Public\x.exe", r"C:\Users\Public\x.exe", "home");
        check("/home/anna/bin/x", "~/bin/x", "home");
        check("/tmp/.x", "/tmp/.x", "temp");
        check("/usr/sbin/cupsd", "/usr/sbin/cupsd", "system_path");
        check(r"\\server\share\x.exe", r"\\server\share\x.exe", "network");
        check(
            "/Applications/Dropbox.app/Contents/MacOS/Dropbox",
            "/Applications/Dropbox.app/Contents/MacOS/Dropbox",
            "program_path",
        );
        check("", "", "unknown");
    }

    #[test]
    fn accounts_become_classes() {
        assert_eq!(user_class(r"NT AUTHORITY\SYSTEM"), "system");
        assert_eq!(user_class(r"NT AUTHORITY\LOCAL SERVICE"), "service");
        assert_eq!(user_class(r"ACME\anna"), "person");
        assert_eq!(user_class("root"), "system");
    }
}
