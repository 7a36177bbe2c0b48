//! The registry behind the pure readers' door.
//!
//! Invariant: reads only; at most [`MAX_KEYS`] names of a key.
#![allow(unsafe_code)]

use windows_sys::Win32::Foundation::{ERROR_MORE_DATA, ERROR_SUCCESS};
use windows_sys::Win32::System::Registry::{
    HKEY, HKEY_LOCAL_MACHINE, HKEY_USERS, KEY_READ, REG_EXPAND_SZ, RRF_NOEXPAND, RRF_RT_REG_DWORD,
    RRF_RT_REG_EXPAND_SZ, RRF_RT_REG_QWORD, RRF_RT_REG_SZ, RegCloseKey, RegEnumKeyExW,
    RegGetValueW, RegOpenKeyExW,
};

use super::{text, wide};
use crate::registry::Registry;

/// A key with more subkeys is no list of software.
const MAX_KEYS: u32 = 4096;
/// The longest key name (Microsoft Learn, "Registry element size limits").
const NAME_UNITS: usize = 256;
/// A value that names a program or a folder is shorter.
const VALUE_UNITS: usize = 4096;

/// The running system's registry.
#[derive(Debug, Clone, Copy)]
pub struct Live;

struct Key(HKEY);

impl Drop for Key {
    fn drop(&mut self) {
        // SAFETY: `open` made it and nobody else closes it.
        unsafe { RegCloseKey(self.0) };
    }
}

/// "HKLM\..." or "HKU\...".
fn split(path: &str) -> Option<(HKEY, Vec<u16>)> {
    let (root, rest) = path.split_once('\\').unwrap_or((path, ""));
    let root = match root {
        "HKLM" => HKEY_LOCAL_MACHINE,
        "HKU" => HKEY_USERS,
        _ => return None,
    };
    Some((root, wide(rest)))
}

fn open(path: &str) -> Option<Key> {
    let (root, rest) = split(path)?;
    let mut key: HKEY = std::ptr::null_mut();
    // SAFETY: `rest` ends with zero and lives during the call; `key` is written on success only.
    let status = unsafe { RegOpenKeyExW(root, rest.as_ptr(), 0, KEY_READ, &mut key) };
    (status == ERROR_SUCCESS).then_some(Key(key))
}

impl Registry for Live {
    fn keys(&self, path: &str) -> Vec<String> {
        let mut out = Vec::new();
        let Some(key) = open(path) else {
            return out;
        };
        for index in 0..MAX_KEYS {
            let mut name = [0_u16; NAME_UNITS];
            let mut length = NAME_UNITS as u32;
            // SAFETY: `length` says how many units `name` holds; the other pointers may be null.
            let status = unsafe {
                RegEnumKeyExW(
                    key.0,
                    index,
                    name.as_mut_ptr(),
                    &mut length,
                    std::ptr::null(),
                    std::ptr::null_mut(),
                    std::ptr::null_mut(),
                    std::ptr::null_mut(),
                )
            };
            match status {
                ERROR_SUCCESS => out.push(text(&name)),
                ERROR_MORE_DATA => {}
                _ => break,
            }
        }
        out
    }

    fn text(&self, path: &str, name: &str) -> Option<String> {
        let (root, rest) = split(path)?;
        let name = wide(name);
        let mut value = vec![0_u16; VALUE_UNITS];
        let mut bytes = u32::try_from(value.len() * 2).ok()?;
        let mut kind = REG_EXPAND_SZ;
        // SAFETY: both names end with zero; `bytes` says how many bytes `value` holds.
        let status = unsafe {
            RegGetValueW(
                root,
                rest.as_ptr(),
                name.as_ptr(),
                RRF_RT_REG_SZ | RRF_RT_REG_EXPAND_SZ | RRF_NOEXPAND,
                &mut kind,
                value.as_mut_ptr().cast(),
                &mut bytes,
            )
        };
        (status == ERROR_SUCCESS).then(|| text(&value))
    }

    fn number(&self, path: &str, name: &str) -> Option<u64> {
        let (root, rest) = split(path)?;
        let name = wide(name);
        let mut value = [0_u8; 8];
        let mut bytes = 8_u32;
        // SAFETY: both names end with zero; `bytes` says how many bytes `value` holds.
        let status = unsafe {
            RegGetValueW(
                root,
                rest.as_ptr(),
                name.as_ptr(),
                RRF_RT_REG_DWORD | RRF_RT_REG_QWORD,
                std::ptr::null_mut(),
                value.as_mut_ptr().cast(),
                &mut bytes,
            )
        };
        (status == ERROR_SUCCESS).then(|| u64::from_le_bytes(value))
    }
}
