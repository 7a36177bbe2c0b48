//! The catalog and its index: a sorted list of hashes, eight bytes an entry.
//!
//! Invariant: a hit is compared with the fact itself, so a collision of hashes costs time, never a wrong answer.
//! Not here: what a hit means (`matcher`).

use std::borrow::Cow;

use crate::app::{App, Fact, Slot};
use crate::normal;
use crate::query::Os;

/// Length of a process name in `/proc/PID/stat`, and on macOS: the kernels cut there.
pub(crate) const LINUX_COMM: usize = 15;
pub(crate) const MACOS_COMM: usize = 16;

/// Hash (4 bytes), number of the app (2), number of its fact (2), little-endian: bytes, so that a packed index is used where
/// it lies.
pub(crate) type Entry = [u8; 8];

/// All apps, and how to find them.
#[derive(Clone, Debug, Default)]
pub struct Catalog {
    apps: Vec<App>,
    index: Cow<'static, [Entry]>,
    /// Facts with a final `*` that no directory helps to find: processes and domains. Few.
    open: Cow<'static, [Entry]>,
}

/// A fact that was found.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Hit<'a> {
    pub app: &'a App,
    pub fact: &'a Fact,
}

impl Hit<'_> {
    pub fn weak(&self) -> bool {
        self.fact.weak
    }
}

/// How a key was made from a fact: whole, cut by the kernel, the directory above a final `*`, or a name's letters alone.
#[derive(Clone, Copy)]
#[repr(u8)]
enum Way {
    Whole,
    Cut,
    Under,
    Letters,
}

impl Catalog {
    /// Indexes these apps, which are sorted by id.
    pub(crate) fn new(apps: Vec<App>) -> Self {
        let (index, open) = indexed(&apps);
        Self::of_parts(apps, Cow::Owned(index), Cow::Owned(open))
    }

    /// From an index that [`Self::new`] made of the same apps.
    pub(crate) fn of_parts(
        apps: Vec<App>,
        index: Cow<'static, [Entry]>,
        open: Cow<'static, [Entry]>,
    ) -> Self {
        Self { apps, index, open }
    }

    /// The index and the open facts: the build script packs them.
    #[allow(dead_code)]
    pub(crate) fn parts(&self) -> [&[Entry]; 2] {
        [&self.index, &self.open]
    }

    /// Every app, by id.
    pub fn apps(&self) -> &[App] {
        &self.apps
    }

    /// The app with this id.
    pub fn app(&self, id: &str) -> Option<&App> {
        self.apps
            .binary_search_by(|app| (*app.id).cmp(id))
            .ok()
            .and_then(|at| self.apps.get(at))
    }

    /// Bytes on the heap, texts of an owned catalog excluded.
    pub fn weight(&self) -> usize {
        let own = |entries: &Cow<'static, [Entry]>| match entries {
            Cow::Borrowed(_) => 0,
            Cow::Owned(entries) => entries.capacity() * size_of::<Entry>(),
        };
        let facts: usize = self
            .apps
            .iter()
            .map(|app| size_of_val(&*app.facts) + size_of_val(&*app.sources))
            .sum();
        facts + self.apps.capacity() * size_of::<App>() + own(&self.index) + own(&self.open)
    }

    /// The fact whose normal form is `key`; a strong one is preferred.
    pub(crate) fn find(&self, os: Os, slot: Slot, key: &str) -> Option<Hit<'_>> {
        self.all(os, slot, key).min_by_key(Hit::weak)
    }

    /// Every fact whose normal form is `key`.
    pub(crate) fn all(&self, os: Os, slot: Slot, key: &str) -> impl Iterator<Item = Hit<'_>> {
        [Some(os), None].into_iter().flat_map(move |scope| {
            self.hits(Way::Whole, slot, scope, key)
                .filter(move |hit| normal::fact_form(hit.fact) == key)
        })
    }

    /// The process whose name the kernel cut to `key`.
    pub(crate) fn find_cut(&self, os: Os, key: &str) -> Option<Hit<'_>> {
        self.hits(Way::Cut, Slot::Process, Some(os), key)
            .filter(|hit| comm(Some(os), &normal::fact_form(hit.fact)) == Some(key))
            .min_by_key(Hit::weak)
    }

    /// The product whose display name, on any system, has these letters; none where two products have.
    pub(crate) fn find_letters(&self, letters: &str) -> Option<Hit<'_>> {
        let scopes = Os::ALL.into_iter().map(Some).chain([None]);
        let mut hits = scopes
            .flat_map(|scope| self.hits(Way::Letters, Slot::Name, scope, letters))
            .filter(|hit| normal::letters(&hit.fact.text) == letters);
        let first = hits.next()?;
        hits.all(|hit| hit.app.id == first.app.id).then_some(first)
    }

    /// The one app of which bundle ids stand below `opening`. Looks at every fact: for patterns, which are few.
    pub(crate) fn find_bundles(&self, opening: &str) -> Option<Hit<'_>> {
        let below = |text: &str| {
            let rest = text.get(opening.len()..);
            opening.contains('.')
                && rest.is_some_and(|rest| rest.starts_with('.'))
                && text
                    .get(..opening.len())
                    .is_some_and(|own| own.eq_ignore_ascii_case(opening))
        };
        let mut hits = self.apps.iter().filter_map(|app| {
            let mut facts = app.facts.iter();
            let fact = facts.find(|fact| fact.slot == Slot::Bundle && below(&fact.text))?;
            Some(Hit { app, fact })
        });
        let first = hits.next()?;
        hits.next().is_none().then_some(first)
    }

    /// The path fact `parent/prefix*` that `parent/segment` fits.
    pub(crate) fn find_under(
        &self,
        os: Os,
        slot: Slot,
        parent: &str,
        segment: &str,
    ) -> Option<Hit<'_>> {
        let whole = format!("{parent}/{segment}");
        self.hits(Way::Under, slot, Some(os), opening(&whole))
            .filter(|hit| {
                let form = normal::fact_form(hit.fact);
                let (own, prefix) = normal::split_last(form.trim_end_matches('*'));
                own == parent && segment.starts_with(prefix)
            })
            .min_by_key(Hit::weak)
    }

    /// The longest open fact (`name*`, or `*suffix` for a domain) that `key` fits.
    pub(crate) fn find_open(&self, os: Os, slot: Slot, key: &str) -> Option<Hit<'_>> {
        let wanted = [
            hash(Way::Whole, slot, Some(os), head(key)),
            hash(Way::Whole, slot, None, head(key)),
            hash(Way::Whole, slot, None, "*"),
        ];
        self.open
            .iter()
            .filter(|entry| wanted.contains(&hash_of(entry)))
            .filter_map(|entry| self.hit(entry))
            .filter(|hit| hit.fact.slot == slot && hit.fact.os.is_none_or(|own| own == os))
            .filter(|hit| {
                let form = normal::fact_form(hit.fact);
                match form.strip_prefix('*') {
                    Some(suffix) => key.ends_with(suffix) && key.len() > suffix.len(),
                    None => key.starts_with(form.trim_end_matches('*')),
                }
            })
            .max_by_key(|hit| (!hit.fact.weak, hit.fact.text.len()))
    }

    fn hits(
        &self,
        way: Way,
        slot: Slot,
        scope: Option<Os>,
        key: &str,
    ) -> impl Iterator<Item = Hit<'_>> {
        let wanted = hash(way, slot, scope, key);
        let first = self.index.partition_point(|entry| hash_of(entry) < wanted);
        self.index
            .iter()
            .skip(first)
            .take_while(move |entry| hash_of(entry) == wanted)
            .filter_map(|entry| self.hit(entry))
            .filter(move |hit| hit.fact.slot == slot && hit.fact.os == scope)
    }

    fn hit(&self, entry: &Entry) -> Option<Hit<'_>> {
        let [_, _, _, _, a, b, c, d] = *entry;
        let app = self.apps.get(usize::from(u16::from_le_bytes([a, b])))?;
        let fact = app.facts.get(usize::from(u16::from_le_bytes([c, d])))?;
        Some(Hit { app, fact })
    }
}

/// Entries of all facts, sorted by hash, and of the open ones.
fn indexed(apps: &[App]) -> (Vec<Entry>, Vec<Entry>) {
    let (mut index, mut open_facts) = (Vec::new(), Vec::new());
    for (at, app) in apps.iter().enumerate() {
        for (nth, fact) in app.facts.iter().enumerate() {
            // The limits of `parse` keep both within 16 bits.
            let (Ok(app), Ok(nth)) = (u16::try_from(at), u16::try_from(nth)) else {
                continue;
            };
            let form = normal::fact_form(fact);
            let entry = |way, key: &str| entry(hash(way, fact.slot, fact.os, key), app, nth);
            match (fact.slot, form.strip_suffix('*')) {
                (Slot::Install | Slot::Data, Some(open)) => {
                    index.push(entry(Way::Under, opening(open)));
                }
                (_, Some(open)) => open_facts.push(entry(Way::Whole, head(open))),
                (Slot::Domain, None) if form.starts_with('*') => {
                    open_facts.push(entry(Way::Whole, "*"));
                }
                (Slot::Process, None) => {
                    index.push(entry(Way::Whole, &form));
                    if let Some(cut) = comm(fact.os, &form) {
                        index.push(entry(Way::Cut, cut));
                    }
                }
                (Slot::Name, None) => {
                    index.push(entry(Way::Whole, &form));
                    if !fact.weak {
                        index.push(entry(Way::Letters, &normal::letters(&form)));
                    }
                }
                _ => index.push(entry(Way::Whole, &form)),
            }
        }
    }
    index.sort_by_key(hash_of);
    index.shrink_to_fit();
    open_facts.shrink_to_fit();
    (index, open_facts)
}

fn entry(hash: u32, app: u16, fact: u16) -> Entry {
    let ([a, b, c, d], [e, f], [g, h]) =
        (hash.to_le_bytes(), app.to_le_bytes(), fact.to_le_bytes());
    [a, b, c, d, e, f, g, h]
}

fn hash_of(entry: &Entry) -> u32 {
    let [a, b, c, d, ..] = *entry;
    u32::from_le_bytes([a, b, c, d])
}

/// What the kernel leaves of a long process name, where it cuts at all.
fn comm(os: Option<Os>, name: &str) -> Option<&str> {
    let limit = match os? {
        Os::Linux => LINUX_COMM,
        Os::Macos => MACOS_COMM,
        Os::Windows => return None,
    };
    if name.len() > limit {
        name.get(..limit)
    } else {
        None
    }
}

/// The directory above an open path and the first letter below it: many facts share a directory, few a letter too.
fn opening(path: &str) -> &str {
    let (parent, segment) = normal::split_last(path);
    path.get(..parent.len() + 1 + head(segment).len())
        .unwrap_or(path)
}

/// What open facts are sorted out by before they are compared: their first letter.
fn head(key: &str) -> &str {
    key.chars()
        .next()
        .and_then(|c| key.get(..c.len_utf8()))
        .unwrap_or_default()
}

/// FNV-1a, 32 bits: short keys, no state, the same on every machine.
fn hash(way: Way, slot: Slot, scope: Option<Os>, key: &str) -> u32 {
    let scope = scope.map_or(3, |os| os as u8);
    let tag = [way as u8, slot as u8, scope];
    tag.iter()
        .copied()
        .chain(key.bytes())
        .fold(0x811c_9dc5, |hash, byte| {
            (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
        })
}
