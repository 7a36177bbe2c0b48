//! Who made a delivery: keyed hashes, shared tokens, and the age of what was signed.
//!
//! **Invariant: secrets are compared in constant time and never appear in a refusal.** Which bytes are signed and where
//! the signature stands is each platform's own.

use hmac::{Hmac, KeyInit as _, Mac as _};
use http::HeaderMap;
use jiff::{SignedDuration, Timestamp};
use sha2::{Digest as _, Sha256};

use super::Refusal;

/// How far a signed time may lie from ours, both ways: what Slack's and the Standard Webhooks' documents ask for.
pub const TOLERANCE: SignedDuration = SignedDuration::from_mins(5);

/// Is `given` the HMAC-SHA256 of these parts, one after the other?
pub fn check(secret: &[u8], parts: &[&[u8]], given: &[u8]) -> Result<(), Refusal> {
    keyed(secret, parts)
        .verify_slice(given)
        .map_err(|_| Refusal::Forged)
}

/// The same with the signature in hexadecimal.
pub fn check_hex(secret: &[u8], parts: &[&[u8]], given: &str) -> Result<(), Refusal> {
    let given = hex::decode(given).map_err(|_| Refusal::Forged)?;
    check(secret, parts, &given)
}

/// What a sender would put there.
pub fn sign(secret: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    keyed(secret, parts).finalize().into_bytes().into()
}

fn keyed(secret: &[u8], parts: &[&[u8]]) -> Hmac<Sha256> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).expect("HMAC takes keys of any length");
    for part in parts {
        mac.update(part);
    }
    mac
}

/// A header that must be there to be checked at all.
pub fn header<'a>(headers: &'a HeaderMap, name: &str) -> Result<&'a str, Refusal> {
    let value = headers.get(name).ok_or(Refusal::Unsigned)?;
    value.to_str().map_err(|_| Refusal::Forged)
}

/// Refuses what was signed too long ago, or too far ahead.
pub fn check_age(signed: Timestamp, now: Timestamp) -> Result<(), Refusal> {
    let apart = now.duration_since(signed);
    match apart.abs() > TOLERANCE {
        true => Err(Refusal::Stale(apart.as_secs())),
        false => Ok(()),
    }
}

/// A name for a delivery that only its signed bytes decide: whoever sends it again cannot give it another one.
pub fn digest(parts: &[&[u8]]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        // Lengths keep ("ab", "c") apart from ("a", "bc").
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    hex::encode(&hash.finalize()[..16])
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// RFC 4231, test case 2.
    #[test]
    fn the_hash_is_the_documented_one() {
        let known = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
        let parts: [&[u8]; 2] = [b"what do ya want ", b"for nothing?"];
        assert_eq!(hex::encode(sign(b"Jefe", &parts)), known);
        assert_eq!(check_hex(b"Jefe", &parts, known), Ok(()));
        for forged in ["", "00", &known[1..], &known.replace('5', "6"), "zz"] {
            assert_eq!(check_hex(b"Jefe", &parts, forged), Err(Refusal::Forged));
        }
        assert_eq!(check_hex(b"jefe", &parts, known), Err(Refusal::Forged));
    }

    #[test]
    fn age_is_judged_both_ways() {
        let now: Timestamp = "2026-11-30T10:00:00Z".parse().unwrap();
        let at = |seconds: i64| now + SignedDuration::from_secs(seconds);
        assert_eq!(check_age(at(-300), now), Ok(()));
        assert_eq!(check_age(at(300), now), Ok(()));
        assert_eq!(check_age(at(-301), now), Err(Refusal::Stale(301)));
        assert_eq!(check_age(at(301), now), Err(Refusal::Stale(-301)));
    }

    #[test]
    fn a_digest_keeps_parts_apart() {
        assert_eq!(digest(&[b"ab", b"c"]), digest(&[b"ab", b"c"]));
        assert_ne!(digest(&[b"ab", b"c"]), digest(&[b"a", b"bc"]));
    }
}
