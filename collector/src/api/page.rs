//! Pages and cursors. A cursor is the place of the last item, opaque to the caller.
//!
//! **Invariant: a cursor that we did not give for this very list is refused**, never read as another place. It carries
//! no secret and grants nothing: whoever changes one sees another page of what is theirs to see anyway.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Serialize, de::DeserializeOwned};
use sha2::{Digest as _, Sha256};
use utoipa::ToSchema;

use super::problem::Problem;

/// Items of a page when nobody asks for a number: a screenful and a half.
pub const DEFAULT_LIMIT: u64 = 50;
/// Most items of a page: beyond, the answer takes longer than two answers.
pub const MAX_LIMIT: u64 = 500;
/// No cursor of ours is longer.
const MAX_CURSOR: usize = 400;
/// Bytes of the check: enough that no typo and no mix-up passes. It is no secret, see above.
const CHECK: usize = 6;

/// One page of a list.
#[derive(Debug, Serialize, ToSchema)]
pub struct Page<T> {
    pub items: Vec<T>,
    /// `null`: this is the end.
    #[schema(required)]
    pub next_cursor: Option<String>,
}

impl<T> Page<T> {
    /// From one item more than was asked for: the surplus says that there is a next page. `place` is where an item
    /// stands in the list called `list`.
    pub fn of<S, P: Serialize>(
        list: &str,
        mut found: Vec<S>,
        limit: u64,
        place: impl Fn(&S) -> P,
        show: impl FnMut(S) -> T,
    ) -> Self {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let more = found.len() > limit;
        found.truncate(limit);
        let next_cursor = match found.last() {
            Some(last) if more => Some(cursor(list, &place(last))),
            _ => None,
        };
        Self {
            items: found.into_iter().map(show).collect(),
            next_cursor,
        }
    }

    /// Everything on one page.
    pub fn whole(items: Vec<T>) -> Self {
        Self {
            items,
            next_cursor: None,
        }
    }
}

/// The limit in force.
pub fn limit(asked: Option<u64>) -> Result<u64, Problem> {
    match asked {
        None => Ok(DEFAULT_LIMIT),
        Some(limit @ 1..=MAX_LIMIT) => Ok(limit),
        Some(_) => Err(
            Problem::invalid(format!("limit must be between 1 and {MAX_LIMIT}"))
                .coded("invalid_limit"),
        ),
    }
}

/// The cursor of a place in a list.
pub fn cursor(list: &str, place: &impl Serialize) -> String {
    // Places are numbers, ids and words: they always are JSON.
    let place = serde_json::to_vec(place).unwrap_or_default();
    let mut bytes = check(list, &place).to_vec();
    bytes.extend_from_slice(&place);
    URL_SAFE_NO_PAD.encode(bytes)
}

/// The place of a cursor that was given for this list.
pub fn place<P: DeserializeOwned>(list: &str, cursor: Option<&str>) -> Result<Option<P>, Problem> {
    let Some(cursor) = cursor.filter(|cursor| !cursor.is_empty()) else {
        return Ok(None);
    };
    read(list, cursor).map(Some).ok_or_else(|| {
        Problem::invalid("this cursor does not belong to this list: start again without one")
            .coded("invalid_cursor")
    })
}

fn read<P: DeserializeOwned>(list: &str, cursor: &str) -> Option<P> {
    if cursor.len() > MAX_CURSOR {
        return None;
    }
    let bytes = URL_SAFE_NO_PAD.decode(cursor).ok()?;
    let (given, place) = bytes.split_at_checked(CHECK)?;
    if check(list, place) != given {
        return None;
    }
    serde_json::from_slice(place).ok()
}

fn check(list: &str, place: &[u8]) -> [u8; CHECK] {
    let mut hash = Sha256::new();
    hash.update(list.as_bytes());
    hash.update([0]);
    hash.update(place);
    let mut check = [0; CHECK];
    check.copy_from_slice(&hash.finalize()[..CHECK]);
    check
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    type Place = (i64, String);

    #[test]
    fn a_place_comes_back() {
        let place_in: Place = (-5, "ü".to_owned());
        let cursor = cursor("threads", &place_in);
        assert_eq!(
            place::<Place>("threads", Some(&cursor)).unwrap(),
            Some(place_in)
        );
        assert_eq!(place::<Place>("threads", None).unwrap(), None);
        assert_eq!(place::<Place>("threads", Some("")).unwrap(), None);
    }

    #[test]
    fn anything_else_is_refused() {
        let good = cursor("threads", &(7, "x"));
        assert!(
            place::<Place>("anomalies", Some(&good)).is_err(),
            "of another list"
        );
        for index in 0..good.len() {
            let mut bad = good.clone().into_bytes();
            bad[index] = if bad[index] == b'A' { b'B' } else { b'A' };
            let bad = String::from_utf8(bad).unwrap();
            // The last letter may carry unused bits; then it is not our spelling and refused as well.
            assert!(place::<Place>("threads", Some(&bad)).is_err(), "{bad}");
        }
        for bad in [
            "x",
            "....",
            "AAAAAAAA",
            "' OR 1=1",
            &"A".repeat(500),
            "ünicode",
            &good[..good.len() - 2],
        ] {
            let problem = place::<Place>("threads", Some(bad)).unwrap_err();
            assert_eq!(problem.code, "invalid_cursor");
        }
        let other_shape = cursor("threads", &"word");
        assert!(place::<Place>("threads", Some(&other_shape)).is_err());
    }

    #[test]
    fn a_surplus_item_makes_a_next_page() {
        let page = Page::of("n", vec![1, 2, 3], 2, |n| *n, |n| n);
        assert_eq!(page.items, [1, 2]);
        assert_eq!(
            place::<i32>("n", page.next_cursor.as_deref()).unwrap(),
            Some(2)
        );
        assert!(
            Page::of("n", vec![1, 2], 2, |n| *n, |n| n)
                .next_cursor
                .is_none()
        );
        assert!(limit(Some(0)).is_err() && limit(Some(MAX_LIMIT + 1)).is_err());
        assert_eq!(limit(None).unwrap(), DEFAULT_LIMIT);
    }
}
