//! Everything that can stand between this laptop and its collector, in words that say what to do.
//!
//! Invariant: one table from TLS errors and gRPC codes to faults, here and nowhere else. Whether a fault can heal by itself is
//! [`Fault::patience`].

use rustls::{AlertDescription, CertificateError};
use tonic::Code;

use std::time::Duration;

use super::{Server, proxy::ProxyError};

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
    /// The proxy on the way.
    #[error("cannot reach the collector at {server}: {cause}")]
    Proxy {
        /// Where to.
        server: String,
        /// What the proxy did.
        cause: ProxyError,
    },
    /// The connection was cut where HTTP/2 begins.
    #[error(
        "the connection to {server} is cut off: {detail}. Something on the way (firewall, proxy, TLS inspection) may block HTTP/2; \
         the agent then takes HTTPS/1.1 by itself. If both fail: is this the collector's agent port, and does the network allow it?"
    )]
    CutOff {
        /// Where.
        server: String,
        /// How.
        detail: String,
    },
    /// Whoever answers there speaks no TLS.
    #[error(
        "{server} answers without TLS: this is not the collector's agent port (7443 unless IT chose another), or a login page \
         of this network stands in between"
    )]
    PlainText {
        /// Where.
        server: String,
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
    /// It is over, by our clock.
    #[error(
        "the certificate of the collector at {server} has expired by this laptop's clock: check the clock here, then the \
         certificate there (the collector renews it while it runs)"
    )]
    ServerExpired {
        /// Where.
        server: String,
    },
    /// It has not begun, by our clock.
    #[error(
        "the certificate of the collector at {server} is not valid yet by this laptop's clock: the clock here is probably behind"
    )]
    ServerNotYet {
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
    #[error("the collector is busy: {words}")]
    Busy {
        /// Its words.
        words: String,
        /// Not before this time.
        retry_after: Option<Duration>,
    },
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

/// What a server that lacks HTTP/2 is told apart by.
pub(crate) const NOT_OFFERED: &str = "HTTP/2 is not offered";

/// When a refused caller may come back: gRPC's own trailer.
pub(crate) mod pushback {
    use std::time::Duration;

    use tonic::{Status, metadata::MetadataValue};

    const KEY: &str = "grpc-retry-pushback-ms";

    /// An hour: a mistaken value must not silence a fleet for days.
    const LONGEST: Duration = Duration::from_secs(3600);

    pub(crate) fn get(status: &Status) -> Option<Duration> {
        let milliseconds = status.metadata().get(KEY)?.to_str().ok()?.parse().ok()?;
        Some(Duration::from_millis(milliseconds).min(LONGEST))
    }

    pub(crate) fn set(status: &mut Status, seconds: f64) {
        let Ok(wait) = Duration::try_from_secs_f64(seconds) else {
            return;
        };
        if !wait.is_zero() {
            let value = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
            status
                .metadata_mut()
                .insert(KEY, MetadataValue::from(value));
        }
    }
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

    pub(crate) fn cut_off(server: &Server, detail: impl Into<String>) -> Self {
        Self::CutOff {
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
                CertificateError::Expired | CertificateError::ExpiredContext { .. },
            ) => Self::ServerExpired { server },
            InvalidCertificate(
                CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. },
            ) => Self::ServerNotYet { server },
            // What came was no TLS record at all.
            rustls::Error::InvalidMessage(rustls::InvalidMessage::InvalidContentType) => {
                Self::PlainText { server }
            }
            AlertReceived(AlertDescription::NoApplicationProtocol) => Self::CutOff {
                server,
                detail: NOT_OFFERED.into(),
            },
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
        let retry_after = pushback::get(status);
        match status.code() {
            Code::Unavailable if retry_after.is_some() => Self::Busy { words, retry_after },
            Code::Unauthenticated => Self::Unauthenticated(words),
            Code::PermissionDenied => Self::Revoked(words),
            Code::FailedPrecondition => Self::Refused(words),
            Code::InvalidArgument => Self::Invalid(words),
            Code::Aborted => Self::Superseded(words),
            Code::ResourceExhausted => Self::Busy { words, retry_after },
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

    /// The other end offers no HTTP/2 at all: no second look is needed.
    pub(crate) fn is_without_http2(&self) -> bool {
        matches!(self, Self::CutOff { detail, .. } if detail == NOT_OFFERED)
    }

    /// Somebody on the way or the collector's load: no word on who we are.
    pub fn is_of_the_way(&self) -> bool {
        matches!(
            self,
            Self::Unreachable { .. }
                | Self::Proxy { .. }
                | Self::CutOff { .. }
                | Self::PlainText { .. }
                | Self::Protocol(_)
                | Self::Busy { .. }
        )
    }

    /// A failure that a network shows when it dislikes HTTP/2.
    pub fn suspects_http2(&self) -> bool {
        matches!(self, Self::CutOff { .. })
    }

    /// The collector's own word on when to come back.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Busy { retry_after, .. } => *retry_after,
            _ => None,
        }
    }

    /// How soon to try again.
    pub fn patience(&self) -> Patience {
        match self {
            Self::Unreachable { .. }
            | Self::CutOff { .. }
            | Self::Busy { .. }
            | Self::Tls { .. }
            | Self::Source(_)
            | Self::Protocol(_) => Patience::Soon,
            _ => Patience::Slow,
        }
    }

    /// The exit code of a command that ends with this (sysexits: 69 unavailable, 77 no permission, 78 configuration).
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Unreachable { .. }
            | Self::Proxy { .. }
            | Self::CutOff { .. }
            | Self::PlainText { .. }
            | Self::Busy { .. }
            | Self::Protocol(_)
            | Self::Tls { .. } => 69,
            Self::DeviceUnknown
            | Self::DeviceExpired
            | Self::Unauthenticated(_)
            | Self::Revoked(_)
            | Self::Superseded(_) => 77,
            Self::ServerUnknown { .. }
            | Self::ServerName { .. }
            | Self::ServerExpired { .. }
            | Self::ServerNotYet { .. } => 69,
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
        let mut status = tonic::Status::resource_exhausted("too many");
        pushback::set(&mut status, 7.5);
        let fault = Fault::from_status(&server, &status);
        assert_eq!(fault.retry_after(), Some(Duration::from_millis(7500)));
        pushback::set(&mut status, f64::NAN);
        let fault = Fault::from_status(&server, &tonic::Status::unavailable("going down"));
        assert_eq!(fault.patience(), Patience::Soon);
    }
}
