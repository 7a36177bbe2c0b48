//! One block in ClickHouse's Native format, column by column.
//!
//! A column that no event has is left out and the server fills in its default: a report of vitals carries a dozen
//! columns, not ninety. This file knows the format; [`super::rows`] knows the columns.

use std::sync::LazyLock;

use clickhouse::{
    error::Error as ClientError,
    native::{
        Block, DataTypeNode,
        builder::BlockBuilder,
        encode::{Encode, ValueWriter},
    },
};
use jiff::Timestamp;
use weft_collector_core::event::{Event, Observed, Outcome};

use super::Error;

/// `DateTime64(6, 'UTC')`: microseconds since 1970.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Micros(i64);

/// What `DateTime64` can hold, s: 1900-01-01 to 2299-12-31. A laptop's clock may say anything.
const RANGE: (i64, i64) = (-2_208_988_800, 10_413_791_999);

impl From<Timestamp> for Micros {
    fn from(at: Timestamp) -> Self {
        Self(
            at.as_microsecond()
                .clamp(RANGE.0 * 1_000_000, RANGE.1 * 1_000_000),
        )
    }
}

static MICROS: LazyLock<DataTypeNode> = LazyLock::new(|| {
    DataTypeNode::new("DateTime64(6, 'UTC')")
        .expect("a constant that the client's own parser accepts")
});

impl Encode for Micros {
    fn produces() -> DataTypeNode {
        MICROS.clone()
    }

    fn encode(
        &self,
        writer: &mut ValueWriter<'_>,
    ) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        writer.write_fixed(&self.0.to_le_bytes())?;
        Ok(())
    }
}

/// The columns of a block being built over the same events.
pub struct Columns<'a> {
    builder: BlockBuilder,
    events: &'a [Event],
    observed: Vec<Option<&'a Observed>>,
}

impl<'a> Columns<'a> {
    pub fn new(events: &'a [Event]) -> Self {
        let observed = events
            .iter()
            .map(|event| match &event.outcome {
                Outcome::Stored(observed) => Some(&**observed),
                Outcome::Rejected { .. } | Outcome::Lost { .. } => None,
            })
            .collect();
        Self {
            builder: BlockBuilder::new(),
            events,
            observed,
        }
    }

    /// A column that every row has.
    pub fn every<T: Encode>(
        &mut self,
        name: &str,
        value: impl Fn(&'a Event) -> T,
    ) -> Result<(), Error> {
        let events = self.events;
        self.add(name, events.iter().map(value))
    }

    /// A column that hardly any row has; absent when none has it.
    pub fn when<T: Encode + Default>(
        &mut self,
        name: &str,
        value: impl Fn(&'a Event) -> Option<T>,
    ) -> Result<(), Error> {
        let values: Vec<Option<T>> = self.events.iter().map(value).collect();
        if values.iter().all(Option::is_none) {
            return Ok(());
        }
        self.add(name, values.into_iter().map(Option::unwrap_or_default))
    }

    /// A column of some kinds; absent when no row has it.
    pub fn some<T: Encode + Default>(
        &mut self,
        name: &str,
        value: impl Fn(&'a Observed) -> Option<T>,
    ) -> Result<(), Error> {
        let values: Vec<Option<T>> = self
            .observed
            .iter()
            .map(|observed| observed.and_then(&value))
            .collect();
        if values.iter().all(Option::is_none) {
            return Ok(());
        }
        self.add(name, values.into_iter().map(Option::unwrap_or_default))
    }

    pub fn build(mut self) -> Result<Block, Error> {
        self.builder
            .build()
            .map_err(|error| Error::Block(error.to_string()))
    }

    fn add<T: Encode>(&mut self, name: &str, values: impl Iterator<Item = T>) -> Result<(), Error> {
        let mut column = self
            .builder
            .upsert_column::<T>(name)
            .map_err(|error| Error::Block(error.to_string()))?;
        column
            .add_all(values)
            .map_err(|error| Error::Block(ClientError::Other(error).to_string()))?;
        Ok(())
    }
}
