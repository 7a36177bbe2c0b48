//! The few things that every Windows shell needs: handles that close, texts in UTF-16, the registry, devices.
//!
//! Invariant: a handle is closed exactly once; every buffer that the system fills has its length beside it.
//!
//! Not here: what a value means.
#![allow(unsafe_code)]

pub mod device;
pub mod registry;
pub mod token;

use windows_sys::Win32::Foundation::{CloseHandle, HANDLE, INVALID_HANDLE_VALUE};

/// An open handle.
#[derive(Debug)]
pub struct Handle(HANDLE);

impl Handle {
    /// Takes ownership; `None` when the call that made it failed.
    ///
    /// # Safety
    /// `raw` is a handle that nobody else closes, or null, or INVALID_HANDLE_VALUE.
    pub unsafe fn own(raw: HANDLE) -> Option<Self> {
        (!raw.is_null() && raw != INVALID_HANDLE_VALUE).then_some(Self(raw))
    }

    /// For a call.
    pub fn raw(&self) -> HANDLE {
        self.0
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        // SAFETY: `own`'s caller gave the handle to us alone, and it is dropped once.
        unsafe { CloseHandle(self.0) };
    }
}

/// UTF-16 with its final zero.
pub fn wide(text: &str) -> Vec<u16> {
    text.encode_utf16().chain([0]).collect()
}

/// A text of a buffer, up to its first zero.
pub fn text(units: &[u16]) -> String {
    let length = units
        .iter()
        .position(|unit| *unit == 0)
        .unwrap_or(units.len());
    String::from_utf16_lossy(units.get(..length).unwrap_or_default())
}

/// A text at a pointer that the system gave; empty for null.
///
/// # Safety
/// `start` is null or points to UTF-16 that ends with zero and stays as it is during the call.
pub unsafe fn text_at(start: *const u16) -> String {
    const LIMIT: usize = 32 * 1024;
    if start.is_null() {
        return String::new();
    }
    let mut units = Vec::new();
    for at in 0..LIMIT {
        // SAFETY: everything up to the final zero may be read, and we stop there.
        let unit = unsafe { *start.add(at) };
        if unit == 0 {
            break;
        }
        units.push(unit);
    }
    String::from_utf16_lossy(&units)
}
