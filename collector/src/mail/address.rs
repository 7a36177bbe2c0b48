//! Mail addresses as people type them, and names as mail programs show them.
//!
//! **Invariant: what passed [`fit`] is safe in an envelope and in a header**: ASCII, lower case, no white space, no controls;
//! what passed [`shown`] is one line that cannot pretend to be an address.

use lettre::Address;

/// RFC 5321 allows 254 letters between the angle brackets.
const MAX: usize = 254;
/// Characters of a name in a header: mail programs show about 40.
const MAX_SHOWN: usize = 80;

/// The address as it is kept; `None`: it is none that we would write to.
pub fn fit(typed: &str) -> Option<String> {
    let lower = typed.trim().to_ascii_lowercase();
    let plain = lower.len() <= MAX
        && lower
            .bytes()
            .all(|byte| byte.is_ascii_graphic() && !b"\"<>()[]\\,;:%!".contains(&byte));
    let address: Address = plain.then(|| lower.parse().ok()).flatten()?;
    // A name on a private network has no dot, and no mail of strangers.
    let domain = address.domain();
    (domain == "localhost" || domain.contains('.')).then_some(lower)
}

/// A name for a header: one line without controls and direction marks, brackets and quotes, and nothing that looks like an
/// address, because many programs show the name only.
pub fn shown(name: &str) -> String {
    let one_line = crate::threads::source::title(name).unwrap_or_default();
    one_line
        .chars()
        .map(|c| match c {
            '@' | '＠' | '﹫' => ' ',
            '<' | '>' | '"' | '\\' | ',' | ';' => ' ',
            other => other,
        })
        .take(MAX_SHOWN)
        .collect::<String>()
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_kept_lower_case_or_not_at_all() {
        for (typed, kept) in [
            (" Ada@Example.ORG ", Some("ada@example.org")),
            ("a.b+c@x.example.org", Some("a.b+c@x.example.org")),
            ("o'hara@example.org", Some("o'hara@example.org")),
            ("root@localhost", Some("root@localhost")),
            ("ada@intern", None),
            ("ada", None),
            ("", None),
            ("ada@example.org\r\nBcc: eve@example.org", None),
            ("ada@example.org, eve@example.org", None),
            ("\"a b\"@example.org", None),
            ("<ada@example.org>", None),
            ("ädä@example.org", None),
            ("ada@example.org\0", None),
        ] {
            assert_eq!(fit(typed).as_deref(), kept, "{typed:?}");
        }
        assert_eq!(fit(&format!("{}@example.org", "a".repeat(300))), None);
    }

    #[test]
    fn a_name_cannot_pretend_to_be_an_address() {
        for (name, kept) in [
            ("Ada Lovelace", "Ada Lovelace"),
            ("Ada\r\nBcc: eve@example.org", "Ada Bcc: eve example.org"),
            ("boss@example.org", "boss example.org"),
            ("\u{202E}gro.elpmaxe", "gro.elpmaxe"),
            ("Zoë \"Z\" <z@x>", "Zoë Z z x"),
            ("\0\u{7}", ""),
        ] {
            assert_eq!(shown(name), kept, "{name:?}");
        }
    }
}
