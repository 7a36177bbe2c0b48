//! An enrolment token's secret: `weft_` and 40 letters or digits, of which the last 8 guard against typing mistakes.
//!
//! **Invariant:** the secret exists in the answer to `token create` and nowhere else; the store keeps its hash. A plain
//! hash is enough: 160 random bits cannot be guessed.

use sha2::{Digest as _, Sha256};

/// Lets people and secret scanners recognise a token.
pub const PREFIX: &str = "weft_";

const RANDOM_BYTES: usize = 20;
/// 40 bits of the hash: a typing mistake passes once in 10^12.
const CHECK_BYTES: usize = 5;
/// Crockford's letters without i, l, o, u: nothing reads like something else.
const LETTERS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// A new secret. The caller brings the randomness.
pub fn generate(random: [u8; RANDOM_BYTES]) -> String {
    let check = Sha256::digest(random);
    let mut all = random.to_vec();
    all.extend_from_slice(&check[..CHECK_BYTES]);
    format!("{PREFIX}{}", encode(&all))
}

/// What the store keeps.
pub fn hash(secret: &str) -> String {
    hex::encode(Sha256::digest(secret.trim().as_bytes()))
}

/// Tells a typing mistake from an unknown token, before any look into the database.
pub fn check(secret: &str) -> Result<(), &'static str> {
    let Some(letters) = secret.trim().strip_prefix(PREFIX) else {
        return Err("this is no enrolment token: it must begin with \"weft_\"");
    };
    let mistyped = "this enrolment token is mistyped or cut off";
    let all = decode(letters).ok_or(mistyped)?;
    if all.len() != RANDOM_BYTES + CHECK_BYTES {
        return Err(mistyped);
    }
    let (random, check) = all.split_at(RANDOM_BYTES);
    if Sha256::digest(random)[..CHECK_BYTES] != *check {
        return Err(mistyped);
    }
    Ok(())
}

/// Five bytes become eight letters; the lengths here are multiples of five.
fn encode(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() / 5 * 8);
    for group in bytes.chunks(5) {
        let bits = group
            .iter()
            .fold(0u64, |bits, byte| bits << 8 | u64::from(*byte));
        for place in (0..8).rev() {
            text.push(char::from(LETTERS[(bits >> (place * 5) & 31) as usize]));
        }
    }
    text
}

fn decode(text: &str) -> Option<Vec<u8>> {
    if !text.len().is_multiple_of(8) {
        return None;
    }
    let mut bytes = Vec::with_capacity(text.len() / 8 * 5);
    for group in text.as_bytes().chunks(8) {
        let mut bits = 0u64;
        for letter in group {
            let value = LETTERS.iter().position(|known| known == letter)?;
            bits = bits << 5 | value as u64;
        }
        bytes.extend_from_slice(&bits.to_be_bytes()[3..]);
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_new_token_passes_and_any_changed_letter_fails() {
        let secret = generate([7; RANDOM_BYTES]);
        assert_eq!(secret.len(), PREFIX.len() + 40);
        assert_eq!(check(&secret), Ok(()));
        assert_eq!(check(&format!(" {secret}\n")), Ok(()));
        for place in PREFIX.len()..secret.len() {
            let mut changed = secret.clone().into_bytes();
            changed[place] = if changed[place] == b'0' { b'1' } else { b'0' };
            assert!(check(&String::from_utf8(changed).unwrap()).is_err());
        }
    }

    #[test]
    fn what_is_no_token_says_so() {
        for text in [
            "",
            "weft_",
            "weft_abc",
            "hunter2",
            "weft_ÄÖÜÄ",
            "weft_\u{0}",
        ] {
            assert!(check(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn the_hash_ignores_what_copying_adds() {
        let secret = generate([1; RANDOM_BYTES]);
        assert_eq!(hash(&secret), hash(&format!("{secret}\n")));
    }
}
