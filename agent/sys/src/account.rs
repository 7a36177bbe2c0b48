//! As whom does the agent run, and what does that let it see?
//!
//! Invariant: a missing right is a sentence in [`Account::blind_spots`], not an error.
//!
//! Not here: gaining or dropping rights; the service manager does that.

use crate::files;
use std::path::Path;

/// The agent's own account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Account {
    /// root, or an elevated account on Windows.
    pub is_root: bool,
    /// May read other accounts' processes (`CAP_SYS_PTRACE`): executable links, I/O counters.
    pub can_read_processes: bool,
    /// May read any file (`CAP_DAC_READ_SEARCH` or `CAP_DAC_OVERRIDE`): hashes, package lists, other homes.
    pub can_read_files: bool,
    /// May open the kernel's process connector (`CAP_NET_ADMIN`): short-lived processes.
    pub can_watch_processes: bool,
}

// Numbers of capabilities(7), stable by the kernel's promise.
const CAP_DAC_OVERRIDE: u32 = 1;
const CAP_DAC_READ_SEARCH: u32 = 2;
const CAP_NET_ADMIN: u32 = 12;
const CAP_SYS_PTRACE: u32 = 19;

impl Account {
    /// From the effective capability set and the effective user.
    fn from_capabilities(is_root: bool, effective: u64) -> Self {
        let has = |bit: u32| effective & (1 << bit) != 0;
        Self {
            is_root,
            can_read_processes: has(CAP_SYS_PTRACE),
            can_read_files: has(CAP_DAC_OVERRIDE) || has(CAP_DAC_READ_SEARCH),
            can_watch_processes: has(CAP_NET_ADMIN),
        }
    }

    /// What this account cannot see, in words for the owner and for IT.
    pub fn blind_spots(&self) -> Vec<String> {
        let mut out = Vec::new();
        if !cfg!(target_os = "linux") {
            // What of processes is hidden says `process::blind_spots`.
            if !self.can_read_files {
                let who = if cfg!(windows) {
                    "an administrator's account"
                } else {
                    "root"
                };
                out.push(format!(
                    "files of other accounts: apps in their homes are not visible without {who}"
                ));
            }
            return out;
        }
        if !self.can_read_processes {
            out.push("processes of other accounts: path, hash and disk use are not readable without CAP_SYS_PTRACE or root".to_owned());
        }
        if !self.can_read_files {
            out.push("files of other accounts: apps in their homes are not visible without CAP_DAC_READ_SEARCH or root".to_owned());
        }
        if !self.can_watch_processes {
            out.push("processes shorter than the sampling interval: not visible without CAP_NET_ADMIN or root".to_owned());
        }
        out
    }
}

/// The account database of the tree at `root`, one account a line (passwd(5)); empty where there is none. Names in it may be
/// of any encoding: one of an older one must not hide all the others.
pub fn database(root: &Path) -> String {
    /// 300,000 accounts; a directory's accounts are not in this file.
    const LIMIT: u64 = 32 * 1024 * 1024;
    files::text(&files::under(root, "/etc/passwd"), LIMIT).unwrap_or_default()
}

/// This process' effective user.
#[cfg(unix)]
pub fn uid() -> u32 {
    rustix::process::geteuid().as_raw()
}

/// This process' account.
pub fn current() -> Account {
    let status =
        files::text(Path::new("/proc/self/status"), files::VALUE_LIMIT).unwrap_or_default();
    let effective = status
        .lines()
        .find_map(|line| line.strip_prefix("CapEff:"))
        .and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    match effective {
        Some(mask) => Account::from_capabilities(is_root(), mask),
        // No capability sets (macOS, Windows): root sees all, others see their own.
        None => Account {
            is_root: is_root(),
            can_read_processes: is_root(),
            can_read_files: is_root(),
            can_watch_processes: false,
        },
    }
}

#[cfg(unix)]
fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

#[cfg(windows)]
fn is_root() -> bool {
    crate::win32::token::is_elevated()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plain_account_names_every_blind_spot() {
        assert_eq!(Account::from_capabilities(false, 0).blind_spots().len(), 3);
    }

    #[test]
    fn root_with_everything_has_none() {
        assert!(
            Account::from_capabilities(true, u64::MAX)
                .blind_spots()
                .is_empty()
        );
    }

    #[test]
    fn a_service_with_two_capabilities_is_not_root() {
        let account = Account::from_capabilities(false, (1 << 2) | (1 << 19));
        assert!(account.can_read_processes && account.can_read_files && !account.is_root);
    }
}
