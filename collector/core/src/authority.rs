//! Who may see and do what: role x object x field, decided here and nowhere else, tested as a table.

use serde::{Deserialize, Serialize};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Everybody: own device, threads.
    User,
    /// Collaborator with a technician's view of devices.
    Technician,
    /// Shadow-IT and process review.
    Security,
    /// IT: fleet, tokens, policy, accounts.
    Admin,
}
