//! What a caller gets to see when something is wrong: `application/problem+json` (RFC 9457) with a stable `code`.
//!
//! **Invariant: no error leaves the API in another shape**, and none carries what belongs into the log. The request's id
//! is put in by [`super::shell`], which also logs, once.

use std::borrow::Cow;

use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;
use utoipa::ToSchema;
use weft_collector_store::control::ControlError;

use super::reads::ReadError;
use crate::{
    accounts::{AccountError, SignInError},
    error::{Code, Fault},
    threads::{ThreadError, files},
};

/// An error on its way out.
#[derive(Clone, Debug)]
pub struct Problem {
    pub status: StatusCode,
    pub code: &'static str,
    pub detail: Cow<'static, str>,
    pub retry_after: Option<u64>,
}

/// The body.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProblemBody {
    /// Always `about:blank`: `code` says what it is.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// The HTTP status in words.
    pub title: String,
    pub status: u16,
    /// What happened and what to do, for people.
    pub detail: String,
    /// Stable machine word.
    pub code: &'static str,
    /// Stands in the collector's log too.
    pub request_id: String,
}

impl Problem {
    /// The table in [`crate::error`] gives the status.
    pub fn new(code: Code, detail: impl Into<Cow<'static, str>>) -> Self {
        Self {
            status: code.http(),
            code: code.word(),
            detail: detail.into(),
            retry_after: None,
        }
    }

    /// The same with a narrower machine word.
    pub fn coded(self, code: &'static str) -> Self {
        Self { code, ..self }
    }

    pub fn missing(what: &str) -> Self {
        Self::new(
            Code::NotFound,
            format!("there is no such {what}, or it is not yours to see"),
        )
    }

    pub fn invalid(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Code::Invalid, detail)
    }

    pub fn forbidden(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Code::Forbidden, detail)
    }

    /// What HTTP itself found wrong.
    pub fn http(
        status: StatusCode,
        code: &'static str,
        detail: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self {
            status,
            code,
            detail: detail.into(),
            retry_after: None,
        }
    }

    pub fn body(&self, request_id: &str) -> ProblemBody {
        ProblemBody {
            kind: "about:blank",
            title: self.status.canonical_reason().unwrap_or("Error").to_owned(),
            status: self.status.as_u16(),
            detail: self.detail.to_string(),
            code: self.code,
            request_id: request_id.to_owned(),
        }
    }

    /// The finished answer.
    pub fn render(&self, request_id: &str) -> Response {
        let mut response = (self.status, Json(self.body(request_id))).into_response();
        let headers = response.headers_mut();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/problem+json"),
        );
        if let Some(seconds) = self.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

impl IntoResponse for Problem {
    /// Carries the problem out to [`super::shell`], which knows the request's id.
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

impl From<Fault> for Problem {
    fn from(fault: Fault) -> Self {
        Self::new(fault.code, fault.words)
    }
}

impl From<ControlError> for Problem {
    fn from(error: ControlError) -> Self {
        Fault::internal(error).into()
    }
}

impl From<ThreadError> for Problem {
    fn from(error: ThreadError) -> Self {
        match error {
            ThreadError::Control(error) => error.into(),
            ThreadError::Unfit(unfit) => Self::invalid(unfit.to_string()).coded("unfit_text"),
            ThreadError::UnfitFile(unfit) => {
                let too_large = matches!(unfit, files::Unfit::Long(_));
                let problem = Self::invalid(unfit.to_string()).coded("unfit_file");
                match too_large {
                    true => Self {
                        status: StatusCode::PAYLOAD_TOO_LARGE,
                        ..problem
                    },
                    false => problem,
                }
            }
            ThreadError::Invalid(why) => Self::invalid(why),
            ThreadError::Conflict(why) => Self::new(Code::Conflict, why),
            ThreadError::NoRoom(why) => Self::new(Code::Conflict, why).coded("no_room"),
            ThreadError::Locked => {
                Self::new(Code::Conflict, error.to_string()).coded("thread_locked")
            }
            ThreadError::Missing(what) => Self::missing(what),
            ThreadError::Forbidden(why) => Self::forbidden(why),
            ThreadError::TooFast => Self {
                retry_after: Some(6),
                ..Self::new(Code::Exhausted, error.to_string())
            },
            ThreadError::Full => Self::new(Code::Conflict, error.to_string()).coded("thread_full"),
        }
    }
}

impl From<AccountError> for Problem {
    fn from(error: AccountError) -> Self {
        match error {
            AccountError::Control(error) => error.into(),
            AccountError::Hash(_) => Fault::internal(error).into(),
            AccountError::Unfit(why) => Self::invalid(why),
            AccountError::LastAdmin => {
                Self::new(Code::Conflict, error.to_string()).coded("last_admin")
            }
            AccountError::Taken(_) => {
                Self::new(Code::Conflict, error.to_string()).coded("login_taken")
            }
        }
    }
}

impl From<SignInError> for Problem {
    fn from(error: SignInError) -> Self {
        match error {
            SignInError::Wrong => {
                Self::new(Code::Unauthenticated, error.to_string()).coded("wrong_login")
            }
            SignInError::TooMany(seconds) => Self {
                retry_after: Some(seconds),
                ..Self::new(Code::Exhausted, error.to_string())
            },
            SignInError::Failed(error) => error.into(),
        }
    }
}

impl From<ReadError> for Problem {
    fn from(error: ReadError) -> Self {
        match error.passing {
            true => {
                tracing::warn!("telemetry does not answer: {error}");
                Self {
                    retry_after: Some(5),
                    ..Self::new(
                        Code::Unavailable,
                        "the telemetry store does not answer just now: try again",
                    )
                }
            }
            false => Fault::internal(error).into(),
        }
    }
}
