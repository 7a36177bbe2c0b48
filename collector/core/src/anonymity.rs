//! When a figure about a group of laptops may be told to somebody who is not staff.
//!
//! **Invariant: no told figure, nor the difference of any two, is about fewer than [`FLOOR`] laptops.** Pure: what was told before
//! is an argument. Not here: who is staff (`authority`), and the figures themselves (`cohort`).
//!
//! The danger is subtraction. Whoever hears "9 of 14" and, after one person left, "8 of 13", has learned something about one
//! person. So four things are asked of a group before a word is said about it:
//!
//! 1. it has at least [`FLOOR`] laptops, the listener's own not counted;
//! 2. those of the talk that do not belong to it are none or at least [`FLOOR`] (the complement is a group, too);
//! 3. the rest of the fleet that it is compared with has at least [`FLOOR`];
//! 4. it differs from every group of the same sort that was told before, in any talk, by no laptop or by at least [`FLOOR`].
//!
//! Where only the fourth fails, the figure that was told before stays as it was. Sums over three or more told groups are not
//! searched for combinations; figures are rounded ratios with wide intervals and no counts of events, which makes them useless for it.

use std::collections::BTreeSet;

use crate::{authority::ANONYMITY_FLOOR, device::DeviceId};

pub const FLOOR: usize = ANONYMITY_FLOOR;

/// The rule as the console shows it beside the figures.
pub const RULE: &str = "Figures are told about groups of at least 5 laptops only: the group (without your own), those here that are not in it, and the \
     laptops it is compared with. A figure is renewed only when the group has changed by at least 5 laptops, so that nobody \
     can be found by subtracting.";

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
    match told.iter().all(|before| is_apart(part, before)) {
        true => Ok(()),
        false => Err(Withheld::Near),
    }
}

/// Equal, or different by at least the floor.
pub fn is_apart(one: &BTreeSet<DeviceId>, other: &BTreeSet<DeviceId>) -> bool {
    !(1..FLOOR).contains(&one.symmetric_difference(other).count())
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

    /// People come and go one by one, and somebody asks after each step: no two answers ever differ by a few laptops.
    #[test]
    fn nobody_is_found_by_asking_again() {
        let mut told: Vec<BTreeSet<DeviceId>> = Vec::new();
        let mut state = 7_u64;
        let mut group = BTreeSet::new();
        for _ in 0..2_000 {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            let device = DeviceId(Uuid::from_u128(u128::from((state >> 33) % 40)));
            if !group.remove(&device) {
                group.insert(device);
            }
            if may_tell(&group, &group, 100, &[], &told).is_ok() && !told.contains(&group) {
                told.push(group.clone());
            }
        }
        assert!(told.len() > 3);
        for (index, one) in told.iter().enumerate() {
            assert!(one.len() >= FLOOR);
            for other in &told[..index] {
                assert!(one.symmetric_difference(other).count() >= FLOOR);
            }
        }
    }
}
