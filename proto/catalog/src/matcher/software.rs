//! Evidence from the list of installed software: display names.
//!
//! Invariant: a weak display name fits only with version and architecture taken off, never after words were.
//! Not here: packages (`ids`), which have grammars.

use super::{Found, SHORT_NAME, kin, sure};
use crate::app::Slot;
use crate::index::Catalog;
use crate::normal;
use crate::query::{Context, Os};

pub(super) fn find<'a>(
    catalog: &'a Catalog,
    os: Os,
    value: &str,
    context: &Context,
) -> Option<Found<'a>> {
    let mut found = by_name(catalog, os, value)
        .or_else(|| {
            context
                .bundle_id
                .as_deref()
                .and_then(|id| super::ids::bundle(catalog, id))
        })
        .or_else(|| {
            context
                .package
                .as_deref()
                .and_then(|name| super::ids::package(catalog, os, name))
        })
        .or_else(|| super::ids::package(catalog, os, value).filter(|_| !value.contains(' ')))
        .or_else(|| {
            kin::found(
                catalog,
                os,
                &normal::without_version(&normal::display(value)),
            )
        })?;
    let publisher = context
        .signer
        .as_deref()
        .map(normal::letters)
        .unwrap_or_default();
    let vendor = |text: &str| publisher.contains(&normal::vendor(text));
    if !publisher.is_empty()
        && found
            .hit
            .app
            .facts_on(os)
            .any(|fact| fact.slot == Slot::Signer && vendor(&fact.text))
    {
        found.beside.push("its vendor is the publisher");
        found.confidence = sure::ID;
    }
    Some(found)
}

/// The display name as written; without version; without the words every product carries.
pub(super) fn by_name<'a>(catalog: &'a Catalog, os: Os, value: &str) -> Option<Found<'a>> {
    let name = normal::display(value);
    let name = name.strip_suffix(".app").unwrap_or(&name);
    if let Some(hit) = catalog.find(os, Slot::Name, name) {
        return Some(Found::new(hit, sure::DISPLAY_NAME));
    }
    let bare = normal::without_version(name);
    if let Some(hit) = catalog.find(os, Slot::Name, &bare) {
        return Some(Found::new(hit, sure::DISPLAY_NAME - 0.03));
    }
    if let Some(hit) = catalog
        .find_open(os, Slot::Name, name)
        .filter(|hit| !hit.weak())
    {
        return Some(Found::new(hit, sure::TRIMMED));
    }
    let shorter = normal::without_common_words(name);
    let numbered = bare.ends_with(|c: char| c.is_ascii_digit()) && bare != shorter;
    if numbered && shorter.len() < SHORT_NAME {
        return None;
    }
    let hit = catalog
        .find(os, Slot::Name, &shorter)
        .filter(|hit| !hit.weak())?;
    Some(Found::new(hit, sure::TRIMMED))
}
