//! The catalog that every binary carries.
//!
//! Invariant: its documents (`apps/*.toml`) are parsed by the build script, so a mistake in one stops the build and reading
//! the result cannot fail in the field. Not here: a newer catalog from the policy (`Catalog::parse`).

use std::sync::OnceLock;

use crate::index::Catalog;
use crate::packed;

/// What `build.rs` made of the documents.
static PACKED: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/catalog.packed"));

impl Catalog {
    /// The built-in catalog; laid out at the first call, its texts and index borrowed from the binary ever after.
    pub fn builtin() -> &'static Self {
        static BUILTIN: OnceLock<Catalog> = OnceLock::new();
        // None is unreachable while the test below passes; an agent without a catalog still reports all else.
        BUILTIN.get_or_init(|| packed::read(PACKED).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn packed_it_is_what_the_documents_say() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("apps");
        let documents: Vec<String> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| std::fs::read_to_string(entry.unwrap().path()).unwrap())
            .collect();
        let documents: Vec<&str> = documents.iter().map(String::as_str).collect();
        match Catalog::parse(&documents) {
            Err(error) => panic!("{error}"),
            Ok(whole) => {
                assert_eq!(Catalog::builtin().apps(), whole.apps());
                assert_eq!(Catalog::builtin().parts(), whole.parts());
            }
        }
        assert!(!Catalog::builtin().apps().is_empty());
    }
}
