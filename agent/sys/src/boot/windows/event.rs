//! One record of the System log, and what it means to us.
//!
//! Invariant: fields are looked up by name where the event has names and by position where it is a classic one; a field
//! that is missing, of another type or of a later schema is "not said", never an error. Localised text is not parsed for
//! times (the Binary part of 6008 holds them).
//!
//! Not here: order and conclusions.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

/// A record, reduced to what is used.
#[derive(Debug, Clone, PartialEq)]
pub struct WinEvent {
    pub machine: Arc<str>,
    pub provider: String,
    pub event_id: u32,
    pub record_id: u64,
    pub time: Timestamp,
    /// Named fields.
    pub data: BTreeMap<String, String>,
    /// A classic event's `Data` list.
    pub strings: Vec<String>,
    /// A classic event's `Binary`.
    pub binary: Vec<u8>,
}

/// Which record it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// User32 1074, 1076.
    StopAsked,
    ReasonGiven,
    /// EventLog 6005, 6006, 6008, 6009.
    LogStarted,
    LogStopped,
    Unclean,
    Banner,
    /// Kernel-General 12, 13, 1.
    KernelStart,
    KernelStop,
    ClockChanged,
    /// Kernel-Power 41, 42, 107, 109, 524.
    Dirty,
    EnterSleep,
    Resumed,
    StopTransition,
    BatteryCritical,
    /// WER-SystemErrorReporting 1001.
    Bugcheck,
    /// Kernel-Boot 20, 27.
    BootInfo,
    BootType,
    /// Power-Troubleshooter 1.
    WakeSummary,
    /// Eventlog 104.
    LogCleared,
    Other,
}

impl Kind {
    /// By provider and event id. Providers come with and without their long name.
    pub fn of(provider: &str, event_id: u32) -> Self {
        let lower = provider.to_ascii_lowercase();
        let name = lower.strip_prefix("microsoft-windows-").unwrap_or(&lower);
        match (name, event_id) {
            ("user32", 1074) => Self::StopAsked,
            ("user32", 1076) => Self::ReasonGiven,
            ("eventlog", 6005) => Self::LogStarted,
            ("eventlog", 6006) => Self::LogStopped,
            ("eventlog", 6008) => Self::Unclean,
            ("eventlog", 6009) => Self::Banner,
            ("eventlog", 104) => Self::LogCleared,
            ("kernel-general", 12) => Self::KernelStart,
            ("kernel-general", 13) => Self::KernelStop,
            ("kernel-general", 1) => Self::ClockChanged,
            ("kernel-power", 41) => Self::Dirty,
            ("kernel-power", 42) => Self::EnterSleep,
            ("kernel-power", 107) => Self::Resumed,
            ("kernel-power", 109) => Self::StopTransition,
            ("kernel-power", 524) => Self::BatteryCritical,
            (
                "wer-systemerrorreporting" | "systemerrorreporting" | "bugcheck" | "save dump",
                1001,
            ) => Self::Bugcheck,
            ("kernel-boot", 20) => Self::BootInfo,
            ("kernel-boot", 27) => Self::BootType,
            ("power-troubleshooter", 1) => Self::WakeSummary,
            _ => Self::Other,
        }
    }
}

impl WinEvent {
    /// Which record it is.
    pub fn kind(&self) -> Kind {
        Kind::of(&self.provider, self.event_id)
    }

    /// A named field, whatever the case of its name; empty is "not said".
    pub fn field(&self, name: &str) -> Option<&str> {
        self.data
            .get(name)
            .or_else(|| {
                self.data
                    .iter()
                    .find(|(own, _)| own.eq_ignore_ascii_case(name))
                    .map(|(_, value)| value)
            })
            .map(|value| value.trim())
            .filter(|value| !value.is_empty())
    }

    /// `param<n>` of a manifest event, or the n-th string of a classic one; counted from 1.
    pub fn parameter(&self, n: usize) -> Option<&str> {
        self.field(&format!("param{n}")).or_else(|| {
            self.strings
                .get(n.checked_sub(1)?)
                .map(|value| value.trim())
                .filter(|value| !value.is_empty())
        })
    }

    /// A named number: decimal, 0x-hex, or a boolean word.
    pub fn number(&self, name: &str) -> Option<u64> {
        number(self.field(name)?)
    }

    /// A named time, as manifest events write it.
    pub fn named_time(&self, name: &str) -> Option<Timestamp> {
        time(self.field(name)?)
    }

    /// 6008: when the log was last known alive, UTC. Bytes 16 to 31 of the binary part are a SYSTEMTIME in UTC; the
    /// strings are localised and local.
    pub fn last_alive(&self) -> Option<Timestamp> {
        system_time(self.binary.get(16..32)?)
    }
}

/// Decimal, 0x-hex, true or false.
pub fn number(text: &str) -> Option<u64> {
    let text = text.trim();
    if text.eq_ignore_ascii_case("true") {
        return Some(1);
    }
    if text.eq_ignore_ascii_case("false") {
        return Some(0);
    }
    match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        Some(hex) => u64::from_str_radix(hex, 16).ok(),
        None => text.parse().ok(),
    }
}

/// RFC 3339 with seven digits of fraction, or "2020-08-07 12:50:29.123 UTC".
pub fn time(text: &str) -> Option<Timestamp> {
    // Windows wraps times in its notices with left-to-right marks.
    let clean: String = text
        .chars()
        .filter(|c| !matches!(c, '\u{200e}' | '\u{200f}'))
        .collect();
    let clean = clean
        .trim()
        .trim_end_matches(" UTC")
        .trim_end_matches('Z')
        .trim();
    clean
        .parse::<Timestamp>()
        .ok()
        .or_else(|| format!("{}Z", clean.replacen(' ', "T", 1)).parse().ok())
}

/// SYSTEMTIME: year, month, day of week, day, hour, minute, second, millisecond as 16-bit little endian.
pub fn system_time(bytes: &[u8]) -> Option<Timestamp> {
    let part = |index: usize| {
        let at = index * 2;
        let value = u16::from_le_bytes(bytes.get(at..at + 2)?.try_into().ok()?);
        i16::try_from(value).ok()
    };
    let small = |index: usize| i8::try_from(part(index)?).ok();
    let civil = DateTime::new(
        part(0)?,
        small(1)?,
        small(3)?,
        small(4)?,
        small(5)?,
        small(6)?,
        i32::from(part(7)?).checked_mul(1_000_000)?,
    )
    .ok()?;
    civil
        .to_zoned(TimeZone::UTC)
        .ok()
        .map(|zoned| zoned.timestamp())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn providers_come_under_many_names() {
        for provider in [
            "Microsoft-Windows-Kernel-Power",
            "Kernel-Power",
            "MICROSOFT-WINDOWS-KERNEL-POWER",
        ] {
            assert_eq!(Kind::of(provider, 41), Kind::Dirty);
        }
        assert_eq!(Kind::of("USER32", 1074), Kind::StopAsked);
        assert_eq!(Kind::of("BugCheck", 1001), Kind::Bugcheck);
        assert_eq!(Kind::of("Windows Error Reporting", 1001), Kind::Other);
        assert_eq!(Kind::of("Microsoft-Windows-Time-Service", 1), Kind::Other);
    }

    #[test]
    fn numbers_in_every_spelling() {
        assert_eq!(number("340"), Some(340));
        assert_eq!(number("0x00000154"), Some(340));
        assert_eq!(number("True"), Some(1));
        assert_eq!(number("none"), None);
    }

    #[test]
    fn times_in_every_spelling() {
        let expected: Timestamp = "2020-08-07T12:50:29.1234567Z".parse().unwrap();
        assert_eq!(time("2020-08-07T12:50:29.1234567Z"), Some(expected));
        assert_eq!(
            time("\u{200e}2020\u{200e}-\u{200e}08\u{200e}-\u{200e}07T12:50:29.1234567Z"),
            Some(expected)
        );
        assert_eq!(time("2020-08-07 12:50:29.1234567 UTC"), Some(expected));
        assert_eq!(time("yesterday"), None);
    }

    proptest! {
        #[test]
        fn any_input_is_survived(text in ".{0,60}", bytes in proptest::collection::vec(any::<u8>(), 0..40)) {
            let _ = (number(&text), time(&text), system_time(&bytes), Kind::of(&text, 41));
        }
    }
}
