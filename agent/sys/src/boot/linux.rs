//! Boots on Linux.
use std::path::Path;

use jiff::Timestamp;

use super::{BootHistory, BootRecord, End};
use crate::{clock, files, host};

/// Keys of boots that only wtmp knows begin with this.
pub const WTMP_KEY: &str = "wtmp:";

/// The history of the tree at `root`.
pub fn history(root: &Path, live: bool, _since: Option<Timestamp>) -> BootHistory {
    let mut history = BootHistory::default();
    if live {
        let host = host::detect(root);
        if let Some(sentence) = host.blind_spot() {
            history.blind_spots.push(sentence.to_owned());
            return history;
        }
        if let Some(boot_id) = files::value(&files::under(root, "/proc/sys/kernel/random/boot_id"))
        {
            let mut boot = BootRecord::new(boot_id, clock::boot_time(&clock::read()));
            boot.judged(End::Running, 1.0);
            history.boots.push(boot);
        }
    }
    history
}
