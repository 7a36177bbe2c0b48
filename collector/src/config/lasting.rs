//! A length of time as people write it: "90s", "15m", "14d", "1h 30m".

use std::{str::FromStr, time::Duration};

use jiff::{Span, SpanRelativeTo};
use serde::{Deserialize, Deserializer, de::Error as _};

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Lasting(pub Duration);

impl FromStr for Lasting {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || format!("{text:?} is not a duration like \"90s\", \"15m\" or \"14d\"");
        let span: Span = text.parse().map_err(|_| wrong())?;
        // A day is 24 hours here: no certificate or lease should depend on summer time.
        let lasting = span
            .to_duration(SpanRelativeTo::days_are_24_hours())
            .map_err(|_| wrong())?;
        Duration::try_from(lasting).map(Self).map_err(|_| wrong())
    }
}

impl<'de> Deserialize<'de> for Lasting {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from)?.parse().map_err(D::Error::custom)
    }
}
