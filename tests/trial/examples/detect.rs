//! `cargo xtask bench detect`: the detectors on labelled fleets, one JSON result a line; the table goes to stderr.
//!
//! Words choose parts (`10`, `300`, `10000`, `quiet`, `beat`) and seeds (`100..112`). Without seeds the reporting ones are used. `tuning` uses the tuning seeds and names every miss and every false
//! alert, which a reporting run never does: whoever reads them starts to fit them.

use std::{sync::OnceLock, time::Instant};

use serde_json::json;
use weft_collector_core::detect::{self, Settings};
use weft_trial::{
    REPORTING, TUNING, beat, fleets,
    peer::FAMILIES,
    score::{Score, family::Families},
    story,
};

/// The goals of the evaluation; a result's `ratio` is its value over its goal.
const RECALL: f64 = 0.95;
const PRECISION: f64 = 0.9;
const PRECISION_SMALL: f64 = 0.8;
const HEALTHY_RATE: f64 = 0.02;
const BEAT_RESTARTS: f64 = 6.0;
const BEAT_ERROR: f64 = 0.05;
const ROUND_SECONDS: f64 = 60.0;
/// Cost per device at 10,000 over cost per device at 2,500: sorting may add a little, pairs of devices would give 4.
const GROWTH: f64 = 1.5;

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let tuning = words.iter().any(|word| word == "tuning");
    let only = |size: &str| {
        let sizes = ["10", "300", "10000", "quiet", "beat"];
        !words.iter().any(|word| sizes.contains(&word.as_str()))
            || words.iter().any(|word| word == size)
    };
    let seeds = match words.iter().find_map(|word| span(word)) {
        Some(given) => given,
        None if tuning => TUNING,
        None => REPORTING,
    };
    if only("10") {
        let mut score = Score::default();
        for seed in seeds.clone() {
            for one in story::ALL {
                if let Some((world, log, span)) =
                    fleets::alone(seed * 31 + one as u64, 10, one, fleets::PER_DAY)
                {
                    score.add(&world, &log, span);
                }
            }
        }
        report("10", &score, PRECISION_SMALL, tuning);
    }
    if only("300") {
        let mut score = Score::default();
        for seed in seeds.clone() {
            fleets::all_stories(seed, 300, 3, &mut score);
        }
        report("300", &score, PRECISION, tuning);
        if score.relapse_stories > 0 {
            let told = score.relapse_told as f64 / score.relapse_stories as f64;
            result("detect/300/relapse_told", "ratio", told, RECALL);
        }
    }
    if only("quiet") {
        for devices in [10, 60, 300] {
            let mut score = Score::default();
            for seed in seeds.clone() {
                let (world, log, span) = fleets::quiet(seed, devices, fleets::PER_DAY);
                score.add(&world, &log, span);
            }
            result(
                &format!("detect/{devices}/quiet/alerts_per_device_day"),
                "1/d",
                score.healthy_rate(),
                HEALTHY_RATE,
            );
            eprintln!(
                "quiet, {devices} devices: {} alerts in {:.0} device-days",
                score.healthy_alerts, score.healthy_device_days
            );
            names(&score, tuning);
        }
    }
    if only("beat") {
        beats(seeds.clone());
    }
    if only("10000") {
        large(seeds.start);
    }
    if let Some(peak) = peak_memory() {
        result("detect/memory_peak", "MiB", peak, 200.0);
    }
}

/// "100..112"
fn span(word: &str) -> Option<std::ops::Range<u64>> {
    let (from, to) = word.split_once("..")?;
    Some(from.parse().ok()?..to.parse().ok()?)
}

fn beats(seeds: std::ops::Range<u64>) {
    for (hours, jitter) in [
        (2.0, 0.01),
        (2.0, 0.03),
        (2.05, 0.02),
        (0.75, 0.02),
        (3.3, 0.03),
        (6.0, 0.02),
    ] {
        let (mut after, mut error) = (0usize, 0.0f64);
        for seed in seeds.clone() {
            for (devices, step) in [(10, 0), (60, 1)] {
                let named = beat::measure(seed * 2 + step, devices, hours, jitter);
                after = after.max(named.after.unwrap_or(99));
                error = error.max(named.error);
            }
        }
        let name = format!("detect/beat/{hours}h_jitter_{jitter}");
        result(
            &format!("{name}/restarts_until_named"),
            "1",
            after as f64,
            BEAT_RESTARTS,
        );
        result(
            &format!("{name}/interval_error"),
            "ratio",
            error,
            BEAT_ERROR,
        );
    }
}

/// Ten thousand laptops: a round's judging, with evidence made on paper, and whether a quarter of them costs a quarter.
fn large(seed: u64) {
    const DEVICES: usize = 10_000;
    let quarter = slowest_round(seed, DEVICES / 4, 5);
    let whole = slowest_round(seed, DEVICES, 20);
    result("detect/10000/round", "s", whole, ROUND_SECONDS);
    // 1: in proportion to the fleet.
    let growth = whole / (4.0 * quarter).max(1e-3);
    result("detect/10000/growth", "1", growth, GROWTH);
}

fn slowest_round(seed: u64, devices: usize, copies: usize) -> f64 {
    let world = fleets::crowded(seed, devices, copies);
    let mut slowest = 0.0f64;
    let mut findings = 0;
    for day in [40.5, 60.5, 80.5] {
        let evidence = world.evidence(day);
        let began = busy();
        findings = detect::run(&evidence, &Settings::default()).len();
        slowest = slowest.max(busy() - began);
    }
    eprintln!(
        "{devices} devices: {findings} findings, slowest round {slowest:.2} s of processor time"
    );
    slowest
}

/// Processor seconds of this thread where the system tells, so that a crowded machine changes nothing; else seconds.
fn busy() -> f64 {
    static BEGAN: OnceLock<Instant> = OnceLock::new();
    let of_thread = std::fs::read_to_string("/proc/thread-self/schedstat").ok();
    let nanoseconds =
        of_thread.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok());
    match nanoseconds {
        Some(nanoseconds) => nanoseconds / 1e9,
        None => BEGAN.get_or_init(Instant::now).elapsed().as_secs_f64(),
    }
}

fn report(size: &str, score: &Score, precision: f64, tuning: bool) {
    eprintln!(
        "{size} devices: {} worlds, {} stories, {} rounds in {:.1} s (slowest {:.3} s), {} alerts per story, {} held back",
        score.worlds,
        score.stories,
        score.rounds,
        score.judging,
        score.slowest,
        (score.story_alerts as f64 / score.stories.max(1) as f64 * 100.0).round() / 100.0,
        score.held_back
    );
    eprintln!("  rule                      expected  recall  precision (alerts)  delay d");
    for (name, rule) in &score.rules {
        let shown =
            |value: Option<f64>| value.map_or("-".to_owned(), |value| format!("{value:.2}"));
        eprintln!(
            "  {name:<26} {:>6}  {:>6}  {:>6} ({:>4})  {:>8}",
            rule.expected,
            shown(rule.recall()),
            shown(rule.precision()),
            rule.alerts,
            shown(rule.delay()),
        );
        if let Some(value) = rule.recall() {
            result(
                &format!("detect/{size}/{name}/recall"),
                "ratio",
                value,
                RECALL,
            );
        }
        if let Some(value) = rule.precision() {
            result(
                &format!("detect/{size}/{name}/precision"),
                "ratio",
                value,
                precision,
            );
        }
        if let Some(value) = rule.delay() {
            result(&format!("detect/{size}/{name}/delay"), "d", value, 7.0);
        }
        if let Some(worst) = rule.period_errors.iter().copied().reduce(f64::max) {
            result(
                &format!("detect/{size}/{name}/interval_error"),
                "ratio",
                worst,
                BEAT_ERROR,
            );
        }
    }
    result(
        &format!("detect/{size}/alerts_per_story"),
        "1",
        score.story_alerts as f64 / score.stories.max(1) as f64,
        1.5,
    );
    result(
        &format!("detect/{size}/healthy/alerts_per_device_day"),
        "1/d",
        score.healthy_rate(),
        HEALTHY_RATE,
    );
    families(size, score);
    names(score, tuning);
}

/// Weft beside fixed thresholds, by a measure that both can meet.
fn families(size: &str, score: &Score) {
    eprintln!(
        "  family      recall         precision      alerts per story    (Weft, fixed thresholds)"
    );
    for family in FAMILIES {
        let (Some(weft), Some(fixed)) = (score.weft.get(family), score.fixed.get(family)) else {
            continue;
        };
        let figures = [
            ("recall", weft.recall(), fixed.recall()),
            ("precision", weft.precision(), fixed.precision()),
            (
                "alerts_per_story",
                weft.alerts_per_story(),
                fixed.alerts_per_story(),
            ),
        ];
        let mut shown = String::new();
        for (name, weft, fixed) in figures {
            if let (Some(weft), Some(fixed)) = (weft, fixed) {
                shown.push_str(&format!("{weft:>6.2} {fixed:<8.2}"));
                beside(
                    &format!("detect/{size}/family_{family}/{name}"),
                    "1",
                    weft,
                    fixed,
                );
            }
        }
        eprintln!("  {family:<10} {shown}");
    }
    let total = |families: &Families| families.values().map(|one| one.healthy).sum::<usize>();
    let a_day = |count: usize| count as f64 / score.healthy_device_days.max(1.0);
    beside(
        &format!("detect/{size}/healthy/alerts_per_device_day_beside"),
        "1/d",
        a_day(total(&score.weft)),
        a_day(total(&score.fixed)),
    );
}

fn names(score: &Score, tuning: bool) {
    if tuning {
        for miss in &score.misses {
            eprintln!("  miss: {miss}");
        }
        for alert in &score.false_alerts {
            eprintln!("  false: {alert}");
        }
    }
}

fn beside(name: &str, unit: &str, value: f64, fixed: f64) {
    let ratio = (fixed > 0.0).then(|| value / fixed);
    println!(
        "{}",
        json!({"name": name, "unit": unit, "value": value, "peer": "fixed thresholds", "peer_value": fixed, "ratio": ratio})
    );
}

/// The peer is the goal that the project set itself.
fn result(name: &str, unit: &str, value: f64, goal: f64) {
    println!(
        "{}",
        json!({"name": name, "unit": unit, "value": value, "peer": "goal", "peer_value": goal, "ratio": value / goal})
    );
}

/// The largest resident size so far, where the system tells.
fn peak_memory() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    let kib: f64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kib / 1_024.0)
}
