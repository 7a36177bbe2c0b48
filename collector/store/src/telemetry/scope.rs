//! About whom a question is. Who may ask about whom is decided in `core::authority`; here it only has to be said.

use weft_collector_core::device::DeviceId;

use super::read::Select;

/// The devices that a question is about. There is no way to say "everybody" by an empty list.
#[derive(Clone, Copy, Debug)]
pub enum Of<'a> {
    Fleet,
    Devices(&'a [DeviceId]),
}

impl Select {
    /// `{everything:Bool}` and `{devices:Array(UUID)}` in the SQL.
    pub(super) fn of(self, of: Of<'_>) -> Self {
        match of {
            Of::Fleet => self
                .with("everything", true)
                .with("devices", Vec::<DeviceId>::new()),
            Of::Devices(devices) => self.with("everything", false).with("devices", devices),
        }
    }
}
