//! Where a file lies, beyond its class: folders that anybody may write although they look like the system's.
//!
//! **Invariant: pure text.** What is told of a folder here is how systems are delivered, not what somebody did there.

/// Folders that every account may write, below the drive: a program there was put by hand.
const OPEN: [&str; 14] = [
    "users/public/",
    "perflogs/",
    "$recycle.bin/",
    "recycler/",
    "windows/tasks/",
    "windows/debug/",
    "windows/tracing/",
    "windows/temp/",
    "windows/system32/tasks/",
    "windows/system32/spool/drivers/color/",
    "windows/system32/microsoft/crypto/",
    "windows/registration/crmlog/",
    "intel/",
    "temp/",
];

/// True for a file in a folder that everybody writes, or bare in the drive's root or in ProgramData's.
pub fn is_open(path: &str) -> bool {
    let path = path.trim().to_lowercase().replace('\\', "/");
    let Some(below) = below_drive(&path) else {
        return path.starts_with("/tmp/")
            || path.starts_with("/var/tmp/")
            || path.starts_with("/dev/shm/");
    };
    let bare = |rest: &str| !rest.is_empty() && !rest.contains('/');
    OPEN.iter().any(|folder| below.starts_with(folder))
        || bare(below)
        || below.strip_prefix("programdata/").is_some_and(bare)
}

/// The same for a path in the middle of an argument.
pub fn open_inside(text: &str) -> bool {
    let text = text.to_lowercase().replace('\\', "/");
    [
        "/users/public/",
        "/perflogs/",
        "$recycle.bin/",
        "/windows/tasks/",
        "%public%",
        "/programdata/",
    ]
    .iter()
    .any(|folder| text.contains(folder))
        && !text.contains("/programdata/microsoft/")
}

/// True for what a person just fetched.
pub fn is_fetched(path: &str) -> bool {
    let path = path.to_lowercase().replace('\\', "/");
    [
        "/downloads/",
        "/content.outlook/",
        "/inetcache/",
        "/desktop/",
    ]
    .iter()
    .any(|folder| path.contains(folder))
}

fn below_drive(path: &str) -> Option<&str> {
    let mut letters = path.chars();
    let drive = letters.next().is_some_and(|c| c.is_ascii_alphabetic());
    (drive && letters.next() == Some(':')).then(|| path.get(3..).unwrap_or(""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn open_folders_are_told_from_the_systems() {
        for open in [
            r"C:\Users\Public\a.exe",
            r"C:\PerfLogs\a.exe",
            r"D:\a.exe",
            r"C:\ProgramData\a.exe",
            "/dev/shm/x",
        ] {
            assert!(is_open(open), "{open}");
        }
        for closed in [
            r"C:\Windows\System32\cmd.exe",
            r"C:\ProgramData\Vendor\Tool\a.exe",
            "/usr/bin/x",
            "",
            "C:",
            "é",
        ] {
            assert!(!is_open(closed), "{closed}");
        }
    }
}
