//! Folding: what came since the last time is taken over into the tables that detectors and the fleet's pages read.
//!
//! **Invariant: folding again changes nothing.** Days are counted anew from all their observations and joined (min, max,
//! newest, larger) with what is there; a fold that dies half-way is simply done again, two collectors that fold at once
//! agree, and late data lands on its own day (docs/adr/0009). Not here: deleting, which is [`super::retention`].

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use uuid::Uuid;

use super::{Error, Telemetry};

/// In this order; each fills one table from one kind of observation.
const FOLDS: [(&str, &str); 8] = [
    ("device_days", include_str!("../../fold/devices.sql")),
    ("boot_states", include_str!("../../fold/boots.sql")),
    ("program_lives", include_str!("../../fold/programs.sql")),
    ("app_lives", include_str!("../../fold/apps.sql")),
    ("vitals_days", include_str!("../../fold/vitals.sql")),
    ("inventory_days", include_str!("../../fold/inventories.sql")),
    ("component_lives", include_str!("../../fold/components.sql")),
    ("book_pages", include_str!("../../fold/books.sql")),
];

/// New observations of one step: the largest grouping of a step (programs) stays under [`super::read`]'s memory limit.
const STEP_ROWS: u64 = 1_000_000;

/// Between the moment that ClickHouse writes into `stored_at` and the moment that the row can be read lie a write and a
/// sync; the client gives up on an insert after half a minute. What is folded twice is no matter.
const OVERLAP: SignedDuration = SignedDuration::from_secs(120);

/// Observations from further ahead than this, by the collector's clock, wait until their time has come: a laptop whose
/// clock is wrong must not be "last seen" next year.
const AHEAD: SignedDuration = SignedDuration::from_hours(1);

/// A day is counted anew from what was received from this long before it on. A clock that ran ahead by more and was then set
/// right can leave that day's sums (never its counts in the books) too small.
const CLOCKS_AHEAD: i64 = 7 * DAY;

const DAY: i64 = 86_400_000_000;

/// What a fold did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Folded {
    /// Devices that something new was told of.
    pub devices: usize,
    /// Observations that were new, or folded once more to be sure.
    pub rows: u64,
    /// Steps in which it was done.
    pub steps: usize,
}

#[derive(Default, Deserialize)]
struct Reached {
    stored_to: i64,
    until: i64,
    server: i64,
}

#[derive(Clone, Copy, Deserialize)]
struct News {
    device: Uuid,
    rows: u64,
    /// The earliest of them by the laptop's clock, and by the collector's, microseconds.
    from: i64,
    received: i64,
}

/// Neighbours in the order of the table, folded together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Step {
    low: Uuid,
    high: Uuid,
    rows: u64,
    from: i64,
    received: i64,
}

impl Telemetry {
    /// Takes over what was stored since the last fold. `now` is the collector's clock.
    pub async fn fold(&self, now: Timestamp) -> Result<Folded, Error> {
        let reached = self.reached().await?;
        let until = now.saturating_add(AHEAD).unwrap_or(now).as_microsecond();
        let stored_from = match reached.stored_to {
            // The first fold reads everything, whatever a clock said once.
            0 => i64::MIN / 2,
            stored_to => stored_to - OVERLAP.as_micros() as i64,
        };
        let known_until = if reached.stored_to == 0 {
            i64::MIN / 2
        } else {
            reached.until
        };
        let window = Window {
            stored_from: stored_from.max(EARLIEST),
            known_until: known_until.max(EARLIEST),
            until,
        };
        let news: Vec<News> = window
            .bind(self.work(include_str!("../../fold/news.sql")))
            .all()
            .await?;
        let steps = steps(&news);
        for step in &steps {
            for (table, sql) in FOLDS {
                let began = std::time::Instant::now();
                window
                    .bind(self.work(sql))
                    .with("low", step.low)
                    .with("high", step.high)
                    .with("from", step.from.div_euclid(DAY) * DAY)
                    .with("received_from", step.received_from())
                    .run()
                    .await?;
                tracing::trace!(table, took = ?began.elapsed(), "folded");
            }
        }
        self.work("INSERT INTO folds (stored_to, until) VALUES (fromUnixTimestamp64Micro({server:Int64}, 'UTC'), fromUnixTimestamp64Micro({until:Int64}, 'UTC'))")
            .with("server", reached.server)
            .with("until", until.max(reached.until))
            .run()
            .await?;
        Ok(Folded {
            devices: news.len(),
            rows: news.iter().map(|news| news.rows).sum(),
            steps: steps.len(),
        })
    }

    async fn reached(&self) -> Result<Reached, Error> {
        let asked = self.select(
            "SELECT toUnixTimestamp64Milli(max(stored_to)) * 1000 AS stored_to, toUnixTimestamp64Micro(max(until)) AS until, \
             toUnixTimestamp64Milli(now64(3, 'UTC')) * 1000 AS server FROM folds",
        );
        Ok(asked.one().await?.unwrap_or_default())
    }
}

/// What ClickHouse's `DateTime64(6)` begins with: 1900-01-01.
const EARLIEST: i64 = -2_208_988_800_000_000;

#[derive(Clone, Copy)]
struct Window {
    stored_from: i64,
    known_until: i64,
    until: i64,
}

impl Window {
    fn bind(self, select: super::read::Select) -> super::read::Select {
        select
            .with("stored_from", self.stored_from)
            .with("known_until", self.known_until)
            .with("until", self.until)
    }
}

impl Step {
    fn received_from(&self) -> i64 {
        self.received.min(self.from - CLOCKS_AHEAD).max(EARLIEST)
    }
}

/// Cuts the devices into runs of about [`STEP_ROWS`] observations each.
fn steps(news: &[News]) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    for one in news {
        match steps.last_mut() {
            Some(step) if step.rows + one.rows <= STEP_ROWS => {
                step.high = one.device;
                step.rows += one.rows;
                step.from = step.from.min(one.from);
                step.received = step.received.min(one.received);
            }
            _ => steps.push(Step {
                low: one.device,
                high: one.device,
                rows: one.rows,
                from: one.from,
                received: one.received,
            }),
        }
    }
    steps
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_hold_every_device_once_and_stay_small() {
        let news: Vec<News> = (0..10)
            .map(|n| News {
                device: Uuid::from_u128(n),
                rows: if n == 4 { 3 * STEP_ROWS } else { STEP_ROWS / 3 },
                from: 100 - n as i64,
                received: 0,
            })
            .collect();
        let steps = steps(&news);
        let ends: Vec<(u128, u128)> = steps
            .iter()
            .map(|step| (step.low.as_u128(), step.high.as_u128()))
            .collect();
        // The one device that is too large for a step is a step of its own: a device cannot be cut.
        assert_eq!(ends, [(0, 2), (3, 3), (4, 4), (5, 7), (8, 9)]);
        assert_eq!(steps[0].from, 98);
        assert!(super::steps(&[]).is_empty());
    }
}
