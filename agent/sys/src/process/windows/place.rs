//! Where a Windows path lies, as a class that may travel.
//!
//! Invariant: pure; drive letters do not matter where the folder speaks, and the drive's kind is a parameter.

use crate::process::Place;

/// What `GetDriveType` says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Drive {
    Fixed,
    Removable,
    Network,
    Unknown,
}

/// The class of an executable's path.
pub fn of(path: &str, drive: Drive, deleted: bool) -> Place {
    if path.is_empty() {
        return Place::Unspecified;
    }
    if deleted {
        return Place::Deleted;
    }
    let path = path.replace('/', "\\").to_ascii_lowercase();
    let path = path.strip_prefix(r"\\?\").unwrap_or(&path);
    if path.starts_with(r"unc\") || path.starts_with(r"\\") || drive == Drive::Network {
        return Place::Network;
    }
    if drive == Drive::Removable {
        return Place::Removable;
    }
    let rest = path
        .get(2..)
        .filter(|_| path.as_bytes().get(1) == Some(&b':'))
        .unwrap_or(path);
    let below = |folder: &str| {
        rest.strip_prefix(folder)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('\\'))
    };
    let is_temp = below(r"\windows\temp")
        || below(r"\temp")
        || below(r"\tmp")
        || (below(r"\users")
            && (rest.contains(r"\appdata\local\temp\")
                || rest.contains(r"\appdata\locallow\temp\")));
    if is_temp {
        Place::Temp
    } else if below(r"\windows") {
        Place::SystemPath
    } else if below(r"\program files") || below(r"\program files (x86)") || below(r"\programdata") {
        Place::ProgramPath
    } else if below(r"\users") {
        Place::Home
    } else {
        Place::OtherPlace
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_by_path() {
        for (path, expected) in [
            (r"C:\Windows\System32\svchost.exe", Place::SystemPath),
            (r"c:\WINDOWS\Temp\x.exe", Place::Temp),
            (
                r"C:\Program Files (x86)\Dropbox\Client\Dropbox.exe",
                Place::ProgramPath,
            ),
            (r"C:\ProgramData\x\y.exe", Place::ProgramPath),
            (r"C:\Users\anna\AppData\Local\Temp\7z1\x.exe", Place::Temp),
            (
                r"C:\Users\anna\AppData\Local\Microsoft\OneDrive\OneDrive.exe",
                Place::Home,
            ),
            (r"\\?\C:\Users\anna\x.exe", Place::Home),
            (r"\\server\share\x.exe", Place::Network),
            (r"\\?\UNC\server\share\x.exe", Place::Network),
            (r"C:\WindowsOld\x.exe", Place::OtherPlace),
            (r"D:\tools\x.exe", Place::OtherPlace),
            ("", Place::Unspecified),
        ] {
            assert_eq!(of(path, Drive::Fixed, false), expected, "{path}");
        }
        assert_eq!(of(r"E:\x.exe", Drive::Removable, false), Place::Removable);
        assert_eq!(of(r"Z:\x.exe", Drive::Network, false), Place::Network);
        assert_eq!(of(r"E:\x.exe", Drive::Removable, true), Place::Deleted);
    }
}
