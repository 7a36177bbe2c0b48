//! JSON in a text column, for what is read whole and never searched inside.

use serde::{Serialize, de::DeserializeOwned};

use super::{ControlError, Result};

/// Our own types have string keys and finite numbers, so writing cannot fail; were it to, `null` would be found by `read`.
pub(super) fn write(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_else(|_| "null".to_owned())
}

pub(super) fn read<T: DeserializeOwned>(what: &'static str, text: &str) -> Result<T> {
    serde_json::from_str(text).map_err(|error| ControlError::Unreadable {
        what,
        value: format!("{error}: {}", text.chars().take(200).collect::<String>()),
    })
}

/// A word of a `snake_case` enum as it stands in a text column.
pub(super) fn word(value: &impl Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => word,
        _ => String::new(),
    }
}

pub(super) fn from_word<T: DeserializeOwned>(what: &'static str, word: &str) -> Result<T> {
    serde_json::from_value(serde_json::Value::String(word.to_owned())).map_err(|_| {
        ControlError::Unreadable {
            what,
            value: word.to_owned(),
        }
    })
}
