//! Boots on macOS.
#[cfg(target_os = "macos")]
pub fn history(
    _root: &std::path::Path,
    _live: bool,
    _since: Option<jiff::Timestamp>,
) -> super::BootHistory {
    super::BootHistory::default()
}
