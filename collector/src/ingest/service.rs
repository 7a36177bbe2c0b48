//! The gRPC face of ingest: admits a device and gives its conversation a task.

use std::{pin::Pin, sync::Arc};

use futures::Stream as Messages;
use tokio::sync::{mpsc, watch};
use tokio_stream::wrappers::ReceiverStream;
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tonic::{Extensions, Request, Response, Status, Streaming};
use weft_proto::v1::{ClientMessage, ServerMessage, ingest_server};

use super::{
    Bookkeeper, Inbound, Limits, Notices, Sessions,
    stream::Conversation,
    writer::{Durable, Queue},
};
use crate::{gate::Gate, metrics::Metrics};

/// Messages that wait for a slow reader: a few Acks and Hints.
const OUTBOX: usize = 16;

/// The service. Cloning shares everything.
#[derive(Clone)]
pub struct Ingest<D> {
    pub gate: Gate,
    pub durable: D,
    pub queue: Queue,
    pub sessions: Sessions,
    pub books: Bookkeeper,
    pub notices: Notices,
    pub limits: Limits,
    /// Version of the policy in force.
    pub policy: watch::Receiver<u64>,
    /// Counts up when agents should renew, because the authority changed.
    pub renewal: watch::Receiver<u64>,
    pub metrics: Arc<Metrics>,
    pub conversations: TaskTracker,
    pub stop: CancellationToken,
}

impl<D: Durable> Ingest<D> {
    /// Admits a device and starts its conversation; `outbox` closes when that is over.
    pub async fn converse(
        &self,
        extensions: &Extensions,
        inbound: Inbound,
        outbox: mpsc::Sender<Result<ServerMessage, Status>>,
    ) -> Result<(), Status> {
        let admitted = self.gate.admit(extensions, "stream").await;
        let caller = admitted.inspect_err(|_| {
            self.metrics.refusals.inc();
        })?;
        let conversation = Conversation::new(self.clone(), caller, outbox);
        self.conversations.spawn(conversation.run(inbound));
        Ok(())
    }
}

#[tonic::async_trait]
impl<D: Durable> ingest_server::Ingest for Ingest<D> {
    type StreamStream = Pin<Box<dyn Messages<Item = Result<ServerMessage, Status>> + Send>>;

    async fn stream(
        &self,
        request: Request<Streaming<ClientMessage>>,
    ) -> Result<Response<Self::StreamStream>, Status> {
        let (outbox, answers) = mpsc::channel(OUTBOX);
        let (_, extensions, messages) = request.into_parts();
        let inbound = Inbound::Stream(Box::new(messages));
        self.converse(&extensions, inbound, outbox).await?;
        Ok(Response::new(Box::pin(ReceiverStream::new(answers))))
    }
}
