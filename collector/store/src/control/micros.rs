//! A moment as both databases compare it alike: microseconds since 1970 in a BIGINT.
//!
//! Not text and not `timestamptz`: SQLite would compare the one as letters and has no other.

use jiff::Timestamp;
use sea_orm::DeriveValueType;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, DeriveValueType)]
pub struct Micros(pub i64);

impl From<Timestamp> for Micros {
    fn from(at: Timestamp) -> Self {
        Self(at.as_microsecond())
    }
}

impl From<Micros> for Timestamp {
    /// A number outside jiff's range can only be damage; it reads as the nearest end of the range.
    fn from(Micros(micros): Micros) -> Self {
        Timestamp::from_microsecond(micros).unwrap_or(if micros < 0 {
            Timestamp::MIN
        } else {
            Timestamp::MAX
        })
    }
}
