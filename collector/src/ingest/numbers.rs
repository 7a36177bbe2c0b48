//! The numbers of a report: contiguous over gaps and observations, and nothing below what is already durable.
//!
//! Pure. **Invariant:** what [`accept`] lets through begins exactly at the expected number, so a hole can never become
//! durable.

use crate::error::{Code, Fault};

/// A run of numbers with one origin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    pub first: u64,
    pub last: u64,
    pub what: What,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// Observations; their place in the report is `number - first_seq`.
    Observations,
    /// Lost on the laptop, for the reason of this gap (an enum value of the wire).
    Gap(i32),
}

/// Largest number: both databases hold it as a signed 64-bit integer.
const LARGEST: u64 = i64::MAX as u64;

/// The runs of a report that are new, in order. `Ok(vec![])`: everything in it was durable before.
pub fn accept(
    expected: u64,
    first_seq: u64,
    observations: usize,
    gaps: &[(u64, u64, i32)],
    next_seq: u64,
) -> Result<Vec<Run>, Fault> {
    let mut runs = runs(first_seq, observations, gaps)?;
    runs.sort_by_key(|run| run.first);
    for pair in runs.windows(2) {
        let (before, after) = (&pair[0], &pair[1]);
        if after.first <= before.last {
            return Err(invalid(format!(
                "number {} comes twice in one report",
                after.first
            )));
        }
        if after.first > before.last + 1 {
            return Err(hole(before.last + 1, after.first));
        }
    }
    let (Some(first), Some(last)) = (
        runs.first().map(|run| run.first),
        runs.last().map(|run| run.last),
    ) else {
        return Ok(runs);
    };
    if next_seq <= last {
        return Err(invalid(format!(
            "next_seq is {next_seq}, but number {last} is in this report"
        )));
    }
    if first > expected {
        return Err(hole(expected, first));
    }
    runs.retain(|run| run.last >= expected);
    if let Some(run) = runs.first_mut() {
        run.first = run.first.max(expected);
    }
    Ok(runs)
}

fn runs(first_seq: u64, observations: usize, gaps: &[(u64, u64, i32)]) -> Result<Vec<Run>, Fault> {
    let mut runs = Vec::with_capacity(gaps.len() + 1);
    if observations > 0 {
        let last = first_seq.checked_add(observations as u64 - 1);
        runs.push(run(first_seq, last, What::Observations)?);
    }
    for (first, last, reason) in gaps {
        runs.push(run(*first, Some(*last), What::Gap(*reason))?);
    }
    Ok(runs)
}

fn run(first: u64, last: Option<u64>, what: What) -> Result<Run, Fault> {
    match last {
        Some(last) if first >= 1 && first <= last && last < LARGEST => {
            Ok(Run { first, last, what })
        }
        _ => Err(invalid(format!(
            "the numbers from {first} on are no range between 1 and {LARGEST}"
        ))),
    }
}

fn hole(expected: u64, came: u64) -> Fault {
    Fault::new(
        Code::Precondition,
        format!(
            "hole in the numbers: expected {expected}, came {came}; a lost number must be declared in gaps"
        ),
    )
}

fn invalid(words: String) -> Fault {
    Fault::new(Code::Invalid, words)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use proptest::prelude::*;

    use super::*;

    const NEXT: u64 = 1_000_000;

    fn ranges(
        expected: u64,
        first_seq: u64,
        observations: usize,
        gaps: &[(u64, u64, i32)],
    ) -> Vec<(u64, u64)> {
        let runs = accept(expected, first_seq, observations, gaps, NEXT).unwrap();
        runs.iter().map(|run| (run.first, run.last)).collect()
    }

    fn code(
        expected: u64,
        first_seq: u64,
        observations: usize,
        gaps: &[(u64, u64, i32)],
        next: u64,
    ) -> Code {
        accept(expected, first_seq, observations, gaps, next)
            .unwrap_err()
            .code
    }

    #[test]
    fn contiguous_numbers_pass() {
        assert_eq!(ranges(1, 1, 200, &[]), [(1, 200)]);
        assert_eq!(
            ranges(201, 251, 10, &[(201, 250, 1)]),
            [(201, 250), (251, 260)]
        );
        assert_eq!(ranges(5, 5, 2, &[(7, 9, 1)]), [(5, 6), (7, 9)]);
        assert_eq!(ranges(5, 0, 0, &[(5, 9, 1)]), [(5, 9)]);
        assert!(ranges(5, 0, 0, &[]).is_empty());
    }

    #[test]
    fn what_is_durable_is_skipped() {
        assert_eq!(ranges(151, 1, 200, &[]), [(151, 200)]);
        assert!(ranges(201, 1, 200, &[]).is_empty());
        assert_eq!(
            ranges(205, 211, 5, &[(201, 210, 1)]),
            [(205, 210), (211, 215)]
        );
    }

    #[test]
    fn a_hole_is_refused_and_named() {
        let fault = accept(7, 9, 1, &[], NEXT).unwrap_err();
        assert_eq!(fault.code, Code::Precondition);
        assert!(fault.words.contains("expected 7"), "{}", fault.words);
        assert_eq!(code(1, 1, 3, &[(5, 6, 1)], NEXT), Code::Precondition);
    }

    #[test]
    fn nonsense_is_refused() {
        assert_eq!(code(1, 0, 3, &[], NEXT), Code::Invalid);
        assert_eq!(code(1, u64::MAX, 3, &[], NEXT), Code::Invalid);
        assert_eq!(code(1, 1, 3, &[(2, 9, 1)], NEXT), Code::Invalid);
        assert_eq!(code(1, 0, 0, &[(9, 2, 1)], NEXT), Code::Invalid);
        assert_eq!(code(1, 0, 0, &[(1, u64::MAX, 1)], NEXT), Code::Invalid);
        assert_eq!(code(1, 1, 3, &[], 3), Code::Invalid);
    }

    proptest! {
        /// Whatever comes: no panic, and what passes begins at the expected number and has no hole.
        #[test]
        fn nothing_with_a_hole_passes(
            expected in 1u64..50, first in 0u64..60, count in 0usize..20,
            gaps in proptest::collection::vec((0u64..60, 0u64..60, 0i32..6), 0..4),
        ) {
            if let Ok(runs) = accept(expected, first, count, &gaps, NEXT) {
                let mut next = expected;
                for run in runs {
                    prop_assert_eq!(run.first, next);
                    prop_assert!(run.last >= run.first);
                    next = run.last + 1;
                }
            }
        }
    }
}
