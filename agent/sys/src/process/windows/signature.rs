//! Who signed a file: in the file itself, else in one of the system's catalogs (most of Windows' own files).
//!
//! Invariant: the network is never asked (no revocation check, cached certificates only); a signature that does not hold is
//! no signature.
#![allow(unsafe_code)]

use windows_sys::Win32::Foundation::{GENERIC_READ, HANDLE};
use windows_sys::Win32::Security::Cryptography::Catalog::{
    CATALOG_INFO, CryptCATAdminAcquireContext2, CryptCATAdminCalcHashFromFileHandle2,
    CryptCATAdminEnumCatalogFromHash, CryptCATAdminReleaseCatalogContext,
    CryptCATAdminReleaseContext, CryptCATCatalogInfoFromContext,
};
use windows_sys::Win32::Security::Cryptography::{
    BCRYPT_SHA256_ALGORITHM, CERT_NAME_SIMPLE_DISPLAY_TYPE, CertGetNameStringW,
};
use windows_sys::Win32::Security::WinTrust::{
    WINTRUST_ACTION_GENERIC_VERIFY_V2, WINTRUST_CATALOG_INFO, WINTRUST_DATA, WINTRUST_DATA_0,
    WINTRUST_FILE_INFO, WTD_CACHE_ONLY_URL_RETRIEVAL, WTD_CHOICE_CATALOG, WTD_CHOICE_FILE,
    WTD_REVOKE_NONE, WTD_STATEACTION_CLOSE, WTD_STATEACTION_VERIFY, WTD_UI_NONE,
    WTHelperGetProvSignerFromChain, WTHelperProvDataFromStateData, WinVerifyTrust,
};
use windows_sys::Win32::Storage::FileSystem::{CreateFileW, FILE_SHARE_READ, OPEN_EXISTING};

use crate::win32::{Handle, text, wide};

/// SHA-256.
const HASH_BYTES: usize = 32;
const NAME_UNITS: usize = 256;

/// Name of the certificate that signed the file; `None` when nobody did or when it does not hold.
pub fn signer(path: &str) -> Option<String> {
    let wide_path = wide(path);
    let mut file = WINTRUST_FILE_INFO {
        cbStruct: size_of::<WINTRUST_FILE_INFO>() as u32,
        pcwszFilePath: wide_path.as_ptr(),
        hFile: std::ptr::null_mut(),
        pgKnownSubject: std::ptr::null_mut(),
    };
    verified(WTD_CHOICE_FILE, WINTRUST_DATA_0 { pFile: &mut file })
        .or_else(|| in_catalog(&wide_path))
}

fn verified(choice: u32, subject: WINTRUST_DATA_0) -> Option<String> {
    let mut action = WINTRUST_ACTION_GENERIC_VERIFY_V2;
    let mut data = WINTRUST_DATA {
        cbStruct: size_of::<WINTRUST_DATA>() as u32,
        dwUIChoice: WTD_UI_NONE,
        fdwRevocationChecks: WTD_REVOKE_NONE,
        dwUnionChoice: choice,
        Anonymous: subject,
        dwStateAction: WTD_STATEACTION_VERIFY,
        dwProvFlags: WTD_CACHE_ONLY_URL_RETRIEVAL,
        ..WINTRUST_DATA::default()
    };
    // SAFETY: `data` and what it points to live until the state is closed below; the signer's certificate belongs to that
    // state and is read before.
    unsafe {
        let status = WinVerifyTrust(std::ptr::null_mut(), &mut action, (&raw mut data).cast());
        let name = if status == 0 {
            name_of(data.hWVTStateData)
        } else {
            None
        };
        data.dwStateAction = WTD_STATEACTION_CLOSE;
        WinVerifyTrust(std::ptr::null_mut(), &mut action, (&raw mut data).cast());
        name
    }
}

/// # Safety
/// `state` is the open state of a verification.
unsafe fn name_of(state: HANDLE) -> Option<String> {
    // SAFETY: the helpers give null or pointers into `state`, which the caller keeps open; the name's length is passed.
    unsafe {
        let provider = WTHelperProvDataFromStateData(state);
        if provider.is_null() {
            return None;
        }
        let signer = WTHelperGetProvSignerFromChain(provider, 0, 0, 0);
        if signer.is_null() || (*signer).csCertChain == 0 || (*signer).pasCertChain.is_null() {
            return None;
        }
        let certificate = (*(*signer).pasCertChain).pCert;
        let mut name = [0_u16; NAME_UNITS];
        CertGetNameStringW(
            certificate,
            CERT_NAME_SIMPLE_DISPLAY_TYPE,
            0,
            std::ptr::null(),
            name.as_mut_ptr(),
            NAME_UNITS as u32,
        );
        Some(text(&name)).filter(|name| !name.is_empty())
    }
}

fn in_catalog(path: &[u16]) -> Option<String> {
    // SAFETY: every pointer lives during its call, lengths are passed with buffers, contexts are released once.
    unsafe {
        let file = Handle::own(CreateFileW(
            path.as_ptr(),
            GENERIC_READ,
            FILE_SHARE_READ,
            std::ptr::null(),
            OPEN_EXISTING,
            0,
            std::ptr::null_mut(),
        ))?;
        let mut admin = 0_isize;
        if CryptCATAdminAcquireContext2(
            &mut admin,
            std::ptr::null(),
            BCRYPT_SHA256_ALGORITHM,
            std::ptr::null(),
            0,
        ) == 0
        {
            return None;
        }
        let name = catalog_signer(admin, &file, path);
        CryptCATAdminReleaseContext(admin, 0);
        name
    }
}

/// # Safety
/// `admin` is an open catalog context, `path` ends with zero.
unsafe fn catalog_signer(admin: isize, file: &Handle, path: &[u16]) -> Option<String> {
    let mut hash = [0_u8; HASH_BYTES];
    let mut length = HASH_BYTES as u32;
    // SAFETY: the caller's promise; the hash's length is passed with it; the catalog context is released once.
    unsafe {
        if CryptCATAdminCalcHashFromFileHandle2(
            admin,
            file.raw(),
            &mut length,
            hash.as_mut_ptr(),
            0,
        ) == 0
        {
            return None;
        }
        let catalog =
            CryptCATAdminEnumCatalogFromHash(admin, hash.as_ptr(), length, 0, std::ptr::null_mut());
        if catalog == 0 {
            return None;
        }
        let mut info = CATALOG_INFO {
            cbStruct: size_of::<CATALOG_INFO>() as u32,
            ..CATALOG_INFO::default()
        };
        let found = CryptCATCatalogInfoFromContext(catalog, &mut info, 0) != 0;
        // The member's tag is its hash in upper-case hex.
        let tag = wide(&hex::encode_upper(hash));
        let mut subject = WINTRUST_CATALOG_INFO {
            cbStruct: size_of::<WINTRUST_CATALOG_INFO>() as u32,
            pcwszCatalogFilePath: info.wszCatalogFile.as_ptr(),
            pcwszMemberTag: tag.as_ptr(),
            pcwszMemberFilePath: path.as_ptr(),
            pbCalculatedFileHash: hash.as_mut_ptr(),
            cbCalculatedFileHash: length,
            hCatAdmin: admin,
            ..WINTRUST_CATALOG_INFO::default()
        };
        let name = if found {
            verified(
                WTD_CHOICE_CATALOG,
                WINTRUST_DATA_0 {
                    pCatalog: &mut subject,
                },
            )
        } else {
            None
        };
        CryptCATAdminReleaseCatalogContext(admin, catalog, 0);
        name
    }
}
