//! Making certificates: for devices from a request's public key, for the collector itself from its names.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use rcgen::{
    CertificateParams, CertificateSigningRequestParams, DistinguishedName, DnType,
    ExtendedKeyUsagePurpose, IsCa, KeyPair, KeyUsagePurpose, PKCS_ECDSA_P256_SHA256, SanType,
    SerialNumber,
};
use rustls_pki_types::{
    CertificateDer, CertificateSigningRequestDer, PrivateKeyDer, PrivatePkcs8KeyDer,
};
use weft_collector_core::device::DeviceId;

use super::{Authority, PkiError, authority::BACKDATE};

/// Random bytes of a serial: RFC 5280 allows 20, CAs use at least 8; 16 never meet twice.
const SERIAL_BYTES: usize = 16;

/// A certificate made for a device.
#[derive(Clone, Debug)]
pub struct Issued {
    /// Lower-case hex.
    pub serial: String,
    /// Leaf first.
    pub chain: Vec<CertificateDer<'static>>,
    pub not_after: Timestamp,
    /// Two thirds of its life: time enough to fail a few times.
    pub renew_after: Timestamp,
    /// Generation of the authority that signed it.
    pub authority: u32,
}

/// The collector's own certificate and key; lives in memory only and is made anew at every start.
pub struct ServerIdentity {
    pub chain: Vec<CertificateDer<'static>>,
    pub key: PrivateKeyDer<'static>,
    pub renew_after: Timestamp,
}

impl Authority {
    /// A client certificate for `device`. The request's signature is checked (so its sender holds the key); its subject
    /// and extensions are ignored.
    pub fn issue_device(
        &self,
        request: &[u8],
        device: DeviceId,
        now: Timestamp,
        validity: Duration,
    ) -> Result<Issued, PkiError> {
        let request =
            CertificateSigningRequestParams::from_der(&CertificateSigningRequestDer::from(request))
                .map_err(PkiError::Request)?;
        let life = Life::new(now, validity);
        let serial = serial();
        let mut params = leaf(&life, &serial, ExtendedKeyUsagePurpose::ClientAuth);
        params
            .distinguished_name
            .push(DnType::CommonName, device.to_string());
        let uri = format!("urn:uuid:{device}").try_into()?;
        params.subject_alt_names = vec![SanType::URI(uri)];
        let signer = self.for_devices();
        let certificate = params.signed_by(&request.public_key, &signer.issuer)?;
        Ok(Issued {
            serial: hex::encode(serial),
            chain: vec![certificate.der().clone()],
            not_after: life.not_after,
            renew_after: life.renew_after,
            authority: signer.number,
        })
    }

    /// A server certificate for this collector's names.
    pub fn issue_server(
        &self,
        names: &[String],
        now: Timestamp,
        validity: Duration,
    ) -> Result<ServerIdentity, PkiError> {
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
        let life = Life::new(now, validity);
        let mut params = leaf(&life, &serial(), ExtendedKeyUsagePurpose::ServerAuth);
        params
            .distinguished_name
            .push(DnType::CommonName, "Weft collector");
        params.subject_alt_names = names
            .iter()
            .map(|name| alternative_name(name))
            .collect::<Result<_, _>>()?;
        let certificate = params.signed_by(&key, &self.for_server().issuer)?;
        Ok(ServerIdentity {
            chain: vec![certificate.der().clone()],
            key: PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der())),
            renew_after: life.renew_after,
        })
    }
}

struct Life {
    not_before: Timestamp,
    not_after: Timestamp,
    renew_after: Timestamp,
}

impl Life {
    fn new(now: Timestamp, validity: Duration) -> Self {
        let validity = SignedDuration::try_from(validity).unwrap_or(SignedDuration::MAX);
        let after = |span| now.checked_add(span).unwrap_or(Timestamp::MAX);
        Self {
            not_before: now - BACKDATE,
            not_after: after(validity),
            renew_after: after(validity / 3 * 2),
        }
    }
}

fn leaf(life: &Life, serial: &[u8], usage: ExtendedKeyUsagePurpose) -> CertificateParams {
    let mut params = CertificateParams::default();
    set_life(&mut params, life.not_before, life.not_after);
    params.serial_number = Some(SerialNumber::from_slice(serial));
    params.distinguished_name = DistinguishedName::new();
    params.is_ca = IsCa::ExplicitNoCa;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![usage];
    params.use_authority_key_identifier_extension = true;
    params
}

fn serial() -> [u8; SERIAL_BYTES] {
    let mut serial: [u8; SERIAL_BYTES] = rand::random();
    // A serial is a positive number without leading zero bytes.
    serial[0] = serial[0] & 0x7f | 0x40;
    serial
}

fn alternative_name(name: &str) -> Result<SanType, PkiError> {
    if let Ok(address) = name.parse() {
        return Ok(SanType::IpAddress(address));
    }
    let dns = name
        .try_into()
        .map_err(|_| PkiError::Name(name.to_owned()))?;
    Ok(SanType::DnsName(dns))
}

/// Sets a certificate's life. rcgen counts time with a crate of its own, which is reached here without naming it.
pub(super) fn set_life(params: &mut CertificateParams, from: Timestamp, to: Timestamp) {
    let since_1970 =
        |at: Timestamp| Duration::from_secs(u64::try_from(at.as_second()).unwrap_or(0));
    params.not_before = rcgen::date_time_ymd(1970, 1, 1) + since_1970(from);
    params.not_after = rcgen::date_time_ymd(1970, 1, 1) + since_1970(to);
}
