//! Reading a device's certificate after the handshake has verified it.

use jiff::Timestamp;
use rustls_pki_types::CertificateDer;
use weft_collector_core::device::DeviceId;
use x509_parser::{extensions::GeneralName, prelude::*};

/// Who is at the other end, by a certificate that this authority signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceCertificate {
    pub device: DeviceId,
    /// Lower-case hex.
    pub serial: String,
    pub not_after: Timestamp,
}

impl DeviceCertificate {
    /// `None` when the certificate is no device's, e.g. the collector's own.
    pub fn read(der: &CertificateDer<'_>) -> Option<Self> {
        let (_, certificate) = X509Certificate::from_der(der).ok()?;
        let names = certificate.subject_alternative_name().ok()??;
        let device = names
            .value
            .general_names
            .iter()
            .find_map(|name| match name {
                GeneralName::URI(uri) => uri.strip_prefix("urn:uuid:")?.parse().ok(),
                _ => None,
            })?;
        Some(Self {
            device,
            serial: hex::encode(certificate.raw_serial()),
            not_after: Timestamp::from_second(certificate.validity().not_after.timestamp()).ok()?,
        })
    }
}
