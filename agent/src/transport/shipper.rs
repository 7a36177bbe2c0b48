//! One session with the collector: Hello, Welcome, then reports and acknowledgements until something ends it.
//!
//! Invariant: the source forgets only what an Ack (or the Welcome) named as durable. Everything else, in flight or not, is sent
//! again in the next session, from the collector's own number on. Connecting again is the caller's business.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use tokio::sync::{mpsc, watch};
use tokio_stream::wrappers::ReceiverStream;
use tonic::Streaming;
use weft_proto::{
    MAX_OBSERVATIONS, PROTOCOL,
    v1::{
        Ack, ClientMessage, Hello, Hint, NoticeReceipt, Report, ServerMessage, Welcome,
        client_message, hint, server_message,
    },
};

use super::{Connection, Fault, Line, Source, SourceError, ingest, source::Epoch};
use crate::observation::wire_time;

/// A report is at most this large before compression: a sixty-fourth of the protocol's limit, because memory on the laptop is
/// dearer than the overhead of one more message: a report exists up to four times on its way (records, messages, encoded,
/// compressed).
const MAX_REPORT_BYTES: usize = 64 * 1024;

/// A collector that takes longer than this to make a report durable is stuck: connect again and ask for its number.
const ACK_DEADLINE: Duration = Duration::from_secs(90);

/// The Welcome comes from one look into the store.
const WELCOME_DEADLINE: Duration = Duration::from_secs(60);

/// More reports in flight than this gain nothing on any link and cost memory.
const LARGEST_WINDOW: u32 = 16;

/// Between two full reports of a backlog: ten thousand observations per second and laptop at most.
const PACE: Duration = Duration::from_millis(100);

/// The longest pause that a hint may impose: an hour, so that a mistaken hint does not silence a fleet for days.
const LONGEST_PAUSE: Duration = Duration::from_secs(3600);

/// How a session is held.
#[derive(Clone)]
pub struct Options {
    /// This agent's version.
    pub service_version: String,
    /// The policy in force.
    pub policy_version: u64,
    /// Longest time that an observation waits for company.
    pub ship_after: Duration,
    /// The same when everything that waits is routine.
    pub ship_idle: Duration,
    /// The laptop's wall clock.
    pub clock: fn() -> jiff::Timestamp,
}

/// When to stop.
pub enum Until {
    /// Everything that the source holds is acknowledged.
    Drained,
    /// The value becomes true; what is left is then sent without waiting, and the session ends when it is acknowledged.
    Stopped(watch::Receiver<bool>),
}

/// Why a session ended without a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// All acknowledged.
    Drained,
    /// Asked to stop, and all acknowledged.
    Stopped,
    /// The numbers belonged to another life; the source has begun a new epoch. Connect again at once.
    Renumbered,
    /// The collector closed the stream, perhaps saying when to come back.
    Closed(Option<Duration>),
}

/// Told about what happens in a session. All methods are called between two messages and must not block.
pub trait Observer: Send + Sync {
    /// The collector is ready.
    fn welcomed(&self, _welcome: &Welcome) {}
    /// A report was handed to the connection.
    fn sent(&self, _report: &Report) {}
    /// The collector's word; the source has forgotten.
    fn acknowledged(&self, _ack: &Ack) {}
    /// A wish of the collector.
    fn hinted(&self, _hint: &hint::Hint) {}
}

impl Observer for () {}

/// Ships a source over a connection.
pub struct Shipper<'a> {
    /// The way.
    pub connection: &'a Connection,
    /// What is shipped.
    pub source: &'a dyn Source,
    /// Who is told.
    pub observer: &'a dyn Observer,
    /// How.
    pub options: &'a Options,
}

impl Shipper<'_> {
    /// Holds one session.
    ///
    /// # Errors
    /// Whatever ended it that was not wished for.
    pub async fn run(&self, until: Until) -> Result<Outcome, Fault> {
        let (epoch, next_seq) = self.source.head();
        // Wide enough that handing over a report never waits: the window bounds what is in flight.
        let (outbound, messages) = mpsc::channel(LARGEST_WINDOW as usize + 1);
        let hello = self.hello(epoch, next_seq);
        let mut inbound = match &self.connection.line {
            Line::Http1(plain) => Inbound::Exchanges(plain.stream(hello, messages)),
            Line::Http2(channel) => {
                hand_over(&outbound, client_message::Message::Hello(hello)).await?;
                let mut client = ingest(channel);
                let opened = client.stream(ReceiverStream::new(messages));
                Inbound::Stream(Box::new(self.connection.call(opened).await?))
            }
        };
        let welcome = self.welcome(&mut inbound).await?;
        self.observer.welcomed(&welcome);

        let (_, head) = self.source.head();
        if welcome.durable_seq >= head {
            self.source.renew().await.map_err(broken)?;
            return Ok(Outcome::Renumbered);
        }
        if welcome.durable_seq > 0 {
            self.source
                .acknowledge(welcome.durable_seq)
                .await
                .map_err(broken)?;
        }
        let session = Session {
            shipper: self,
            outbound,
            inbound,
            epoch,
            next: welcome.durable_seq + 1,
            window: welcome.window.clamp(1, LARGEST_WINDOW) as usize,
            max_observations: match welcome.max_observations as usize {
                0 => MAX_OBSERVATIONS,
                said => said.min(MAX_OBSERVATIONS),
            },
            in_flight: VecDeque::new(),
            waiting_since: None,
            hold_until: Instant::now(),
            last_sent: Instant::now(),
            jitter: jitter(),
            come_back: None,
            wants_receipts: welcome
                .capabilities
                .iter()
                .any(|name| name == "notice_receipts"),
            is_behind: false,
        };
        session.run(until).await
    }

    fn hello(&self, epoch: Epoch, next_seq: u64) -> Hello {
        Hello {
            protocol_min: PROTOCOL,
            protocol_max: PROTOCOL,
            service_version: self.options.service_version.clone(),
            capabilities: vec!["hints".into(), "notices".into()],
            epoch: epoch.to_vec().into(),
            next_seq,
            policy_version: self.options.policy_version,
            clock: Some(wire_time((self.options.clock)())),
        }
    }

    async fn welcome(&self, inbound: &mut Inbound) -> Result<Welcome, Fault> {
        let first = tokio::time::timeout(WELCOME_DEADLINE, inbound.message(self.connection)).await;
        let message = match first {
            Ok(Ok(Some(message))) => message,
            Ok(Ok(None)) => {
                return Err(Fault::Protocol(
                    "the stream ended before the Welcome".into(),
                ));
            }
            Ok(Err(fault)) => return Err(fault),
            Err(_) => return Err(Fault::Protocol("no Welcome in time".into())),
        };
        match message.message {
            Some(server_message::Message::Welcome(welcome)) if welcome.protocol == PROTOCOL => {
                Ok(welcome)
            }
            Some(server_message::Message::Welcome(welcome)) => Err(Fault::Refused(format!(
                "it speaks protocol {} and this agent speaks {PROTOCOL}: update the agent",
                welcome.protocol
            ))),
            _ => Err(Fault::Protocol("the first message is no Welcome".into())),
        }
    }
}

/// What the collector says, over either protocol.
enum Inbound {
    Stream(Box<Streaming<ServerMessage>>),
    Exchanges(mpsc::Receiver<Result<ServerMessage, Fault>>),
}

impl Inbound {
    async fn message(&mut self, connection: &Connection) -> Result<Option<ServerMessage>, Fault> {
        match self {
            Self::Stream(stream) => stream
                .message()
                .await
                .map_err(|status| connection.explain(&status)),
            Self::Exchanges(heard) => heard.recv().await.transpose(),
        }
    }
}

/// The state between Welcome and end.
struct Session<'a> {
    shipper: &'a Shipper<'a>,
    outbound: mpsc::Sender<ClientMessage>,
    inbound: Inbound,
    epoch: Epoch,
    /// Next number to send.
    next: u64,
    window: usize,
    max_observations: usize,
    /// Last number of each report without an Ack, and when it went.
    in_flight: VecDeque<(u64, Instant)>,
    /// Since when something waits to be sent.
    waiting_since: Option<Instant>,
    hold_until: Instant,
    last_sent: Instant,
    /// A factor of at most 1, new for each report: laptops that woke together do not report in step.
    jitter: f64,
    come_back: Option<Duration>,
    wants_receipts: bool,
    /// The last report could not hold all that waited: the rest has had its company.
    is_behind: bool,
}

impl Session<'_> {
    async fn run(mut self, until: Until) -> Result<Outcome, Fault> {
        let (mut stop, drained) = match until {
            Until::Drained => (None, Outcome::Drained),
            Until::Stopped(stop) => (Some(stop), Outcome::Stopped),
        };
        loop {
            let hurry = stop.as_ref().is_none_or(|stop| *stop.borrow());
            let (epoch, head) = self.shipper.source.head();
            if epoch != self.epoch {
                return Ok(Outcome::Renumbered);
            }
            if hurry && self.next >= head && self.in_flight.is_empty() {
                return Ok(drained);
            }
            let due = self.due(head, hurry);
            if due.is_some_and(|due| due <= Instant::now()) {
                self.send_report().await?;
                continue;
            }
            let wake = self.wake(due)?;
            tokio::select! {
                message = self.inbound.message(self.shipper.connection) => match message {
                    Ok(Some(message)) => self.receive(message).await?,
                    Ok(None) => return Ok(Outcome::Closed(self.come_back)),
                    Err(fault) => return self.ended(fault),
                },
                () = self.shipper.source.appended().notified() => {}
                () = tokio::time::sleep_until(wake.into()) => {}
                () = stopped(stop.as_mut()), if !hurry => {}
            }
        }
    }

    /// When the next report goes out; `None` when there is nothing or the window is full.
    fn due(&mut self, head: u64, hurry: bool) -> Option<Instant> {
        if self.next >= head {
            self.waiting_since = None;
            return None;
        }
        let since = *self.waiting_since.get_or_insert_with(Instant::now);
        if self.in_flight.len() >= self.window {
            return None;
        }
        let full = self.is_behind || head - self.next >= self.max_observations as u64;
        let company = if hurry {
            since
        } else if full {
            // Days of backlog go out quickly, but not as one burst into a collector that its whole fleet has found again.
            since.max(self.last_sent + PACE.mul_f64(self.jitter))
        } else if self.shipper.source.is_urgent(self.next) {
            since + self.shipper.options.ship_after.mul_f64(self.jitter)
        } else {
            since + self.shipper.options.ship_idle.mul_f64(self.jitter)
        };
        Some(company.max(self.hold_until))
    }

    /// When to look again, unless the oldest report waits for its Ack too long.
    fn wake(&self, due: Option<Instant>) -> Result<Instant, Fault> {
        let now = Instant::now();
        let deadline = self.in_flight.front().map(|(_, sent)| *sent + ACK_DEADLINE);
        if deadline.is_some_and(|deadline| deadline <= now) {
            return Err(Fault::Protocol(format!(
                "no acknowledgement for {} s",
                ACK_DEADLINE.as_secs()
            )));
        }
        // Nothing to wait for: an append, a message or the stop signal wakes us; the hour only bounds the timer.
        Ok(due
            .into_iter()
            .chain(deadline)
            .min()
            .unwrap_or(now + Duration::from_secs(3600)))
    }

    async fn send_report(&mut self) -> Result<(), Fault> {
        let source = self.shipper.source;
        let batch = source
            .read(self.next, self.max_observations, MAX_REPORT_BYTES)
            .await
            .map_err(broken)?;
        if batch.is_empty() {
            // The head moved but nothing can be read yet: wait for the next sign.
            self.hold_until = Instant::now() + Duration::from_secs(1);
            return Ok(());
        }
        let next = batch.next_seq();
        let head = source.head().1;
        let report = Report {
            epoch: self.epoch.to_vec().into(),
            first_seq: batch.first_seq,
            observations: batch.observations,
            gaps: batch.gaps,
            next_seq: head,
            clock: Some(wire_time((self.shipper.options.clock)())),
        };
        self.shipper.observer.sent(&report);
        hand_over(&self.outbound, client_message::Message::Report(report)).await?;
        self.next = next;
        self.is_behind = next < head;
        self.last_sent = Instant::now();
        self.jitter = jitter();
        self.in_flight.push_back((next - 1, self.last_sent));
        self.waiting_since = None;
        Ok(())
    }

    async fn receive(&mut self, message: ServerMessage) -> Result<(), Fault> {
        match message.message {
            Some(server_message::Message::Ack(ack)) => self.acknowledged(&ack).await,
            Some(server_message::Message::Hint(Hint { hint: Some(hint) })) => {
                self.hinted(&hint);
                Ok(())
            }
            Some(server_message::Message::Welcome(_)) => {
                Err(Fault::Protocol("a second Welcome".into()))
            }
            // A message or hint of a later version.
            Some(server_message::Message::Hint(_)) | None => Ok(()),
        }
    }

    async fn acknowledged(&mut self, ack: &Ack) -> Result<(), Fault> {
        if ack.epoch != self.epoch.as_slice() {
            return Err(Fault::Protocol(
                "an acknowledgement of another epoch".into(),
            ));
        }
        if ack.durable_seq >= self.next {
            return Err(Fault::Protocol(format!(
                "number {} was acknowledged before it was sent",
                ack.durable_seq
            )));
        }
        if ack.durable_seq > 0 {
            self.shipper
                .source
                .acknowledge(ack.durable_seq)
                .await
                .map_err(broken)?;
        }
        while self
            .in_flight
            .front()
            .is_some_and(|(last, _)| *last <= ack.durable_seq)
        {
            self.in_flight.pop_front();
        }
        self.shipper.observer.acknowledged(ack);
        Ok(())
    }

    fn hinted(&mut self, hint: &hint::Hint) {
        match hint {
            // Told to many at once, so nobody comes back in step: a little later, never earlier.
            hint::Hint::SlowDown(seconds) => {
                self.hold_until = Instant::now() + pause(*seconds).mul_f64(2.0 - self.jitter);
            }
            hint::Hint::Notice(notice) if self.wants_receipts => {
                self.shipper.observer.hinted(hint);
                let ids = vec![notice.id.clone()];
                let receipt = NoticeReceipt { ids };
                // No room: the collector tells the notice again, and it is kept once.
                self.outbound
                    .try_send(ClientMessage {
                        message: Some(client_message::Message::NoticeReceipt(receipt)),
                    })
                    .ok();
                return;
            }
            hint::Hint::ReconnectAfter(seconds) => self.come_back = Some(pause(*seconds)),
            _ => {}
        }
        self.shipper.observer.hinted(hint);
    }

    /// A stream that ends with a status after "reconnect after" is the farewell that the hint announced.
    fn ended(&self, fault: Fault) -> Result<Outcome, Fault> {
        match (self.come_back, &fault) {
            (Some(wait), Fault::Unreachable { .. }) => Ok(Outcome::Closed(Some(wait))),
            _ => Err(fault),
        }
    }
}

fn jitter() -> f64 {
    rand::random_range(0.75..1.0)
}

/// Seconds from the wire: anything odd is no pause, anything long is capped.
fn pause(seconds: f64) -> Duration {
    Duration::try_from_secs_f64(seconds)
        .unwrap_or_default()
        .min(LONGEST_PAUSE)
}

fn broken(error: SourceError) -> Fault {
    Fault::Source(error.0)
}

async fn hand_over(
    outbound: &mpsc::Sender<ClientMessage>,
    message: client_message::Message,
) -> Result<(), Fault> {
    // A closed channel means that the stream ended; the inbound side knows why, so the loop goes on to ask it.
    outbound
        .send(ClientMessage {
            message: Some(message),
        })
        .await
        .ok();
    Ok(())
}

async fn stopped(stop: Option<&mut watch::Receiver<bool>>) {
    match stop {
        // An error means that the sender is gone: the agent ends.
        Some(stop) => drop(stop.wait_for(|stop| *stop).await),
        None => std::future::pending().await,
    }
}
