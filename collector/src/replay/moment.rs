//! A moment as people's tools write it.
//!
//! **Invariant: what could be two moments is none.** A day before a month cannot be told from a month before a day, so
//! "10/09/2026 10:00" is refused; with AM or PM it is American and certain. Without a zone it is UTC, as Sysmon writes it.

use jiff::{SignedDuration, Timestamp, civil::DateTime, fmt::strtime, tz::TimeZone};

/// Seconds from which a bare number is in milliseconds, in microseconds, in 100 ns since 1601, in nanoseconds. Each bound
/// lies between this and the next century of the two units beside it.
const MILLISECONDS: f64 = 1e11;
const MICROSECONDS: f64 = 1e14;
const FILETIME: f64 = 1e17;
const NANOSECONDS: f64 = 1e18;
/// From 1601, where Windows begins to count, to 1970.
const FILETIME_BEGINS: f64 = 11_644_473_600.0;

pub fn moment(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    zoned(text)
        .or_else(|| bare(text))
        .or_else(|| american(text))
        .or_else(|| counted(text))
}

/// RFC 3339 and its relatives: "2026-09-10T10:00:00.123Z", "... +0200", "... UTC".
fn zoned(text: &str) -> Option<Timestamp> {
    if let Ok(known) = text.parse() {
        return Some(known);
    }
    if let Some(bare_text) = text
        .strip_suffix("UTC")
        .or_else(|| text.strip_suffix("GMT"))
    {
        return bare(bare_text.trim_end());
    }
    ["%Y-%m-%dT%H:%M:%S%.f%z", "%Y-%m-%d %H:%M:%S%.f %z"]
        .iter()
        .find_map(|shape| strtime::parse(shape, text).ok()?.to_timestamp().ok())
}

/// "2026-11-20 12:00:00.123", also with a comma, a T or slashes.
fn bare(text: &str) -> Option<Timestamp> {
    let text = text.replace(',', ".").replacen('/', "-", 2);
    let civil: DateTime = text.parse().ok()?;
    at_utc(civil)
}

/// "9/10/2026 10:00:00 AM".
fn american(text: &str) -> Option<Timestamp> {
    let civil = strtime::parse("%m/%d/%Y %I:%M:%S %p", text).ok()?;
    at_utc(civil.to_datetime().ok()?)
}

/// Seconds since 1970 or a finer unit, also as .NET wraps them: "/Date(1694340000000)/".
fn counted(text: &str) -> Option<Timestamp> {
    let wrapped = text
        .strip_prefix("/Date(")
        .and_then(|rest| rest.strip_suffix(")/"));
    let number: f64 = wrapped.unwrap_or(text).parse().ok()?;
    let seconds = match number {
        _ if wrapped.is_some() => number / 1e3,
        _ if number > NANOSECONDS => number / 1e9,
        _ if number > FILETIME => number / 1e7 - FILETIME_BEGINS,
        _ if number > MICROSECONDS => number / 1e6,
        _ if number > MILLISECONDS => number / 1e3,
        _ => number,
    };
    if seconds.is_nan() || seconds <= 0.0 {
        return None;
    }
    let span = SignedDuration::try_from_secs_f64(seconds).ok()?;
    Timestamp::UNIX_EPOCH.checked_add(span).ok()
}

fn at_utc(civil: DateTime) -> Option<Timestamp> {
    Some(civil.to_zoned(TimeZone::UTC).ok()?.timestamp())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn one_moment_in_many_dresses() {
        let expect: Timestamp = "2026-09-10T10:00:00Z".parse().unwrap();
        for text in [
            "2026-09-10 10:00:00.000",
            "2026-09-10 10:00:00,000",
            "2026/09/10 10:00:00",
            "2026-09-10T10:00:00",
            "2026-09-10T10:00:00.0000000Z",
            "2026-09-10T12:00:00+02:00",
            "2026-09-10T12:00:00+0200",
            "2026-09-10T12:00:00.000+0200",
            "2026-09-10 12:00:00 +0200",
            "2026-09-10 10:00:00 UTC",
            "9/10/2026 10:00:00 AM",
            "09/10/2026 10:00:00 AM",
            "1789034400",
            "1789034400.0",
            "1789034400000",
            "1789034400000000",
            "1789034400000000000",
            "134335080000000000",
            "/Date(1789034400000)/",
        ] {
            assert_eq!(moment(text), Some(expect), "{text}");
        }
    }

    #[test]
    fn what_is_no_moment_is_none() {
        for text in [
            "",
            "-",
            "yesterday",
            "10/09/2026 10:00:00",
            "0",
            "-5",
            "NaN",
            "inf",
            "1e300",
            "2026-13-01 00:00:00",
            "2026-02-30 00:00:00",
            "/Date()/",
            "\u{fffd}",
        ] {
            assert_eq!(moment(text), None, "{text}");
        }
    }
}
