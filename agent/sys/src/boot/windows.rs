//! Boots on Windows.
#[cfg(windows)]
pub fn history() -> Result<super::BootHistory, super::Error> {
    Err(super::Error::NotBuilt("Windows"))
}
