//! Time lost by restarts and crashes, time saved by acting early, with the formula in sight.
//!
//! **Invariant: every number can be multiplied out by hand from what is shown beside it.** The minutes are assumptions,
//! so they are settings (`[impact]` in the collector's configuration) and they are printed with their reasons.

use std::collections::BTreeMap;

use jiff::{Timestamp, tz::TimeZone};
use serde::{Deserialize, Serialize};

use crate::{
    detect::{baseline::finite, wording},
    event::BootEnd,
};

/// Minutes that one end of a session costs its person.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Minutes {
    pub crash: f64,
    pub forced_off: f64,
    pub power_loss_or_hang: f64,
    pub failed_boot: f64,
    pub update: f64,
}

/// Starting and signing in takes about 4 minutes on an office laptop; finding one's place again after an interruption 8 more, which
/// is the low end of what field studies of interrupted work report (Mark, Gudith and Klocke, *The cost of interrupted work*, CHI
/// 2008, and the studies it cites); work that was not saved is guessed at 8 minutes after a crash and 5 after a hang. An update
/// asked first: its restart costs the start alone.
impl Default for Minutes {
    fn default() -> Self {
        Self {
            crash: 20.0,
            forced_off: 17.0,
            power_loss_or_hang: 17.0,
            failed_boot: 12.0,
            update: 4.0,
        }
    }
}

/// The classes that cost time, with their settings' names and what they assume. Restarts that a person chose cost nothing here.
pub const CLASSES: [(BootEnd, &str, &str); 5] = [
    (
        BootEnd::Crash,
        "crash",
        "start 4 + finding one's place 8 + unsaved work 8",
    ),
    (
        BootEnd::ForcedOff,
        "forced off",
        "start 4 + finding one's place 8 + unsaved work 5",
    ),
    (
        BootEnd::PowerLossOrHang,
        "hang or power loss",
        "start 4 + finding one's place 8 + unsaved work 5",
    ),
    (
        BootEnd::FailedBoot,
        "failed start",
        "start 4 + finding one's place 8",
    ),
    (BootEnd::Update, "update", "start 4"),
];

impl Minutes {
    /// Of one end; what is not a class of [`CLASSES`] costs nothing.
    pub fn of(&self, end: BootEnd) -> f64 {
        let minutes = match end {
            BootEnd::Crash => self.crash,
            BootEnd::ForcedOff => self.forced_off,
            BootEnd::PowerLossOrHang => self.power_loss_or_hang,
            BootEnd::FailedBoot => self.failed_boot,
            BootEnd::Update => self.update,
            BootEnd::Running
            | BootEnd::CleanRestart
            | BootEnd::CleanPoweroff
            | BootEnd::Unknown => 0.0,
        };
        finite(minutes).max(0.0)
    }
}

/// How often each class happened in a stretch of time.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Events {
    counts: BTreeMap<String, u32>,
}

impl Events {
    pub fn add(&mut self, end: BootEnd, times: u32) {
        if times > 0 && CLASSES.iter().any(|(class, _, _)| *class == end) {
            let count = self.counts.entry(end.as_str().to_owned()).or_default();
            *count = count.saturating_add(times);
        }
    }

    pub fn of(&self, end: BootEnd) -> u32 {
        self.counts.get(end.as_str()).copied().unwrap_or(0)
    }

    /// Those that nobody asked for.
    pub fn unexpected(&self) -> u32 {
        CLASSES
            .iter()
            .filter(|(class, _, _)| class.is_unexpected())
            .map(|(class, _, _)| self.of(*class))
            .fold(0, u32::saturating_add)
    }
}

impl FromIterator<BootEnd> for Events {
    fn from_iter<I: IntoIterator<Item = BootEnd>>(ends: I) -> Self {
        let mut events = Self::default();
        for end in ends {
            events.add(end, 1);
        }
        events
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Impact {
    pub minutes: f64,
    /// "4 crashes x 20 min + 23 hangs or power losses x 17 min = 7 h 51 min".
    pub formula: String,
}

pub fn lost(events: &Events, minutes: &Minutes) -> Impact {
    let mut total = 0.0;
    let mut terms = Vec::new();
    for (class, noun, _) in CLASSES {
        let count = events.of(class);
        if count > 0 {
            let each = minutes.of(class);
            total += f64::from(count) * each;
            terms.push(format!("{count} x {} min ({noun})", plain(each)));
        }
    }
    let sum = match terms.is_empty() {
        true => "nothing".to_owned(),
        false => terms.join(" + "),
    };
    Impact {
        minutes: total,
        formula: format!("{sum} = {}", wording::duration(total * 60.0)),
    }
}

/// Time saved by a fix whose effect was measured: ends that the devices would have had going the way of their controls, less
/// those they had, times what one of theirs cost before. Negative when it made things worse.
pub fn saved(expected: f64, happened: u32, before: &Events, minutes: &Minutes) -> Impact {
    let unexpected = before.unexpected();
    let cost: f64 = CLASSES
        .iter()
        .filter(|(class, _, _)| class.is_unexpected())
        .map(|(class, _, _)| f64::from(before.of(*class)) * minutes.of(*class))
        .sum();
    // Rounded before it is used, so that what is shown multiplies out.
    let each = tenth(cost / f64::from(unexpected.max(1)));
    let expected = tenth(expected);
    let minutes = finite((expected - f64::from(happened)) * each);
    let sign = if minutes < 0.0 { "-" } else { "" };
    Impact {
        minutes,
        formula: format!(
            "({} expected - {happened} happened) x {} min = {sign}{}",
            plain(expected),
            plain(each),
            wording::duration(minutes * 60.0)
        ),
    }
}

/// "2026-03", UTC.
pub fn month(at: Timestamp) -> String {
    at.to_zoned(TimeZone::UTC).strftime("%Y-%m").to_string()
}

fn tenth(value: f64) -> f64 {
    (finite(value) * 10.0).round() / 10.0
}

/// "12" or "12.5".
fn plain(value: f64) -> String {
    let value = tenth(value);
    match value.fract() == 0.0 {
        true => format!("{value:.0}"),
        false => format!("{value:.1}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn events(crashes: u32, hangs: u32) -> Events {
        let mut events = Events::default();
        events.add(BootEnd::Crash, crashes);
        events.add(BootEnd::PowerLossOrHang, hangs);
        events.add(BootEnd::CleanRestart, 9);
        events
    }

    #[test]
    fn the_formula_multiplies_out() {
        let impact = lost(&events(4, 23), &Minutes::default());
        assert_eq!(impact.minutes, 4.0 * 20.0 + 23.0 * 17.0);
        assert_eq!(
            impact.formula,
            "4 x 20 min (crash) + 23 x 17 min (hang or power loss) = 7 h 51 min"
        );
        assert_eq!(
            lost(&Events::default(), &Minutes::default()).formula,
            "nothing = 0 s"
        );
        let wild = Minutes {
            crash: f64::NAN,
            power_loss_or_hang: -3.0,
            ..Minutes::default()
        };
        assert_eq!(lost(&events(4, 23), &wild).minutes, 0.0);
    }

    #[test]
    fn what_was_saved_multiplies_out_too() {
        let before = events(5, 5);
        let impact = saved(11.24, 3, &before, &Minutes::default());
        assert_eq!(
            impact.formula,
            "(11.2 expected - 3 happened) x 18.5 min = 2 h 32 min"
        );
        assert!((impact.minutes - 8.2 * 18.5).abs() < 1e-9);
        let worse = saved(1.0, 4, &before, &Minutes::default());
        assert!(
            worse.minutes < 0.0 && worse.formula.ends_with("= -56 min"),
            "{worse:?}"
        );
        assert_eq!(
            saved(f64::NAN, 0, &Events::default(), &Minutes::default()).minutes,
            0.0
        );
    }

    #[test]
    fn every_class_says_what_it_assumes() {
        for (class, noun, assumption) in CLASSES {
            let sum: f64 = assumption
                .split(|c: char| !c.is_ascii_digit())
                .filter_map(|number| number.parse::<f64>().ok())
                .sum();
            assert_eq!(sum, Minutes::default().of(class), "{noun}: {assumption}");
        }
    }
}
