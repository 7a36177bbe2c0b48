//! May this caller do that? `core::authority` decides; this turns its no into a problem that names who may.
//!
//! **Invariant: a handler asks here before it reads**, and every look of one person at another's laptop is entered into
//! the ledger before the answer is made.

use uuid::Uuid;
use weft_collector_core::{
    anomaly::Anomaly,
    authority::{Action, AnomalyScope, Decision, Object, Role, Viewer, allows},
    device::DeviceId,
    finding::Kind,
};
use weft_collector_store::control::{anomalies::Scope, devices::Device};

use super::{Api, Caller, problem::Problem};

impl Api {
    /// Refuses unless the caller may do this.
    pub fn may(
        &self,
        caller: &Caller,
        action: Action,
        object: &Object<'_>,
    ) -> Result<Decision, Problem> {
        match allows(&caller.viewer, action, object) {
            Decision::Deny => Err(refusal(action, object)),
            allowed => Ok(allowed),
        }
    }

    /// The device, when the caller may see this part of it; `what` names the part in the ledger, where the look is
    /// entered when it is somebody else's laptop.
    pub async fn look(
        &self,
        caller: &Caller,
        object: &Object<'_>,
        device: DeviceId,
        what: &str,
    ) -> Result<Device, Problem> {
        let found = self.control.devices().get(device).await?;
        let decision = allows(&caller.viewer, Action::See, object);
        // To whom the device's page is closed, the device is not even there.
        let page = allows(&caller.viewer, Action::See, &Object::Device(device));
        let Some(found) = found.filter(|_| page.is_allowed()) else {
            return Err(Problem::missing("device"));
        };
        match decision {
            Decision::Deny => return Err(refusal(Action::See, object)),
            Decision::AllowAndTell => {
                let now = self.clock.now();
                self.control
                    .looks()
                    .note(caller.account.id, device, what, now)
                    .await?;
            }
            Decision::Allow | Decision::AllowWithoutOthers => {}
        }
        Ok(found)
    }
}

/// Which anomalies the caller may see, for the store's queries: the same table, asked with laptops nobody has.
pub fn scope(caller: &Caller) -> Scope {
    let viewer = &caller.viewer;
    let sees = |kind: Kind, subject: Option<DeviceId>, devices: &[DeviceId]| {
        let scope = AnomalyScope {
            kind,
            subject,
            devices,
        };
        allows(viewer, Action::See, &Object::Anomaly(scope)).is_allowed()
    };
    let stranger = DeviceId(Uuid::nil());
    let of_all = |kind: &Kind| sees(*kind, Some(stranger), &[stranger]);
    let of_own = |kind: &Kind| {
        viewer
            .devices
            .first()
            .is_some_and(|own| sees(*kind, None, &[*own, stranger]))
    };
    Scope {
        kinds: Kind::ALL.into_iter().filter(of_all).collect(),
        own: viewer.devices.clone(),
        shared: Kind::ALL.into_iter().filter(of_own).collect(),
    }
}

/// How the caller may see this anomaly, if at all.
pub fn sees(caller: &Caller, anomaly: &Anomaly) -> Decision {
    allows(
        &caller.viewer,
        Action::See,
        &Object::Anomaly((&anomaly.finding).into()),
    )
}

/// The no, with the roles that would get a yes: read from the table, so that it is always true.
fn refusal(action: Action, object: &Object<'_>) -> Problem {
    let roles: Vec<&str> = [
        (Role::User, "every user"),
        (Role::Technician, "technician"),
        (Role::Security, "security"),
        (Role::Admin, "admin"),
    ]
    .into_iter()
    .filter(|(role, _)| {
        let viewer = Viewer {
            roles: vec![*role],
            ..Viewer::default()
        };
        allows(&viewer, action, object).is_allowed()
    })
    .map(|(_, word)| word)
    .collect();
    Problem::forbidden(match roles.as_slice() {
        [] => "nobody may do that here".to_owned(),
        [one] => format!("this needs the role {one}"),
        several => format!("this needs one of the roles {}", several.join(", ")),
    })
}
