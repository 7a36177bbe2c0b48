//! Where the agent keeps its things, by operating system and by account.
//!
//! Invariant: a system agent and a user's agent on one machine never share a directory.
//!
//! Not here: creating them; the environment is a parameter.

use std::path::PathBuf;

/// The agent's directories.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dirs {
    /// Configuration that an administrator writes.
    pub config: PathBuf,
    /// Spool, keys, certificates: what must survive a restart.
    pub state: PathBuf,
}

/// The directories for a system agent (`is_system`) or for a person's own agent.
/// `env` looks a variable up (`|name| std::env::var(name).ok()`).
pub fn locate(is_system: bool, env: impl Fn(&str) -> Option<String>) -> Dirs {
    let path = |name: &str| {
        env(name)
            .filter(|value| !value.is_empty())
            .map(PathBuf::from)
    };
    if cfg!(windows) {
        let base = if is_system {
            path("ProgramData").unwrap_or_else(|| PathBuf::from(r"C:\ProgramData"))
        } else {
            path("LOCALAPPDATA").unwrap_or_else(|| PathBuf::from("."))
        };
        return Dirs {
            config: base.join("Weft").join("config"),
            state: base.join("Weft").join("state"),
        };
    }
    let home = path("HOME").unwrap_or_else(|| PathBuf::from("."));
    if cfg!(target_os = "macos") {
        let base = if is_system {
            PathBuf::from("/Library/Application Support")
        } else {
            home.join("Library/Application Support")
        };
        return Dirs {
            config: base.join("Weft"),
            state: base.join("Weft/state"),
        };
    }
    if is_system {
        return Dirs {
            config: PathBuf::from("/etc/weft"),
            // systemd's StateDirectory= names it; without systemd it is the same place.
            state: path("STATE_DIRECTORY").unwrap_or_else(|| PathBuf::from("/var/lib/weft-agent")),
        };
    }
    Dirs {
        config: path("XDG_CONFIG_HOME")
            .unwrap_or_else(|| home.join(".config"))
            .join("weft"),
        state: path("XDG_STATE_HOME")
            .unwrap_or_else(|| home.join(".local/state"))
            .join("weft-agent"),
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn system_and_person_do_not_share() {
        let env = |name: &str| (name == "HOME").then(|| "/home/p".to_owned());
        let system = locate(true, env);
        let person = locate(false, env);
        assert_eq!(system.state, PathBuf::from("/var/lib/weft-agent"));
        assert_eq!(system.config, PathBuf::from("/etc/weft"));
        assert_eq!(
            person.state,
            PathBuf::from("/home/p/.local/state/weft-agent")
        );
        assert_ne!(system.config, person.config);
    }

    #[test]
    fn the_service_manager_may_choose_the_state_directory() {
        let env = |name: &str| (name == "STATE_DIRECTORY").then(|| "/var/lib/other".to_owned());
        assert_eq!(locate(true, env).state, PathBuf::from("/var/lib/other"));
    }
}
