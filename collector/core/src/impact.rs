//! Time lost by restarts and crashes, time saved by acting early, with the formula in sight.
//!
//! **Invariant: every number can be multiplied out by hand from what is shown beside it.** The minutes are assumptions,
//! so they are settings and they are printed.

use serde::{Deserialize, Serialize};

use crate::detect::{baseline::finite, wording};

/// Minutes that one event costs its person. Defaults: starting again and finding one's place after an unexpected end;
/// the same plus what was not saved after a crash; a restart chosen by a person costs the start alone.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Minutes {
    pub unexpected_restart: f64,
    pub crash: f64,
    pub clean_restart: f64,
}

impl Default for Minutes {
    fn default() -> Self {
        Self {
            unexpected_restart: 12.0,
            crash: 20.0,
            clean_restart: 4.0,
        }
    }
}

/// What happened in a stretch of time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Events {
    pub unexpected_restarts: u32,
    pub crashes: u32,
    pub clean_restarts: u32,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Impact {
    pub minutes: f64,
    /// "23 unexpected restarts x 12 min + 4 crashes x 20 min = 5 h 56 min".
    pub formula: String,
}

pub fn lost(events: Events, minutes: &Minutes) -> Impact {
    let parts = [
        (
            events.unexpected_restarts,
            minutes.unexpected_restart,
            "unexpected restart",
        ),
        (events.crashes, minutes.crash, "crash"),
        (
            events.clean_restarts,
            minutes.clean_restart,
            "clean restart",
        ),
    ];
    let each = |minutes: f64| finite(minutes).max(0.0);
    let total: f64 = parts
        .iter()
        .map(|(count, minutes, _)| f64::from(*count) * each(*minutes))
        .sum();
    let terms: Vec<String> = parts
        .iter()
        .filter(|(count, _, _)| *count > 0)
        .map(|(count, minutes, noun)| {
            let noun = if *noun == "crash" && *count != 1 {
                "crashe"
            } else {
                noun
            };
            format!(
                "{} x {:.0} min",
                wording::count(*count as usize, noun),
                each(*minutes)
            )
        })
        .collect();
    let sum = if terms.is_empty() {
        "nothing".to_owned()
    } else {
        terms.join(" + ")
    };
    Impact {
        minutes: total,
        formula: format!("{sum} = {}", wording::duration(total * 60.0)),
    }
}

/// Time saved: what the devices would have lost without the fix (their rate before, carried on, times the controls' own
/// change) less what they lost. Negative when it made things worse.
pub fn saved(expected: Events, happened: Events, minutes: &Minutes) -> Impact {
    let (would, did) = (lost(expected, minutes), lost(happened, minutes));
    Impact {
        minutes: would.minutes - did.minutes,
        formula: format!("({}) - ({})", would.formula, did.formula),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_formula_multiplies_out() {
        let events = Events {
            unexpected_restarts: 23,
            crashes: 4,
            clean_restarts: 0,
        };
        let impact = lost(events, &Minutes::default());
        assert_eq!(impact.minutes, 23.0 * 12.0 + 4.0 * 20.0);
        assert_eq!(
            impact.formula,
            "23 unexpected restarts x 12 min + 4 crashes x 20 min = 5 h 56 min"
        );
        assert_eq!(saved(events, events, &Minutes::default()).minutes, 0.0);
    }
}
