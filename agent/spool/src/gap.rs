//! Numbers that were given and then lost, with the reason.
//!
//! Invariant: gaps are sorted, disjoint and never empty; neighbours with one reason are one gap.

/// Why numbers were lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The spool was full and gave up its oldest records.
    Full,
    /// Older than the age limit.
    Expired,
    /// A record did not pass its checksum.
    Corrupt,
    /// Acknowledged before and removed; only a receiver that lost what it acknowledged asks for these again.
    Forgotten,
}

impl Reason {
    pub(crate) fn code(self) -> u8 {
        match self {
            Self::Full => 1,
            Self::Expired => 2,
            Self::Corrupt => 3,
            Self::Forgotten => 4,
        }
    }

    pub(crate) fn from_code(code: u8) -> Option<Self> {
        match code {
            1 => Some(Self::Full),
            2 => Some(Self::Expired),
            3 => Some(Self::Corrupt),
            4 => Some(Self::Forgotten),
            _ => None,
        }
    }
}

/// The numbers `first..=last`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gap {
    /// First lost number.
    pub first: u64,
    /// Last lost number.
    pub last: u64,
    /// Why.
    pub reason: Reason,
}

/// The declared gaps of one epoch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Gaps(Vec<Gap>);

impl Gaps {
    pub(crate) fn as_slice(&self) -> &[Gap] {
        &self.0
    }

    /// Adds the part of `first..=last` that no gap covers yet (an earlier reason stands) and returns how many numbers that was.
    pub(crate) fn declare(&mut self, first: u64, last: u64, reason: Reason) -> u64 {
        let mut fresh = Vec::new();
        let mut from = first;
        for gap in &self.0 {
            if gap.last < from {
                continue;
            }
            if gap.first > last || from > last {
                break;
            }
            if gap.first > from {
                fresh.push(Gap {
                    first: from,
                    last: gap.first - 1,
                    reason,
                });
            }
            from = gap.last.saturating_add(1);
        }
        if from <= last {
            fresh.push(Gap {
                first: from,
                last,
                reason,
            });
        }
        let added = fresh.iter().map(|gap| gap.last - gap.first + 1).sum();
        self.0.extend(fresh);
        self.normalise();
        added
    }

    /// Forgets what is settled.
    pub(crate) fn settle(&mut self, acknowledged: u64) {
        self.0.retain(|gap| gap.last > acknowledged);
        if let Some(gap) = self.0.first_mut()
            && gap.first <= acknowledged
        {
            gap.first = acknowledged + 1;
        }
    }

    pub(crate) fn covering(&self, number: u64) -> Option<Gap> {
        let index = self.0.partition_point(|gap| gap.last < number);
        self.0.get(index).copied().filter(|gap| gap.first <= number)
    }

    /// First lost number at or after `number`.
    pub(crate) fn next_from(&self, number: u64) -> Option<u64> {
        let index = self.0.partition_point(|gap| gap.last < number);
        self.0.get(index).map(|gap| gap.first.max(number))
    }

    /// How many of `first..=last` are lost.
    pub(crate) fn within(&self, first: u64, last: u64) -> u64 {
        self.0
            .iter()
            .filter(|gap| first <= last && gap.last >= first && gap.first <= last)
            .map(|gap| gap.last.min(last) - gap.first.max(first) + 1)
            .sum()
    }

    /// From untrusted bytes: drops what breaks the invariant.
    pub(crate) fn from_untrusted(gaps: Vec<Gap>) -> Self {
        let mut clean = Self::default();
        for gap in gaps
            .into_iter()
            .filter(|gap| gap.first >= 1 && gap.first <= gap.last)
        {
            clean.declare(gap.first, gap.last, gap.reason);
        }
        clean
    }

    fn normalise(&mut self) {
        self.0.sort_by_key(|gap| gap.first);
        self.0.dedup_by(|next, kept| {
            let joins = kept.reason == next.reason && kept.last.saturating_add(1) == next.first;
            if joins {
                kept.last = next.last;
            }
            joins
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_earlier_reason_stands_and_neighbours_join() {
        let mut gaps = Gaps::default();
        assert_eq!(gaps.declare(5, 6, Reason::Full), 2);
        assert_eq!(gaps.declare(3, 9, Reason::Corrupt), 5);
        assert_eq!(
            gaps.as_slice(),
            [
                Gap {
                    first: 3,
                    last: 4,
                    reason: Reason::Corrupt
                },
                Gap {
                    first: 5,
                    last: 6,
                    reason: Reason::Full
                },
                Gap {
                    first: 7,
                    last: 9,
                    reason: Reason::Corrupt
                },
            ]
        );
        assert_eq!(gaps.declare(10, 11, Reason::Corrupt), 2);
        assert_eq!(gaps.as_slice().len(), 3);
        gaps.settle(7);
        assert_eq!(
            gaps.as_slice(),
            [Gap {
                first: 8,
                last: 11,
                reason: Reason::Corrupt
            }]
        );
        assert_eq!(gaps.within(1, 9), 2);
        assert_eq!(gaps.next_from(2), Some(8));
        assert_eq!(gaps.covering(12), None);
    }
}
