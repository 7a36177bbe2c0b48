//! A secret as it lies in a table: sealed by somebody else, with a key that is not in this database.
//!
//! **Invariant: what lies here is never used as the secret itself.** The type says so: whoever wants the secret needs the
//! collector's vault, and nothing here can open it. Not here: any cryptography.

use serde::{Deserialize, Serialize};

/// Opaque; an older version may have left it plain, so it is not printed either.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Sealed(String);

impl Sealed {
    pub fn from_text(text: String) -> Self {
        Self(text)
    }

    /// As it lies in the table.
    pub fn as_text(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Sealed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Sealed(***)")
    }
}
