//! From a piece of evidence to an app: one door, a way of looking for each kind of evidence.
//!
//! Invariant: a confidence falls with every step taken away from the fact as it is written; a weak fact never stands alone.
//! Not here: how spellings are levelled (`normal`), how processes are judged (`matcher/process`).

mod commandline;
mod ids;
mod kin;
mod place;
mod process;
mod software;

use crate::account;
use crate::app::Slot;
use crate::index::{Catalog, Hit};
use crate::normal;
use crate::query::{Answer, Context, FactKind, Flag, Match, Os, Query, State};

/// Longer values are no evidence of anything in the catalog: Windows allows paths of 32,767 characters, facts have 256.
const MAX_VALUE_BYTES: usize = 8 << 10;

/// Names shorter than this are words too, and what follows them may belong to them: `Line 6` is no version of LINE.
const SHORT_NAME: usize = 5;

/// How sure each kind of evidence makes, before what speaks for or against it.
mod sure {
    pub const ID: f64 = 0.98;
    pub const PACKAGE: f64 = 0.95;
    pub const DISPLAY_NAME: f64 = 0.95;
    pub const APP: f64 = 0.93;
    pub const DESKTOP: f64 = 0.93;
    pub const MOUNT: f64 = 0.93;
    pub const INSTALL_PATH: f64 = 0.9;
    pub const PROCESS: f64 = 0.9;
    pub const PROCESS_AT_HOME: f64 = 0.98;
    pub const ORIGINAL: f64 = 0.9;
    pub const DOMAIN: f64 = 0.85;
    pub const DATA_PATH: f64 = 0.85;
    pub const WRAPPED: f64 = 0.85;
    pub const TRIMMED: f64 = 0.8;
    pub const CUT: f64 = 0.75;
    pub const KIN: f64 = 0.65;
    pub const WEAK: f64 = 0.6;
    pub const NEIGHBOUR: f64 = 0.6;
    pub const PRETENDED: f64 = 0.4;
}

/// What a way of looking found, before it is dressed as a [`Match`].
#[derive(Clone, Debug)]
struct Found<'a> {
    hit: Hit<'a>,
    confidence: f64,
    flags: Vec<Flag>,
    /// What else spoke, in fixed words.
    beside: Vec<&'static str>,
    state: Option<State>,
}

impl<'a> Found<'a> {
    fn new(hit: Hit<'a>, confidence: f64) -> Self {
        let confidence = if hit.weak() {
            confidence.min(sure::WEAK)
        } else {
            confidence
        };
        Self {
            hit,
            confidence,
            flags: Vec::new(),
            beside: Vec::new(),
            state: None,
        }
    }

    fn at_most(mut self, confidence: f64) -> Self {
        self.confidence = self.confidence.min(confidence);
        self
    }

    fn flag(&mut self, flag: Flag) {
        if !self.flags.contains(&flag) {
            self.flags.push(flag);
        }
    }
}

impl Catalog {
    /// The app that `value` is evidence of, on `os`, if any.
    pub fn matches(
        &self,
        os: Os,
        kind: FactKind,
        value: &str,
        context: &Context,
    ) -> Option<Match<'_>> {
        let value = value.trim();
        if value.is_empty() || value.len() > MAX_VALUE_BYTES || value.contains('\0') {
            return None;
        }
        // A Windows program on another system is known by what it is there.
        if os != Os::Windows
            && matches!(kind, FactKind::Process | FactKind::Path | FactKind::AppPath)
            && let Some(inside) = normal::windows_inside(value)
        {
            return self.matches(Os::Windows, kind, &inside, context);
        }
        let mut found = match kind {
            FactKind::Process => process::find(self, os, value, context),
            FactKind::Path => place::find(self, os, value),
            FactKind::AppPath => place::find_app(self, os, value),
            FactKind::Package => ids::package(self, os, value),
            FactKind::BundleId => ids::bundle(self, value),
            FactKind::DesktopId => ids::desktop(self, value),
            FactKind::Flatpak => ids::flatpak(self, value),
            FactKind::Snap => ids::snap(self, value),
            FactKind::Mount => place::find_mount(self, os, value),
            FactKind::Domain => ids::domain(self, os, value),
            FactKind::InstalledSoftware => software::find(self, os, value, context),
        }?;
        if let Some(flag) = account_of(&found, kind, value, context) {
            found.flag(flag);
        }
        Some(dress(found, kind))
    }
}

/// The answer to one line of `catalog match`.
pub fn answer(catalog: &Catalog, os: Os, query: &Query) -> Answer {
    catalog
        .matches(os, query.kind, &query.value, &query.context)
        .into()
}

/// What the context says of the account; else what Microsoft itself writes into folder and host names. A folder or host
/// of another organisation than the one the context knows is foreign, whoever is signed in.
fn account_of(found: &Found<'_>, kind: FactKind, value: &str, context: &Context) -> Option<Flag> {
    let told = account::kind(context);
    let (written, organisation) = match (&*found.hit.app.id, kind) {
        ("onedrive", FactKind::Path | FactKind::Mount) => (
            place::onedrive_account(value),
            place::onedrive_organisation(value),
        ),
        ("onedrive" | "sharepoint", FactKind::Domain) => (
            ids::onedrive_account(value, context),
            ids::sharepoint_organisation(value),
        ),
        _ => (None, None),
    };
    // The consumer's folder is a person's, even on a laptop whose organisation is known.
    let flag = match written {
        Some(Flag::Personal) => Flag::Personal,
        written => told.or(written)?,
    };
    let foreign = flag == Flag::Business
        && organisation.is_some_and(|name| account::is_another(&name, context));
    Some(if foreign { Flag::ForeignTenant } else { flag })
}

fn dress(found: Found<'_>, kind: FactKind) -> Match<'_> {
    let Found {
        hit,
        confidence,
        mut flags,
        beside,
        state,
    } = found;
    flags.sort_unstable();
    let mut why = format!("{} {}", hit.fact.slot.word(), hit.fact.text);
    for word in beside {
        why.push_str("; ");
        why.push_str(word);
    }
    let by_slot = if hit.fact.slot == Slot::Install {
        State::Installed
    } else {
        kind.state()
    };
    Match {
        app: &hit.app.id,
        name: &hit.app.name,
        category: hit.app.category,
        confidence: (confidence.clamp(0.0, 1.0) * 100.0).round() / 100.0,
        flags,
        why,
        state: state.unwrap_or(by_slot.max(kind.state())),
    }
}
