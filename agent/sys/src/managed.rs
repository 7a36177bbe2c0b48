//! Settings that a fleet manager put on this machine without a file of ours: group policy and Intune (the registry), MDM
//! profiles (managed preferences).
//!
//! Invariant: reading only; what is missing, empty or "-" is nothing. Not here: which settings exist
//! (the agent's `config`). On Linux there is none: packages and images write `/etc/default/weft-agent`, which the service
//! manager turns into the environment.
//!
//! Names are the environment's: `WEFT_SERVER` is the value `Server`.

/// Where group policy writes (administrative templates own `Software\Policies`).
#[cfg_attr(not(any(windows, test)), allow(dead_code))]
const POLICIES: &str = r"HKLM\Software\Policies\Weft\Agent";
/// Where the installer writes what its command line said.
#[cfg_attr(not(any(windows, test)), allow(dead_code))]
const INSTALLED: &str = r"HKLM\Software\Weft\Agent";
/// Where macOS puts what a configuration profile says for our domain.
#[cfg(target_os = "macos")]
const PREFERENCES: &str = "/Library/Managed Preferences/dev.weft.agent.plist";

/// What IT enforces for `variable`; it outranks the environment.
pub fn enforced(variable: &str) -> Option<String> {
    #[cfg(windows)]
    return from_registry(&crate::win32::registry::Live, POLICIES, variable);
    #[cfg(target_os = "macos")]
    return preferences().and_then(|all| from_preferences(all, variable));
    #[cfg(not(any(windows, target_os = "macos")))]
    {
        let _ = variable;
        None
    }
}

/// What the installer was told for `variable`; the environment outranks it.
pub fn installed(variable: &str) -> Option<String> {
    #[cfg(windows)]
    return from_registry(&crate::win32::registry::Live, INSTALLED, variable);
    #[cfg(not(windows))]
    {
        let _ = variable;
        None
    }
}

/// `WEFT_SERVER` is `Server`; other variables are nobody's business here.
#[cfg_attr(not(any(windows, target_os = "macos", test)), allow(dead_code))]
fn value_name(variable: &str) -> Option<String> {
    let rest = variable.strip_prefix("WEFT_")?;
    let (first, rest) = rest.split_at_checked(1)?;
    Some(format!(
        "{}{}",
        first.to_ascii_uppercase(),
        rest.to_ascii_lowercase()
    ))
}

/// An installer writes "-" or nothing where its property was not given.
#[cfg_attr(not(any(windows, target_os = "macos", test)), allow(dead_code))]
fn said(value: &str) -> Option<String> {
    let value = value.trim();
    (!value.is_empty() && value != "-").then(|| value.to_owned())
}

#[cfg_attr(not(any(windows, test)), allow(dead_code))]
fn from_registry(
    registry: &impl crate::registry::Registry,
    key: &str,
    variable: &str,
) -> Option<String> {
    said(&registry.text(key, &value_name(variable)?)?)
}

/// `all` is the profile's payload as JSON.
#[cfg_attr(not(any(target_os = "macos", test)), allow(dead_code))]
fn from_preferences(all: &serde_json::Value, variable: &str) -> Option<String> {
    match all.get(value_name(variable)?)? {
        serde_json::Value::String(text) => said(text),
        serde_json::Value::Bool(on) => Some(on.to_string()),
        serde_json::Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// Read once: a profile that changes restarts the daemon through its manager.
#[cfg(target_os = "macos")]
fn preferences() -> Option<&'static serde_json::Value> {
    static ONCE: std::sync::OnceLock<Option<serde_json::Value>> = std::sync::OnceLock::new();
    ONCE.get_or_init(|| {
        if !std::path::Path::new(PREFERENCES).exists() {
            return None;
        }
        // Profiles are binary property lists; the system's own tool reads both forms.
        let limits = crate::command::Limits {
            time: std::time::Duration::from_secs(5),
            max_bytes: 64 * 1024,
            max_lines: usize::MAX,
        };
        let done = crate::command::run(
            "/usr/bin/plutil",
            &["-convert", "json", "-o", "-", PREFERENCES],
            limits,
        )?;
        serde_json::from_slice(&done.stdout).ok()
    })
    .as_ref()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry::Recorded;

    const EXPORT: &str = r#"Windows Registry Editor Version 5.00
[HKEY_LOCAL_MACHINE\Software\Policies\Weft\Agent]
"Server"="https://weft.example.org"
[HKEY_LOCAL_MACHINE\Software\Weft\Agent]
"Server"="https://old.example.org"
"Token"="abc"
"Ca"=""
"Proxy"="-"
"#;

    #[test]
    fn a_policy_and_an_installer_each_have_their_key() {
        let registry = Recorded::parse(EXPORT);
        let ask = |key, name| from_registry(&registry, key, name);
        assert_eq!(
            ask(POLICIES, "WEFT_SERVER").as_deref(),
            Some("https://weft.example.org")
        );
        assert_eq!(
            ask(INSTALLED, "WEFT_SERVER").as_deref(),
            Some("https://old.example.org")
        );
        assert_eq!(ask(POLICIES, "WEFT_TOKEN"), None);
        assert_eq!(ask(INSTALLED, "WEFT_TOKEN").as_deref(), Some("abc"));
        assert_eq!(ask(INSTALLED, "WEFT_CA"), None);
        assert_eq!(ask(INSTALLED, "WEFT_PROXY"), None);
        assert_eq!(ask(INSTALLED, "PATH"), None);
    }

    #[test]
    fn a_profile_says_texts_switches_and_numbers() {
        let all =
            serde_json::json!({"Server": "https://w", "Notices": false, "Token": "", "Log": ["x"]});
        assert_eq!(
            from_preferences(&all, "WEFT_SERVER").as_deref(),
            Some("https://w")
        );
        assert_eq!(
            from_preferences(&all, "WEFT_NOTICES").as_deref(),
            Some("false")
        );
        assert_eq!(from_preferences(&all, "WEFT_TOKEN"), None);
        assert_eq!(from_preferences(&all, "WEFT_LOG"), None);
        assert_eq!(from_preferences(&all, "WEFT_"), None);
    }
}
