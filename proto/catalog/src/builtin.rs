//! The catalog that every binary carries.
//!
//! Invariant: its documents are part of the source and a test parses them, so reading them cannot fail in the field.
//! Not here: a newer catalog from the policy (`Catalog::parse`).

use std::sync::OnceLock;

use crate::index::Catalog;
use crate::parse;

const DOCUMENTS: [(&str, &str); 10] = [
    ("cloud_sync.toml", include_str!("../apps/cloud_sync.toml")),
    ("cloud_mount.toml", include_str!("../apps/cloud_mount.toml")),
    ("backup.toml", include_str!("../apps/backup.toml")),
    (
        "file_transfer.toml",
        include_str!("../apps/file_transfer.toml"),
    ),
    ("messaging.toml", include_str!("../apps/messaging.toml")),
    (
        "remote_access.toml",
        include_str!("../apps/remote_access.toml"),
    ),
    ("remote_more.toml", include_str!("../apps/remote_more.toml")),
    (
        "messaging_more.toml",
        include_str!("../apps/messaging_more.toml"),
    ),
    (
        "storage_more.toml",
        include_str!("../apps/storage_more.toml"),
    ),
    (
        "transfer_more.toml",
        include_str!("../apps/transfer_more.toml"),
    ),
];

impl Catalog {
    /// The built-in catalog; parsed at the first call, borrowed from the binary ever after.
    pub fn builtin() -> &'static Self {
        static BUILTIN: OnceLock<Catalog> = OnceLock::new();
        // An error is unreachable while the test below passes; an agent without a catalog still reports all else.
        BUILTIN.get_or_init(|| parse::borrowed(&DOCUMENTS).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_documents_parse() {
        let documents = DOCUMENTS.map(|(_, text)| text);
        match Catalog::parse(&documents) {
            Err(error) => panic!("{error}"),
            // Read app by app it is the same.
            Ok(whole) => assert_eq!(Catalog::builtin().apps(), whole.apps()),
        }
        assert!(!Catalog::builtin().apps().is_empty());
    }
}
