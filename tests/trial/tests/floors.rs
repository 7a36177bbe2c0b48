//! A small trial in the suite: generous floors that only a broken detector falls through. `cargo xtask bench detect` measures.
#![allow(clippy::unwrap_used)]

use weft_trial::{beat, fleets, life, score::Score, story::Story, world::World};

const SEED: u64 = 4_242;

#[test]
fn small_fleets_tell_their_stories_and_little_else() {
    let mut score = Score::default();
    for story in [
        Story::Burst,
        Story::Beat,
        Story::DriverOutbreak,
        Story::DiskFill,
        Story::Growth,
        Story::CopyCat,
        Story::Beacon,
    ] {
        let (world, log, span) = fleets::alone(SEED, 10, story, 1).unwrap();
        score.add(&world, &log, span);
    }
    let found: usize = score.rules.values().map(|rule| rule.found).sum();
    let expected: usize = score.rules.values().map(|rule| rule.expected).sum();
    let alerts: usize = score.rules.values().map(|rule| rule.alerts).sum();
    let right: usize = score.rules.values().map(|rule| rule.true_alerts).sum();
    assert!(
        expected >= 7 && found * 10 >= expected * 7,
        "{:?}",
        score.misses
    );
    assert!(right * 10 >= alerts * 6, "{:?}", score.false_alerts);
}

#[test]
fn a_quiet_fleet_of_sixty_stays_quiet() {
    let (world, log, span) = fleets::quiet(SEED, 60, 1);
    let mut score = Score::default();
    score.add(&world, &log, span);
    assert!(score.healthy_device_days > 3_000.0);
    assert!(score.healthy_rate() < 0.02, "{:?}", score.false_alerts);
}

#[test]
fn a_beat_is_named_in_time() {
    let named = beat::measure(SEED, 10, 2.0, 0.02);
    assert!(named.after.is_some_and(|after| after <= 8), "{named:?}");
    assert!(named.error <= 0.05, "{named:?}");
}

#[test]
fn a_world_is_its_seed_and_tells_nothing_early() {
    let plant = || {
        let mut world = life::healthy(SEED, 12, 50);
        weft_trial::story::plant(&mut world, Story::LateHistory, 20.0, SEED);
        world.finish();
        world
    };
    let (one, two): (World, World) = (plant(), plant());
    assert_eq!(one.evidence(30.0), two.evidence(30.0));
    // What happened off the network is unknown until the laptop is back, and then has its own time.
    let late = one
        .stops
        .iter()
        .find(|stop| stop.at > 20.0 && stop.end.is_unexpected() && stop.known > stop.at + 5.0)
        .unwrap();
    let told = |day: f64| {
        let evidence = one.evidence(day);
        let ends = evidence.reboots.iter().flat_map(|boots| &boots.ends);
        ends.filter(|end| end.ended_at == one.at(late.at)).count()
    };
    assert_eq!((told(late.known - 0.1), told(late.known + 0.1)), (0, 1));
}
