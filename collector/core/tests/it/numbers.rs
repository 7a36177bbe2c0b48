//! The numbers behind findings, whatever goes in: finite, inside their bounds, and less sure the less is known.

use proptest::prelude::*;
use weft_collector_core::detect::baseline::{Exposure, Gamma, Moments, TwoByTwo, learn, slope};

fn exposure() -> impl Strategy<Value = Exposure> {
    let days = prop_oneof![8 => 0.0..90.0f64, 1 => Just(0.0), 1 => Just(f64::NAN), 1 => Just(f64::INFINITY), 1 => Just(-3.0)];
    (prop_oneof![6 => 0..4u32, 1 => 0..20_000u32], days)
        .prop_map(|(ends, days)| Exposure { ends, days })
}

fn healthy() -> impl Strategy<Value = Vec<Exposure>> {
    prop::collection::vec(
        (
            prop_oneof![12 => Just(0u32), 6 => Just(1), 2 => Just(2)],
            30.0..90.0f64,
        )
            .prop_map(|(ends, days)| Exposure { ends, days }),
        60..240,
    )
}

proptest! {
    #[test]
    fn a_prior_is_a_prior_whatever_taught_it(fleet in prop::collection::vec(exposure(), 0..80)) {
        let (moments, taught) = learn(&fleet);
        let prior = moments.prior();
        prop_assert_eq!(taught.len(), fleet.len());
        prop_assert!(prior.shape.is_finite() && prior.shape > 0.0, "{prior:?}");
        prop_assert!(prior.rate.is_finite() && prior.rate > 0.0, "{prior:?}");
    }

    /// The order in which devices are known changes neither who teaches nor what is learned.
    #[test]
    fn learning_has_no_order(fleet in healthy(), by in 1..60usize) {
        let turned: Vec<Exposure> = fleet.iter().cycle().skip(by % fleet.len()).take(fleet.len()).copied().collect();
        let (one, other) = (learn(&fleet).0.prior(), learn(&turned).0.prior());
        prop_assert!((one.mean() - other.mean()).abs() <= 1e-9 * one.mean(), "{one:?} {other:?}");
    }

    /// However many are sick, up to a sixth of the fleet, what health is stays what it was.
    #[test]
    fn the_sick_do_not_mask_each_other(fleet in healthy(), share in 0.02..0.16f64, ends in 10..40u32) {
        let sick = ((fleet.len() as f64 * share) as usize).max(1);
        let well = learn(&fleet).0.prior().mean();
        let mut both = fleet.clone();
        both.extend(vec![Exposure { ends, days: 60.0 }; sick]);
        let (moments, taught) = learn(&both);
        prop_assert!(taught[fleet.len()..].iter().all(|taught| !taught), "{sick} of {} teach", both.len());
        prop_assert!(moments.prior().mean() <= 1.5 * well + 0.002, "{} was {well}", moments.prior().mean());
    }

    #[test]
    fn a_tail_falls_with_the_count_and_grows_with_the_time(
        shape in 0.05..20.0f64, rate in 0.1..2_000.0f64, ends in 0..60u32, days in 0.01..400.0f64,
    ) {
        let gamma = Gamma { shape, rate };
        let chance = gamma.chance_of_at_least(ends, days);
        prop_assert!((0.0..=1.0).contains(&chance));
        prop_assert!(gamma.chance_of_at_least(ends + 1, days) <= chance + 1e-12);
        prop_assert!(gamma.chance_of_at_least(ends, days * 2.0) >= chance - 1e-12);
    }

    /// A device with more quiet past makes the same week more surprising; never less.
    #[test]
    fn a_longer_quiet_past_makes_surer(fleet in healthy(), ends in 1..12u32, past in 0.0..80.0f64) {
        let prior = Moments::of(&fleet).prior();
        let after = |days| prior.after(Exposure { ends: 0, days }).chance_of_at_least(ends, 7.0);
        prop_assert!(after(past + 5.0) <= after(past) + 1e-12);
    }

    /// The same shares from fewer devices: the interval is wider and the chance larger.
    #[test]
    fn fewer_devices_are_less_certain(hit in 1..8u32, of in 8..20u32, elsewhere in 1..6u32, rest in 20..60u32, times in 2..5u32) {
        let few = TwoByTwo { hit, of, hit_elsewhere: elsewhere, of_elsewhere: rest };
        let many = TwoByTwo {
            hit: hit * times, of: of * times, hit_elsewhere: elsewhere * times, of_elsewhere: rest * times,
        };
        let (few_ratio, many_ratio) = (few.risk_ratio().unwrap(), many.risk_ratio().unwrap());
        prop_assert!((few_ratio.ratio - many_ratio.ratio).abs() < 1e-9);
        prop_assert!(few_ratio.low <= few_ratio.ratio && few_ratio.ratio <= few_ratio.high);
        prop_assert!(few_ratio.high / few_ratio.low > many_ratio.high / many_ratio.low);
        if few.share() > 2.0 * few.share_elsewhere() {
            prop_assert!(many.chance() <= few.chance() + 1e-12, "{} {}", many.chance(), few.chance());
        }
    }

    #[test]
    fn any_table_has_finite_answers(hit in any::<u16>(), of in any::<u16>(), elsewhere in any::<u16>(), rest in any::<u16>()) {
        // More hit than there are: contradictory evidence.
        let table = TwoByTwo { hit: hit.into(), of: of.into(), hit_elsewhere: elsewhere.into(), of_elsewhere: rest.into() };
        prop_assert!((0.0..=1.0).contains(&table.chance()), "{}", table.chance());
        if hit > of || elsewhere > rest {
            prop_assert_eq!(table.chance(), 1.0);
        }
        prop_assert!(table.gain().is_finite());
        if let Some(ratio) = table.risk_ratio() {
            prop_assert!(ratio.low.is_finite() && ratio.ratio.is_finite() && ratio.high.is_finite(), "{ratio:?}");
        }
    }

    /// The slope lies in its interval, and a tenth of wild readings does not carry it away.
    #[test]
    fn a_slope_is_robust_and_inside_its_interval(
        per_day in 0.5..20.0f64, noise in prop::collection::vec(-1.0..1.0f64, 14..40), wild in -1e6..1e6f64,
    ) {
        let mut points: Vec<(f64, f64)> = noise.iter().enumerate().map(|(day, noise)| (day as f64, per_day * day as f64 + noise)).collect();
        for index in (3..points.len()).step_by(10) {
            points[index].1 += wild;
        }
        let found = slope(&points).unwrap();
        prop_assert!(found.low <= found.per_unit && found.per_unit <= found.high);
        prop_assert!((found.per_unit - per_day).abs() <= 0.35 * per_day + 0.4, "{} is not {per_day}", found.per_unit);
    }

    #[test]
    fn the_fewer_the_points_the_wider_the_slope(noise in prop::collection::vec(-1.0..1.0f64, 30..31)) {
        let points: Vec<(f64, f64)> = noise.iter().enumerate().map(|(day, noise)| (day as f64, 3.0 * day as f64 + 6.0 * noise)).collect();
        let (all, few) = (slope(&points).unwrap(), slope(&points[20..]).unwrap());
        prop_assert!(few.high - few.low >= all.high - all.low, "{few:?} {all:?}");
    }
}
