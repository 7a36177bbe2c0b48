//! Our own format: `{"device": {"id", "os", "model", ...}, "at": TIME, "<kind>": {...}}`, the kind's object being the
//! canonical JSON of its protobuf message.

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Map, Value};
use uuid::Uuid;
use weft_collector_core::{
    device::{DeviceId, Traits},
    event::Event,
};
use weft_proto::v1;

use super::{
    record::{Described, Dirty, Reader, Record, Said},
    vocabulary,
};
use crate::ingest::convert::{self, Place};

const KINDS: [&str; 7] = [
    "boot",
    "resume",
    "process",
    "app",
    "vitals",
    "inventory",
    "agent_health",
];

pub struct Weft;

#[derive(Deserialize)]
struct Line {
    device: Device,
    at: Timestamp,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Device {
    id: String,
    name: String,
    #[serde(alias = "os_type")]
    os: String,
    #[serde(alias = "os_build_id", alias = "build")]
    os_build: String,
    model: String,
    team: String,
    simulated: bool,
}

impl Reader for Weft {
    fn read(&mut self, line: &str) -> Result<Said, Dirty> {
        let Line {
            device,
            at,
            mut rest,
        } = serde_json::from_str(line).map_err(|error| Dirty::new(error.to_string()))?;
        if device.id.is_empty() {
            return Err(Dirty::new("device.id is missing"));
        }
        // The observation may stand on its own or under its message's name.
        if let Some(Value::Object(observation)) = rest.remove("observation") {
            rest.extend(observation);
        }
        let Some(kind) = KINDS.into_iter().find(|kind| rest.contains_key(*kind)) else {
            return Err(Dirty::new(format!(
                "no observation: one of {} is needed",
                KINDS.join(", ")
            )));
        };
        let mut message = Map::new();
        message.insert(kind.to_owned(), rest.remove(kind).unwrap_or_default());
        message.insert(
            "observed_at".to_owned(),
            rest.remove("observed_at")
                .unwrap_or_else(|| at.to_string().into()),
        );
        let mut message = Value::Object(message);
        vocabulary::prune(&mut message, "Observation");
        let observation: v1::Observation = serde_json::from_value(message)
            .map_err(|error| Dirty::new(format!("{kind}: {error}")))?;
        // Device, epoch and number are given later; here only the facts are taken over, by the rules of ingest.
        let place = Place {
            device: DeviceId::default(),
            epoch: Uuid::nil(),
            received_at: at,
            simulated: device.simulated,
        };
        let (
            Event {
                observed_at,
                outcome,
                ..
            },
            _,
        ) = convert::event(&place, 0, observation);
        Ok(Said::Facts(vec![Record {
            device: device.described(),
            at: observed_at,
            outcome,
        }]))
    }
}

impl Device {
    fn described(self) -> Described {
        let os_type = match self.os.to_lowercase().as_str() {
            "macos" | "mac" | "osx" => "darwin".to_owned(),
            other => other.to_owned(),
        };
        Described {
            traits: Traits {
                name: self.name,
                os_type,
                os_build: self.os_build,
                model: self.model,
                team: self.team,
                simulated: self.simulated,
            },
            id: self.id,
        }
    }
}
