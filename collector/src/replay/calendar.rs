//! The days that a history covers, and which of them is its last.
//!
//! **Invariant: a wrong clock does not decide what "now" is.** Detectors look back from the end of the history. One record
//! of the year 2107 would put all others out of their sight, so a few records that stand far behind everything else are
//! told and do not end it.

use std::collections::BTreeMap;

use jiff::Timestamp;

const DAY: i64 = 86_400;
/// Days of silence before a straggler that make its clock doubtful: what detectors look back upon.
const FAR: i64 = 90;
/// Stragglers may be at most this share of all records; more than that is history after a pause.
const FEW: f64 = 0.01;

/// Records per day, and the newest of each.
#[derive(Default)]
pub struct Calendar {
    days: BTreeMap<i64, (u64, Timestamp)>,
    records: u64,
}

/// Where a history ends.
#[derive(Debug, PartialEq, Eq)]
pub struct End {
    pub at: Timestamp,
    /// Records behind it, whose clock is not believed.
    pub doubtful: u64,
}

impl Calendar {
    pub fn enter(&mut self, at: Timestamp) {
        let day = self
            .days
            .entry(at.as_second().div_euclid(DAY))
            .or_insert((0, at));
        day.0 += 1;
        day.1 = day.1.max(at);
        self.records += 1;
    }

    /// `None` without a record.
    pub fn end(&self) -> Option<End> {
        let mut stretches = self.stretches();
        let mut doubtful = 0;
        while let [_, .., (count, _)] = stretches.as_slice()
            && (doubtful + count) as f64 <= FEW * self.records as f64
        {
            doubtful += count;
            stretches.pop();
        }
        let (_, at) = stretches.pop()?;
        Some(End { at, doubtful })
    }

    /// Days without a long silence between them: records, and the newest of them.
    fn stretches(&self) -> Vec<(u64, Timestamp)> {
        let mut stretches: Vec<(u64, Timestamp)> = Vec::new();
        let mut before = None;
        for (day, (count, newest)) in &self.days {
            match stretches.last_mut() {
                Some(last) if before.is_some_and(|before| day - before <= FAR) => {
                    *last = (last.0 + count, *newest);
                }
                _ => stretches.push((*count, *newest)),
            }
            before = Some(*day);
        }
        stretches
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn end(records: &[(&str, usize)]) -> Option<(String, u64)> {
        let mut calendar = Calendar::default();
        for (at, count) in records {
            for _ in 0..*count {
                calendar.enter(at.parse().unwrap());
            }
        }
        calendar.end().map(|end| (end.at.to_string(), end.doubtful))
    }

    #[test]
    fn the_newest_record_ends_a_history() {
        assert_eq!(end(&[]), None);
        assert_eq!(
            end(&[("2026-03-01T10:00:00Z", 1)]),
            Some(("2026-03-01T10:00:00Z".to_owned(), 0))
        );
        assert_eq!(
            end(&[("2026-03-01T10:00:00Z", 500), ("2026-05-01T10:00:00Z", 1)]),
            Some(("2026-05-01T10:00:00Z".to_owned(), 0))
        );
    }

    #[test]
    fn a_few_records_of_a_wrong_clock_do_not() {
        let bulk = ("2026-03-01T10:00:00Z", 500);
        assert_eq!(
            end(&[
                bulk,
                ("2099-01-01T00:00:00Z", 2),
                ("2107-01-01T00:00:00Z", 1)
            ]),
            Some((bulk.0.to_owned(), 3))
        );
        // Two days near each other, few both, belong together.
        assert_eq!(
            end(&[
                bulk,
                ("2099-01-01T00:00:00Z", 2),
                ("2099-01-02T00:00:00Z", 2)
            ]),
            Some((bulk.0.to_owned(), 4))
        );
        // As many as that are a pause, not a clock.
        assert_eq!(
            end(&[bulk, ("2027-01-01T00:00:00Z", 50)]),
            Some(("2027-01-01T00:00:00Z".to_owned(), 0))
        );
        // What stands before everything else is old, not doubtful.
        assert_eq!(
            end(&[("1601-01-01T00:00:00Z", 1), bulk]),
            Some((bulk.0.to_owned(), 0))
        );
    }
}
