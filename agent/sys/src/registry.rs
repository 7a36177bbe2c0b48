//! The door to a Windows registry: the running one, or a recorded one in tests.
//!
//! Invariant: paths begin with "HKLM\" or "HKU\"; what is missing is nothing, never an error.
//!
//! Not here: calls (`win32`), and what a value means.

/// What the readers ask.
pub trait Registry {
    /// Names of the keys directly below `path`.
    fn keys(&self, path: &str) -> Vec<String>;
    /// A text value.
    fn text(&self, path: &str, name: &str) -> Option<String>;
    /// A number value.
    fn number(&self, path: &str, name: &str) -> Option<u64>;
}

/// A registry as `reg export` writes it, for tests on any system. Only texts and dwords are kept.
#[cfg(test)]
#[derive(Debug, Default)]
pub struct Recorded(std::collections::BTreeMap<String, std::collections::BTreeMap<String, String>>);

#[cfg(test)]
impl Recorded {
    /// Reads the text of a `.reg` file.
    pub fn parse(text: &str) -> Self {
        let mut out = Self::default();
        let mut key = String::new();
        for line in text.lines().map(str::trim) {
            if let Some(path) = line
                .strip_prefix('[')
                .and_then(|rest| rest.strip_suffix(']'))
            {
                key = path
                    .replace("HKEY_LOCAL_MACHINE", "HKLM")
                    .replace("HKEY_USERS", "HKU")
                    .to_ascii_lowercase();
                out.0.entry(key.clone()).or_default();
            } else if let Some((name, value)) = line.split_once('=') {
                let name = name.trim_matches('"').to_ascii_lowercase();
                let value = value.trim_matches('"').replace(r"\\", r"\");
                out.0.entry(key.clone()).or_default().insert(name, value);
            }
        }
        out
    }
}

#[cfg(test)]
impl Registry for Recorded {
    fn keys(&self, path: &str) -> Vec<String> {
        let prefix = format!("{}\\", path.to_ascii_lowercase());
        let mut out: Vec<String> = self
            .0
            .keys()
            .filter_map(|key| {
                key.strip_prefix(&prefix)?
                    .split('\\')
                    .next()
                    .map(str::to_owned)
            })
            .collect();
        out.dedup();
        out
    }

    fn text(&self, path: &str, name: &str) -> Option<String> {
        let value = self
            .0
            .get(&path.to_ascii_lowercase())?
            .get(&name.to_ascii_lowercase())?;
        (!value.starts_with("dword:")).then(|| value.clone())
    }

    fn number(&self, path: &str, name: &str) -> Option<u64> {
        let value = self
            .0
            .get(&path.to_ascii_lowercase())?
            .get(&name.to_ascii_lowercase())?;
        u64::from_str_radix(value.strip_prefix("dword:")?, 16).ok()
    }
}
