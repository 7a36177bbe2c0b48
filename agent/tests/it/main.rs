//! The agent against a collector double over the real wire.
#![allow(clippy::unwrap_used)]

mod collector;
#[cfg(target_os = "linux")]
mod desktop;
mod middlebox;
mod network;
mod secrets;
mod shipping;
mod whole;

use std::time::{Duration, Instant};

/// Waits until it is true.
async fn eventually(what: &str, mut happened: impl FnMut() -> bool) {
    // The machine may be busy with other tests; nothing here takes this long by itself.
    let deadline = Duration::from_secs(90);
    let begun = Instant::now();
    while !happened() {
        assert!(
            begun.elapsed() < deadline,
            "{what} did not happen within {} s",
            deadline.as_secs()
        );
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
}
