//! The few calls that every macOS shell needs.
//!
//! Invariant: a name that the kernel does not know is `None`.
#![allow(unsafe_code)]

use std::ffi::CString;

/// The longest text that we ask for is a processor's name.
const VALUE_BYTES: usize = 1024;

fn raw(name: &str) -> Option<Vec<u8>> {
    let name = CString::new(name).ok()?;
    let mut value = vec![0_u8; VALUE_BYTES];
    let mut length = value.len();
    // SAFETY: the name ends with zero, the buffer's length is passed with it, nothing is set.
    let status = unsafe {
        libc::sysctlbyname(
            name.as_ptr(),
            value.as_mut_ptr().cast(),
            &mut length,
            std::ptr::null_mut(),
            0,
        )
    };
    value.truncate(length);
    (status == 0).then_some(value)
}

/// A text value.
pub fn sysctl(name: &str) -> Option<String> {
    let mut value = raw(name)?;
    while value.last() == Some(&0) {
        value.pop();
    }
    String::from_utf8(value)
        .ok()
        .filter(|text| !text.is_empty())
}

/// A number value of four or eight bytes.
pub fn sysctl_number(name: &str) -> Option<u64> {
    let value = raw(name)?;
    match value.len() {
        4 => Some(u64::from(u32::from_ne_bytes(value.try_into().ok()?))),
        8 => Some(u64::from_ne_bytes(value.try_into().ok()?)),
        _ => None,
    }
}

/// A structure value as bytes.
pub fn sysctl_bytes(name: &str) -> Option<Vec<u8>> {
    raw(name)
}
