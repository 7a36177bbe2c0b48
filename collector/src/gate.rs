//! Who is calling, and may they: the one place that turns a connection into a device.
//!
//! **Invariant:** a device's identity comes from its certificate; no message of the protocol even has a field for it.

use jiff::Timestamp;
use tonic::Extensions;
use weft_collector_core::device::DeviceId;
use weft_collector_store::control::{
    Control, ControlError,
    devices::{Device, State},
};

use crate::{
    audit::{Auditor, Refusals},
    clock::Clock,
    error::{Code, Fault},
    pki::{DeviceCertificate, RevocationList},
    tls::Peer,
};

/// Refusals of one address that are written to the audit log within a minute.
const REFUSALS_WRITTEN: u32 = 5;

/// A device that may speak, and the certificate by which it does.
#[derive(Clone, Debug)]
pub struct Caller {
    pub device: Device,
    pub certificate: DeviceCertificate,
    pub peer: Peer,
}

#[derive(Clone, Debug)]
pub struct Gate {
    pub control: Control,
    pub revocations: RevocationList,
    pub auditor: Auditor,
    pub refusals: Refusals,
    pub clock: Clock,
}

impl Gate {
    /// The calling device; a refusal is in the audit log when this returns.
    pub async fn admit(&self, extensions: &Extensions, action: &str) -> Result<Caller, Fault> {
        let peer = self.peer(extensions)?;
        let admitted = self.judge(peer.clone()).await;
        if let Err(fault) = &admitted {
            self.refuse(&peer, action, fault).await;
        }
        admitted
    }

    pub fn peer(&self, extensions: &Extensions) -> Result<Peer, Fault> {
        extensions.get::<Peer>().cloned().ok_or_else(|| {
            Fault::internal(
                "a request without a peer: the server was not started with our acceptor",
            )
        })
    }

    /// Counts and writes down a refusal.
    pub async fn refuse(&self, peer: &Peer, action: &str, fault: &Fault) {
        if self.refusals.count(peer.address.ip(), self.clock.now()) > REFUSALS_WRITTEN {
            return;
        }
        let actor = match &peer.certificate {
            Some(certificate) => format!("device:{}", certificate.device),
            None => format!("peer:{}", peer.address.ip()),
        };
        tracing::warn!(address = %peer.address, actor, action, "refused: {fault}");
        self.auditor
            .refused(&actor, action, &peer.address.ip().to_string(), &fault.words)
            .await;
    }

    async fn judge(&self, peer: Peer) -> Result<Caller, Fault> {
        let Some(certificate) = peer.certificate.clone() else {
            return Err(Fault::new(
                Code::Unauthenticated,
                "no client certificate: enrol this agent first (weft-agent enroll)",
            ));
        };
        if self.revocations.contains(&certificate.serial) {
            return Err(revoked("this device's certificate was revoked by IT"));
        }
        if certificate.not_after <= self.clock.now() {
            return Err(Fault::new(
                Code::Unauthenticated,
                "the certificate has expired: enrol again",
            ));
        }
        let Some(device) = self.control.devices().get(certificate.device).await? else {
            return Err(Fault::new(
                Code::Unauthenticated,
                "the certificate names a device that this collector does not know: enrol again",
            ));
        };
        match device.state {
            State::Active | State::Cloned => Ok(Caller {
                device,
                certificate,
                peer,
            }),
            State::Revoked => Err(revoked("this device was revoked by IT")),
            State::Retired => Err(revoked("this device was retired by IT")),
        }
    }
}

/// Also the end of a live stream.
pub fn revoked(words: &str) -> Fault {
    Fault::new(Code::Forbidden, words)
}

/// Takes a device out: its state, then all its certificates; how many were good until now. `None`: no such device.
/// A running collector ends the device's stream within a second.
pub async fn end_device(
    control: &Control,
    auditor: &Auditor,
    actor: &str,
    device: DeviceId,
    state: State,
    reason: &str,
    now: Timestamp,
) -> Result<Option<u64>, ControlError> {
    if !control.devices().set_state(device, state, reason).await? {
        return Ok(None);
    }
    let certificates = control
        .certificates()
        .revoke_device(device, now, reason)
        .await?;
    let action = match state {
        State::Retired => "device.retire",
        _ => "device.revoke",
    };
    auditor.ok(actor, action, &device.to_string(), reason).await;
    Ok(Some(certificates))
}
