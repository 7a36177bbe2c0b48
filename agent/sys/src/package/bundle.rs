//! Packages that are a place: snap, flatpak.
//!
//! Invariant: decided by path alone (and the bundle's own metadata below `root`); no tool is started.
//!
//! Not here: AppImages, which have no manager; `process` marks them with a trait.

use std::path::Path;

use super::Owner;
use crate::files;

/// The owner of a file inside a snap or a flatpak installation.
pub fn owner_by_place(root: &Path, path: &str) -> Option<Owner> {
    snap(root, path).or_else(|| flatpak(path))
}

/// /snap/NAME/REVISION/... ; the version is in the snap's own meta/snap.yaml.
fn snap(root: &Path, path: &str) -> Option<Owner> {
    let rest = path
        .strip_prefix("/snap/")
        .or_else(|| path.strip_prefix("/var/lib/snapd/snap/"))?;
    let mut parts = rest.split('/');
    let (name, revision) = (parts.next()?, parts.next()?);
    if name == "bin" || name.is_empty() || revision.is_empty() {
        return None;
    }
    let base = path.strip_suffix(rest)?;
    let meta = files::under(root, &format!("{base}{name}/{revision}/meta/snap.yaml"));
    let version = files::text(&meta, files::VALUE_LIMIT)
        .and_then(|text| {
            text.lines()
                .find_map(|line| line.strip_prefix("version:"))
                .map(|value| value.trim().trim_matches(['"', '\'']).to_owned())
        })
        .unwrap_or_default();
    Some(Owner {
        manager: "snap",
        name: name.to_owned(),
        version,
    })
}

/// .../flatpak/app/ID/ARCH/BRANCH/COMMIT/... or .../flatpak/runtime/ID/...
fn flatpak(path: &str) -> Option<Owner> {
    let (_, rest) = path
        .split_once("/flatpak/app/")
        .or_else(|| path.split_once("/flatpak/runtime/"))?;
    let id = rest.split('/').next().filter(|id| id.contains('.'))?;
    Some(Owner {
        manager: "flatpak",
        name: id.to_owned(),
        version: String::new(),
    })
}

/// The flatpak that a control group belongs to: ".../app-flatpak-org.app.Name-1234.scope".
pub fn flatpak_of_cgroup(cgroup: &str) -> Option<Owner> {
    let (_, rest) = cgroup.rsplit_once("app-flatpak-")?;
    let (id, _) = rest.strip_suffix(".scope")?.rsplit_once('-')?;
    // systemd escapes "-" inside names as \x2d.
    let id = id.replace("\\x2d", "-");
    id.contains('.').then(|| Owner {
        manager: "flatpak",
        name: id,
        version: String::new(),
    })
}

/// The snap that a control group belongs to: ".../snap.NAME.APP-UUID.scope" or ".../snap.NAME.SERVICE.service".
pub fn snap_of_cgroup(cgroup: &str) -> Option<Owner> {
    let unit = cgroup.rsplit('/').next()?;
    let mut parts = unit.strip_prefix("snap.")?.split('.');
    let name = parts.next().filter(|name| !name.is_empty())?;
    parts.next()?;
    Some(Owner {
        manager: "snap",
        name: name.replace("\\x2d", "-"),
        version: String::new(),
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_snap_tells_its_version() {
        let root = tempfile::tempdir().unwrap();
        let meta = root.path().join("snap/firefox/4630/meta");
        std::fs::create_dir_all(&meta).unwrap();
        std::fs::write(
            meta.join("snap.yaml"),
            "name: firefox\nversion: '128.0-2'\n",
        )
        .unwrap();
        let owner =
            owner_by_place(root.path(), "/snap/firefox/4630/usr/lib/firefox/firefox").unwrap();
        assert_eq!(owner.to_string(), "snap:firefox@128.0-2");
        assert_eq!(owner_by_place(root.path(), "/snap/bin/firefox"), None);
    }

    #[test]
    fn a_flatpak_is_known_by_place_and_by_control_group() {
        let place = "/var/lib/flatpak/app/com.dropbox.Client/x86_64/stable/abc/files/bin/dropbox";
        assert_eq!(
            owner_by_place(Path::new("/"), place).unwrap().to_string(),
            "flatpak:com.dropbox.Client"
        );
        let group = "/user.slice/user-1000.slice/user@1000.service/app.slice/app-flatpak-com.dropbox.Client-4711.scope";
        assert_eq!(flatpak_of_cgroup(group).unwrap().name, "com.dropbox.Client");
        assert_eq!(flatpak_of_cgroup("/user.slice/session-2.scope"), None);
    }

    #[test]
    fn a_snap_is_known_by_its_control_group() {
        let group = "/user.slice/app.slice/snap.chromium.chromium-1b2c.scope";
        assert_eq!(snap_of_cgroup(group).unwrap().name, "chromium");
    }
}
