//! What a conversation hears: a live gRPC stream, or the messages of one exchange (the plain way), whole.
//!
//! **Invariant:** both end the same way, with `None`; only the live one ends when its line breaks.

use std::collections::VecDeque;

use tonic::{Status, Streaming};
use weft_proto::v1::ClientMessage;

pub enum Inbound {
    Stream(Box<Streaming<ClientMessage>>),
    Exchange(VecDeque<ClientMessage>),
}

impl Inbound {
    pub(super) async fn message(&mut self) -> Result<Option<ClientMessage>, Status> {
        match self {
            Self::Stream(stream) => stream.message().await,
            Self::Exchange(messages) => Ok(messages.pop_front()),
        }
    }

    /// The caller waits for the answer to all of it.
    pub(super) fn is_exchange(&self) -> bool {
        matches!(self, Self::Exchange(_))
    }
}
