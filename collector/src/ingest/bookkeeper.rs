//! Notes for people, kept out of the way of acknowledgement: how far each spool has numbered, when a device was last
//! heard, how wrong its clock is, what its inventory says it is.
//!
//! **Invariant:** a lost note heals by itself: the agent repeats its numbers with every report, and what is durable is
//! read from ClickHouse. So notes are gathered per device and written together.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use jiff::Timestamp;
use tokio::time::interval;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;
use weft_collector_core::{
    device::DeviceId,
    event::{Event, Inventory, Observed, Outcome},
};
use weft_collector_store::control::{Control, streams::Stream};

/// How often notes are written. A console that is half a second behind is not noticed; SQLite would notice each report.
const FLUSH: Duration = Duration::from_millis(500);

#[derive(Clone, Debug, Default)]
pub struct Note {
    pub next_seq: u64,
    pub durable_seq: u64,
    pub at: Timestamp,
    pub clock_skew: Option<i64>,
    pub agent_version: String,
    pub machine: Option<Machine>,
}

/// What an inventory says of the machine, as devices are compared by it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Machine {
    pub model: String,
    pub os_type: String,
    pub os_build: String,
}

impl Machine {
    /// Of the newest inventory among these.
    pub fn of(events: &[Event]) -> Option<Self> {
        events.iter().rev().find_map(|event| match &event.outcome {
            Outcome::Stored(observed) => match &**observed {
                Observed::Inventory(inventory) => Some(Self::read(inventory)),
                _ => None,
            },
            _ => None,
        })
    }

    fn read(inventory: &Inventory) -> Self {
        let (maker, model) = (
            inventory.device_manufacturer.trim(),
            inventory.device_model_name.trim(),
        );
        let model = if model.to_lowercase().starts_with(&maker.to_lowercase()) {
            model.to_owned()
        } else {
            format!("{maker} {model}").trim().to_owned()
        };
        let os_build = if inventory.os_build_id.is_empty() {
            &inventory.os_version
        } else {
            &inventory.os_build_id
        };
        Self {
            model,
            os_type: inventory.os_type.clone(),
            os_build: os_build.clone(),
        }
    }
}

/// Cloning shares it. It holds at most one note per live spool.
#[derive(Clone, Default)]
pub struct Bookkeeper(Arc<Mutex<HashMap<(DeviceId, Uuid), Note>>>);

impl Bookkeeper {
    pub fn note(&self, device: DeviceId, epoch: Uuid, new: Note) {
        let mut notes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let note = notes.entry((device, epoch)).or_default();
        note.next_seq = note.next_seq.max(new.next_seq);
        note.durable_seq = note.durable_seq.max(new.durable_seq);
        note.at = note.at.max(new.at);
        note.clock_skew = new.clock_skew.or(note.clock_skew);
        note.machine = new.machine.or(note.machine.take());
        if !new.agent_version.is_empty() {
            note.agent_version = new.agent_version;
        }
    }

    /// Writes notes until `stop`, and the last of them after it.
    pub async fn run(self, control: Control, stop: CancellationToken) {
        let mut turn = interval(FLUSH);
        loop {
            let last = tokio::select! {
                _ = turn.tick() => false,
                () = stop.cancelled() => true,
            };
            if let Err(error) = self.flush(&control).await {
                tracing::warn!("notes about devices were not written: {error}");
            }
            if last {
                return;
            }
        }
    }

    async fn flush(
        &self,
        control: &Control,
    ) -> Result<(), weft_collector_store::control::ControlError> {
        let notes = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        if notes.is_empty() {
            return Ok(());
        }
        let stream = |((device, epoch), note): (&(DeviceId, Uuid), &Note)| Stream {
            device: *device,
            epoch: *epoch,
            next_seq: note.next_seq,
            durable_seq: note.durable_seq,
            first_at: note.at,
            last_at: note.at,
        };
        control
            .streams()
            .note(notes.iter().map(stream).collect())
            .await?;
        for ((device, _), note) in notes {
            let devices = control.devices();
            devices
                .touch(device, note.at, note.clock_skew, &note.agent_version)
                .await?;
            if let Some(machine) = note.machine {
                devices
                    .set_traits(device, &machine.model, &machine.os_type, &machine.os_build)
                    .await?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_names_its_maker_once() {
        let machine = |maker: &str, model: &str| {
            Machine::read(&Inventory {
                device_manufacturer: maker.to_owned(),
                device_model_name: model.to_owned(),
                ..Default::default()
            })
            .model
        };
        assert_eq!(machine("Lenovo", "ThinkPad T14"), "Lenovo ThinkPad T14");
        assert_eq!(machine("HP", "HP EliteBook 840"), "HP EliteBook 840");
        assert_eq!(machine("", "VMware"), "VMware");
        assert_eq!(machine("QEMU", ""), "QEMU");
    }

    #[test]
    fn notes_of_one_spool_become_one() {
        let books = Bookkeeper::default();
        let (device, epoch) = (DeviceId(Uuid::from_u128(1)), Uuid::from_u128(2));
        let note = |next_seq, version: &str| Note {
            next_seq,
            agent_version: version.to_owned(),
            ..Note::default()
        };
        books.note(device, epoch, note(9, "1.0"));
        books.note(device, epoch, note(4, ""));
        let notes = books.0.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = &notes[&(device, epoch)];
        assert_eq!(
            (notes.len(), kept.next_seq, kept.agent_version.as_str()),
            (1, 9, "1.0")
        );
    }
}
