//! The question (a piece of evidence) and the answer (an app, how sure, why).
//!
//! Invariant: these types serialise to the published contract of `catalog match`; a field is added, never renamed.
//! Not here: how the answer is found (`matcher`).

use serde::{Deserialize, Deserializer, Serialize};

use crate::app::Category;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Os {
    Linux,
    Macos,
    Windows,
}

impl Os {
    pub const ALL: [Self; 3] = [Self::Linux, Self::Macos, Self::Windows];
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown system {0:?}: expected linux, macos or windows")]
pub struct UnknownOs(String);

impl std::str::FromStr for Os {
    type Err = UnknownOs;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "linux" => Ok(Self::Linux),
            "macos" => Ok(Self::Macos),
            "windows" => Ok(Self::Windows),
            other => Err(UnknownOs(other.to_owned())),
        }
    }
}

/// What kind of evidence a value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FactKind {
    Process,
    Path,
    Package,
    BundleId,
    AppPath,
    DesktopId,
    Flatpak,
    Snap,
    InstalledSoftware,
    Mount,
    Domain,
}

impl FactKind {
    pub const ALL: [Self; 11] = [
        Self::Process,
        Self::Path,
        Self::Package,
        Self::BundleId,
        Self::AppPath,
        Self::DesktopId,
        Self::Flatpak,
        Self::Snap,
        Self::InstalledSoftware,
        Self::Mount,
        Self::Domain,
    ];

    /// What evidence of this kind proves at least. A path may prove more: see [`Match::state`].
    pub fn state(self) -> State {
        match self {
            Self::Process | Self::Mount => State::RunningNow,
            Self::Domain => State::SignedIn,
            Self::Package | Self::BundleId | Self::AppPath | Self::DesktopId => State::Installed,
            Self::Flatpak | Self::Snap | Self::InstalledSoftware => State::Installed,
            Self::Path => State::FolderLeft,
        }
    }
}

/// Evidence graded: a later variant is the stronger proof of use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    FolderLeft,
    Installed,
    SignedIn,
    RunningNow,
}

/// What is odd or telling about the evidence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Flag {
    /// The file's own record names this app, its name does not.
    Renamed,
    /// Runs from a place nobody installs to: temporary, downloads, removable, an AppImage.
    Portable,
    /// Wears a name, a place or a signature that is not its own.
    Masquerade,
    Personal,
    Business,
    /// A business account of another organisation.
    ForeignTenant,
}

/// What is known beside the value. Everything may be absent; unknown keys are ignored.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, from = "Written")]
pub struct Context {
    pub original_filename: Option<String>,
    pub description: Option<String>,
    /// Product name of the file's version resource.
    pub product: Option<String>,
    pub command_line: Option<String>,
    /// Full path of the executable, where the value is only its name.
    pub image: Option<String>,
    pub signed: Option<bool>,
    /// Subject or organisation of a code signature; on macOS also the team id.
    pub signer: Option<String>,
    pub bundle_id: Option<String>,
    pub package: Option<String>,
    pub account_domain: Option<String>,
    /// Tenant id or domain of the signed-in account.
    pub tenant: Option<String>,
    pub cgroup: Option<String>,
    /// The organisation's own mail domains: what tells a business account from a foreign one.
    pub organisation_domains: Vec<String>,
    /// The organisation's own tenants (id or name).
    pub organisation_tenants: Vec<String>,
}

/// A context as inventories and event logs write it: each thing under several names, perhaps under two of them at once,
/// a number where a text is meant, or null.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Written {
    #[serde(alias = "OriginalFileName")]
    original_filename: Word,
    original_file_name: Word,
    #[serde(alias = "Description")]
    description: Word,
    file_description: Word,
    #[serde(alias = "Product")]
    product: Word,
    product_name: Word,
    #[serde(alias = "CommandLine")]
    command_line: Word,
    cmdline: Word,
    #[serde(alias = "Image")]
    image: Word,
    path: Word,
    exe: Word,
    executable: Word,
    #[serde(deserialize_with = "truth", alias = "Signed")]
    signed: Option<bool>,
    #[serde(alias = "Signature")]
    signer: Word,
    team_id: Word,
    publisher: Word,
    #[serde(alias = "Company")]
    company: Word,
    bundle_id: Word,
    package: Word,
    account_domain: Word,
    tenant: Word,
    tenant_id: Word,
    cgroup: Word,
    #[serde(deserialize_with = "list")]
    organisation_domains: Vec<String>,
    #[serde(
        deserialize_with = "list",
        alias = "org_domains",
        alias = "own_domains"
    )]
    organization_domains: Vec<String>,
    #[serde(deserialize_with = "list", alias = "organisation_tenant")]
    organisation_tenants: Vec<String>,
    #[serde(
        deserialize_with = "list",
        alias = "org_tenants",
        alias = "home_tenant",
        alias = "own_tenant"
    )]
    organization_tenants: Vec<String>,
}

impl From<Written> for Context {
    fn from(written: Written) -> Self {
        let first = |words: &[Word]| words.iter().find_map(|word| word.0.clone());
        Self {
            original_filename: first(&[written.original_filename, written.original_file_name]),
            description: first(&[written.description, written.file_description]),
            product: first(&[written.product, written.product_name]),
            command_line: first(&[written.command_line, written.cmdline]),
            image: first(&[written.image, written.path, written.exe, written.executable]),
            signed: written.signed,
            signer: first(&[
                written.signer,
                written.publisher,
                written.company,
                written.team_id,
            ]),
            bundle_id: first(&[written.bundle_id]),
            package: first(&[written.package]),
            account_domain: first(&[written.account_domain]),
            tenant: first(&[written.tenant, written.tenant_id]),
            cgroup: first(&[written.cgroup]),
            organisation_domains: [written.organisation_domains, written.organization_domains]
                .concat(),
            organisation_tenants: [written.organisation_tenants, written.organization_tenants]
                .concat(),
        }
    }
}

/// A text, or whatever else stands there as its text; nothing where nothing is said.
#[derive(Clone, Default)]
struct Word(Option<String>);

impl<'de> Deserialize<'de> for Word {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Loose {
            Text(String),
            Truth(bool),
            Number(f64),
            Other(serde::de::IgnoredAny),
        }
        let text = match Loose::deserialize(deserializer)? {
            Loose::Text(text) => text,
            Loose::Truth(truth) => truth.to_string(),
            Loose::Number(number) => number.to_string(),
            Loose::Other(_) => String::new(),
        };
        Ok(Self(Some(text).filter(|text| !text.trim().is_empty())))
    }
}

/// One line of `catalog match`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Query {
    pub kind: FactKind,
    pub value: String,
    #[serde(default, deserialize_with = "nothing_or")]
    pub context: Context,
}

/// An app found. Serialises to the contract; `state` is for callers in this process.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Match<'a> {
    pub app: &'a str,
    pub name: &'a str,
    pub category: Category,
    /// 0 to 1.
    pub confidence: f64,
    pub flags: Vec<Flag>,
    /// The facts that spoke, in the catalog's own words: holds nothing of the value.
    pub why: String,
    #[serde(skip)]
    pub state: State,
}

/// The answer to one line: a match, or the same fields with `app` null.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Answer {
    pub app: Option<String>,
    pub name: Option<String>,
    pub category: Option<Category>,
    pub confidence: f64,
    pub flags: Vec<Flag>,
    pub why: String,
}

impl From<Option<Match<'_>>> for Answer {
    fn from(found: Option<Match<'_>>) -> Self {
        match found {
            Some(found) => Self {
                app: Some(found.app.to_owned()),
                name: Some(found.name.to_owned()),
                category: Some(found.category),
                confidence: found.confidence,
                flags: found.flags,
                why: found.why,
            },
            None => Self {
                app: None,
                name: None,
                category: None,
                confidence: 0.0,
                flags: Vec::new(),
                why: "no fact of the catalog fits".to_owned(),
            },
        }
    }
}

/// Other tools write a truth as a word or a number; anything else is unknown rather than an error.
fn truth<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<bool>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Loose {
        Truth(bool),
        Number(i64),
        Word(String),
        Nothing(serde::de::IgnoredAny),
    }
    Ok(match Loose::deserialize(deserializer)? {
        Loose::Truth(truth) => Some(truth),
        Loose::Number(number) => Some(number != 0),
        Loose::Word(word) => match word.to_ascii_lowercase().as_str() {
            "true" | "yes" | "signed" | "valid" | "trusted" | "1" => Some(true),
            "false" | "no" | "unsigned" | "invalid" | "0" => Some(false),
            _ => None,
        },
        Loose::Nothing(_) => None,
    })
}

/// A list, or one text that stands for a list of one.
fn list<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Loose {
        Many(Vec<String>),
        One(String),
        Nothing(()),
    }
    Ok(match Loose::deserialize(deserializer)? {
        Loose::Many(many) => many,
        Loose::One(one) => vec![one],
        Loose::Nothing(()) => Vec::new(),
    })
}

/// `null` says nothing.
fn nothing_or<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Context, D::Error> {
    Ok(Option::<Context>::deserialize(deserializer)?.unwrap_or_default())
}
