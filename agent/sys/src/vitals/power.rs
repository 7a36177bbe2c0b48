//! Batteries as Windows and macOS tell of them.
//!
//! Invariant: pure; no battery is no answer, not an empty one.
//!
//! Sources: Microsoft Learn, SYSTEM_POWER_STATUS; pmset(1) and its output as Apple's support articles show it.

/// The three bytes of SYSTEM_POWER_STATUS that matter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Power {
    /// 0 battery, 1 mains, 255 unknown.
    pub line: u8,
    /// Bit 128: no battery; 255 unknown.
    pub flag: u8,
    /// 0..100, 255 unknown.
    pub percent: u8,
}

impl Power {
    /// Nothing is known.
    pub const UNKNOWN: Self = Self {
        line: 255,
        flag: 255,
        percent: 255,
    };
}

/// (charge 0..1, running on battery).
pub fn judge(power: Power) -> (Option<f64>, Option<bool>) {
    if power.flag == 255 || power.flag & 128 != 0 {
        return (None, None);
    }
    let charge = (power.percent <= 100).then(|| f64::from(power.percent) / 100.0);
    let on_battery = match power.line {
        0 => Some(true),
        1 => Some(false),
        _ => None,
    };
    (charge, on_battery)
}

/// `pmset -g batt`.
pub fn of_pmset(text: &str) -> (Option<f64>, Option<bool>) {
    let battery = text
        .lines()
        .find(|line| line.trim_start().starts_with("-InternalBattery"));
    let Some(battery) = battery else {
        return (None, None);
    };
    let percent = battery
        .split(['\t', ' ', ';'])
        .find_map(|word| word.strip_suffix('%')?.parse::<f64>().ok());
    let on_battery = if text.contains("'Battery Power'") {
        Some(true)
    } else if text.contains("'AC Power'") {
        Some(false)
    } else {
        None
    };
    (
        percent.map(|percent| (percent / 100.0).clamp(0.0, 1.0)),
        on_battery,
    )
}

/// `pmset -g therm`: how much of its speed a processor is held back for heat, 0..1. Apple silicon tells no number: only that
/// there was no warning.
pub fn throttled_of_pmset(text: &str) -> Option<f64> {
    let limit = text.lines().find_map(|line| {
        let (name, value) = line.split_once('=')?;
        (name.trim() == "CPU_Speed_Limit").then(|| value.trim().parse::<f64>().ok())?
    })?;
    Some((1.0 - limit / 100.0).clamp(0.0, 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows() {
        let power = |line, flag, percent| {
            judge(Power {
                line,
                flag,
                percent,
            })
        };
        assert_eq!(power(0, 2, 41), (Some(0.41), Some(true)));
        assert_eq!(power(1, 8, 100), (Some(1.0), Some(false)));
        assert_eq!(power(1, 128, 255), (None, None));
        assert_eq!(judge(Power::UNKNOWN), (None, None));
        assert_eq!(power(255, 0, 255), (None, None).clone());
    }

    #[test]
    fn a_mac() {
        let laptop = "Now drawing from 'Battery Power'\n -InternalBattery-0 (id=4653155)\t67%; discharging; 5:12 remaining present: true\n";
        assert_eq!(of_pmset(laptop), (Some(0.67), Some(true)));
        let plugged = "Now drawing from 'AC Power'\n -InternalBattery-0 (id=4653155)\t100%; charged; 0:00 remaining present: true\n";
        assert_eq!(of_pmset(plugged), (Some(1.0), Some(false)));
        assert_eq!(of_pmset("Now drawing from 'AC Power'\n"), (None, None));
        let hot = "Note: No thermal warning level has been recorded\n2024-06-01 10:00:00 +0200 CPU Power notify\n\tCPU_Scheduler_Limit \t= 100\n\tCPU_Available_CPUs \t= 8\n\tCPU_Speed_Limit \t= 70\n";
        assert!(throttled_of_pmset(hot).is_some_and(|share| (share - 0.3).abs() < 1e-9));
        assert_eq!(
            throttled_of_pmset("Note: No thermal warning level has been recorded\n"),
            None
        );
    }
}
