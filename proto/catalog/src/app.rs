//! An app and its facts, as the rest of the system sees them.
//!
//! Invariant: a fact is what its source states, in the source's spelling; comparing is the business of `normal`.
//! Not here: how facts are read (`parse`) or found (`index`).

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::ser::SerializeStruct;
use serde::{Deserialize, Serialize, Serializer};

use crate::query::Os;

/// A text of the catalog: borrowed from the binary for the built-in one, owned for one that a policy brought.
pub type Text = Cow<'static, str>;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Category {
    CloudSync,
    FileTransfer,
    Messaging,
    RemoteAccess,
}

impl Category {
    /// In the order of their declaration, which packed catalogs count by.
    pub const ALL: [Self; 4] = [
        Self::CloudSync,
        Self::FileTransfer,
        Self::Messaging,
        Self::RemoteAccess,
    ];
}

/// What a fact speaks of. The crate documentation explains each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Slot {
    Process,
    Install,
    Data,
    Package,
    Bundle,
    App,
    Desktop,
    Flatpak,
    Snap,
    Mount,
    Name,
    Original,
    Description,
    Signer,
    Domain,
}

impl Slot {
    /// In the order of their declaration, which packed catalogs count by.
    pub const ALL: [Self; 15] = [
        Self::Process,
        Self::Install,
        Self::Data,
        Self::Package,
        Self::Bundle,
        Self::App,
        Self::Desktop,
        Self::Flatpak,
        Self::Snap,
        Self::Mount,
        Self::Name,
        Self::Original,
        Self::Description,
        Self::Signer,
        Self::Domain,
    ];

    /// Whether a fact of this slot may be stated for `scope` (`None` is every system).
    pub fn fits(self, scope: Option<Os>) -> bool {
        match self {
            Self::Name | Self::Original | Self::Description | Self::Signer => true,
            Self::Domain => scope.is_none(),
            Self::Desktop | Self::Flatpak | Self::Snap => scope == Some(Os::Linux),
            Self::Bundle | Self::App => scope == Some(Os::Macos),
            Self::Process | Self::Install | Self::Data | Self::Package | Self::Mount => {
                scope.is_some()
            }
        }
    }

    /// The word used in a reason.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Process => "process",
            Self::Install => "program path",
            Self::Data => "data path",
            Self::Package => "package",
            Self::Bundle => "bundle id",
            Self::App => "app",
            Self::Desktop => "desktop id",
            Self::Flatpak => "flatpak",
            Self::Snap => "snap",
            Self::Mount => "mount",
            Self::Name => "display name",
            Self::Original => "original file name",
            Self::Description => "description",
            Self::Signer => "signer",
            Self::Domain => "domain",
        }
    }
}

/// One fact. `os` is `None` for a fact of every system.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fact {
    pub text: Text,
    pub slot: Slot,
    pub os: Option<Os>,
    /// Too common to stand alone.
    pub weak: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct App {
    pub id: Text,
    pub name: Text,
    pub category: Category,
    /// Public places that state the facts.
    pub sources: Box<[Text]>,
    pub facts: Box<[Fact]>,
}

impl App {
    /// The facts that hold on `os`, those of every system included.
    pub fn facts_on(&self, os: Os) -> impl Iterator<Item = &Fact> {
        self.facts
            .iter()
            .filter(move |fact| fact.os.is_none_or(|own| own == os))
    }

    /// The systems this app is recognised on: those with a fact of their own.
    pub fn systems(&self) -> impl Iterator<Item = Os> {
        Os::ALL
            .into_iter()
            .filter(|os| self.facts.iter().any(|fact| fact.os == Some(*os)))
    }

    fn table(&self, scope: Option<Os>) -> BTreeMap<Slot, Vec<&str>> {
        let mut table: BTreeMap<Slot, Vec<&str>> = BTreeMap::new();
        for fact in self.facts.iter().filter(|fact| fact.os == scope) {
            table.entry(fact.slot).or_default().push(&fact.text);
        }
        table
    }
}

/// The shape of the TOML: `any`, `linux`, `macos`, `windows`, each a table of lists; `weak` names the facts that want a
/// second one beside them.
impl Serialize for App {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut out = serializer.serialize_struct("App", 9)?;
        out.serialize_field("id", &self.id)?;
        out.serialize_field("name", &self.name)?;
        out.serialize_field("category", &self.category)?;
        out.serialize_field("any", &self.table(None))?;
        out.serialize_field("linux", &self.table(Some(Os::Linux)))?;
        out.serialize_field("macos", &self.table(Some(Os::Macos)))?;
        out.serialize_field("windows", &self.table(Some(Os::Windows)))?;
        let weak: Vec<&str> = self
            .facts
            .iter()
            .filter(|fact| fact.weak)
            .map(|fact| &*fact.text)
            .collect();
        out.serialize_field("weak", &weak)?;
        out.serialize_field("sources", &self.sources)?;
        out.end()
    }
}
