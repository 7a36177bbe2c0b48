//! As whom a process runs.
//!
//! Invariant: the identifier is handed out as text and kept nowhere.
#![allow(unsafe_code)]

use windows_sys::Win32::Foundation::{HANDLE, LocalFree};
use windows_sys::Win32::Security::Authorization::ConvertSidToStringSidW;
use windows_sys::Win32::Security::{
    GetTokenInformation, TOKEN_ELEVATION, TOKEN_QUERY, TOKEN_USER, TokenElevation, TokenUser,
};
use windows_sys::Win32::System::Threading::{GetCurrentProcess, OpenProcessToken};

use super::{Handle, text_at};

/// A SID is at most 68 bytes, the structure before it 16.
const USER_BYTES: usize = 256;

fn token(process: HANDLE) -> Option<Handle> {
    let mut raw: HANDLE = std::ptr::null_mut();
    // SAFETY: `process` is open during the call; `raw` is written on success only and then ours.
    unsafe {
        if OpenProcessToken(process, TOKEN_QUERY, &mut raw) == 0 {
            return None;
        }
        Handle::own(raw)
    }
}

/// SID of the account of an open process, as text.
pub fn sid_of(process: &Handle) -> Option<String> {
    let token = token(process.raw())?;
    // u64 for the alignment of the structure.
    let mut buffer = [0_u64; USER_BYTES / 8];
    let mut length = 0_u32;
    // SAFETY: the buffer's length is passed with it; TOKEN_USER and the SID that it points to lie inside it on success;
    // the text is the system's until it is freed, once.
    unsafe {
        if GetTokenInformation(
            token.raw(),
            TokenUser,
            buffer.as_mut_ptr().cast(),
            USER_BYTES as u32,
            &mut length,
        ) == 0
        {
            return None;
        }
        let user = &*buffer.as_ptr().cast::<TOKEN_USER>();
        let mut out: *mut u16 = std::ptr::null_mut();
        if ConvertSidToStringSidW(user.User.Sid, &mut out) == 0 {
            return None;
        }
        let text = text_at(out);
        LocalFree(out.cast());
        Some(text)
    }
}

/// This process has an administrator's full token (LocalSystem has it too).
pub fn is_elevated() -> bool {
    // SAFETY: the pseudo handle of this process is always valid and is not closed.
    let Some(token) = token(unsafe { GetCurrentProcess() }) else {
        return false;
    };
    let mut elevation = TOKEN_ELEVATION::default();
    let mut length = 0_u32;
    // SAFETY: the structure's size is passed with it.
    let done = unsafe {
        GetTokenInformation(
            token.raw(),
            TokenElevation,
            (&raw mut elevation).cast(),
            size_of::<TOKEN_ELEVATION>() as u32,
            &mut length,
        )
    };
    done != 0 && elevation.TokenIsElevated != 0
}
