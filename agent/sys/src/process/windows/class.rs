//! Whose account a security identifier is.
//!
//! Invariant: pure; the identifier itself goes no further than this function.
//!
//! Source: Microsoft Learn, "Well-known SIDs" and "Security identifiers".

use crate::process::UserClass;

/// The class of a SID in its text form.
pub fn of(sid: &str) -> UserClass {
    let mut parts = sid.split('-').skip(2);
    let authority = parts.next();
    let first = parts.next().and_then(|part| part.parse::<u32>().ok());
    match (authority, first) {
        // LocalSystem.
        (Some("5"), Some(18)) => UserClass::System,
        // LocalService, NetworkService; per-service accounts, app pools, virtual machines, window manager, font driver.
        (Some("5"), Some(19 | 20 | 80 | 82 | 83 | 90 | 96)) => UserClass::Service,
        // A domain's or the machine's own account: people from 1000 on; 500 is the administrator, 501 the guest.
        (Some("5"), Some(21)) => match sid.rsplit('-').next().and_then(|id| id.parse::<u32>().ok())
        {
            Some(500 | 501 | 1000..) => UserClass::Person,
            // DefaultAccount, WDAGUtilityAccount, krbtgt.
            Some(_) => UserClass::Service,
            None => UserClass::Unspecified,
        },
        // Entra ID accounts.
        (Some("12"), Some(1)) => UserClass::Person,
        _ => UserClass::Unspecified,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn well_known_accounts() {
        for (sid, expected) in [
            ("S-1-5-18", UserClass::System),
            ("S-1-5-19", UserClass::Service),
            (
                "S-1-5-80-956008885-3418522649-1831038044-1853292631-2271478464",
                UserClass::Service,
            ),
            ("S-1-5-90-0-1", UserClass::Service),
            (
                "S-1-5-21-1004336348-1177238915-682003330-1001",
                UserClass::Person,
            ),
            (
                "S-1-5-21-1004336348-1177238915-682003330-500",
                UserClass::Person,
            ),
            (
                "S-1-5-21-1004336348-1177238915-682003330-503",
                UserClass::Service,
            ),
            (
                "S-1-12-1-2052875107-1175324221-3333333333-4444444444",
                UserClass::Person,
            ),
            ("S-1-1-0", UserClass::Unspecified),
            ("", UserClass::Unspecified),
            ("S-1-5-21-", UserClass::Unspecified),
        ] {
            assert_eq!(of(sid), expected, "{sid}");
        }
    }
}
