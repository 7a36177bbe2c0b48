//! How a bridge goes, as its page tells it.
//!
//! **Invariant: only a change is written**, so that a bridge that works costs nothing; and a fault stays until something
//! worked after it.

use std::sync::{Mutex, PoisonError};

use uuid::Uuid;
use weft_collector_store::control::{Control, ControlError, bridges::BridgeState};

use crate::{clock::Clock, threads::connector::Fault};

pub struct Health {
    control: Control,
    clock: Clock,
    bridge: Uuid,
    told: Mutex<Option<(BridgeState, String)>>,
}

impl Health {
    pub fn new(control: Control, clock: Clock, bridge: Uuid) -> Self {
        Self {
            control,
            clock,
            bridge,
            told: Mutex::new(None),
        }
    }

    pub async fn works(&self) -> Result<(), ControlError> {
        self.note(BridgeState::Running, "").await
    }

    /// A fault that stops the bridge, or makes it wait.
    pub async fn fault(&self, fault: &Fault) -> Result<(), ControlError> {
        let state = match fault {
            Fault::Later { .. } => BridgeState::Waiting,
            Fault::Never(_) | Fault::Locked(_) => BridgeState::Locked,
        };
        self.note(state, &fault.to_string()).await
    }

    pub async fn note(&self, state: BridgeState, fault: &str) -> Result<(), ControlError> {
        let now = (state, fault.to_owned());
        {
            let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
            if told.as_ref() == Some(&now) {
                return Ok(());
            }
            *told = Some(now);
        }
        self.control
            .bridges()
            .note_state(self.bridge, state, fault, self.clock.now())
            .await
    }
}
