//! Everything that can stand between this laptop and its collector, in words that say what to do.
//!
//! Invariant: one table from TLS errors and gRPC codes to faults, here and nowhere else. Whether a fault can heal by itself is
//! [`Fault::patience`].

use rustls::{AlertDescription, CertificateError};
use tonic::Code;

use super::Server;

/// What went wrong. The text is for the owner and for IT.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Fault {
    /// Network, name or port.
    #[error(
        "cannot reach the collector at {server}: {detail}. Check the address, the network and that the collector runs"
    )]
    Unreachable {
        /// Where.
        server: String,
        /// Why.
        detail: String,
    },
    /// The collector's certificate comes from an authority that we do not trust.
    #[error(
        "the collector at {server} shows a certificate of an unknown authority. If it is yours, give its authority's \
         certificate to `weft-agent enroll --ca FILE`; if not, somebody stands in between"
    )]
    ServerUnknown {
        /// Where.
        server: String,
    },
    /// Right authority, other name.
    #[error(
        "the collector's certificate is not for {server}: use a name that it has, or add this name to [grpc] names on the collector"
    )]
    ServerName {
        /// Where.
        server: String,
    },
    /// Its dates do not fit our clock.
    #[error(
        "the certificate of the collector at {server} is not valid at this laptop's time: check the clock here, then the certificate there"
    )]
    ServerDates {
        /// Where.
        server: String,
    },
    /// Some other TLS failure.
    #[error("no secure connection to {server}: {detail}")]
    Tls {
        /// Where.
        server: String,
        /// Why.
        detail: String,
    },
    /// The collector does not trust our issuer.
    #[error(
        "this collector does not know the authority that issued this device's certificate: enrol again with `weft-agent enroll`"
    )]
    DeviceUnknown,
    /// Our certificate is over.
    #[error(
        "this device's certificate has expired: enrol again with `weft-agent enroll` (and check this laptop's clock)"
    )]
    DeviceExpired,
    /// The collector wants a certificate or does not accept ours.
    #[error("the collector does not accept this device: {0}. Enrol again with `weft-agent enroll`")]
    Unauthenticated(String),
    /// Revoked or retired.
    #[error("this device was revoked by IT: {0}. It may enrol again with a new token from IT")]
    Revoked(String),
    /// Protocol too old, or a hole in the numbers.
    #[error("the collector refuses to work with this agent: {0}")]
    Refused(String),
    /// Another stream of this device is live.
    #[error("another agent uses this device's identity: {0}. A copied disk image must enrol anew")]
    Superseded(String),
    /// Come back later.
    #[error("the collector is busy: {0}")]
    Busy(String),
    /// The collector says that what we sent breaks the protocol.
    #[error("the collector found a message of this agent invalid: {0}. Please report this")]
    Invalid(String),
    /// The collector broke the protocol.
    #[error("the collector at this address does not speak weft.v1 as it should: {0}")]
    Protocol(String),
    /// A stored authority cannot be read.
    #[error("a trusted authority's certificate cannot be read: {0}")]
    BadAnchor(String),
    /// Our own certificate or key cannot be used.
    #[error(
        "this device's certificate and key cannot be used: {0}. Enrol again with `weft-agent enroll`"
    )]
    BadIdentity(String),
    /// The spool failed under the shipper.
    #[error("{0}")]
    Source(String),
}

/// How long it makes sense to wait before the next try.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Patience {
    /// It may be over in a moment.
    Soon,
    /// A person has to act: look again now and then.
    Slow,
}

impl Fault {
    pub(crate) fn unreachable(server: &Server, detail: impl Into<String>) -> Self {
        Self::Unreachable {
            server: server.to_string(),
            detail: detail.into(),
        }
    }

    /// From a TLS failure; `identified`: we showed a certificate.
    pub(crate) fn from_tls(server: &Server, error: &rustls::Error, identified: bool) -> Self {
        use rustls::Error::{AlertReceived, InvalidCertificate};
        let server = server.to_string();
        match error {
            InvalidCertificate(
                CertificateError::UnknownIssuer | CertificateError::BadSignature,
            ) => Self::ServerUnknown { server },
            InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            ) => Self::ServerName { server },
            InvalidCertificate(
                CertificateError::Expired
                | CertificateError::ExpiredContext { .. }
                | CertificateError::NotValidYet
                | CertificateError::NotValidYetContext { .. },
            ) => Self::ServerDates { server },
            AlertReceived(alert) if identified => match alert {
                AlertDescription::UnknownCA | AlertDescription::DecryptError => Self::DeviceUnknown,
                AlertDescription::CertificateExpired => Self::DeviceExpired,
                AlertDescription::CertificateRevoked => {
                    Self::Revoked("its certificate is on the revocation list".into())
                }
                AlertDescription::BadCertificate
                | AlertDescription::UnsupportedCertificate
                | AlertDescription::CertificateUnknown
                | AlertDescription::AccessDenied => {
                    Self::Unauthenticated(format!("TLS alert {alert:?}"))
                }
                _ => Self::Tls {
                    server,
                    detail: error.to_string(),
                },
            },
            AlertReceived(AlertDescription::CertificateRequired) => {
                Self::Unauthenticated("it demands a certificate".into())
            }
            _ => Self::Tls {
                server,
                detail: error.to_string(),
            },
        }
    }

    /// From a gRPC status of the collector.
    pub(crate) fn from_status(server: &Server, status: &tonic::Status) -> Self {
        let words = status.message().to_owned();
        match status.code() {
            Code::Unauthenticated => Self::Unauthenticated(words),
            Code::PermissionDenied => Self::Revoked(words),
            Code::FailedPrecondition => Self::Refused(words),
            Code::InvalidArgument => Self::Invalid(words),
            Code::Aborted => Self::Superseded(words),
            Code::ResourceExhausted => Self::Busy(words),
            Code::Unimplemented => Self::Protocol(words),
            _ => Self::unreachable(
                server,
                if words.is_empty() {
                    chain(status)
                } else {
                    words
                },
            ),
        }
    }

    /// How soon to try again.
    pub fn patience(&self) -> Patience {
        match self {
            Self::Unreachable { .. }
            | Self::Busy(_)
            | Self::Tls { .. }
            | Self::Source(_)
            | Self::Protocol(_) => Patience::Soon,
            _ => Patience::Slow,
        }
    }

    /// The exit code of a command that ends with this (sysexits: 69 unavailable, 77 no permission, 78 configuration).
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Unreachable { .. } | Self::Busy(_) | Self::Protocol(_) | Self::Tls { .. } => 69,
            Self::DeviceUnknown
            | Self::DeviceExpired
            | Self::Unauthenticated(_)
            | Self::Revoked(_)
            | Self::Superseded(_) => 77,
            Self::ServerUnknown { .. } | Self::ServerName { .. } | Self::ServerDates { .. } => 69,
            Self::BadAnchor(_) | Self::BadIdentity(_) => 78,
            Self::Refused(_) | Self::Invalid(_) | Self::Source(_) => 1,
        }
    }
}

/// An error with all its causes, each once.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut words = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_words = cause.to_string();
        if !words.ends_with(&cause_words) {
            words = format!("{words}: {cause_words}");
        }
        source = cause.source();
    }
    words
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn alerts_mean_what_they_say_only_when_we_showed_a_certificate() {
        let server = "weft.example.org".parse().unwrap();
        let alert = rustls::Error::AlertReceived(AlertDescription::UnknownCA);
        assert_eq!(Fault::from_tls(&server, &alert, true), Fault::DeviceUnknown);
        assert!(matches!(
            Fault::from_tls(&server, &alert, false),
            Fault::Tls { .. }
        ));
        let expired = rustls::Error::AlertReceived(AlertDescription::CertificateExpired);
        assert_eq!(
            Fault::from_tls(&server, &expired, true),
            Fault::DeviceExpired
        );
        let unknown = rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer);
        assert!(
            Fault::from_tls(&server, &unknown, true)
                .to_string()
                .contains("--ca")
        );
    }

    #[test]
    fn codes_have_words() {
        let server = "weft.example.org".parse().unwrap();
        let fault = Fault::from_status(
            &server,
            &tonic::Status::permission_denied("retired on Monday"),
        );
        assert_eq!(
            fault.to_string(),
            "this device was revoked by IT: retired on Monday. It may enrol again with a new token from IT"
        );
        assert_eq!((fault.patience(), fault.exit_code()), (Patience::Slow, 77));
        let fault = Fault::from_status(&server, &tonic::Status::unavailable("going down"));
        assert_eq!(fault.patience(), Patience::Soon);
    }
}
