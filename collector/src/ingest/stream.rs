//! One device's conversation: Hello, Welcome, then reports in and acknowledgements out, until one side ends it.
//!
//! **Invariant:** while a report waits for room in the queue nothing more is read, so a slow ClickHouse slows agents by
//! HTTP/2's own flow control; and still the conversation hears revocation, take-over and shutdown at once.

mod inbound;
mod opening;
mod report;

pub use inbound::Inbound;

use std::{collections::HashSet, time::Duration};

use tokio::{
    sync::mpsc,
    time::{Instant, Sleep, sleep, sleep_until, timeout},
};
use tonic::Status;
use uuid::Uuid;
use weft_proto::v1::{
    Ack, ClientMessage, Hint, Report, ServerMessage, client_message, hint, server_message,
};

use super::{
    service::Ingest,
    sessions::Session,
    writer::{Durable, Pressure, Settled, Submission},
};
use crate::{
    error::{Code, Fault},
    gate::{Caller, revoked},
};

/// A reader that takes nothing for so long is gone.
const SEND_TIMEOUT: Duration = Duration::from_secs(30);
/// At shutdown: how long to wait for what is in flight. The whole house has 10 s.
const FAREWELL: Duration = Duration::from_secs(5);
/// An exchange is answered within this time: proxies commonly give up after 60 s.
const EXCHANGE: Duration = Duration::from_secs(45);
/// What agents are told to wait while ClickHouse is slow, and when this collector goes down (s).
const SLOW_DOWN_SECONDS: f64 = 5.0;
const RECONNECT_SECONDS: f64 = 2.0;
/// Before a certificate's end the agent is asked to renew, in case its own timer failed.
const RENEWAL_REMINDER: Duration = Duration::from_secs(24 * 3600);

/// tonic's codes for: too large, too large once decompressed, not decodable, compressed as was not agreed.
const UNREADABLE: [tonic::Code; 4] = [
    tonic::Code::OutOfRange,
    tonic::Code::ResourceExhausted,
    tonic::Code::Internal,
    tonic::Code::Unimplemented,
];

type Outbox = mpsc::Sender<Result<ServerMessage, Status>>;

/// How a conversation ended well.
enum Farewell {
    /// The agent ended it, or its line broke.
    Gone,
    /// This collector stops.
    Stopping,
}

pub struct Conversation<D> {
    house: Ingest<D>,
    caller: Caller,
    outbox: Outbox,
}

/// After the Welcome.
struct Open {
    session: Session,
    epoch: Uuid,
    /// The next number that may come.
    expected: u64,
    durable: u64,
    /// Set when the spool went back in time: it gives numbers from here on a second time.
    repeats_from: Option<u64>,
    in_flight: u32,
    agent_version: String,
    /// The policy that the agent has.
    policy_version: u64,
    /// It says when it has a notice.
    gives_receipts: bool,
    /// Notices told in this stream.
    told: HashSet<String>,
    settled: mpsc::Receiver<Settled>,
    settle: mpsc::Sender<Settled>,
    /// Checked, waiting for room.
    waiting: Option<Submission>,
}

impl<D: Durable> Conversation<D> {
    pub fn new(house: Ingest<D>, caller: Caller, outbox: Outbox) -> Self {
        Self {
            house,
            caller,
            outbox,
        }
    }

    pub async fn run(self, inbound: Inbound) {
        self.house.metrics.streams.inc();
        let ended = self.converse(inbound).await;
        self.house.metrics.streams.dec();
        if let Err(fault) = ended {
            self.house.metrics.refusals.inc();
            let device = self.caller.device.id;
            match fault.code {
                // Ordinary ends of a stream: no refusal, nothing for the audit log.
                Code::Superseded | Code::Unavailable => {
                    tracing::info!(%device, "stream ended: {fault}")
                }
                _ => {
                    self.house
                        .gate
                        .refuse(&self.caller.peer, "stream", &fault)
                        .await
                }
            }
            let _ = timeout(SEND_TIMEOUT, self.outbox.send(Err(fault.into()))).await;
        }
    }

    async fn converse(&self, mut inbound: Inbound) -> Result<(), Fault> {
        let Some(mut open) = self.open(&mut inbound).await? else {
            return Ok(());
        };
        match self.receive(&mut open, &mut inbound).await? {
            Farewell::Gone => Ok(()),
            Farewell::Stopping => self.take_leave(&mut open).await,
        }
    }

    async fn receive(&self, open: &mut Open, inbound: &mut Inbound) -> Result<Farewell, Fault> {
        let house = &self.house;
        let mut policy = house.policy.clone();
        let mut renewal = house.renewal.clone();
        let mut pressure = house.queue.pressure();
        // What was true before this stream began has been told by the Welcome, or is found by the agent's own request.
        policy.mark_unchanged();
        renewal.mark_unchanged();
        let (expiry, reminder) = self.timers();
        let deadline = sleep(EXCHANGE);
        tokio::pin!(expiry, reminder, deadline);
        let mut reminded = false;
        let mut ended = false;
        let mut news = house.notices.news();
        if inbound.is_exchange() {
            // Nothing changes within so short a stream: what a live one would have heard is said at its beginning.
            self.hint_what_changed(open).await?;
        }
        self.tell_notices(open).await?;
        loop {
            if ended && open.in_flight == 0 && open.waiting.is_none() {
                return Ok(Farewell::Gone);
            }
            tokio::select! {
                biased;
                () = open.session.superseded.cancelled() => {
                    return Err(Fault::new(Code::Superseded, "a newer stream of this device took over"));
                }
                () = house.gate.revocations.revoked(&self.caller.certificate.serial) => {
                    return Err(revoked("this device's certificate was revoked by IT"));
                }
                () = &mut expiry => {
                    return Err(Fault::new(Code::Unauthenticated, "the certificate has expired: renew it"));
                }
                () = house.stop.cancelled() => return Ok(Farewell::Stopping),
                () = &mut deadline, if inbound.is_exchange() => {
                    return Err(Fault::new(Code::Unavailable, "ClickHouse does not keep up; come back in a few seconds"));
                }
                Some(settled) = open.settled.recv() => self.acknowledge(open, settled).await?,
                Ok(()) = policy.changed() => {
                    let version = *policy.borrow_and_update();
                    self.hint(hint::Hint::PolicyVersion(version)).await?;
                }
                Ok(()) = renewal.changed() => {
                    renewal.mark_unchanged();
                    self.hint(hint::Hint::Renew(true)).await?;
                }
                () = &mut reminder, if !reminded => {
                    reminded = true;
                    self.hint(hint::Hint::Renew(true)).await?;
                }
                Ok(()) = pressure.changed() => {
                    if *pressure.borrow_and_update() == Pressure::High {
                        self.hint(hint::Hint::SlowDown(SLOW_DOWN_SECONDS)).await?;
                    }
                }
                () = news.about(self.caller.device.id) => self.tell_notices(open).await?,
                () = house.queue.submit(&mut open.waiting), if open.waiting.is_some() => open.in_flight += 1,
                message = inbound.message(), if !ended && open.waiting.is_none() && open.in_flight < house.limits.window => {
                    match heard(message)?.map(kind_of).transpose()? {
                        Some(Heard::Report(report)) => self.take(open, report).await?,
                        Some(Heard::Receipt(ids)) => self.forget_notices(ids).await?,
                        None if inbound.is_exchange() => ended = true,
                        None => return Ok(Farewell::Gone),
                    }
                }
            }
        }
    }

    async fn hint_what_changed(&self, open: &Open) -> Result<(), Fault> {
        let version = *self.house.policy.borrow();
        if version != open.policy_version {
            self.hint(hint::Hint::PolicyVersion(version)).await?;
        }
        let left = self
            .caller
            .certificate
            .not_after
            .duration_since(self.house.gate.clock.now());
        if Duration::try_from(left).unwrap_or_default() < RENEWAL_REMINDER {
            self.hint(hint::Hint::Renew(true)).await?;
        }
        if *self.house.queue.pressure().borrow() == Pressure::High {
            self.hint(hint::Hint::SlowDown(SLOW_DOWN_SECONDS)).await?;
        }
        Ok(())
    }

    /// Notices that wait for this device's owner and were not told in this stream.
    async fn tell_notices(&self, open: &mut Open) -> Result<(), Fault> {
        let (device, notices) = (self.caller.device.id, &self.house.notices);
        let waiting = notices.waiting(device).await?;
        let mut told = Vec::new();
        for notice in waiting {
            if open.told.insert(notice.id.clone()) {
                told.push(notice.id.clone());
                self.hint(hint::Hint::Notice(notice)).await?;
            }
        }
        // An agent that gives no receipts has it once it was said.
        if !open.gives_receipts && !told.is_empty() {
            self.forget_notices(told).await?;
        }
        Ok(())
    }

    async fn forget_notices(&self, ids: Vec<String>) -> Result<(), Fault> {
        Ok(self
            .house
            .notices
            .delivered(self.caller.device.id, &ids)
            .await?)
    }

    async fn take(&self, open: &mut Open, report: Report) -> Result<(), Fault> {
        open.waiting = self.check(open, report)?;
        if open.waiting.is_none() {
            // Nothing new in it: say again what is durable.
            self.acknowledge_known(open).await?;
        }
        Ok(())
    }

    async fn acknowledge(&self, open: &mut Open, settled: Settled) -> Result<(), Fault> {
        open.in_flight -= 1;
        let Settled::Durable { seq, rejections } = settled else {
            return Err(Fault::new(
                Code::Internal,
                "ClickHouse refused this report; the collector's log says why",
            ));
        };
        open.durable = seq;
        self.say(server_message::Message::Ack(Ack {
            epoch: open.epoch.as_bytes().to_vec().into(),
            durable_seq: seq,
            rejections,
        }))
        .await
    }

    async fn acknowledge_known(&self, open: &Open) -> Result<(), Fault> {
        self.say(server_message::Message::Ack(Ack {
            epoch: open.epoch.as_bytes().to_vec().into(),
            durable_seq: open.durable,
            rejections: Vec::new(),
        }))
        .await
    }

    /// Reads no more, acknowledges what is in flight, tells the agent when to come back.
    async fn take_leave(&self, open: &mut Open) -> Result<(), Fault> {
        let deadline = Instant::now() + FAREWELL;
        while open.in_flight > 0 {
            tokio::select! {
                Some(settled) = open.settled.recv() => self.acknowledge(open, settled).await?,
                () = sleep_until(deadline) => break,
            }
        }
        self.hint(hint::Hint::ReconnectAfter(RECONNECT_SECONDS))
            .await
    }

    async fn hint(&self, hint: hint::Hint) -> Result<(), Fault> {
        self.say(server_message::Message::Hint(Hint { hint: Some(hint) }))
            .await
    }

    async fn say(&self, message: server_message::Message) -> Result<(), Fault> {
        let message = ServerMessage {
            message: Some(message),
        };
        match timeout(SEND_TIMEOUT, self.outbox.send(Ok(message))).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) | Err(_) => Err(Fault::new(
                Code::Unavailable,
                "the agent does not listen any more",
            )),
        }
    }

    /// When the certificate ends, and when to remind of it.
    fn timers(&self) -> (Sleep, Sleep) {
        let left = self
            .caller
            .certificate
            .not_after
            .duration_since(self.house.gate.clock.now());
        let left = Duration::try_from(left).unwrap_or_default();
        (sleep(left), sleep(left.saturating_sub(RENEWAL_REMINDER)))
    }
}

/// The next message; `None` when the agent is gone. A message that cannot be read breaks a MUST and ends the stream.
fn heard(message: Result<Option<ClientMessage>, Status>) -> Result<Option<ClientMessage>, Fault> {
    match message {
        Ok(message) => Ok(message),
        Err(status) if UNREADABLE.contains(&status.code()) => Err(Fault::new(
            Code::Invalid,
            format!("unreadable message: {}", status.message()),
        )),
        Err(_) => Ok(None),
    }
}

/// What may come after Hello.
enum Heard {
    Report(Report),
    Receipt(Vec<String>),
}

fn kind_of(message: ClientMessage) -> Result<Heard, Fault> {
    match message.message {
        Some(client_message::Message::Report(report)) => Ok(Heard::Report(report)),
        Some(client_message::Message::NoticeReceipt(receipt)) => Ok(Heard::Receipt(receipt.ids)),
        Some(client_message::Message::Hello(_)) => {
            Err(Fault::new(Code::Invalid, "Hello must not come again"))
        }
        None => Err(Fault::new(
            Code::Invalid,
            "a message without a kind that this collector knows",
        )),
    }
}
