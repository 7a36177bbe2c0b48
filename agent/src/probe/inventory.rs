//! What the machine is made of: told at each start of the agent and whenever it changed.
//!
//! Invariant: the host's name is read only when the policy asks for it.

use std::time::Duration;

use weft_proto::v1::{Inventory, Observation, observation::Kind};

use super::{Moment, Probe};
use crate::{observation, policy::Effective};

/// See the module.
#[derive(Default)]
pub struct InventoryProbe {
    told: Option<Inventory>,
    pending: Option<Inventory>,
    blind_spots: Vec<String>,
}

impl InventoryProbe {
    /// Before its first look.
    pub fn new() -> Self {
        Self::default()
    }
}

impl Probe for InventoryProbe {
    fn name(&self) -> &'static str {
        "inventory"
    }

    fn cadence(&self, policy: &Effective) -> Duration {
        policy.inventory
    }

    fn look(&mut self, moment: &Moment<'_>) -> Vec<Observation> {
        let host_name = match moment.policy.privacy.host_name {
            true => weft_agent_sys::host::name(moment.root),
            false => String::new(),
        };
        let read = weft_agent_sys::inventory::read(moment.root);
        self.blind_spots = weft_agent_sys::inventory::blind_spots(&read);
        let found = observation::inventory(read, host_name);
        if self.told.as_ref() == Some(&found) {
            return Vec::new();
        }
        self.pending = Some(found.clone());
        vec![observation::observe(moment.wall, Kind::Inventory(found))]
    }

    fn kept(&mut self, _moment: &Moment<'_>) {
        if let Some(told) = self.pending.take() {
            self.told = Some(told);
        }
    }

    fn blind_spots(&self) -> Vec<String> {
        self.blind_spots.clone()
    }
}
