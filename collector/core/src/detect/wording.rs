//! Numbers in the words of a colleague: "2 h 03 min", "6.1 times", "Tue 17 Nov". Not here: what to say with them.

use jiff::{Timestamp, tz::TimeZone};

/// Seconds as people say them: "45 s", "12 min", "2 h 03 min", "3 days".
pub fn duration(seconds: f64) -> String {
    if !seconds.is_finite() {
        return "an unknown time".to_owned();
    }
    let seconds = seconds.abs();
    if seconds < 90.0 {
        return format!("{seconds:.0} s");
    }
    let minutes = (seconds / 60.0).round();
    if minutes < 60.0 {
        return format!("{minutes:.0} min");
    }
    if minutes < 48.0 * 60.0 {
        return format!(
            "{:.0} h {:02.0} min",
            (minutes / 60.0).floor(),
            minutes % 60.0
        );
    }
    format!("{:.1} days", minutes / (24.0 * 60.0))
}

/// A ratio: "6.1 times", "about 40 times".
pub fn times(ratio: f64) -> String {
    if !ratio.is_finite() || ratio > 999.0 {
        "more than 999 times".to_owned()
    } else if ratio >= 20.0 {
        format!("about {ratio:.0} times")
    } else {
        format!("{ratio:.1} times")
    }
}

/// "1 device", "7 devices".
pub fn count(number: usize, noun: &str) -> String {
    if number == 1 {
        format!("1 {noun}")
    } else if let Some(stem) = noun
        .strip_suffix('y')
        .filter(|stem| !stem.ends_with(['a', 'e', 'o']))
    {
        format!("{number} {stem}ies")
    } else {
        format!("{number} {noun}s")
    }
}

/// A share: "29 %".
pub fn percent(share: f64) -> String {
    format!("{:.0} %", super::baseline::finite(share) * 100.0)
}

/// "Tue 17 Nov" (UTC: a fleet spans zones, and the same evidence must give the same words).
pub fn day(at: Timestamp) -> String {
    at.to_zoned(TimeZone::UTC).strftime("%a %-d %b").to_string()
}

/// "Tue 17 Nov 14:05 UTC".
pub fn moment(at: Timestamp) -> String {
    at.to_zoned(TimeZone::UTC)
        .strftime("%a %-d %b %H:%M UTC")
        .to_string()
}

/// Bytes: "1.4 GB".
pub fn bytes(size: u64) -> String {
    let units = ["B", "kB", "MB", "GB", "TB", "PB"];
    let mut value = size as f64;
    let mut unit = 0;
    while value >= 1_000.0 && unit + 1 < units.len() {
        value /= 1_000.0;
        unit += 1;
    }
    if unit == 0 {
        format!("{value:.0} {}", units[unit])
    } else {
        format!("{value:.1} {}", units[unit])
    }
}

/// "a, b and c"; at most `limit` of them, then "and 4 more".
pub fn list(items: &[String], limit: usize) -> String {
    match items {
        [] => String::new(),
        [one] => one.clone(),
        many if many.len() <= limit => {
            let (last, first) = many.split_last().unwrap_or((&many[0], &[]));
            format!("{} and {last}", first.join(", "))
        }
        many => format!(
            "{} and {} more",
            many[..limit].join(", "),
            many.len() - limit
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_numbers() {
        assert_eq!(duration(7_380.0), "2 h 03 min");
        assert_eq!(duration(240.0), "4 min");
        assert_eq!(duration(f64::NAN), "an unknown time");
        assert_eq!(count(1, "device"), "1 device");
        assert_eq!(count(3, "battery"), "3 batteries");
        assert_eq!(bytes(1_400_000_000), "1.4 GB");
        let names: Vec<String> = ["a", "b", "c"].map(String::from).to_vec();
        assert_eq!(list(&names, 3), "a, b and c");
        assert_eq!(list(&names, 2), "a, b and 1 more");
    }
}
