//! Telling: by which way and when somebody wants to hear of what happened.
//!
//! **Invariant: a wish delays or drops, it never adds**: what a person is told of is decided by where they take part; this
//! says only whether it goes by mail, how soon, and not before when. Pure: the moment and the time zone's rules are
//! arguments. Not here: letters, and who may read what ([`crate::authority`]).

use jiff::{
    SignedDuration, Timestamp, ToSpan as _, Zoned,
    civil::{Date, Time, Weekday},
    tz::TimeZone,
};
use serde::{Deserialize, Serialize};

/// How soon something is sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Pace {
    #[default]
    Instant,
    /// What came together within an hour is one mail.
    Hourly,
    /// Only as a line of the digest.
    Digest,
    Off,
}

/// What it is about, as far as a person tells kinds apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum About {
    /// Words to the person: mentions, replies, invitations, what staff did with their posts.
    Direct,
    /// New posts in threads that they watch.
    Talk,
    /// A thread that they follow was solved, or is open again.
    Outcome,
    /// What laptops show in threads that they follow.
    Machines,
    /// Threads that ask for their role.
    Staff,
}

/// A pace for each of [`About`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Paces {
    pub direct: Pace,
    pub talk: Pace,
    pub outcome: Pace,
    pub machines: Pace,
    pub staff: Pace,
}

impl Default for Paces {
    /// People answer people at once; machines can wait for an hour's end.
    fn default() -> Self {
        Self {
            direct: Pace::Instant,
            talk: Pace::Instant,
            outcome: Pace::Instant,
            machines: Pace::Hourly,
            staff: Pace::Instant,
        }
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rhythm {
    #[default]
    Off,
    Daily,
    /// On Mondays.
    Weekly,
}

/// From this minute of the day on until that one, over midnight if need be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Quiet {
    /// Minutes after midnight, 0 to 1439.
    pub from: u16,
    pub until: u16,
}

/// A person's wishes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Preferences {
    pub mail: Paces,
    pub digest: Rhythm,
    /// The hour of the digest, 0 to 23.
    pub digest_hour: u8,
    pub quiet: Option<Quiet>,
    /// A name of the IANA time zone database.
    pub zone: String,
    /// Of mails; "en" is the only one yet.
    pub language: String,
}

impl Default for Preferences {
    fn default() -> Self {
        Self {
            mail: Paces::default(),
            digest: Rhythm::Off,
            digest_hour: 8,
            quiet: None,
            zone: "UTC".to_owned(),
            language: "en".to_owned(),
        }
    }
}

const MINUTES_OF_DAY: u16 = 24 * 60;

/// Why wishes cannot be kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unfit {
    Hour,
    QuietHours,
    Language,
}

impl Preferences {
    /// Everything but the name of the time zone, which only a database of them can judge.
    pub fn check(&self) -> Result<(), Unfit> {
        if self.digest_hour > 23 {
            return Err(Unfit::Hour);
        }
        if let Some(quiet) = self.quiet
            && (quiet.from >= MINUTES_OF_DAY
                || quiet.until >= MINUTES_OF_DAY
                || quiet.from == quiet.until)
        {
            return Err(Unfit::QuietHours);
        }
        match self.language.as_str() {
            "en" => Ok(()),
            _ => Err(Unfit::Language),
        }
    }

    pub fn pace(&self, about: About) -> Pace {
        match about {
            About::Direct => self.mail.direct,
            About::Talk => self.mail.talk,
            About::Outcome => self.mail.outcome,
            About::Machines => self.mail.machines,
            About::Staff => self.mail.staff,
        }
    }

    /// The first moment from `now` on that is not within the quiet hours: `now` itself outside them.
    pub fn opens(&self, zone: &TimeZone, now: Timestamp) -> Timestamp {
        let Some(quiet) = self.quiet else {
            return now;
        };
        let local = now.to_zoned(zone.clone());
        let minute = minute_of(local.time());
        let over_midnight = quiet.from > quiet.until;
        let inside = match over_midnight {
            false => (quiet.from..quiet.until).contains(&minute),
            true => minute >= quiet.from || minute < quiet.until,
        };
        if !inside {
            return now;
        }
        let day = match over_midnight && minute >= quiet.from {
            true => local.date().tomorrow(),
            false => Ok(local.date()),
        };
        // The end of time has no tomorrow; nobody waits for it.
        let end = day.ok().and_then(|day| at(day, quiet.until, zone));
        // Where the clock goes back, the same wall time comes twice: never answer with the past.
        end.map_or(now, |end| end.max(now))
    }

    /// The first digest after this moment.
    pub fn digest_after(&self, zone: &TimeZone, after: Timestamp) -> Option<Timestamp> {
        let minute = u16::from(self.digest_hour.min(23)) * 60;
        let mut day = after.to_zoned(zone.clone()).date();
        // A week and the day itself: every weekday comes up.
        for _ in 0..=7 {
            let fits = match self.digest {
                Rhythm::Off => return None,
                Rhythm::Daily => true,
                Rhythm::Weekly => day.weekday() == Weekday::Monday,
            };
            if let Some(due) = fits.then(|| at(day, minute, zone)).flatten()
                && due > after
            {
                return Some(due);
            }
            day = day.tomorrow().ok()?;
        }
        None
    }

    /// How far the first digest looks back.
    pub fn digest_span(&self) -> SignedDuration {
        let days = if self.digest == Rhythm::Weekly { 7 } else { 1 };
        SignedDuration::from_hours(24 * days)
    }
}

fn minute_of(time: Time) -> u16 {
    u16::from(time.hour().unsigned_abs()) * 60 + u16::from(time.minute().unsigned_abs())
}

/// The moment at which the wall clock shows this minute; in a gap of the clock, the moment after it.
fn at(day: Date, minute: u16, zone: &TimeZone) -> Option<Timestamp> {
    let midnight: Zoned = day.to_zoned(zone.clone()).ok()?;
    let wall = midnight
        .datetime()
        .date()
        .to_datetime(Time::midnight())
        .checked_add(i64::from(minute).minutes())
        .ok()?;
    zone.to_timestamp(wall).ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn berlin() -> TimeZone {
        // The rule of the European Union, so that no database of zones is needed.
        TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").unwrap()
    }

    fn moment(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn quiet_hours_end_on_the_wall_clock() {
        let night = Some(Quiet {
            from: 22 * 60,
            until: 7 * 60 + 30,
        });
        let noon = Some(Quiet {
            from: 12 * 60,
            until: 13 * 60,
        });
        for (quiet, now, opens) in [
            (None, "2026-01-10T23:00:00Z", "2026-01-10T23:00:00Z"),
            // 20:59 and 21:00 UTC are 21:59 and 22:00 in Berlin.
            (night, "2026-01-10T20:59:00Z", "2026-01-10T20:59:00Z"),
            (night, "2026-01-10T21:00:00Z", "2026-01-11T06:30:00Z"),
            (night, "2026-01-11T05:00:00Z", "2026-01-11T06:30:00Z"),
            (night, "2026-01-11T06:30:00Z", "2026-01-11T06:30:00Z"),
            (noon, "2026-01-10T11:30:00Z", "2026-01-10T12:00:00Z"),
            (noon, "2026-01-10T12:00:00Z", "2026-01-10T12:00:00Z"),
            // The night in which summer time begins is an hour shorter.
            (night, "2026-03-28T22:00:00Z", "2026-03-29T05:30:00Z"),
            // And the one in which it ends an hour longer.
            (night, "2026-10-24T21:00:00Z", "2026-10-25T06:30:00Z"),
        ] {
            let wishes = Preferences {
                quiet,
                ..Preferences::default()
            };
            assert_eq!(
                wishes.opens(&berlin(), moment(now)),
                moment(opens),
                "{quiet:?} at {now}"
            );
        }
    }

    #[test]
    fn a_quiet_end_in_the_gap_of_the_clock_is_after_it() {
        let wishes = Preferences {
            quiet: Some(Quiet {
                from: 60,
                until: 150,
            }),
            ..Preferences::default()
        };
        // 02:30 does not exist on that night: 03:30 summer time is meant.
        let opens = wishes.opens(&berlin(), moment("2026-03-29T00:30:00Z"));
        assert_eq!(opens, moment("2026-03-29T01:30:00Z"));
    }

    #[test]
    fn digests_come_at_the_persons_hour() {
        for (digest, after, due) in [
            (
                Rhythm::Daily,
                "2026-01-10T06:59:59Z",
                Some("2026-01-10T07:00:00Z"),
            ),
            (
                Rhythm::Daily,
                "2026-01-10T07:00:00Z",
                Some("2026-01-11T07:00:00Z"),
            ),
            (
                Rhythm::Daily,
                "2026-07-10T07:00:00Z",
                Some("2026-07-11T06:00:00Z"),
            ),
            // 2026-01-12 is a Monday.
            (
                Rhythm::Weekly,
                "2026-01-10T07:00:00Z",
                Some("2026-01-12T07:00:00Z"),
            ),
            (
                Rhythm::Weekly,
                "2026-01-12T07:00:00Z",
                Some("2026-01-19T07:00:00Z"),
            ),
            (Rhythm::Off, "2026-01-12T07:00:00Z", None),
        ] {
            let wishes = Preferences {
                digest,
                ..Preferences::default()
            };
            assert_eq!(
                wishes.digest_after(&berlin(), moment(after)),
                due.map(moment),
                "{digest:?} after {after}"
            );
        }
    }

    #[test]
    fn wishes_that_mean_nothing_are_refused() {
        let check = |change: &dyn Fn(&mut Preferences)| {
            let mut wishes = Preferences::default();
            change(&mut wishes);
            wishes.check()
        };
        assert_eq!(check(&|_| {}), Ok(()));
        assert_eq!(check(&|w| w.digest_hour = 24), Err(Unfit::Hour));
        for (from, until) in [(1440, 0), (0, 1440), (60, 60)] {
            assert_eq!(
                check(&|w| w.quiet = Some(Quiet { from, until })),
                Err(Unfit::QuietHours)
            );
        }
        assert_eq!(
            check(&|w| w.language = "tlh".to_owned()),
            Err(Unfit::Language)
        );
    }
}
