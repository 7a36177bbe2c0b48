//! The wire's messages become `Event`s here and nowhere else.
//!
//! **Invariant:** nothing on the wire can make this fail: an observation that cannot be kept becomes a rejection with a
//! reason, a value of a newer agent becomes "unknown", an absurd time is kept at the nearest moment that ClickHouse can
//! hold.

use jiff::{SignedDuration, Timestamp};
use prost::Message as _;
use uuid::Uuid;
use weft_collector_core::{
    device::DeviceId,
    event::{Event, Observed, Outcome},
};
use weft_proto::{
    MAX_OBSERVATION_BYTES,
    v1::{self, gap::Reason, observation::Kind},
};

mod kinds;

use kinds::Field;

/// Where an observation stands: whose, in which life of the spool, when it came.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    pub device: DeviceId,
    pub epoch: Uuid,
    pub received_at: Timestamp,
    pub simulated: bool,
}

/// What happened to an observation's time on the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Time {
    Kept,
    /// Absent, so the moment of receiving stands in for it.
    Missing,
    /// Outside of what ClickHouse can hold, so its nearest moment stands in for it.
    Clamped,
}

/// ClickHouse's `DateTime64` reaches from 1900 to 2299, with nanoseconds to 2262.
const EARLIEST: i64 = -2_208_988_800;
const LATEST: i64 = 9_214_646_400;

/// One observation with its number. Never fails: what cannot be kept is a rejection.
pub fn event(place: &Place, seq: u64, observation: v1::Observation) -> (Event, Time) {
    let size = observation.encoded_len();
    let mut original_times: Vec<(String, String)> = Vec::new();
    let wire_time = observation.observed_at;
    let (observed_at, time) = observed_at(wire_time, place.received_at);
    if let (Time::Clamped, Some(at)) = (time, wire_time) {
        original_times.push(("observed_at".to_owned(), told(at)));
    }
    let outcome = if size > MAX_OBSERVATION_BYTES {
        rejected(
            "too_large",
            format!("{size} bytes; the limit is {MAX_OBSERVATION_BYTES}"),
        )
    } else {
        outcome(observation.kind, &mut original_times)
    };
    let event = Event {
        device: place.device,
        epoch: place.epoch,
        seq,
        observed_at,
        received_at: place.received_at,
        simulated: place.simulated,
        outcome,
        original_times,
    };
    (event, time)
}

/// Numbers that the agent lost, `span` of them from `seq` on.
pub fn gap(place: &Place, seq: u64, span: u64, reason: i32) -> Event {
    let reason = match Reason::try_from(reason) {
        Ok(Reason::Unspecified) | Err(_) => "unknown",
        Ok(known) => known.as_str_name(),
    };
    Event {
        device: place.device,
        epoch: place.epoch,
        seq,
        observed_at: place.received_at,
        received_at: place.received_at,
        simulated: place.simulated,
        outcome: Outcome::Lost {
            reason: reason.to_owned(),
            span,
        },
        original_times: Vec::new(),
    }
}

/// The laptop's clock minus ours, milliseconds; `None` when it did not say.
pub fn clock_skew(clock: Option<weft_proto::Timestamp>, now: Timestamp) -> Option<i64> {
    let (clock, _) = from_wire_time(clock?);
    i64::try_from(clock.duration_since(now).as_millis()).ok()
}

pub fn to_wire_time(at: Timestamp) -> weft_proto::Timestamp {
    weft_proto::Timestamp {
        seconds: at.as_second(),
        nanos: at.subsec_nanosecond(),
    }
}

fn outcome(kind: Option<Kind>, original_times: &mut Vec<(String, String)>) -> Outcome {
    let mut field = Field::default();
    let observed = match kind {
        Some(Kind::Boot(boot)) => Observed::Boot(field.boot(boot)),
        Some(Kind::Resume(resume)) => Observed::Resume(field.resume(resume)),
        Some(Kind::Process(process)) => Observed::Process(field.process(process)),
        Some(Kind::App(app)) => Observed::App(field.app(app)),
        Some(Kind::Vitals(vitals)) => Observed::Vitals(field.vitals(vitals)),
        Some(Kind::Inventory(inventory)) => Observed::Inventory(field.inventory(inventory)),
        Some(Kind::AgentHealth(health)) => Observed::AgentHealth(field.agent_health(health)),
        None => {
            return rejected(
                "no_kind",
                "an observation without a kind that this collector knows".to_owned(),
            );
        }
    };
    original_times.append(&mut field.original_times);
    match field.wrong {
        Some(name) => rejected(
            "invalid_field",
            format!("{}.{name} is not a finite number", observed.kind()),
        ),
        None => Outcome::Stored(Box::new(observed)),
    }
}

fn rejected(code: &str, detail: String) -> Outcome {
    Outcome::Rejected {
        code: code.to_owned(),
        detail,
    }
}

fn observed_at(at: Option<weft_proto::Timestamp>, received_at: Timestamp) -> (Timestamp, Time) {
    match at {
        Some(at) => from_wire_time(at),
        None => (received_at, Time::Missing),
    }
}

/// A time in words, however absurd: nothing that was told is lost.
fn told(at: weft_proto::Timestamp) -> String {
    match Timestamp::new(at.seconds, at.nanos) {
        Ok(time) => time.to_string(),
        Err(_) => format!("{} s and {} ns after 1970", at.seconds, at.nanos),
    }
}

fn from_wire_time(at: weft_proto::Timestamp) -> (Timestamp, Time) {
    let seconds = at.seconds.clamp(EARLIEST, LATEST);
    let nanos = at.nanos.clamp(0, 999_999_999);
    let time = if seconds == at.seconds && nanos == at.nanos {
        Time::Kept
    } else {
        Time::Clamped
    };
    // Both constants lie well inside jiff's range of years -9999 to 9999.
    let at = Timestamp::from_second(seconds).unwrap_or(Timestamp::UNIX_EPOCH);
    let at = at
        .saturating_add(SignedDuration::from_nanos(nanos.into()))
        .unwrap_or(at);
    (at, time)
}

#[cfg(test)]
mod tests;
