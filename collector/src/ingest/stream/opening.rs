//! The beginning: Hello in, the seat taken, how far things are durable, Welcome out.

use std::collections::HashSet;

use tokio::{sync::mpsc, time::timeout};
use uuid::Uuid;
use weft_collector_store::control::devices::State;
use weft_proto::{
    PROTOCOL,
    v1::{Hello, Welcome, client_message, server_message},
};

use super::{Conversation, Inbound, Open, heard};
use crate::{
    error::{Code, Fault},
    ingest::{
        bookkeeper::Note,
        convert::clock_skew,
        sessions::Session,
        writer::{Durable, NotDurable},
    },
};

/// Longest version word that is kept.
const VERSION_CHARACTERS: usize = 100;

impl<D: Durable> Conversation<D> {
    /// `None` when the agent left before saying Hello.
    pub(super) async fn open(&self, inbound: &mut Inbound) -> Result<Option<Open>, Fault> {
        let Some(hello) = self.hello(inbound).await? else {
            return Ok(None);
        };
        let protocol = negotiate(&hello)?;
        let epoch = read_epoch(&hello.epoch)?;
        let (device, clock) = (self.caller.device.id, &self.house.gate.clock);
        let address = self.caller.peer.address.ip();
        let session = self
            .house
            .sessions
            .open(device, epoch, address, clock.now());
        if session.cloned {
            self.mark_cloned().await?;
        }
        let durable = self.durable_seq(&session, epoch).await?;
        // A spool that went back in time learns it from the Welcome and begins a new epoch; until then nothing of it is new.
        let repeats_from = (durable > 0 && hello.next_seq <= durable).then_some(hello.next_seq);
        if repeats_from.is_some() {
            tracing::warn!(%device, next_seq = hello.next_seq, durable, "a spool went back in time: its agent must begin a new epoch");
        }
        let agent_version: String = hello
            .service_version
            .chars()
            .take(VERSION_CHARACTERS)
            .collect();
        self.house.books.note(
            device,
            epoch,
            Note {
                // What is durable was numbered once, whatever this spool remembers.
                next_seq: hello.next_seq.max(durable + 1),
                durable_seq: durable,
                at: clock.now(),
                clock_skew: clock_skew(hello.clock, clock.now()),
                agent_version: agent_version.clone(),
                machine: None,
            },
        );
        self.say(server_message::Message::Welcome(Welcome {
            protocol,
            durable_seq: durable,
            window: self.house.limits.window,
            max_observations: u32::try_from(self.house.limits.observations).unwrap_or(u32::MAX),
            capabilities: vec!["notice_receipts".to_owned()],
        }))
        .await?;
        // One more than the window: an answer never waits for the stream to read the one before.
        let (settle, settled) = mpsc::channel(self.house.limits.window as usize + 1);
        Ok(Some(Open {
            session,
            epoch,
            expected: durable + 1,
            durable,
            repeats_from,
            in_flight: 0,
            agent_version,
            policy_version: hello.policy_version,
            gives_receipts: hello.capabilities.iter().any(|name| name == "notices"),
            told: HashSet::new(),
            settled,
            settle,
            waiting: None,
        }))
    }

    async fn hello(&self, inbound: &mut Inbound) -> Result<Option<Hello>, Fault> {
        let Ok(first) = timeout(self.house.limits.hello, inbound.message()).await else {
            return Err(Fault::new(Code::Invalid, "no Hello came"));
        };
        match heard(first)?.map(|message| message.message) {
            None => Ok(None),
            Some(Some(client_message::Message::Hello(hello))) => Ok(Some(hello)),
            Some(_) => Err(Fault::new(Code::Invalid, "the first message must be Hello")),
        }
    }

    /// Read only after everything that an older stream of this device brought is settled; else its last report would be
    /// asked for again and stored twice.
    async fn durable_seq(&self, session: &Session, epoch: Uuid) -> Result<u64, Fault> {
        let house = &self.house;
        let read = async {
            if !house.queue.barrier().await {
                return Err(NotDurable::Later("the collector is stopping".to_owned()));
            }
            house.durable.watermark(session.device, epoch).await
        };
        let read = tokio::select! {
            read = timeout(house.limits.open, read) => read,
            () = house.stop.cancelled() => return Err(not_now("the collector is stopping")),
            () = session.superseded.cancelled() => {
                return Err(Fault::new(Code::Superseded, "a newer stream of this device took over"));
            }
        };
        match read {
            Ok(Ok(durable)) => Ok(durable),
            Ok(Err(error)) => {
                tracing::warn!("cannot read how far things are durable: {error}");
                Err(not_now(
                    "ClickHouse does not answer; come back in a few seconds",
                ))
            }
            Err(_) => Err(not_now(
                "ClickHouse does not keep up; come back in a few seconds",
            )),
        }
    }

    async fn mark_cloned(&self) -> Result<(), Fault> {
        let (gate, device) = (&self.house.gate, &self.caller.device);
        if device.state == State::Cloned {
            return Ok(());
        }
        let words = "two machines use this device's key in turn: enrol one of them again";
        gate.control
            .devices()
            .set_state(device.id, State::Cloned, words)
            .await?;
        let (actor, object) = (
            format!("device:{}", device.id),
            self.caller.peer.address.ip().to_string(),
        );
        gate.auditor.refused(&actor, "clone", &object, words).await;
        tracing::warn!(device = %device.id, "{words}");
        Ok(())
    }
}

fn negotiate(hello: &Hello) -> Result<u32, Fault> {
    if (hello.protocol_min..=hello.protocol_max).contains(&PROTOCOL) {
        return Ok(PROTOCOL);
    }
    Err(Fault::new(
        Code::Precondition,
        format!(
            "no common protocol: the agent speaks {} to {}, this collector {PROTOCOL}; update the older one",
            hello.protocol_min, hello.protocol_max
        ),
    ))
}

pub(super) fn read_epoch(epoch: &[u8]) -> Result<Uuid, Fault> {
    Uuid::from_slice(epoch).map_err(|_| Fault::new(Code::Invalid, "epoch must be 16 bytes"))
}

fn not_now(words: &str) -> Fault {
    Fault::new(Code::Unavailable, words)
}
