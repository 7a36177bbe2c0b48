//! How a laptop becomes a device, and stays one.
//!
//! **Invariant:** a device, its certificate and its token's use come into being in one transaction, so an answer lost on
//! the way costs neither a second use nor a second device: the same installation asks again and gets the same.

pub mod token;

use std::{sync::Arc, time::Duration};

use arc_swap::ArcSwap;
use jiff::Timestamp;
use rustls_pki_types::CertificateDer;
use tonic::{Request, Response, Status};
use uuid::Uuid;
use weft_collector_core::device::DeviceId;
use weft_collector_store::control::{
    certificates::NewCertificate,
    devices::{Device, NewDevice},
    tokens::Token,
};
use weft_proto::{
    ID_BYTES,
    v1::{
        EnrollRequest, EnrollResponse, RenewRequest, RenewResponse, enrollment_server::Enrollment,
    },
};

use crate::{
    error::{Code, Fault},
    gate::Gate,
    ingest::convert::to_wire_time,
    pki::{Authority, Issued, PkiError},
    tls::Peer,
};

/// Longest version, model or system name that an enrolment may bring.
const WORD_CHARACTERS: usize = 200;

/// The service. Cloning shares everything.
#[derive(Clone)]
pub struct Enroll {
    pub gate: Gate,
    pub authority: Arc<ArcSwap<Authority>>,
    pub device_validity: Duration,
    /// Refusals of one address within a minute before its enrolments are turned away unread.
    pub refusals_per_minute: u32,
}

#[tonic::async_trait]
impl Enrollment for Enroll {
    async fn enroll(
        &self,
        request: Request<EnrollRequest>,
    ) -> Result<Response<EnrollResponse>, Status> {
        let peer = self.gate.peer(request.extensions())?;
        match self.admit(request.into_inner(), &peer).await {
            Ok(response) => Ok(Response::new(response)),
            Err(fault) => {
                self.gate.refuse(&peer, "enroll", &fault).await;
                Err(fault.into())
            }
        }
    }

    async fn renew(
        &self,
        request: Request<RenewRequest>,
    ) -> Result<Response<RenewResponse>, Status> {
        let caller = self.gate.admit(request.extensions(), "renew").await?;
        let now = self.gate.clock.now();
        let device = caller.device.id;
        let issued = self.issue(&request.into_inner().csr, device, now)?;
        let control = &self.gate.control;
        control
            .certificates()
            .insert(control.db(), kept(&issued, device, now))
            .await
            .map_err(Fault::from)?;
        self.gate
            .auditor
            .ok(
                &format!("device:{device}"),
                "renew",
                &device.to_string(),
                &serial_words(&issued),
            )
            .await;
        Ok(Response::new(RenewResponse {
            renew_after: Some(to_wire_time(issued.renew_after)),
            certificate_chain: bytes(issued.chain),
            trust_anchors: bytes(self.authority.load().trust_anchors()),
        }))
    }
}

impl Enroll {
    async fn admit(&self, request: EnrollRequest, peer: &Peer) -> Result<EnrollResponse, Fault> {
        let now = self.gate.clock.now();
        if self.gate.refusals.so_far(peer.address.ip(), now) >= self.refusals_per_minute {
            return Err(Fault::new(
                Code::Exhausted,
                "too many refused attempts from this address: wait a minute",
            ));
        }
        if request.installation_id.len() != ID_BYTES {
            return Err(Fault::new(
                Code::Invalid,
                format!("installation_id must be {ID_BYTES} bytes"),
            ));
        }
        token::check(&request.token).map_err(|word| Fault::new(Code::Unauthenticated, word))?;
        let (device, issued) = self.make(&request, now).await?;
        let detail = format!("{}, from {}", serial_words(&issued), peer.address.ip());
        self.gate
            .auditor
            .ok(
                &format!("device:{}", device.id),
                "enroll",
                &device.traits.name,
                &detail,
            )
            .await;
        tracing::info!(device = %device.id, name = device.traits.name, "enrolled");
        Ok(EnrollResponse {
            device_id: device.id.to_string(),
            certificate_chain: bytes(issued.chain),
            trust_anchors: bytes(self.authority.load().trust_anchors()),
            renew_after: Some(to_wire_time(issued.renew_after)),
            device_name: device.traits.name,
        })
    }

    /// Token's use, device and certificate, in one transaction.
    async fn make(
        &self,
        request: &EnrollRequest,
        now: Timestamp,
    ) -> Result<(Device, Issued), Fault> {
        let control = &self.gate.control;
        let transaction = control.begin().await?;
        let token = control
            .tokens()
            .of_secret(&transaction, &token::hash(&request.token))
            .await?
            .ok_or_else(|| refused("this enrolment token is unknown here"))?;
        usable(&token, now)?;
        let installation = hex::encode(&request.installation_id);
        let known = control
            .devices()
            .of_installation(&transaction, token.id, &installation)
            .await?;
        let device = match known {
            Some(device) if device.state.may_report() => device,
            Some(_) => {
                return Err(refused(
                    "this device was revoked or retired by IT; ask for a new token",
                ));
            }
            None => {
                if !control.tokens().take_use(&transaction, token.id).await? {
                    return Err(refused(&format!(
                        "this enrolment token is used up (all {} uses)",
                        token.uses
                    )));
                }
                let new = self.describe(request, &token, installation, now);
                control.devices().insert(&transaction, new).await?
            }
        };
        let issued = self.issue(&request.csr, device.id, now)?;
        control
            .certificates()
            .insert(&transaction, kept(&issued, device.id, now))
            .await?;
        transaction
            .commit()
            .await
            .map_err(|error| Fault::internal(format!("enrolment was not kept: {error}")))?;
        Ok((device, issued))
    }

    fn describe(
        &self,
        request: &EnrollRequest,
        token: &Token,
        installation: String,
        now: Timestamp,
    ) -> NewDevice {
        let id = self.gate.clock.id();
        NewDevice {
            id: DeviceId(id),
            name: name(token, id),
            owner: token.owner,
            team: token.team.clone(),
            os_type: short(&request.os_type),
            model: short(&request.device_model_name),
            agent_version: short(&request.service_version),
            simulated: token.simulated,
            token: token.id,
            installation,
            at: now,
        }
    }

    fn issue(&self, csr: &[u8], device: DeviceId, now: Timestamp) -> Result<Issued, Fault> {
        let issued = self
            .authority
            .load()
            .issue_device(csr, device, now, self.device_validity);
        issued.map_err(|error| match error {
            PkiError::Request(_) => Fault::new(Code::Invalid, error.to_string()),
            other => Fault::internal(other),
        })
    }
}

/// The token's name for one device; with a number of its own where the token serves many. Without any name the end of
/// the id: never the host's name, which may be a person's.
fn name(token: &Token, id: Uuid) -> String {
    let end = &id.simple().to_string()[26..];
    match (token.device_name.as_str(), token.uses) {
        ("", _) => format!("LT-{end}"),
        (given, 1) => given.to_owned(),
        (given, uses) => format!("{given}-{:04}", uses.saturating_sub(token.uses_left) + 1),
    }
}

fn usable(token: &Token, now: Timestamp) -> Result<(), Fault> {
    if token.revoked {
        return Err(refused("this enrolment token was revoked"));
    }
    if token.expires_at <= now {
        return Err(refused(&format!(
            "this enrolment token expired on {}",
            token.expires_at
        )));
    }
    Ok(())
}

fn refused(words: &str) -> Fault {
    Fault::new(Code::Unauthenticated, words)
}

fn kept(issued: &Issued, device: DeviceId, now: Timestamp) -> NewCertificate {
    NewCertificate {
        serial: issued.serial.clone(),
        device,
        not_after: issued.not_after,
        renew_after: issued.renew_after,
        issued_at: now,
        authority: issued.authority,
    }
}

fn serial_words(issued: &Issued) -> String {
    format!("certificate {} until {}", issued.serial, issued.not_after)
}

fn bytes(certificates: Vec<CertificateDer<'static>>) -> Vec<bytes::Bytes> {
    certificates
        .into_iter()
        .map(|der| der.to_vec().into())
        .collect()
}

fn short(word: &str) -> String {
    word.chars().take(WORD_CHARACTERS).collect()
}
