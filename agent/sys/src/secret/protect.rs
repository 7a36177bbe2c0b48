//! DPAPI: the content, wrapped under a key that only this account on this machine has.
//!
//! Invariant: without [`MARK`] a file is plain; nothing is ever shown to a user.
#![allow(unsafe_code)]

use std::io;

use windows_sys::Win32::Foundation::LocalFree;
use windows_sys::Win32::Security::Cryptography::{
    CRYPT_INTEGER_BLOB, CRYPTPROTECT_UI_FORBIDDEN, CryptProtectData, CryptUnprotectData,
};

/// Opens a wrapped file.
const MARK: &[u8] = b"weft-dpapi-1\n";

fn blob(bytes: &[u8]) -> io::Result<CRYPT_INTEGER_BLOB> {
    Ok(CRYPT_INTEGER_BLOB {
        cbData: u32::try_from(bytes.len())
            .map_err(|_| io::Error::new(io::ErrorKind::InvalidInput, "too large for a secret"))?,
        pbData: bytes.as_ptr().cast_mut(),
    })
}

/// # Safety
/// `out` is what a successful call of DPAPI wrote: memory of the system's that nobody else frees.
unsafe fn take(out: CRYPT_INTEGER_BLOB) -> Vec<u8> {
    // SAFETY: the caller's promise; the memory is copied, wiped and freed once.
    unsafe {
        let length = out.cbData as usize;
        let bytes = std::slice::from_raw_parts_mut(out.pbData, length);
        let copy = bytes.to_vec();
        bytes.fill(0);
        LocalFree(out.pbData.cast());
        copy
    }
}

/// Wraps.
pub fn seal(content: &[u8]) -> io::Result<Vec<u8>> {
    let input = blob(content)?;
    let mut out = CRYPT_INTEGER_BLOB::default();
    // SAFETY: the input lives during the call (and is only read); `out` is written on success.
    let wrapped = unsafe {
        if CryptProtectData(
            &input,
            std::ptr::null(),
            std::ptr::null(),
            std::ptr::null(),
            std::ptr::null(),
            CRYPTPROTECT_UI_FORBIDDEN,
            &mut out,
        ) == 0
        {
            return Err(io::Error::last_os_error());
        }
        take(out)
    };
    Ok([MARK, &wrapped].concat())
}

/// Unwraps; a plain file is given as it is.
pub fn open_sealed(content: Vec<u8>) -> io::Result<Vec<u8>> {
    let Some(wrapped) = content.strip_prefix(MARK) else {
        return Ok(content);
    };
    let input = blob(wrapped)?;
    let mut out = CRYPT_INTEGER_BLOB::default();
    // SAFETY: as above.
    unsafe {
        if CryptUnprotectData(
            &input,
            std::ptr::null_mut(),
            std::ptr::null(),
            std::ptr::null(),
            std::ptr::null(),
            CRYPTPROTECT_UI_FORBIDDEN,
            &mut out,
        ) == 0
        {
            return Err(io::Error::new(
                io::ErrorKind::PermissionDenied,
                "DPAPI cannot unwrap it: it was written by another account or on another machine; enrol again",
            ));
        }
        Ok(take(out))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn what_was_wrapped_comes_back_and_plain_stays() {
        let sealed = seal(b"key").unwrap();
        assert!(sealed.starts_with(MARK) && !sealed.windows(3).any(|part| part == b"key"));
        assert_eq!(open_sealed(sealed).unwrap(), b"key");
        assert_eq!(open_sealed(b"plain".to_vec()).unwrap(), b"plain");
        assert!(open_sealed([MARK, b"rubbish"].concat()).is_err());
    }
}
