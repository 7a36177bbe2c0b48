//! Space, thread, post: where people talk.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::device::DeviceId;

/// A thread as the linker reads it: words, people, times.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ThreadText {
    pub id: Uuid,
    pub title: String,
    /// Markdown sources of its posts, oldest first; the linker reads the first 20 and the last 20.
    pub posts: Vec<String>,
    pub opened_at: Timestamp,
    pub last_post_at: Timestamp,
    /// Devices owned by its author and by those who posted.
    pub author_devices: Vec<DeviceId>,
    pub participant_devices: Vec<DeviceId>,
    /// Models and OS builds of those devices, lower case.
    pub models: Vec<String>,
    pub os_builds: Vec<String>,
    pub teams: Vec<String>,
    pub solved: bool,
}
