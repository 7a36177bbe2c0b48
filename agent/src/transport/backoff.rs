//! How long to wait before the next try: doubling, with jitter, capped.
//!
//! Invariant: a collector that was restarted is found again within a second or two; a fleet that lost it comes back spread
//! over the cap, not at once.

use std::time::Duration;

use rand::Rng;

use super::fault::Patience;

/// A collector's restart takes a second or two.
const FIRST: Duration = Duration::from_millis(500);

/// A hundred thousand laptops spread over five minutes are 333 connections per second: what one collector bears.
const CAP: Duration = Duration::from_secs(300);

/// Grows with each failure.
#[derive(Clone, Debug, Default)]
pub struct Backoff {
    failures: u32,
}

impl Backoff {
    /// Begins anew: the connection worked.
    pub fn reset(&mut self) {
        self.failures = 0;
    }

    /// The next wait: between half and all of the doubled step; the first three tries come quickly.
    pub fn next(&mut self, patience: Patience, random: &mut impl Rng) -> Duration {
        let step = match patience {
            Patience::Soon => FIRST
                .saturating_mul(1 << self.failures.saturating_sub(2).min(16))
                .min(CAP),
            Patience::Slow => CAP,
        };
        self.failures = self.failures.saturating_add(1);
        // The first try after "a person has to act" comes soon: an alert may have been a collector in the middle of starting.
        if patience == Patience::Slow && self.failures == 1 {
            return FIRST;
        }
        step.mul_f64(random.random_range(0.5..=1.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{SeedableRng, rngs::SmallRng};

    #[test]
    fn quick_at_first_then_capped() {
        let mut random = SmallRng::seed_from_u64(1);
        let mut backoff = Backoff::default();
        for _ in 0..3 {
            assert!(backoff.next(Patience::Soon, &mut random) <= FIRST);
        }
        let later: Vec<_> = (0..20)
            .map(|_| backoff.next(Patience::Soon, &mut random))
            .collect();
        assert!(later.iter().all(|wait| *wait <= CAP));
        assert!(later.last().is_some_and(|wait| *wait >= CAP / 2));
        backoff.reset();
        assert!(backoff.next(Patience::Slow, &mut random) <= FIRST);
        assert!(backoff.next(Patience::Slow, &mut random) >= CAP / 2);
    }
}
