//! An enrolled laptop as the collector knows it. What it *reported* lives in ClickHouse; this is what was *decided*.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// A device's identity: given at enrolment, written into its certificate, never taken from a message.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct DeviceId(pub Uuid);

impl std::fmt::Display for DeviceId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl std::str::FromStr for DeviceId {
    type Err = uuid::Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self)
    }
}

/// The traits by which detectors compare a device with its like. Empty strings mean "not known yet".
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Traits {
    /// Name that IT gave, e.g. "LT-0042".
    pub name: String,
    /// `linux`, `windows`, `darwin`.
    pub os_type: String,
    /// `os.build_id`, or `os.version` where there is no build.
    pub os_build: String,
    /// `device.model.name` with its maker, e.g. "Lenovo ThinkPad T14 Gen 3".
    pub model: String,
    /// Team of the owner.
    pub team: String,
    /// Made by the fleet simulator; shown wherever the device is shown.
    pub simulated: bool,
}

/// A group of like devices.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Cohort {
    pub by: CohortBy,
    pub value: String,
}

/// What the devices of a cohort share.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CohortBy {
    Fleet,
    Model,
    OsBuild,
    Team,
    /// A component version of the inventory, "name version".
    Component,
    /// An app of the catalog.
    App,
}
