//! Evidence in the spelling that public package recipes record for it: what an installer registers and leaves behind.
//!
//! Invariant: each row is a fact that a Homebrew cask or a winget manifest states; none is a guess from a name.
//! Not here: look-alikes and the spellings of running systems (`matches`).
#![allow(clippy::unwrap_used)]

use weft_proto_catalog::FactKind::{self, *};
use weft_proto_catalog::{Catalog, Context, Os};

fn check(os: Os, rows: &[(FactKind, &str, &str)]) {
    let catalog = Catalog::builtin();
    let wrong: Vec<String> = rows
        .iter()
        .filter_map(|(kind, value, expect)| {
            let found = catalog.matches(os, *kind, value, &Context::default());
            let got = found.as_ref().map_or("", |found| found.app);
            (got != *expect)
                .then(|| format!("{kind:?} {value:?}: expected {expect:?}, got {got:?}"))
        })
        .collect();
    assert!(wrong.is_empty(), "{os:?}\n{}", wrong.join("\n"));
}

#[test]
fn what_casks_record() {
    check(
        Os::Macos,
        &[
            (
                BundleId,
                "EQHXZ8M8AV.group.com.google.drivefs",
                "google_drive",
            ),
            (
                Path,
                "/Users/a/Library/Group Containers/EQHXZ8M8AV.group.com.google.drivefs",
                "google_drive",
            ),
            (
                Path,
                "/Users/a/Library/Preferences/com.dropbox.tungsten.helper.plist",
                "dropbox",
            ),
            (
                Path,
                "/Users/a/Library/Caches/com.getdropbox.DropboxMetaInstaller",
                "dropbox",
            ),
            (
                Path,
                "/Users/a/Library/Group Containers/UBF8T346G9.OfficeOneDriveSyncIntegration",
                "onedrive",
            ),
            (
                Path,
                "/Users/a/Library/Group Containers/group.ch.protonmail.protondrive",
                "proton_drive",
            ),
            (BundleId, "com.ownCloud.client", "owncloud"),
            (BundleId, "com.box.desktop.ui", "box"),
            (BundleId, "mega.mac.megaupdater", "mega"),
            (BundleId, "com.sync.desktop.findersync", "sync_com"),
            (
                Path,
                "/Users/a/Library/Application Support/Resilio Sync",
                "resilio_sync",
            ),
            (BundleId, "com.logmein.ignition", "logmein"),
            (
                Path,
                "/Users/a/Library/Preferences/threema-consumer-web.plist",
                "threema",
            ),
            (BundleId, "com.realvnc.rvncserver.peruser", "realvnc"),
            (BundleId, "com.carriez.RustDesk_service", "rustdesk"),
            (BundleId, "com.nomachine.localnxserver", "nomachine"),
            (BundleId, "com.teamviewer.UninstallerHelper", "teamviewer"),
            (BundleId, "com.splashtop.streamer-for-user", "splashtop"),
            (BundleId, "com.zerotier.pkg.ZeroTierOne", "zerotier"),
            (BundleId, "com.tailscale.ipn.macsys", "tailscale"),
            (BundleId, "us.zoom.updater.login.check", "zoom"),
            (
                Path,
                "/Users/a/Library/Group Containers/BJ4HAAB9B3.ZoomClient3rd",
                "zoom",
            ),
            (
                BundleId,
                "com.google.pkg.ChromeRemoteDesktopHost",
                "chrome_remote_desktop",
            ),
            (
                Path,
                "/Users/a/Library/Application Support/Cisco Spark",
                "webex",
            ),
            (
                Path,
                "/Library/Application Support/Microsoft/TeamsUpdaterDaemon",
                "teams",
            ),
            (BundleId, "com.p5sys.jump.connect.service", "jump_desktop"),
            (BundleId, "com.wearezeta.zclient.mac.helper", "wire"),
        ],
    );
}

#[test]
fn what_manifests_record() {
    check(
        Os::Windows,
        &[
            (Package, "RealVNC.VNCConnect.Viewer", "realvnc"),
            (Package, "Threema.Threema.2", "threema"),
            (Package, "Threema.Desktop.Consumer_cvh4qa9n1gk2r", "threema"),
            (Package, "Seafile.Seadrive", "seafile"),
            (InstalledSoftware, "Seafile 9.0.13", "seafile"),
            (Package, "ConnectWise.ScreenConnect", "screenconnect"),
            (Package, "Sync.Sync", "sync_com"),
            // Of the same publishers, and none of the catalog's business.
            (Package, "LogMeIn.LastPass", ""),
            (Package, "ConnectWise.ConnectWiseManageClient64-bit", ""),
        ],
    );
}

/// An answer names the product that runs, not a neighbour of its kind.
#[test]
fn products_keep_their_names() {
    check(
        Os::Linux,
        &[
            (Process, "xrdp-sesman", "xrdp"),
            (Process, "xfreerdp", "freerdp"),
            (Process, "remmina", "remmina"),
            (Process, "x2goclient", "x2go"),
            (Flatpak, "com.moonlight_stream.Moonlight", "moonlight"),
            (Flatpak, "com.seafile.Client", "seafile"),
        ],
    );
    check(
        Os::Windows,
        &[
            (Process, "parsecd.exe", "parsec"),
            (Process, "sunshine.exe", "sunshine"),
            (Process, "PSEXESVC.exe", "psexec"),
            (Process, "veyon-server.exe", "veyon"),
            (Process, "barrier.exe", "barrier"),
            (Process, "WebDrive.exe", "webdrive"),
            (InstalledSoftware, "Synergy Suite Tools", ""),
            (InstalledSoftware, "Steam Link", ""),
            (InstalledSoftware, "TightVNC Server", "tightvnc"),
            (Path, r"C:\Program Files\TigerVNC Server", "tigervnc"),
        ],
    );
}
