//! A key that can be found again in what was sent.
//!
//! After a crash nobody knows whether the last request arrived. Platforms without idempotency are asked for the **mark**:
//! a short hash of the key, carried in the link to the thread, where readers do not see it and every platform keeps it.
//!
//! **Invariant: one key has one mark, and the mark tells nothing of the key.**

use sha2::{Digest as _, Sha256};
use url::Url;

/// The query parameter that carries it; a page ignores it.
const PARAMETER: &str = "via";
/// 80 bits: no two of a billion posts share one.
const LENGTH: usize = 20;

/// The mark of a key: letters and digits that every platform takes as a name.
pub fn of(key: &str) -> String {
    let hash = hex::encode(Sha256::digest(key.as_bytes()));
    hash[..LENGTH].to_owned()
}

/// The link with the mark in it. A link that is none gives the mark alone.
pub fn link(link: &str, key: &str) -> String {
    match Url::parse(link) {
        Ok(mut url) if matches!(url.scheme(), "http" | "https") => {
            url.query_pairs_mut().append_pair(PARAMETER, &of(key));
            // What would end a Markdown link or a Slack one.
            url.to_string()
                .replace('(', "%28")
                .replace(')', "%29")
                .replace('|', "%7C")
        }
        _ => String::new(),
    }
}

/// Does this text carry the key's mark?
pub fn is_in(text: &str, key: &str) -> bool {
    text.contains(&format!("{PARAMETER}={}", of(key)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_carries_the_mark_and_still_leads_there() {
        let marked = link("https://weft.example/threads/1?x=(2)#post-3", "post:7");
        let mark = of("post:7");
        assert_eq!(
            marked,
            format!("https://weft.example/threads/1?x=%282%29&via={mark}#post-3")
        );
        assert!(is_in(&marked, "post:7"));
        assert!(!is_in(&marked, "post:8"));
        for none in ["", "javascript:alert(1)", "/threads/1"] {
            assert_eq!(link(none, "post:7"), "", "{none}");
        }
    }
}
