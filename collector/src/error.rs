//! One table: what went wrong → gRPC status, HTTP status, log level. Nobody else chooses a status.
//!
//! A [`Fault`] is what a caller gets to see: a code and words. What may not be seen (database texts, paths) is logged
//! where it happened and becomes [`Code::Internal`].

use std::time::Duration;

use http::StatusCode;
use tonic::Status;
use tracing::Level;

/// Stable machine words; the API shows them as `code`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Code {
    Unauthenticated,
    Forbidden,
    NotFound,
    Invalid,
    Conflict,
    /// The numbers do not fit, the protocol is too old: the caller must change something before it comes back.
    Precondition,
    /// Too many, too fast, too big.
    Exhausted,
    /// A newer stream of the same device took over.
    Superseded,
    Unavailable,
    Internal,
}

impl Code {
    pub const ALL: [Self; 10] = [
        Self::Unauthenticated,
        Self::Forbidden,
        Self::NotFound,
        Self::Invalid,
        Self::Conflict,
        Self::Precondition,
        Self::Exhausted,
        Self::Superseded,
        Self::Unavailable,
        Self::Internal,
    ];

    /// The table.
    const fn row(self) -> (&'static str, tonic::Code, StatusCode, Level) {
        use tonic::Code as Grpc;
        match self {
            Self::Unauthenticated => (
                "unauthenticated",
                Grpc::Unauthenticated,
                StatusCode::UNAUTHORIZED,
                Level::INFO,
            ),
            Self::Forbidden => (
                "forbidden",
                Grpc::PermissionDenied,
                StatusCode::FORBIDDEN,
                Level::INFO,
            ),
            Self::NotFound => (
                "not_found",
                Grpc::NotFound,
                StatusCode::NOT_FOUND,
                Level::DEBUG,
            ),
            Self::Invalid => (
                "invalid",
                Grpc::InvalidArgument,
                StatusCode::BAD_REQUEST,
                Level::INFO,
            ),
            Self::Conflict => (
                "conflict",
                Grpc::AlreadyExists,
                StatusCode::CONFLICT,
                Level::DEBUG,
            ),
            Self::Precondition => (
                "precondition",
                Grpc::FailedPrecondition,
                StatusCode::PRECONDITION_FAILED,
                Level::WARN,
            ),
            Self::Exhausted => (
                "exhausted",
                Grpc::ResourceExhausted,
                StatusCode::TOO_MANY_REQUESTS,
                Level::INFO,
            ),
            Self::Superseded => (
                "superseded",
                Grpc::Aborted,
                StatusCode::CONFLICT,
                Level::INFO,
            ),
            Self::Unavailable => (
                "unavailable",
                Grpc::Unavailable,
                StatusCode::SERVICE_UNAVAILABLE,
                Level::WARN,
            ),
            Self::Internal => (
                "internal",
                Grpc::Internal,
                StatusCode::INTERNAL_SERVER_ERROR,
                Level::ERROR,
            ),
        }
    }

    pub const fn word(self) -> &'static str {
        self.row().0
    }

    pub const fn grpc(self) -> tonic::Code {
        self.row().1
    }

    pub const fn http(self) -> StatusCode {
        self.row().2
    }

    /// For refusals that pass by themselves: how long that takes at least.
    pub const fn comes_back_after(self) -> Option<Duration> {
        match self {
            // A minute is the window of the limits that say it.
            Self::Exhausted => Some(Duration::from_secs(30)),
            Self::Unavailable => Some(Duration::from_secs(3)),
            _ => None,
        }
    }

    pub const fn level(self) -> Level {
        self.row().3
    }
}

/// A refusal or failure as its caller sees it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{words}")]
pub struct Fault {
    pub code: Code,
    pub words: String,
}

impl Fault {
    pub fn new(code: Code, words: impl Into<String>) -> Self {
        Self {
            code,
            words: words.into(),
        }
    }

    /// Logs what really happened, once, here; the caller learns only that it did.
    pub fn internal(error: impl std::fmt::Display) -> Self {
        tracing::error!("{error}");
        Self::new(Code::Internal, "the collector failed; its log says why")
    }
}

/// Milliseconds before which a refused agent must not come back: gRPC's own trailer.
const PUSHBACK: &str = "grpc-retry-pushback-ms";

impl From<Fault> for Status {
    fn from(fault: Fault) -> Self {
        let mut status = Status::new(fault.code.grpc(), fault.words);
        if let Some(wait) = fault.code.comes_back_after() {
            let wait = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
            status.metadata_mut().insert(PUSHBACK, wait.into());
        }
        status
    }
}

/// What a status says about coming back.
pub fn retry_after(status: &Status) -> Option<Duration> {
    let wait = status.metadata().get(PUSHBACK)?.to_str().ok()?;
    wait.parse().ok().map(Duration::from_millis)
}

impl From<weft_collector_store::control::ControlError> for Fault {
    fn from(error: weft_collector_store::control::ControlError) -> Self {
        Self::internal(error)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn words_are_unique_and_statuses_are_errors() {
        let words: HashSet<_> = Code::ALL.iter().map(|code| code.word()).collect();
        assert_eq!(words.len(), Code::ALL.len());
        for code in Code::ALL {
            assert!(code.http().is_client_error() || code.http().is_server_error());
            assert_ne!(code.grpc(), tonic::Code::Ok);
        }
    }
}
