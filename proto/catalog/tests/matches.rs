//! Tables of evidence and the app it belongs to; and of look-alikes, which belong to none.
//!
//! Invariant: every line is a published fact in a spelling that a machine produces. Not here: the spelling rules themselves.
#![allow(clippy::unwrap_used)]

use weft_proto_catalog::FactKind::{self, *};
use weft_proto_catalog::{Catalog, Category, Context, Flag, Os, Slot, State};

fn check(os: Os, rows: &[(FactKind, &str, &str)]) {
    let catalog = Catalog::builtin();
    let mut wrong = Vec::new();
    for (kind, value, expect) in rows {
        let found = catalog.matches(os, *kind, value, &Context::default());
        let got = found.as_ref().map_or("", |found| found.app);
        if got != *expect {
            wrong.push(format!(
                "{kind:?} {value:?}: expected {expect:?}, got {got:?}"
            ));
        }
    }
    assert!(wrong.is_empty(), "{os:?}\n{}", wrong.join("\n"));
}

#[test]
fn linux_evidence() {
    check(
        Os::Linux,
        &[
            (
                Process,
                "/home/ann/.dropbox-dist/dropbox-lnx.x86_64-221.4.5365/dropbox",
                "dropbox",
            ),
            (Process, "dropbox", "dropbox"),
            (Process, "chrome-remote-d", "chrome_remote_desktop"),
            (Process, "/usr/bin/rclone (deleted)", "rclone"),
            (Process, "Nextcloud-3.13.0-x86_64.AppImage", "nextcloud"),
            (Process, "megasync", "mega"),
            (Process, "teamviewerd", "teamviewer"),
            (
                Path,
                "/home/ann/.config/Nextcloud/nextcloud.cfg",
                "nextcloud",
            ),
            (Path, "/home/ann/.var/app/com.slack.Slack/config", "slack"),
            (Path, "/home/ann/snap/signal-desktop/current", "signal"),
            (Path, "/usr/bin/syncthing", "syncthing"),
            (Package, "MEGAsync_5.2-1_amd64", "mega"),
            (Package, "dropbox-2020.03.04-1.fc33.x86_64", "dropbox"),
            (Package, "dpkg:nautilus-dropbox", "dropbox"),
            (DesktopId, "com.discordapp.Discord.desktop", "discord"),
            (DesktopId, "slack_slack.desktop", "slack"),
            (
                Flatpak,
                "app/org.telegram.desktop/x86_64/stable",
                "telegram",
            ),
            (Snap, "slack", "slack"),
            (Mount, "fuse.rclone", "rclone"),
            (
                Mount,
                "gdrive: /home/ann/gdrive fuse.rclone rw,nosuid 0 0",
                "rclone",
            ),
            (Mount, "fuse.gcsf", "google_drive_linux"),
            (Mount, "davfs", "davfs2"),
            (Domain, "client.dropbox.com", "dropbox"),
            (InstalledSoftware, "TeamViewer 15.50.5", "teamviewer"),
        ],
    );
}

#[test]
fn macos_evidence() {
    check(
        Os::Macos,
        &[
            (
                Process,
                "/Applications/Dropbox.app/Contents/MacOS/Dropbox",
                "dropbox",
            ),
            (Process, "Slack Helper (Renderer)", "slack"),
            (
                Process,
                "/Applications/Utilities/Adobe Creative Cloud/ACC/Creative Cloud.app/Contents/MacOS/Creative Cloud",
                "creative_cloud",
            ),
            (BundleId, "com.microsoft.OneDrive-mac", "onedrive"),
            (BundleId, "com.tinyspeck.slackmacgap.helper", "slack"),
            (AppPath, "/Applications/Box.app", "box"),
            (
                AppPath,
                "/Users/ann/Applications/Google Drive.app",
                "google_drive",
            ),
            (
                Path,
                "/Users/ann/Library/CloudStorage/OneDrive-Contoso",
                "onedrive",
            ),
            (
                Path,
                "/Users/ann/Library/Containers/net.whatsapp.WhatsApp",
                "whatsapp",
            ),
            (
                Path,
                "/Users/ann/Library/Preferences/com.getdropbox.dropbox.plist",
                "dropbox",
            ),
            (Package, "zoom", "zoom"),
            (InstalledSoftware, "zoom.us", ""),
            (Domain, "zoom.us", "zoom"),
        ],
    );
}

#[test]
fn windows_evidence() {
    check(
        Os::Windows,
        &[
            (
                Process,
                r"C:\Program Files (x86)\Dropbox\Client\Dropbox.exe",
                "dropbox",
            ),
            (Process, "DROPBOX.EXE", "dropbox"),
            (Process, "GoogleDriveFS.exe", "google_drive"),
            (Process, "googledrivesync.exe", "google_drive"),
            (Process, "ms-teams.exe", "teams"),
            (Process, "Box.exe", "box"),
            (
                Process,
                r"C:\Users\ann\AppData\Local\slack\Update.exe",
                "slack",
            ),
            (Process, "ScreenConnect.ClientService.exe", "screenconnect"),
            (Process, "TeamViewer_Setup_x64.exe", "teamviewer"),
            (
                Path,
                r"C:\Users\%user%\AppData\Local\Google\DriveFS\",
                "google_drive",
            ),
            (Path, r"C:\Users\ann\OneDrive - Contoso\x.docx", "onedrive"),
            (
                Path,
                r"C:\Users\ann\AppData\Local\Packages\5319275A.WhatsAppDesktop_cv1g1gvanyjgm\LocalState",
                "whatsapp",
            ),
            (
                Path,
                r"C:\Program Files (x86)\ScreenConnect Client (8b2f4a5c91d3e6f7)",
                "screenconnect",
            ),
            (
                Path,
                r"HKEY_LOCAL_MACHINE\SOFTWARE\WOW6432Node\TeamViewer",
                "teamviewer",
            ),
            (
                Path,
                r"C:\Windows\Prefetch\RCLONE.EXE-1A2B3C4D.pf",
                "rclone",
            ),
            (Package, "Dropbox.Dropbox", "dropbox"),
            (Package, "MSTeams_8wekyb3d8bbwe", "teams"),
            (InstalledSoftware, "Dropbox 221.4.5365", "dropbox"),
            (InstalledSoftware, "Box", "box"),
            (InstalledSoftware, "Zoom Workplace (64-bit)", "zoom"),
            (
                InstalledSoftware,
                "ScreenConnect Client (8b2f4a5c91d3e6f7)",
                "screenconnect",
            ),
            (Domain, "contoso-my.sharepoint.com", "onedrive"),
            (Domain, "contoso.sharepoint.com", "sharepoint"),
        ],
    );
}

#[test]
fn look_alikes_are_left_alone() {
    check(
        Os::Linux,
        &[
            (Process, "gnome-boxes", ""),
            (Process, "boxes", ""),
            (Process, "busybox", ""),
            (Process, "VBoxHeadless", ""),
            (Process, "sync", ""),
            (Process, "rsync", ""),
            (Process, "dropbear", ""),
            (Process, "MegaCli64", ""),
            (Process, "wireplumber", ""),
            (Process, "wireshark", ""),
            (Process, "session-manager", ""),
            (Process, "element", ""),
            (Process, "line", ""),
            (Process, "telegraf", ""),
            (Process, "DROPBOX", ""),
            (Process, "/usr/bin/vim", ""),
            (Package, "gnome-boxes", ""),
            (Package, "virtualbox", ""),
            (Package, "libsignal-protocol-c", ""),
            (Package, "megacli", ""),
            (Package, "dropbear", ""),
            (DesktopId, "org.gnome.Boxes.desktop", ""),
            (Flatpak, "org.gnome.Boxes", ""),
            (Mount, "fuse.gvfsd-fuse", ""),
            (Mount, "fuse.portal", ""),
            (Mount, "ext4", ""),
            (Path, "/home/ann/projects/dropbox-sdk", ""),
            (Path, "/home/ann/Documents", ""),
            (Domain, "mydropbox.com", ""),
            (Domain, "dropbox.com.example.org", ""),
            (Domain, "inbox.com", ""),
        ],
    );
    check(
        Os::Windows,
        &[
            (Process, "VirtualBox.exe", ""),
            (Process, "MegaCLI.exe", ""),
            (Process, "sync.exe", ""),
            (Process, "sync64.exe", ""),
            (Process, "ZoomIt.exe", ""),
            (Process, "svchost.exe", ""),
            (Process, "elementary.exe", ""),
            (InstalledSoftware, "Oracle VM VirtualBox 7.0.14", ""),
            (InstalledSoftware, "Line 6 Helix Native", ""),
            (InstalledSoftware, "Wireshark 4.2.2 x64", ""),
            (InstalledSoftware, "Sysinternals Sync", ""),
            (InstalledSoftware, "Box Shot 3D", ""),
            (Path, r"C:\Users\ann\Documents\Box\notes.txt", ""),
            (Path, r"C:\Windows\System32\svchost.exe", ""),
        ],
    );
    check(
        Os::Macos,
        &[
            (Process, "VirtualBox", ""),
            (AppPath, "/Applications/VirtualBox.app", ""),
            (BundleId, "org.virtualbox.app.VirtualBox", ""),
        ],
    );
}

#[test]
fn parts_of_a_plain_system_are_no_apps() {
    check(
        Os::Macos,
        &[
            (Process, "bird", ""),
            (Process, "cloudd", ""),
            (
                Process,
                "/System/Library/PrivateFrameworks/CloudDocsDaemon.framework/Versions/A/Support/bird",
                "",
            ),
            (
                Process,
                "com.apple.CloudDocs.MobileDocumentsFileProvider",
                "",
            ),
            (Process, "iCloudNotificationAgent", ""),
            (Process, "photolibraryd", ""),
            (Process, "screensharingd", ""),
            (Process, "ScreensharingAgent", ""),
            (
                Process,
                "/System/Library/CoreServices/RemoteManagement/ARDAgent.app/Contents/MacOS/ARDAgent",
                "",
            ),
            (Process, "SSMenuAgent", ""),
            (BundleId, "com.apple.bird", ""),
            (Process, "parsecd", ""),
            (
                Process,
                "/System/Library/PrivateFrameworks/CoreParsec.framework/parsecd",
                "",
            ),
            (
                Process,
                "/Applications/Parsec.app/Contents/MacOS/parsecd",
                "parsec",
            ),
            (Path, "/sbin/mount_webdav", ""),
            (BundleId, "com.apple.cloudd", ""),
            (BundleId, "com.apple.ScreenSharing", ""),
            (BundleId, "com.apple.RemoteDesktopAgent", ""),
            (BundleId, "com.apple.RemoteDesktop.PrivilegeProxy", ""),
            (
                AppPath,
                "/System/Applications/Utilities/Screen Sharing.app",
                "",
            ),
            (
                AppPath,
                "/System/Library/CoreServices/RemoteManagement/ARDAgent.app",
                "",
            ),
            (
                AppPath,
                "/System/Library/CoreServices/Finder.app/Contents/Applications/iCloud Drive.app",
                "",
            ),
            (
                Path,
                "/System/Library/LaunchAgents/com.apple.RemoteDesktop.plist",
                "",
            ),
            (Path, "/Users/ann/Library/Caches/com.apple.bird", ""),
            (Path, "/Users/ann/Library/Caches/CloudKit", ""),
            (Path, "/private/var/db/RemoteManagement", ""),
            // What use leaves behind.
            (
                Path,
                "/Users/ann/Library/Mobile Documents/com~apple~CloudDocs",
                "icloud",
            ),
            (
                Path,
                "/Library/Application Support/Apple/Remote Desktop/RemoteManagement.launchd",
                "apple_remote_desktop",
            ),
            (
                Process,
                "/Applications/Remote Desktop.app/Contents/MacOS/Remote Desktop",
                "apple_remote_desktop",
            ),
            (
                Process,
                "/System/Volumes/Data/Applications/Slack.app/Contents/MacOS/Slack",
                "slack",
            ),
        ],
    );
    check(
        Os::Windows,
        &[
            (Process, "mstsc.exe", ""),
            (Process, r"C:\Windows\System32\mstsc.exe", ""),
            (Process, "msra.exe", ""),
            (Process, r"C:\Windows\System32\msra.exe", ""),
            (Path, r"C:\Windows\System32\mstsc.exe", ""),
            (Path, r"C:\Windows\SysWOW64\mstsc.exe", ""),
            (Path, r"C:\Windows\Prefetch\MSTSC.EXE-1A2B3C4D.pf", ""),
            (
                Path,
                r"C:\Windows\WinSxS\amd64_microsoft-windows-notepad\notepad.exe",
                "",
            ),
            (InstalledSoftware, "Remote Desktop Connection", ""),
            (
                Path,
                r"C:\ProgramData\Microsoft\Windows\Start Menu\Programs\Accessories\Remote Desktop Connection.lnk",
                "",
            ),
            (Process, "quickassist.exe", "quick_assist"),
            (
                Process,
                r"C:\Windows\System32\quickassist.exe",
                "quick_assist",
            ),
            (Process, "msrdc.exe", "windows_app"),
            (Process, "iCloudDrive.exe", "icloud"),
        ],
    );
    check(
        Os::Linux,
        &[
            (Package, "libvncserver1", ""),
            (DesktopId, "org.gnome.Connections.desktop", ""),
        ],
    );
    let at_home = Context::default();
    assert!(
        flags(
            Os::Windows,
            r"C:\Windows\System32\quickassist.exe",
            &at_home
        )
        .1
        .is_empty()
    );
}

fn flags(os: Os, value: &str, context: &Context) -> (String, Vec<Flag>) {
    let found = Catalog::builtin()
        .matches(os, Process, value, context)
        .unwrap();
    (found.app.to_owned(), found.flags)
}

fn text(text: &str) -> Option<String> {
    Some(text.to_owned())
}

#[test]
fn copies_and_pretenders_are_flagged() {
    let rclone = Context {
        original_filename: text("rclone.exe"),
        ..Context::default()
    };
    assert_eq!(
        flags(Os::Windows, r"C:\Windows\Temp\svchost.exe", &rclone),
        (
            "rclone".into(),
            vec![Flag::Renamed, Flag::Portable, Flag::Masquerade]
        )
    );
    assert_eq!(
        flags(Os::Windows, "backup-tool.exe", &rclone).1,
        vec![Flag::Renamed]
    );
    let described = Context {
        description: text("Rsync for cloud storage"),
        ..Context::default()
    };
    assert_eq!(flags(Os::Windows, "svchost.exe", &described).0, "rclone");
    assert_eq!(
        flags(Os::Windows, r"E:\tools\rclone.exe", &Context::default()).1,
        vec![Flag::Portable]
    );
    let foreign = Context {
        signer: text("Evil Ltd"),
        signed: Some(true),
        ..Context::default()
    };
    assert_eq!(
        flags(Os::Windows, r"C:\Users\a\Dropbox.exe", &foreign).1,
        vec![Flag::Masquerade]
    );
    assert_eq!(
        flags(
            Os::Windows,
            r"C:\Windows\System32\Dropbox.exe",
            &Context::default()
        )
        .1,
        vec![Flag::Masquerade]
    );
    let own = Context {
        signer: text("CN=\"Dropbox, Inc\", O=\"Dropbox, Inc\", C=US"),
        ..Context::default()
    };
    assert!(
        flags(
            Os::Windows,
            r"C:\Program Files (x86)\Dropbox\Client\Dropbox.exe",
            &own
        )
        .1
        .is_empty()
    );
}

#[test]
fn sandboxes_and_wrappers_are_seen_through() {
    let cgroup = |path: &str| Context {
        cgroup: text(path),
        ..Context::default()
    };
    let flatpak = cgroup(
        "0::/user.slice/user-1000.slice/user@1000.service/app.slice/app-flatpak-com.slack.Slack-4242.scope",
    );
    assert_eq!(flags(Os::Linux, "electron", &flatpak).0, "slack");
    assert_eq!(
        flags(
            Os::Linux,
            "main",
            &cgroup("0::/user.slice/snap.telegram-desktop.telegram-desktop-1a2b.scope")
        )
        .0,
        "telegram"
    );
    let run = |line: &str| Context {
        command_line: text(line),
        ..Context::default()
    };
    assert_eq!(
        flags(
            Os::Linux,
            "python3.11",
            &run("/usr/bin/python3 /usr/bin/maestral start -f")
        )
        .0,
        "maestral"
    );
    assert_eq!(
        flags(
            Os::Linux,
            "electron",
            &run("electron /usr/lib/element-desktop/app.asar")
        )
        .0,
        "element"
    );
    assert!(
        Catalog::builtin()
            .matches(
                Os::Linux,
                Process,
                "python3",
                &run("python3 edit.py dropbox")
            )
            .is_none()
    );
}

/// The same program in the spellings that systems, shells, emulators and inventories give to its path.
#[test]
fn places_are_known_in_every_spelling() {
    let cases: &[(Os, FactKind, &str, &str)] = &[
        (
            Os::Windows,
            Process,
            r"C:\PROGRA~2\ANYDESK\AnyDesk.exe",
            "anydesk",
        ),
        (Os::Windows, Path, r"C:\PROGRA~1\Dropbox", "dropbox"),
        (
            Os::Windows,
            Path,
            r"$LOCALAPPDATA\Dropbox\host.db",
            "dropbox",
        ),
        (Os::Windows, Path, r"${env:LOCALAPPDATA}\Dropbox", "dropbox"),
        (
            Os::Windows,
            Path,
            r"C:\Users\x\AppData\Local\VirtualStore\Program Files (x86)\Dropbox",
            "dropbox",
        ),
        (
            Os::Windows,
            Path,
            r"%PROGRAMDATA%\Microsoft\Windows\Start Menu\Programs\AnyDesk\Uninstall AnyDesk.lnk",
            "anydesk",
        ),
        (
            Os::Linux,
            Path,
            "/home/anna/.wine/drive_c/Program Files (x86)/TeamViewer",
            "teamviewer",
        ),
        (Os::Linux, Path, "/mnt/c/Users/anna/Dropbox", "dropbox"),
        (
            Os::Linux,
            Process,
            r"C:\Program Files\TeamViewer\TeamViewer.exe",
            "teamviewer",
        ),
        (
            Os::Macos,
            Path,
            "/Users/a/Library/Application Support/CrossOver/Bottles/x/drive_c/Program Files/TeamViewer",
            "teamviewer",
        ),
        (Os::Macos, AppPath, "/Applications/Slack 2.app", "slack"),
        (
            Os::Macos,
            Process,
            "/private/var/folders/zz/T/AppTranslocation/0F1-22/d/AnyDesk.app/Contents/MacOS/AnyDesk",
            "anydesk",
        ),
        (
            Os::Linux,
            Mount,
            "/run/user/1234/gvfs/google-drive:host=gmail.com,user=anna",
            "google_drive",
        ),
        (
            Os::Linux,
            Mount,
            "https://cloud.example.org/remote.php/webdav/ /mnt/nc fuse rw",
            "davfs2",
        ),
        (Os::Windows, Domain, "*teamviewer.com", "teamviewer"),
        (Os::Windows, Domain, ".localtonet.com", "localtonet"),
    ];
    for (os, kind, value, expect) in cases {
        let found = Catalog::builtin().matches(*os, *kind, value, &Context::default());
        assert_eq!(found.map(|found| found.app), Some(*expect), "{value}");
    }
}

/// `Line 6` makes guitars; a scratch directory may be called anything.
#[test]
fn short_names_want_more() {
    for (kind, value) in [
        (InstalledSoftware, "Line 6"),
        (Path, r"HKCU\Software\Line 6"),
        (Path, r"C:\Users\anna\AppData\Local\Temp\Line"),
    ] {
        let found = Catalog::builtin().matches(Os::Windows, kind, value, &Context::default());
        assert_eq!(found, None, "{value}");
    }
}

#[test]
fn folders_and_hosts_of_others_are_foreign() {
    let context = Context {
        tenant: text("contoso.com"),
        ..Context::default()
    };
    let flags = |kind, value: &str| {
        let found = Catalog::builtin().matches(Os::Windows, kind, value, &context);
        found.map(|found| found.flags).unwrap_or_default()
    };
    let path = |name: &str| flags(Path, &format!(r"C:\Users\a\{name}"));
    assert_eq!(path("OneDrive - Contoso Ltd"), vec![Flag::Business]);
    assert_eq!(path("OneDrive - Fabrikam"), vec![Flag::ForeignTenant]);
    assert_eq!(path("OneDrive - Personal"), vec![Flag::Personal]);
    let host = |name: &str| flags(Domain, name);
    assert_eq!(host("contoso.sharepoint.com"), vec![Flag::Business]);
    assert_eq!(host("fabrikam.sharepoint.com"), vec![Flag::ForeignTenant]);
    assert_eq!(
        host("fabrikam-my.sharepoint.com"),
        vec![Flag::ForeignTenant]
    );
}

#[test]
fn accounts_are_graded() {
    let account = |domain: &str| Context {
        account_domain: text(domain),
        organisation_domains: vec!["contoso.com".into()],
        ..Context::default()
    };
    assert_eq!(
        flags(Os::Windows, "OneDrive.exe", &account("outlook.com")).1,
        vec![Flag::Personal]
    );
    assert_eq!(
        flags(Os::Windows, "OneDrive.exe", &account("contoso.com")).1,
        vec![Flag::Business]
    );
    assert_eq!(
        flags(Os::Windows, "OneDrive.exe", &account("fabrikam.com")).1,
        vec![Flag::ForeignTenant]
    );
    let at = |path: &str| {
        Catalog::builtin()
            .matches(Os::Windows, Path, path, &Context::default())
            .unwrap()
            .flags
    };
    assert_eq!(at(r"C:\Users\a\OneDrive"), vec![Flag::Personal]);
    assert_eq!(at(r"C:\Users\a\OneDrive - Contoso"), vec![Flag::Business]);
    assert!(
        State::RunningNow > State::SignedIn
            && State::SignedIn > State::Installed
            && State::Installed > State::FolderLeft
    );
}

#[test]
fn the_catalog_keeps_its_promises() {
    let catalog = Catalog::builtin();
    let count = |wanted: &[Category]| {
        catalog
            .apps()
            .iter()
            .filter(|app| wanted.contains(&app.category))
            .count()
    };
    assert!(count(&[Category::CloudSync, Category::FileTransfer]) >= 80);
    assert!(count(&[Category::Messaging, Category::RemoteAccess]) >= 40);
    for app in catalog.apps() {
        assert!(!app.sources.is_empty(), "{}", app.id);
        assert!(
            app.systems().next().is_some()
                || app.facts.iter().any(|fact| fact.slot == Slot::Domain),
            "{}",
            app.id
        );
    }
    // The agent's resident budget is 12 MiB for everything.
    assert!(catalog.weight() < 1 << 20, "{}", catalog.weight());
}

/// Each strong fact, asked as evidence of its kind, leads to its own app.
#[test]
fn every_fact_is_found_again() {
    let catalog = Catalog::builtin();
    let mut wrong = Vec::new();
    for app in catalog.apps() {
        for fact in app
            .facts
            .iter()
            .filter(|fact| !fact.weak && !fact.text.contains('*'))
        {
            let kind = match fact.slot {
                Slot::Process => Process,
                Slot::Install | Slot::Data => Path,
                Slot::Package => Package,
                Slot::Bundle => BundleId,
                Slot::App => AppPath,
                Slot::Desktop => DesktopId,
                Slot::Flatpak => Flatpak,
                Slot::Snap => Snap,
                Slot::Mount => Mount,
                Slot::Name => InstalledSoftware,
                Slot::Domain => Domain,
                _ => continue,
            };
            for os in Os::ALL
                .into_iter()
                .filter(|os| fact.os.is_none_or(|own| own == *os))
            {
                let got = catalog
                    .matches(os, kind, &fact.text, &Context::default())
                    .map(|found| found.app.to_owned());
                if got.as_deref() != Some(&*app.id) {
                    wrong.push(format!(
                        "{} {os:?} {:?} {}: {got:?}",
                        app.id, fact.slot, fact.text
                    ));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn refusals_name_the_place() {
    let doc = "category = \"messaging\"\n\n[[app]]\nid = \"x\"\nname = \"X\"\nsources = [\"s\"]\nlinux.proces = [\"x\"]\n";
    let error = Catalog::parse(&[doc]).unwrap_err();
    assert_eq!((error.line, error.app.as_str()), (7, "x"), "{error}");
    let doc = doc.replace("linux.proces =", "linux.bundle =");
    let error = Catalog::parse(&[&doc]).unwrap_err();
    assert_eq!(
        (error.line, error.field.as_str()),
        (7, "bundle id"),
        "{error}"
    );
}

proptest::proptest! {
    #[test]
    fn anything_may_be_asked(kind in 0_usize..11, os in 0_usize..3, value in "\\PC{0,60}", other in "\\PC{0,40}") {
        let context = Context {
            original_filename: Some(other.clone()),
            command_line: Some(other.clone()),
            cgroup: Some(other.clone()),
            signer: Some(other.clone()),
            account_domain: Some(other),
            ..Context::default()
        };
        let (os, kind) = (Os::ALL[os], FactKind::ALL[kind]);
        let catalog = Catalog::builtin();
        let first = catalog.matches(os, kind, &value, &context);
        proptest::prop_assert_eq!(&first, &catalog.matches(os, kind, &value, &context));
        if let Some(found) = first {
            proptest::prop_assert!((0.0..=1.0).contains(&found.confidence));
        }
    }
}
