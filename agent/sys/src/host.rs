//! Which machine are we on: its own, a virtual one, or somebody else's (a container, WSL)?
//!
//! Invariant: [`Host::speaks_for_the_machine`] is false wherever the kernel that we would report belongs to a host that
//! we are only a guest process of. A file left behind by an image (`/.dockerenv` on a real machine that was built from
//! one) is a hint, never the verdict.
//!
//! Not here: which hypervisor a virtual machine runs on (see `inventory`).

use std::path::Path;

use crate::files;

/// Where the agent runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Host {
    /// Own kernel: a laptop or a virtual machine.
    Own,
    /// A container of another kernel's user space.
    Container,
    /// Windows Subsystem for Linux: a helper VM whose restarts mean nothing to its laptop.
    Wsl,
}

impl Host {
    /// May boots of this kernel be reported as the laptop's?
    pub fn speaks_for_the_machine(self) -> bool {
        self == Self::Own
    }

    /// The sentence for `blind_spots`, where there is one.
    pub fn blind_spot(self) -> Option<&'static str> {
        match self {
            Self::Own => None,
            Self::Container => Some(
                "boots: running inside a container; its starts are not the host's, so none are reported",
            ),
            Self::Wsl => {
                Some("boots: running inside WSL; its starts are not Windows', so none are reported")
            }
        }
    }
}

/// What [`judge`] looks at, so that the rule can be tested without the machine.
#[derive(Debug, Clone, Default)]
pub struct Signs {
    /// `/proc/sys/kernel/osrelease`.
    pub kernel_release: String,
    /// `/proc/1` exists: process 1 is visible to us.
    pub sees_first_process: bool,
    /// `/proc/2/comm` is `kthreadd`: we see the kernel's own threads, hence the host's process ids.
    pub sees_kernel_threads: bool,
    /// A marker of a container engine: `/.dockerenv`, `/run/.containerenv`, `container=` of process 1.
    pub marker: bool,
    /// The control group of process 1 names a container engine.
    pub container_cgroup: bool,
    /// File system type of `/`.
    pub root_filesystem: String,
}

/// The rule. Pure.
pub fn judge(signs: &Signs) -> Host {
    let release = signs.kernel_release.to_ascii_lowercase();
    if release.contains("microsoft") || release.contains("-wsl") {
        return Host::Wsl;
    }
    // Process 2 of a kernel is always kthreadd. Seeing 1 but not it means an own process-id namespace.
    if signs.sees_first_process && !signs.sees_kernel_threads {
        return Host::Container;
    }
    // With the host's process ids shared, the root of an image still is an overlay of layers.
    let layered = matches!(
        signs.root_filesystem.as_str(),
        "overlay" | "overlayfs" | "aufs" | "fuse-overlayfs"
    );
    if layered && (signs.marker || signs.container_cgroup) {
        return Host::Container;
    }
    // Process ids hidden from us (hidepid) and a marker: believe the marker.
    if !signs.sees_first_process && (signs.marker || signs.container_cgroup) {
        return Host::Container;
    }
    Host::Own
}

/// The system's own key of the running boot, as the boot records name it; empty when it has none.
pub fn boot_id(root: &Path) -> String {
    let from_kernel = files::value(&files::under(root, "/proc/sys/kernel/random/boot_id"));
    from_kernel.or_else(running_boot).unwrap_or_default()
}

#[cfg(target_os = "macos")]
fn running_boot() -> Option<String> {
    crate::mac::sysctl("kern.bootsessionuuid").map(|id| id.to_ascii_lowercase())
}

// The kernel's own count of boots, as event 27 of Kernel-Boot tells it.
#[cfg(windows)]
fn running_boot() -> Option<String> {
    use crate::registry::Registry as _;
    const KEY: &str = r"HKLM\SYSTEM\CurrentControlSet\Control\Session Manager\Memory Management\PrefetchParameters";
    let count = crate::win32::registry::Live.number(KEY, "BootId")?;
    Some(count.to_string())
}

#[cfg(not(any(target_os = "macos", windows)))]
fn running_boot() -> Option<String> {
    None
}

/// The machine's own name. Personal data: only for a policy that asks for it.
pub fn name(root: &Path) -> String {
    let from_file = files::value(&files::under(root, "/etc/hostname"));
    from_file.or_else(running_name).unwrap_or_default()
}

#[cfg(target_os = "macos")]
fn running_name() -> Option<String> {
    crate::mac::sysctl("kern.hostname")
}

#[cfg(windows)]
fn running_name() -> Option<String> {
    std::env::var("COMPUTERNAME").ok()
}

#[cfg(not(any(target_os = "macos", windows)))]
fn running_name() -> Option<String> {
    None
}

/// Reads the signs below `root` and judges.
pub fn detect(root: &Path) -> Host {
    if cfg!(target_os = "linux") {
        judge(&signs(root))
    } else {
        Host::Own
    }
}

fn signs(root: &Path) -> Signs {
    let at = |path: &str| files::under(root, path);
    let environment = files::bytes(&at("/proc/1/environ"), files::VALUE_LIMIT).unwrap_or_default();
    let cgroup = files::text(&at("/proc/1/cgroup"), files::VALUE_LIMIT).unwrap_or_default();
    Signs {
        kernel_release: files::value(&at("/proc/sys/kernel/osrelease")).unwrap_or_default(),
        sees_first_process: at("/proc/1").exists(),
        sees_kernel_threads: files::value(&at("/proc/2/comm")).as_deref() == Some("kthreadd"),
        marker: at("/.dockerenv").exists()
            || at("/run/.containerenv").exists()
            || at("/run/systemd/container").exists()
            || environment
                .split(|byte| *byte == 0)
                .any(|pair| pair.starts_with(b"container=")),
        container_cgroup: ["docker", "kubepods", "/lxc", "libpod", "containerd"]
            .iter()
            .any(|word| cgroup.contains(word)),
        root_filesystem: root_filesystem(
            &files::text(&at("/proc/self/mounts"), 1024 * 1024).unwrap_or_default(),
        ),
    }
}

/// Type of the last mount on `/` in a mounts table (a later mount hides the earlier).
fn root_filesystem(mounts: &str) -> String {
    mounts
        .lines()
        .filter_map(|line| {
            let mut fields = line.split(' ');
            let point = fields.nth(1)?;
            let kind = fields.next()?;
            (point == "/").then(|| kind.to_owned())
        })
        .next_back()
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn laptop() -> Signs {
        Signs {
            kernel_release: "6.8.0-41-generic".into(),
            sees_first_process: true,
            sees_kernel_threads: true,
            root_filesystem: "ext4".into(),
            ..Signs::default()
        }
    }

    #[test]
    fn a_laptop_and_a_virtual_machine_speak_for_themselves() {
        assert_eq!(judge(&laptop()), Host::Own);
    }

    #[test]
    fn a_machine_built_from_an_image_is_still_a_machine() {
        let signs = Signs {
            marker: true,
            ..laptop()
        };
        assert_eq!(judge(&signs), Host::Own);
    }

    #[test]
    fn a_live_system_on_an_overlay_is_still_a_machine() {
        let signs = Signs {
            root_filesystem: "overlay".into(),
            ..laptop()
        };
        assert_eq!(judge(&signs), Host::Own);
    }

    #[test]
    fn case_36_a_container_is_not_its_host() {
        let own_ids = Signs {
            sees_kernel_threads: false,
            ..laptop()
        };
        let shared_ids = Signs {
            root_filesystem: "overlay".into(),
            marker: true,
            ..laptop()
        };
        for signs in [own_ids, shared_ids] {
            assert_eq!(judge(&signs), Host::Container);
            assert!(!judge(&signs).speaks_for_the_machine());
            assert!(judge(&signs).blind_spot().is_some());
        }
    }

    #[test]
    fn case_26_wsl_is_not_its_laptop() {
        for release in [
            "5.15.153.1-microsoft-standard-WSL2",
            "4.4.0-19041-Microsoft",
        ] {
            let signs = Signs {
                kernel_release: release.into(),
                ..laptop()
            };
            assert_eq!(judge(&signs), Host::Wsl);
            assert!(judge(&signs).blind_spot().is_some());
        }
    }

    #[test]
    fn a_hidden_process_table_alone_proves_nothing() {
        let signs = Signs {
            sees_first_process: false,
            sees_kernel_threads: false,
            ..laptop()
        };
        assert_eq!(judge(&signs), Host::Own);
    }

    #[test]
    fn the_last_mount_on_the_root_counts() {
        let table = "rootfs / rootfs rw 0 0\n/dev/vda / ext4 rw 0 0\ntmpfs /run tmpfs rw 0 0\n";
        assert_eq!(root_filesystem(table), "ext4");
    }
}
