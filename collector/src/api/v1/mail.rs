//! One's own mail and feeds, under `/me`: addresses, wishes, threads without mail, a test, feed addresses.
//!
//! **Invariant: everybody steers their own mail and nobody else's**; what IT may say about an address is a command
//! (`weft-collector mail address`).

pub mod addresses;
pub mod feeds;
pub mod mutes;
pub mod read;
pub mod test;
pub mod wishes;

use crate::{api::problem::Problem, error::Code, mail::MailError};

impl From<MailError> for Problem {
    fn from(error: MailError) -> Self {
        match error {
            MailError::Control(error) => error.into(),
            MailError::Off => Self::new(Code::Conflict, error.to_string()).coded("mail_off"),
            MailError::Sealed(_) => Self::new(
                Code::Unavailable,
                "addresses and links wait for a key that is missing: IT finds it with `weft-collector doctor`",
            )
            .coded("sealed"),
            MailError::TooMany => Self::new(Code::Exhausted, error.to_string()),
            MailError::Invalid(words) => Self::invalid(words),
            MailError::Write(words) => {
                tracing::error!("mail: {words}");
                Self::new(Code::Internal, "the collector failed; its log says why")
            }
        }
    }
}
