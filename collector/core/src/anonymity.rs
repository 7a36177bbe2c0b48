//! When a figure about a group of laptops may be told to somebody who is not staff.
//!
//! **Invariant: no told figure, nor the difference of any two, is about fewer than [`FLOOR`] laptops.** Pure: what was told before
//! is an argument. Not here: who is staff (`authority`), and the figures themselves (`cohort`).
//!
//! The danger is subtraction. Whoever hears "9 of 14" and, after one person left, "8 of 13", has learned something about one
//! person. So four things are asked of a group before a word is said about it:
//!
//! 1. it has at least [`FLOOR`] laptops;
//! 2. those of the talk that do not belong to it are none or at least [`FLOOR`] (the complement is a group, too);
//! 3. the rest of the fleet that it is compared with has at least [`FLOOR`];
//! 4. it differs from every group that was told before, of whatever sort and in whatever talk, by no laptop or by at least
//!    [`FLOOR`]; and the same holds for the sums and differences of any two of them: what is left of a talk when two models
//!    are taken away is a group as well ([`is_apart`], [`is_apart_from_two`]).
//!
//! The listener's own laptops never count: who knows what the own ones did takes them away, too.
//!
//! Where only the fourth fails, the figure that was told before stays as it was. Sums over three or more told groups are searched
//! within one answer ([`rest_is_hidden`]) and not beyond it: figures are rounded ratios with wide intervals, and their errors
//! add up.

use std::collections::{BTreeMap, BTreeSet};

use crate::{authority::ANONYMITY_FLOOR, device::DeviceId};

pub const FLOOR: usize = ANONYMITY_FLOOR;

/// Told groups that nearly lie in a new one, or nearly hold it, and are taken two by two: a talk has about eight, and nobody takes
/// part in a hundred talks with the same people. A million pairs are some milliseconds.
const MOST_PAIRED: usize = 1_000;

/// The rule as the console shows it beside the figures.
pub const RULE: &str = "Figures are told about groups of at least 5 laptops only, your own not counted: the group, those here that are not in it, and the \
     laptops it is compared with. A figure is renewed only when the group has changed by at least 5 laptops, and none is told \
     that would leave fewer than 5 when others that were told are taken away, so that nobody can be found by subtracting.";

/// Why nothing is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Withheld {
    /// Too few laptops.
    Group,
    /// Too few that do not belong to it.
    Others,
    /// Too few to compare with.
    Elsewhere,
    /// Too like a group that was told before.
    Near,
}

impl Withheld {
    pub fn words(self) -> &'static str {
        match self {
            Self::Group => "fewer than 5 laptops",
            Self::Others => "fewer than 5 laptops here are not in this group",
            Self::Elsewhere => "fewer than 5 laptops elsewhere to compare with",
            Self::Near => {
                "the group has changed by fewer than 5 laptops since figures about it were told"
            }
        }
    }
}

/// May figures about `part` of `whole` be told to the owner of `own`, when figures about `told` were told before?
pub fn may_tell(
    part: &BTreeSet<DeviceId>,
    whole: &BTreeSet<DeviceId>,
    elsewhere: usize,
    own: &[DeviceId],
    told: &[BTreeSet<DeviceId>],
) -> Result<(), Withheld> {
    let of_others = |device: &&DeviceId| !own.contains(device);
    if part.iter().filter(of_others).count() < FLOOR {
        return Err(Withheld::Group);
    }
    let others = whole.difference(part).filter(of_others).count();
    // A complement of nobody but the listener would tell nothing that the group's own figure does not.
    if (1..FLOOR).contains(&others) {
        return Err(Withheld::Others);
    }
    if elsewhere < FLOOR {
        return Err(Withheld::Elsewhere);
    }
    let apart =
        told.iter().all(|before| is_apart(part, before, own)) && is_apart_from_two(part, told, own);
    match apart {
        true => Ok(()),
        false => Err(Withheld::Near),
    }
}

/// Equal, or different by at least the floor.
pub fn is_apart(one: &BTreeSet<DeviceId>, other: &BTreeSet<DeviceId>, own: &[DeviceId]) -> bool {
    let between = one.symmetric_difference(other);
    is_hidden(between.filter(|device| !own.contains(device)).count())
}

/// The same for what two told groups make together, added to each other or taken from each other.
pub fn is_apart_from_two(
    part: &BTreeSet<DeviceId>,
    told: &[BTreeSet<DeviceId>],
    own: &[DeviceId],
) -> bool {
    let field = Field::of(part, told, own);
    let told: Vec<Row> = told.iter().map(|group| field.row(group)).collect();
    let part = field.row(part);
    // A group that reaches out of the sum by the floor leaves that many, whatever the third is.
    let inside = |whole: &Row| -> Vec<&Row> {
        let near = told
            .iter()
            .filter(|one| *one != whole && **one != part && field.beyond(one, whole) < FLOOR);
        near.take(MOST_PAIRED).collect()
    };
    let parts = inside(&part);
    let sums = parts.iter().enumerate().all(|(at, one)| {
        let mut others = parts[..at].iter();
        others.all(|other| is_hidden(field.left(&part, one, other)))
    });
    let around = told
        .iter()
        .filter(|whole| **whole != part && field.beyond(&part, whole) < FLOOR);
    let mut around = around.take(MOST_PAIRED);
    sums && around.all(|whole| {
        let mut others = inside(whole).into_iter();
        others.all(|other| is_hidden(field.left(whole, &part, other)))
    })
}

/// Groups as rows of bits, one laptop a bit, because thousands are compared two by two.
struct Field {
    places: BTreeMap<DeviceId, usize>,
    /// Laptops that count: all but the listener's own.
    others: Row,
}

type Row = Vec<u64>;

impl Field {
    fn of(part: &BTreeSet<DeviceId>, told: &[BTreeSet<DeviceId>], own: &[DeviceId]) -> Self {
        let all: BTreeSet<DeviceId> = told.iter().flatten().chain(part).copied().collect();
        let mut field = Self {
            places: all.iter().copied().zip(0..).collect(),
            others: vec![],
        };
        field.others = field.row(all.iter().filter(|device| !own.contains(device)));
        field
    }

    fn row<'a>(&self, group: impl IntoIterator<Item = &'a DeviceId>) -> Row {
        let mut row = vec![0; self.places.len().div_ceil(64)];
        for place in group
            .into_iter()
            .filter_map(|device| self.places.get(device))
        {
            row[place / 64] |= 1 << (place % 64);
        }
        row
    }

    /// Laptops of `one` outside of `whole`.
    fn beyond(&self, one: &Row, whole: &Row) -> usize {
        self.count(one.iter().zip(whole).map(|(one, whole)| one & !whole))
    }

    /// Laptops that do not cancel out in `whole - one - other`: those cancel out that are in none, or in the whole and in exactly
    /// one of the others.
    fn left(&self, whole: &Row, one: &Row, other: &Row) -> usize {
        let words = whole.iter().zip(one).zip(other);
        self.count(
            words.map(|((whole, one), other)| (whole | one | other) & !(whole & (one ^ other))),
        )
    }

    fn count(&self, words: impl Iterator<Item = u64>) -> usize {
        let counted = words.zip(&self.others).map(|(word, others)| word & others);
        counted.map(|word| word.count_ones() as usize).sum()
    }
}

/// Is what is left of `whole`, when all `parts` are taken away, nobody or enough?
pub fn rest_is_hidden<'a>(
    whole: &BTreeSet<DeviceId>,
    parts: impl IntoIterator<Item = &'a BTreeSet<DeviceId>>,
    own: &[DeviceId],
) -> bool {
    let mut rest: BTreeSet<&DeviceId> = whole.iter().filter(|one| !own.contains(one)).collect();
    for part in parts {
        rest.retain(|device| !part.contains(device));
    }
    is_hidden(rest.len())
}

fn is_hidden(devices: usize) -> bool {
    !(1..FLOOR).contains(&devices)
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn set(range: std::ops::Range<u128>) -> BTreeSet<DeviceId> {
        range.map(|n| DeviceId(Uuid::from_u128(n))).collect()
    }

    #[test]
    fn the_rule() {
        let own = [DeviceId(Uuid::from_u128(0))];
        for (part, whole, elsewhere, own, told, expect) in [
            (set(0..9), set(0..14), 50, &own[..0], vec![], Ok(())),
            (
                set(0..4),
                set(0..14),
                50,
                &own[..0],
                vec![],
                Err(Withheld::Group),
            ),
            (
                set(0..5),
                set(0..14),
                50,
                &own[..],
                vec![],
                Err(Withheld::Group),
            ),
            (
                set(0..12),
                set(0..14),
                50,
                &own[..0],
                vec![],
                Err(Withheld::Others),
            ),
            (set(0..14), set(0..14), 50, &own[..0], vec![], Ok(())),
            (
                set(0..9),
                set(0..14),
                4,
                &own[..0],
                vec![],
                Err(Withheld::Elsewhere),
            ),
            (
                set(0..9),
                set(0..14),
                50,
                &own[..0],
                vec![set(0..8)],
                Err(Withheld::Near),
            ),
            (
                set(0..9),
                set(0..14),
                50,
                &own[..0],
                vec![set(1..10)],
                Err(Withheld::Near),
            ),
            (
                set(0..9),
                set(0..14),
                50,
                &own[..0],
                vec![set(0..9), set(0..14)],
                Ok(()),
            ),
        ] {
            assert_eq!(
                may_tell(&part, &whole, elsewhere, own, &told),
                expect,
                "{part:?} of {whole:?} after {told:?}"
            );
        }
    }

    /// The laptops of these tests as bits.
    fn bits(group: &BTreeSet<DeviceId>) -> u64 {
        group
            .iter()
            .fold(0, |bits, one| bits | 1 << one.0.as_u128())
    }

    /// What an attacker learns who adds and subtracts everything told: which laptops do not cancel out in each combination of one,
    /// two or three told groups. None may leave one to four that are not the attacker's.
    fn combinations_hide_everybody(told: &[BTreeSet<DeviceId>], own: &[DeviceId]) -> bool {
        let own = bits(&own.iter().copied().collect());
        let told: Vec<u64> = told.iter().map(bits).collect();
        let hidden = |left: u64| is_hidden((left & !own).count_ones() as usize);
        // In `whole - one - other` a laptop cancels out that is in the whole and in exactly one of the others, or in none.
        let less =
            |whole: u64, one: u64, other: u64| !(whole & (one ^ other)) & (whole | one | other);
        (0..told.len()).all(|a| {
            let a_ = told[a];
            hidden(a_)
                && told[..a].iter().enumerate().all(|(b, b_)| {
                    hidden(a_ ^ b_)
                        && told[..b].iter().all(|c_| {
                            hidden(less(a_, *b_, *c_))
                                && hidden(less(*b_, a_, *c_))
                                && hidden(less(*c_, a_, *b_))
                        })
                })
        })
    }

    fn random(state: &mut u64) -> u64 {
        *state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        *state >> 33
    }

    /// People come and go one by one, and somebody asks after each step, in one talk.
    #[test]
    fn nobody_is_found_by_asking_again() {
        for own in [
            vec![],
            vec![DeviceId(Uuid::from_u128(3)), DeviceId(Uuid::from_u128(4))],
        ] {
            let mut told: Vec<BTreeSet<DeviceId>> = Vec::new();
            let (mut state, mut group) = (7, BTreeSet::new());
            for _ in 0..400 {
                let device = DeviceId(Uuid::from_u128(u128::from(random(&mut state) % 40)));
                if !group.remove(&device) {
                    group.insert(device);
                }
                if may_tell(&group, &group, 100, &own, &told).is_ok() && !told.contains(&group) {
                    told.push(group.clone());
                }
            }
            assert!(told.len() > 3);
            assert!(combinations_hide_everybody(&told, &own));
        }
    }

    /// Somebody opens talks at will, brings whom they like into them, and filters by model and build.
    #[test]
    fn nobody_is_found_by_overlapping_talks_and_filters() {
        let own = [DeviceId(Uuid::from_u128(0))];
        let mut state = 11;
        let mut told: Vec<BTreeSet<DeviceId>> = Vec::new();
        for _ in 0..400 {
            let whole: BTreeSet<DeviceId> = (0..24_u128)
                .filter(|_| !random(&mut state).is_multiple_of(3))
                .map(|n| DeviceId(Uuid::from_u128(n)))
                .collect();
            // Models are thirds, builds are halves: their crossing is a sixth.
            for (modulus, value) in [(1, 0), (3, 0), (3, 1), (3, 2), (2, 0), (2, 1)] {
                let part: BTreeSet<DeviceId> = whole
                    .iter()
                    .filter(|one| one.0.as_u128() % modulus == value)
                    .copied()
                    .collect();
                if may_tell(&part, &whole, 100, &own, &told).is_ok() && !told.contains(&part) {
                    told.push(part);
                }
            }
        }
        assert!(
            told.len() > 5,
            "the rule still lets something be said: {}",
            told.len()
        );
        assert!(combinations_hide_everybody(&told, &own));
    }

    #[test]
    fn what_two_models_leave_of_a_talk_is_a_group_too() {
        // 14 here, six of one model told: eight of the second would leave nobody, seven leave one.
        let told = vec![set(0..14), set(0..6)];
        assert_eq!(may_tell(&set(6..14), &set(0..14), 50, &[], &told), Ok(()));
        assert_eq!(
            may_tell(&set(6..13), &set(0..14), 50, &[], &told),
            Err(Withheld::Near)
        );
        let talks = vec![set(0..20), set(0..6)];
        assert_eq!(
            may_tell(&set(6..18), &set(6..40), 50, &[], &talks),
            Err(Withheld::Near),
            "two of twenty would be left"
        );
        assert!(rest_is_hidden(&set(0..14), [&set(0..5), &set(5..9)], &[]));
        assert!(!rest_is_hidden(&set(0..14), [&set(0..6), &set(6..12)], &[]));
    }
}
