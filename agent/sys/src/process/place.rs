//! Where an executable lies, as a class that may travel.
//!
//! Invariant: pure; the class says nothing about whose home or which stick it is.
//!
//! Not here: the redacted path (the agent's redactor makes it).

/// Where the executable lies. The words are `weft.v1.Process.Place`'s.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Place {
    SystemPath,
    ProgramPath,
    Home,
    Temp,
    Removable,
    Network,
    Container,
    OtherPlace,
    /// The file was gone while its process ran.
    Deleted,
    /// No file: kernel thread or memory only.
    MemoryOnly,
    /// The path could not be read.
    Unspecified,
}

impl Place {
    /// The public word.
    pub fn word(self) -> &'static str {
        match self {
            Self::SystemPath => "system_path",
            Self::ProgramPath => "program_path",
            Self::Home => "home",
            Self::Temp => "temp",
            Self::Removable => "removable",
            Self::Network => "network",
            Self::Container => "container",
            Self::OtherPlace => "other_place",
            Self::Deleted => "deleted",
            Self::MemoryOnly => "memory_only",
            Self::Unspecified => "place_unspecified",
        }
    }
}

/// What is known of an executable's file.
#[derive(Debug, Clone, Copy, Default)]
pub struct Known<'a> {
    /// Empty when unreadable.
    pub path: &'a str,
    pub deleted: bool,
    pub kernel_thread: bool,
    pub in_container: bool,
    /// Its longest mount is a network file system.
    pub on_network: bool,
}

const TEMP: [&str; 5] = ["/tmp", "/var/tmp", "/dev/shm", "/run/user", "/private/tmp"];
const REMOVABLE: [&str; 3] = ["/media", "/run/media", "/Volumes"];
const HOME: [&str; 5] = ["/home", "/root", "/var/home", "/Users", "/var/root"];
const PROGRAMS: [&str; 8] = [
    "/opt",
    "/usr/local",
    "/snap",
    "/var/lib/snapd",
    "/var/lib/flatpak",
    "/app",
    "/usr/games",
    "/Applications",
];
const SYSTEM: [&str; 12] = [
    "/usr",
    "/bin",
    "/sbin",
    "/lib",
    "/lib32",
    "/lib64",
    "/libx32",
    "/nix/store",
    "/gnu/store",
    "/boot",
    "/System",
    "/Library",
];

/// Folders in which software is made or kept by those who make it: outputs of builds, environments of languages. Lower case.
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

/// Whether `path` lies where software is made. Told as the trait "workshop", because the redactor leaves nothing of a path in
/// a home by which a collector could see that a new program is a developer's own.
pub fn is_workshop(path: &str) -> bool {
    let path = path.to_lowercase().replace('\\', "/");
    WORKSHOPS.iter().any(|workshop| path.contains(workshop))
}

/// The class of a place.
pub fn of(known: Known<'_>) -> Place {
    if known.kernel_thread || known.path.starts_with("/memfd:") || known.path.starts_with("memfd:")
    {
        return Place::MemoryOnly;
    }
    if known.path.is_empty() {
        return Place::Unspecified;
    }
    if known.in_container {
        return Place::Container;
    }
    if known.deleted {
        return Place::Deleted;
    }
    if known.on_network {
        return Place::Network;
    }
    let lies_in = |prefixes: &[&str]| prefixes.iter().any(|prefix| is_below(known.path, prefix));
    if lies_in(&TEMP) {
        Place::Temp
    } else if lies_in(&REMOVABLE) {
        Place::Removable
    } else if lies_in(&HOME) {
        Place::Home
    } else if lies_in(&PROGRAMS) {
        Place::ProgramPath
    } else if lies_in(&SYSTEM) {
        Place::SystemPath
    } else {
        Place::OtherPlace
    }
}

/// `path` is `prefix` or lies below it.
pub fn is_below(path: &str, prefix: &str) -> bool {
    path.strip_prefix(prefix)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn workshops_by_path() {
        for path in [
            "/home/anna/src/api/target/debug/api",
            "/root/.cargo/bin/cargo",
            r"C:\Users\anna\source\repos\api\bin\Debug\net8.0\api.exe",
            "/Users/anna/Library/Developer/Xcode/DerivedData/App/App",
        ] {
            assert!(is_workshop(path), "{path}");
        }
        for path in [
            "",
            "/usr/bin/cargo",
            "/home/anna/Downloads/debug",
            r"C:\Users\anna\tool.exe",
        ] {
            assert!(!is_workshop(path), "{path}");
        }
    }

    #[test]
    fn places_by_path() {
        let table = [
            ("/usr/bin/bash", Place::SystemPath),
            ("/usr/local/bin/x", Place::ProgramPath),
            ("/opt/google/chrome/chrome", Place::ProgramPath),
            ("/home/anna/.local/bin/x", Place::Home),
            ("/homework/x", Place::OtherPlace),
            ("/tmp/.x", Place::Temp),
            ("/dev/shm/x", Place::Temp),
            ("/run/media/anna/STICK/x", Place::Removable),
            ("/srv/x", Place::OtherPlace),
            ("/memfd:payload", Place::MemoryOnly),
            ("", Place::Unspecified),
        ];
        for (path, expected) in table {
            assert_eq!(
                of(Known {
                    path,
                    ..Known::default()
                }),
                expected,
                "{path}"
            );
        }
    }

    #[test]
    fn what_is_gone_is_deleted_wherever_it_was() {
        let known = Known {
            path: "/usr/bin/x",
            deleted: true,
            ..Known::default()
        };
        assert_eq!(of(known), Place::Deleted);
    }
}
