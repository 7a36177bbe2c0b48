//! The built-in catalog's bytes, as the build script packs them, and how they are read.
//!
//! ```text
//! index    u32 count, entries of 8 bytes     the index of `index`, used where it lies
//! open     u32 count, entries of 8 bytes
//! sources  u16 count, texts                  each once: many apps share one
//! apps     u16 count, then per app:
//!            text id, text name, u8 category, u8 count of its sources, u16 each,
//!            u16 count of its facts, per fact: u8 slot | system << 4 | weak << 6, text
//! text     u8 length, UTF-8
//! ```
//! Numbers are little-endian; enums stand as their place in `ALL`. There is no version: writer and reader are one build.
//!
//! Invariant: texts and index are borrowed from the bytes; only the lists of apps and facts are on the heap.
//! Not here: a catalog that somebody wrote (`parse`).

use std::borrow::Cow;

use crate::app::{App, Category, Fact, Slot, Text};
use crate::index::{Catalog, Entry};
use crate::query::Os;

/// `None` when the bytes are not what the build script writes.
pub(crate) fn read(bytes: &'static [u8]) -> Option<Catalog> {
    let mut rest = Rest(bytes);
    let index = rest.entries()?;
    let open = rest.entries()?;
    let sources = (0..rest.count()?)
        .map(|_| rest.text())
        .collect::<Option<Vec<_>>>()?;
    let apps = (0..rest.count()?)
        .map(|_| rest.app(&sources))
        .collect::<Option<_>>()?;
    rest.0
        .is_empty()
        .then(|| Catalog::of_parts(apps, Cow::Borrowed(index), Cow::Borrowed(open)))
}

/// What has not been read yet.
struct Rest(&'static [u8]);

impl Rest {
    fn take(&mut self, length: usize) -> Option<&'static [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    fn byte(&mut self) -> Option<u8> {
        let [byte] = *self.take(1)?.as_array()?;
        Some(byte)
    }

    fn count(&mut self) -> Option<usize> {
        Some(u16::from_le_bytes(*self.take(2)?.as_array()?).into())
    }

    fn entries(&mut self) -> Option<&'static [Entry]> {
        let count = u32::from_le_bytes(*self.take(4)?.as_array()?) as usize;
        let bytes = self.take(count.checked_mul(size_of::<Entry>())?)?;
        Some(bytes.as_chunks().0)
    }

    fn text(&mut self) -> Option<Text> {
        let length = self.byte()?;
        let bytes = self.take(length.into())?;
        Some(Cow::Borrowed(std::str::from_utf8(bytes).ok()?))
    }

    fn app(&mut self, sources: &[Text]) -> Option<App> {
        Some(App {
            id: self.text()?,
            name: self.text()?,
            category: *Category::ALL.get(usize::from(self.byte()?))?,
            sources: (0..self.byte()?)
                .map(|_| sources.get(self.count()?).cloned())
                .collect::<Option<_>>()?,
            facts: (0..self.count()?)
                .map(|_| self.fact())
                .collect::<Option<_>>()?,
        })
    }

    fn fact(&mut self) -> Option<Fact> {
        let tag = usize::from(self.byte()?);
        Some(Fact {
            slot: *Slot::ALL.get(tag & 0b1111)?,
            os: Os::ALL.get(tag >> 4 & 0b11).copied(),
            weak: tag >> 6 == 1,
            text: self.text()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn enums_stand_at_their_own_place() {
        assert!(
            Slot::ALL
                .iter()
                .enumerate()
                .all(|(at, slot)| *slot as usize == at)
        );
        assert!(
            Category::ALL
                .iter()
                .enumerate()
                .all(|(at, category)| *category as usize == at)
        );
        assert!(
            Os::ALL
                .iter()
                .enumerate()
                .all(|(at, os)| *os as usize == at)
        );
    }

    #[test]
    fn other_bytes_are_no_catalog() {
        assert!(read(&[]).is_none());
        assert!(read(&[0; 11]).is_none());
        assert!(read(&[0; 12]).is_some_and(|empty| empty.apps().is_empty()));
        assert!(read(&[0; 13]).is_none());
        assert!(read(&[0xFF; 64]).is_none());
    }
}
