//! launchd: the property list, and the two words of `launchctl` that matter.
//!
//! Invariant: the list is pure text; a program's path is escaped for XML.
//!
//! Source: launchd.plist(5), launchctl(1).

use std::path::Path;

/// The daemon's label and the list's name.
pub const LABEL: &str = "dev.weft.agent";

/// The property list of the daemon.
pub fn plist(program: &Path) -> String {
    let program = program
        .to_string_lossy()
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;");
    // Nice and background I/O: a guest that nobody notices. KeepAlive with a pause: an agent that is not enrolled yet must not
    // spin.
    format!(
        r#"<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0">
<dict>
    <key>Label</key>
    <string>{LABEL}</string>
    <key>ProgramArguments</key>
    <array>
        <string>{program}</string>
        <string>run</string>
    </array>
    <key>RunAtLoad</key>
    <true/>
    <key>KeepAlive</key>
    <true/>
    <key>ThrottleInterval</key>
    <integer>60</integer>
    <key>ExitTimeOut</key>
    <integer>10</integer>
    <key>ProcessType</key>
    <string>Background</string>
    <key>LowPriorityIO</key>
    <true/>
    <key>Nice</key>
    <integer>10</integer>
    <key>Umask</key>
    <integer>63</integer>
    <key>StandardErrorPath</key>
    <string>/Library/Logs/weft-agent.log</string>
</dict>
</plist>
"#
    )
}

#[cfg(target_os = "macos")]
mod shell {
    use std::path::Path;
    use std::process::Command;

    use super::super::ServiceError;
    use super::{LABEL, plist};

    fn file() -> String {
        format!("/Library/LaunchDaemons/{LABEL}.plist")
    }

    fn launchctl(what: &'static str, words: &[&str]) -> Result<(), ServiceError> {
        let refused = |why: String| ServiceError::Refused { what, why };
        let done = Command::new("/bin/launchctl")
            .args(words)
            .output()
            .map_err(|error| refused(error.to_string()))?;
        if done.status.success() {
            return Ok(());
        }
        Err(refused(
            String::from_utf8_lossy(&done.stderr).trim().to_owned(),
        ))
    }

    fn needs_root() -> Result<(), ServiceError> {
        match weft_agent_sys::account::current().is_root {
            true => Ok(()),
            false => Err(ServiceError::Rights("root (sudo)")),
        }
    }

    pub(crate) fn install(program: &Path) -> Result<(), ServiceError> {
        needs_root()?;
        let path = file();
        // Loaded already: a fresh list is only read after it was taken out.
        let _ = launchctl("stop", &["bootout", "system", &path]);
        std::fs::write(&path, plist(program)).map_err(|source| ServiceError::Write {
            path: path.clone(),
            source,
        })?;
        launchctl("start", &["bootstrap", "system", &path])
    }

    pub(crate) fn uninstall() -> Result<(), ServiceError> {
        needs_root()?;
        let path = file();
        // Not loaded is as good as stopped.
        let _ = launchctl("stop", &["bootout", "system", &path]);
        match std::fs::remove_file(&path) {
            Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
                Err(ServiceError::Write { path, source })
            }
            _ => Ok(()),
        }
    }
}

#[cfg(target_os = "macos")]
pub(crate) use shell::{install, uninstall};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_the_packages_list() {
        let own = plist(Path::new("/usr/local/bin/weft-agent"));
        assert_eq!(
            own,
            include_str!("../../packaging/macos/dev.weft.agent.plist"),
            "agent/packaging/macos/dev.weft.agent.plist is what `service install` writes"
        );
    }

    #[test]
    fn a_path_cannot_break_the_list() {
        let odd = plist(Path::new("/a&b/<x>"));
        assert!(odd.contains("<string>/a&amp;b/&lt;x&gt;</string>"));
    }
}
