//! The keychain: the file holds the name of an item, the item holds the content. A daemon's items lie in the system's
//! keychain, a person's in theirs.
//!
//! Invariant: a new content is a new item, and the old one goes only after the file names the new: never half a key. Where
//! there is no keychain (a locked one, a session without one) the file holds the content behind its mode, as on Linux.

use std::io;

use security_framework::passwords::{
    delete_generic_password, get_generic_password, set_generic_password,
};

/// Opens a file that names an item.
const MARK: &[u8] = b"weft-keychain-1\n";
/// Shown in Keychain Access.
const SERVICE: &str = "weft-agent";

/// Keeps.
pub fn seal(content: &[u8]) -> io::Result<Vec<u8>> {
    let item = uuid::Uuid::new_v4().to_string();
    match set_generic_password(SERVICE, &item, content) {
        Ok(()) => Ok([MARK, item.as_bytes()].concat()),
        Err(error) => {
            tracing::debug!(%error, "no keychain here: the secret stays in its file");
            Ok(content.to_owned())
        }
    }
}

fn item_of(file: &[u8]) -> Option<&str> {
    std::str::from_utf8(file.strip_prefix(MARK)?)
        .ok()
        .map(str::trim)
}

/// Fetches; a plain file is given as it is.
pub fn open_sealed(content: Vec<u8>) -> io::Result<Vec<u8>> {
    let Some(item) = item_of(&content) else {
        return Ok(content);
    };
    get_generic_password(SERVICE, item).map_err(|error| {
        io::Error::new(
            io::ErrorKind::PermissionDenied,
            format!("the keychain does not give it ({error}); unlock it or enrol again"),
        )
    })
}

/// Forgets the item of a file that is no more.
pub fn discard(file: &[u8]) {
    if let Some(item) = item_of(file) {
        // Best effort: an item that nobody names any more is useless.
        let _ = delete_generic_password(SERVICE, item);
    }
}
