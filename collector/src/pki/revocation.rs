//! Serials that no longer count, in memory: asked on every call, and live streams are told when it changes.
//!
//! **Invariant:** the list is a copy of the `certificates` table, at most one refresh old; it is never written elsewhere.

use std::{collections::HashSet, sync::Arc};

use tokio::sync::watch;

/// Cloning shares the list.
#[derive(Clone, Debug)]
pub struct RevocationList {
    serials: watch::Sender<Arc<HashSet<String>>>,
}

impl Default for RevocationList {
    fn default() -> Self {
        Self {
            serials: watch::Sender::new(Arc::default()),
        }
    }
}

impl RevocationList {
    pub fn contains(&self, serial: &str) -> bool {
        self.serials.borrow().contains(serial)
    }

    /// Puts the table's present content in force; tells watchers only when it differs.
    pub fn replace(&self, serials: impl IntoIterator<Item = String>) {
        let new: HashSet<String> = serials.into_iter().collect();
        self.serials.send_if_modified(|old| {
            let differs = **old != new;
            if differs {
                *old = Arc::new(new);
            }
            differs
        });
    }

    /// Completes once `serial` is revoked.
    pub async fn revoked(&self, serial: &str) {
        let mut changes = self.serials.subscribe();
        // Never an error: `self` holds the sender.
        let _ = changes.wait_for(|serials| serials.contains(serial)).await;
    }
}
