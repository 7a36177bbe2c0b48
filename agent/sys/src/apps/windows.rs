//! Apps' traces on Windows: installed software, Store packages, OneDrive's accounts, folders of programs and homes.
//!
//! Invariant: pure over a registry and a folder, both parameters; bounded; of an account only the domain behind the "@" and
//! the tenant leave this module; a home is always written "~".
//!
//! Sources: Microsoft Learn, "Uninstall Registry Key" and "Known folders"; OneDrive's account values as KapeFiles
//! (OneDrive_Metadata) and RECmd's batch file for OneDrive name them.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::{Home, RawFact};
use crate::files;
use crate::registry::Registry;

const MAX_HOMES: usize = 64;
const MAX_NAMES: usize = 2_000;
const MAX_FACTS: usize = 40_000;

const UNINSTALL: &str = r"SOFTWARE\Microsoft\Windows\CurrentVersion\Uninstall";
const UNINSTALL_32: &str = r"SOFTWARE\WOW6432Node\Microsoft\Windows\CurrentVersion\Uninstall";
const STORE: &str = r"Software\Classes\Local Settings\Software\Microsoft\Windows\CurrentVersion\AppModel\Repository\Packages";
const ONEDRIVE: &str = r"Software\Microsoft\OneDrive\Accounts";

/// Folders of programs, and how their entries are written.
const PROGRAMS: [(&str, &str); 3] = [
    ("Program Files", r"C:\Program Files"),
    ("Program Files (x86)", r"C:\Program Files (x86)"),
    ("ProgramData", r"C:\ProgramData"),
];

/// Directories of a home whose entries name apps.
const HOME_LEVELS: [&str; 9] = [
    "",
    "AppData/Local",
    "AppData/Local/Microsoft",
    "AppData/Local/Google",
    "AppData/Local/Programs",
    "AppData/Roaming",
    "AppData/Roaming/Microsoft",
    "Downloads",
    "scoop/apps",
];

/// Folders below `Users` that are nobody's.
const NOBODYS: [&str; 5] = [
    "public",
    "default",
    "default user",
    "all users",
    "defaultapppool",
];

/// All facts of a registry and of the disk at `drive`.
pub fn facts(registry: &dyn Registry, drive: &Path) -> Vec<RawFact> {
    let mut out = BTreeSet::new();
    for key in [UNINSTALL, UNINSTALL_32] {
        software(registry, &format!(r"HKLM\{key}"), false, &mut out);
    }
    for account in people(registry) {
        software(
            registry,
            &format!(r"HKU\{account}\{UNINSTALL}"),
            true,
            &mut out,
        );
        store(registry, &account, &mut out);
        onedrive(registry, &account, &mut out);
    }
    for (folder, written) in PROGRAMS {
        for name in files::names(&drive.join(folder), MAX_NAMES) {
            out.insert(fact("path", format!(r"{written}\{name}"), false));
        }
    }
    for home in homes(drive) {
        of_home(&home.path, &mut out);
    }
    out.into_iter().take(MAX_FACTS).collect()
}

fn fact(kind: &'static str, value: impl Into<String>, person_home: bool) -> RawFact {
    RawFact {
        kind,
        value: value.into(),
        person_home,
        ..RawFact::default()
    }
}

/// Accounts of people whose registry is loaded: those that are signed in.
fn people(registry: &dyn Registry) -> Vec<String> {
    registry
        .keys("HKU")
        .into_iter()
        .filter(|sid| {
            sid.to_ascii_lowercase().starts_with("s-1-5-21-")
                || sid.to_ascii_lowercase().starts_with("s-1-12-1-")
        })
        .filter(|sid| !sid.to_ascii_lowercase().ends_with("_classes"))
        .take(MAX_HOMES)
        .collect()
}

fn software(registry: &dyn Registry, key: &str, person: bool, out: &mut BTreeSet<RawFact>) {
    for entry in registry.keys(key).into_iter().take(MAX_NAMES) {
        let entry = format!(r"{key}\{entry}");
        // An update of something else is no program of its own.
        if registry.text(&entry, "ParentKeyName").is_some() {
            continue;
        }
        let Some(name) = registry
            .text(&entry, "DisplayName")
            .filter(|name| !name.is_empty())
        else {
            continue;
        };
        out.insert(RawFact {
            version: registry.text(&entry, "DisplayVersion").unwrap_or_default(),
            ..fact("installed_software", name, person)
        });
    }
}

/// "Microsoft.OneDriveSync_21.220.1024.5_neutral__8wekyb3d8bbwe".
fn store(registry: &dyn Registry, account: &str, out: &mut BTreeSet<RawFact>) {
    for full in registry
        .keys(&format!(r"HKU\{account}\{STORE}"))
        .into_iter()
        .take(MAX_NAMES)
    {
        let mut parts = full.split('_');
        let name = parts.next().unwrap_or_default().to_owned();
        let version = parts.next().unwrap_or_default().to_owned();
        if !name.is_empty() {
            out.insert(RawFact {
                version,
                ..fact("package", name, true)
            });
        }
    }
}

/// One fact for each account that is signed in: the service's host, with the account's domain and tenant beside it.
fn onedrive(registry: &dyn Registry, account: &str, out: &mut BTreeSet<RawFact>) {
    let accounts = format!(r"HKU\{account}\{ONEDRIVE}");
    for name in registry.keys(&accounts).into_iter().take(16) {
        let key = format!(r"{accounts}\{name}");
        let value = |what: &str| registry.text(&key, what).filter(|value| !value.is_empty());
        // The key stays when nobody is signed in any more; the folder and the address go.
        let Some(folder) = value("UserFolder") else {
            continue;
        };
        let host = value("ServiceEndpointUri")
            .or_else(|| value("SPOResourceId"))
            .and_then(|address| host_of(&address));
        let is_personal = name.eq_ignore_ascii_case("personal");
        out.insert(RawFact {
            account_domain: value("UserEmail")
                .and_then(|mail| Some(mail.rsplit_once('@')?.1.to_ascii_lowercase()))
                .unwrap_or_default(),
            tenant: if is_personal {
                "consumers".to_owned()
            } else {
                value("ConfiguredTenantId").unwrap_or_default()
            },
            ..fact(
                "domain",
                host.unwrap_or_else(|| "onedrive.live.com".to_owned()),
                true,
            )
        });
        // Only the folder's own name, and only where it lies directly in the home.
        let parts: Vec<&str> = folder.split('\\').collect();
        if let [_, users, _, own] = parts.as_slice()
            && users.eq_ignore_ascii_case("users")
        {
            out.insert(fact("path", format!(r"~\{own}"), true));
        }
    }
}

fn host_of(address: &str) -> Option<String> {
    let rest = address.split_once("://")?.1;
    let host = rest.split(['/', ':', '?']).next()?.to_ascii_lowercase();
    host.contains('.').then_some(host)
}

fn of_home(home: &Path, out: &mut BTreeSet<RawFact>) {
    for level in HOME_LEVELS {
        let directory = home.join(level);
        for name in files::names(&directory, MAX_NAMES) {
            let is_program =
                matches!(level, "" | "Downloads") && name.to_ascii_lowercase().ends_with(".exe");
            // Other loose files, and what lies in Downloads, are people's.
            let is_directory = level != "Downloads" && directory.join(&name).is_dir();
            if is_directory || is_program {
                let level = level.replace('/', r"\");
                let value = if level.is_empty() {
                    format!(r"~\{name}")
                } else {
                    format!(r"~\{level}\{name}")
                };
                out.insert(fact("path", value, true));
            }
        }
    }
}

/// People's homes on the disk at `drive`.
pub fn homes(drive: &Path) -> Vec<Home> {
    let users = drive.join("Users");
    files::names(&users, MAX_HOMES * 2)
        .into_iter()
        .filter(|name| !NOBODYS.contains(&name.to_ascii_lowercase().as_str()))
        .map(|name| users.join(name))
        .filter(|path| path.is_dir())
        .take(MAX_HOMES)
        .map(|path: PathBuf| Home { path, uid: 0 })
        .collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::registry::Recorded;

    /// In the form of `reg export`; values as the sources above describe them, names made up.
    const REG: &str = r#"
[HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\Windows\CurrentVersion\Uninstall\Dropbox]
"DisplayName"="Dropbox"
"DisplayVersion"="208.4.5824"
"Publisher"="Dropbox, Inc."
[HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\Windows\CurrentVersion\Uninstall\KB123]
"DisplayName"="Security Update"
"ParentKeyName"="OperatingSystem"
[HKEY_USERS\S-1-5-18\Software\Microsoft\OneDrive\Accounts\Personal]
"UserFolder"="C:\\x"
[HKEY_USERS\S-1-5-21-1-2-3-1001\Software\Microsoft\OneDrive\Accounts\Personal]
"UserFolder"="C:\\Users\\anna\\OneDrive"
"UserEmail"="anna.secret@outlook.com"
[HKEY_USERS\S-1-5-21-1-2-3-1001\Software\Microsoft\OneDrive\Accounts\Business1]
"UserFolder"="C:\\Users\\anna\\OneDrive - Fabrikam"
"UserEmail"="anna.secret@Fabrikam.com"
"ConfiguredTenantId"="11111111-2222-3333-4444-555555555555"
"ServiceEndpointUri"="https://fabrikam-my.sharepoint.com/_api"
[HKEY_USERS\S-1-5-21-1-2-3-1001\Software\Microsoft\OneDrive\Accounts\Business2]
"ConfiguredTenantId"="11111111-2222-3333-4444-666666666666"
[HKEY_USERS\S-1-5-21-1-2-3-1001\Software\Classes\Local Settings\Software\Microsoft\Windows\CurrentVersion\AppModel\Repository\Packages\5319275A.WhatsAppDesktop_2.2450.6.0_x64__cv1g1gvanyjgm]
[HKEY_USERS\S-1-5-21-1-2-3-1001_Classes\Software]
"#;

    #[test]
    fn software_accounts_and_folders_without_names_of_people() {
        let drive = tempfile::tempdir().unwrap();
        let make = |path: &str| std::fs::create_dir_all(drive.path().join(path)).unwrap();
        make("Users/anna/AppData/Local/Dropbox");
        make("Users/anna/Nextcloud");
        make("Users/Public/Dropbox-left");
        make("Program Files/rclone");
        make("Users/anna/Downloads/private");
        std::fs::write(drive.path().join("Users/anna/Downloads/AnyDesk.exe"), "x").unwrap();
        std::fs::write(drive.path().join("Users/anna/diary.txt"), "x").unwrap();
        let facts = facts(&Recorded::parse(REG), drive.path());
        let has = |kind: &str, value: &str| {
            facts
                .iter()
                .any(|one| one.kind == kind && one.value == value)
        };
        assert!(
            has("installed_software", "Dropbox") && !has("installed_software", "Security Update")
        );
        assert!(facts.iter().any(|one| one.kind == "package"
            && one.value.eq_ignore_ascii_case("5319275A.WhatsAppDesktop")
            && one.version == "2.2450.6.0"));
        assert!(has("path", r"~\AppData\Local\Dropbox") && has("path", r"~\Nextcloud"));
        assert!(has("path", r"C:\Program Files\rclone") && has("path", r"~\Downloads\AnyDesk.exe"));
        assert!(has("path", r"~\OneDrive") && has("path", r"~\OneDrive - Fabrikam"));
        let of = |host: &str| {
            facts
                .iter()
                .find(|one| one.kind == "domain" && one.value == host)
                .unwrap()
        };
        assert_eq!(
            (
                of("onedrive.live.com").account_domain.as_str(),
                of("onedrive.live.com").tenant.as_str()
            ),
            ("outlook.com", "consumers")
        );
        let business = of("fabrikam-my.sharepoint.com");
        assert_eq!(
            (business.account_domain.as_str(), business.tenant.as_str()),
            ("fabrikam.com", "11111111-2222-3333-4444-555555555555")
        );
        assert_eq!(
            facts.iter().filter(|one| one.kind == "domain").count(),
            2,
            "nobody is signed in to Business2"
        );
        let all = format!("{facts:?}");
        for personal in ["anna", "secret", "diary", "private", "left"] {
            assert!(!all.contains(personal), "{personal}");
        }
    }
}
