//! A product's name where no fact of that kind is known: its package, program, folder or id carries the same letters.
//!
//! Invariant: only names that are long and nobody's word stand in for a fact, and what they say is less sure than any fact.
//! Not here: display names compared as display names (`software`).

use super::{Found, sure};
use crate::index::{Catalog, Hit};
use crate::normal;
use crate::query::Os;

/// Shorter names meet by chance: five letters are what half of all commands have.
const LEAST_LETTERS: usize = 6;

/// On a system that no fact of the product speaks of: `radmin` of Windows is a program of FreeRADIUS on Linux.
const LEAST_LETTERS_ELSEWHERE: usize = 8;

/// Names that are words or phrases, sorted: a program, package or folder called so may be anybody's.
const WORDS: [&str; 60] = [
    "apollo",
    "backrest",
    "barrier",
    "beeper",
    "caprine",
    "celeste",
    "chicken",
    "classifiedads",
    "colloquy",
    "conversations",
    "deluge",
    "desktopnow",
    "discord",
    "duplicity",
    "element",
    "fastmeeting",
    "forklift",
    "fractal",
    "getbackup",
    "halite",
    "hightail",
    "messenger",
    "mirage",
    "missive",
    "moonlight",
    "mumble",
    "nebula",
    "packet",
    "pangolin",
    "parsec",
    "persepolis",
    "pidgin",
    "profanity",
    "quaternion",
    "quickassist",
    "rainbow",
    "remotedesktop",
    "remotely",
    "ripcord",
    "screens",
    "session",
    "signal",
    "simplex",
    "spectral",
    "station",
    "status",
    "sunshine",
    "supremo",
    "synergy",
    "tangram",
    "telegram",
    "teleport",
    "terminals",
    "textual",
    "thunder",
    "transmission",
    "transmit",
    "unison",
    "whereby",
    "wormhole",
];

/// The product that `text` (a name, a token, the last part of an id) is called after.
pub(super) fn named<'a>(catalog: &'a Catalog, os: Os, text: &str) -> Option<Hit<'a>> {
    let letters = normal::letters(text);
    let length = letters.chars().count();
    if length < LEAST_LETTERS || is_word(&letters) {
        return None;
    }
    catalog.find_letters(&letters).filter(|hit| {
        let here = hit.app.systems().any(|system| system == os);
        let spelled = os != Os::Linux || is_spelled(text, &hit.fact.text);
        spelled && (here || length >= LEAST_LETTERS_ELSEWHERE)
    })
}

/// Linux tells `Dropbox` and `dropbox` from `DROPBOX`, which is somebody's script.
fn is_spelled(text: &str, name: &str) -> bool {
    let same = |a: &str, b: &str| {
        a.chars()
            .filter(|c| c.is_alphanumeric())
            .eq(b.chars().filter(|c| c.is_alphanumeric()))
    };
    !text.contains(char::is_uppercase) || same(text, name)
}

/// Whether people use the name for other things, too.
pub(super) fn is_word(name: &str) -> bool {
    WORDS.binary_search(&name).is_ok()
}

/// The same as an answer.
pub(super) fn found<'a>(catalog: &'a Catalog, os: Os, text: &str) -> Option<Found<'a>> {
    let mut found = Found::new(named(catalog, os, text)?, sure::KIN);
    found.beside.push("known by the product's name alone");
    Some(found)
}

/// `org.vendor.Product`: the product is the last label, or the one before a label that says what for.
pub(super) fn of_id<'a>(catalog: &'a Catalog, os: Os, id: &str) -> Option<Found<'a>> {
    const WHAT_FOR: [&str; 10] = [
        "app", "client", "desktop", "electron", "gtk", "helper", "linux", "mac", "macos", "qt",
    ];
    let id = id.strip_suffix(".desktop").unwrap_or(id);
    // What a system's maker signs is its own.
    if id.starts_with("com.apple.") {
        return None;
    }
    let mut labels: Vec<&str> = id.split('.').collect();
    while labels.len() > 2 && labels.last().is_some_and(|last| WHAT_FOR.contains(last)) {
        labels.pop();
    }
    let last = labels.last()?;
    let bare = [
        "helper", "agent", "daemon", "launcher", "updater", "service",
    ]
    .iter()
    .find_map(|end| last.strip_suffix(end));
    found(catalog, os, last).or_else(|| found(catalog, os, bare?))
}

/// `Publisher.Product` of winget, `product` and `product.install` of Chocolatey, `product@beta` of Homebrew, `product-bin`.
pub(super) fn of_package<'a>(catalog: &'a Catalog, os: Os, name: &str) -> Option<Found<'a>> {
    match os {
        Os::Windows => {
            let (publisher, product) = name.split_once('.').unwrap_or(("", name));
            found(catalog, os, product).filter(|found| {
                publisher.is_empty() || speaks_of(found.hit, &normal::letters(publisher))
            })
        }
        Os::Macos => found(catalog, os, name.split('@').next().unwrap_or(name)),
        Os::Linux => {
            let name = ["-bin", "-git", "-appimage", "-desktop", "-desktop-bin"]
                .iter()
                .find_map(|end| name.strip_suffix(end))
                .unwrap_or(name);
            found(catalog, os, name)
        }
    }
}

/// Whether a publisher's name is one that the app's own facts carry: its vendor, its service's domain, its own name. A plugin
/// or a wrapper of somebody else's may bear the product's name, too.
fn speaks_of(hit: Hit<'_>, publisher: &str) -> bool {
    hit.app.facts.iter().any(|fact| {
        let own = normal::letters(&fact.text);
        own.starts_with(publisher) || publisher.starts_with(&own) && own.len() >= LEAST_LETTERS
    })
}
