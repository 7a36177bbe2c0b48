//! From TOML documents to apps; every refusal names the place.
//!
//! Invariant: what comes out is within the limits, every app has sources and an id of its own, no strong fact is claimed twice.
//! Not here: comparing values (`matcher`).

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::marker::PhantomData;

use serde::de::{self, Deserialize, Deserializer, Visitor};
use toml::Spanned;

use crate::app::{App, Category, Fact, Slot, Text};
use crate::index::Catalog;
use crate::normal;
use crate::query::Os;

/// A policy message is bounded; so is each part of a catalog in it. Ten times what the built-in one needs.
const MAX_DOCUMENTS: usize = 64;
const MAX_DOCUMENT_BYTES: usize = 2 << 20;
/// All documents together: an agent that must stay small holds them all.
const MAX_TOTAL_BYTES: usize = 4 << 20;
const MAX_APPS: usize = 4096;
const MAX_FACTS_PER_APP: usize = 1024;
const MAX_TEXT_BYTES: usize = 256;

/// The limits by name, for error texts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Limit {
    #[error("more than {MAX_DOCUMENTS} documents")]
    Documents,
    #[error("document larger than {MAX_DOCUMENT_BYTES} bytes")]
    DocumentBytes,
    #[error("documents larger than {MAX_TOTAL_BYTES} bytes together")]
    TotalBytes,
    #[error("more than {MAX_APPS} apps")]
    Apps,
    #[error("more than {MAX_FACTS_PER_APP} facts in one app")]
    Facts,
    #[error("text longer than {MAX_TEXT_BYTES} bytes")]
    Text,
}

/// Why a catalog was refused. `app` and `field` are empty where the trouble is outside of any.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{file}, line {line}{}{}: {problem}",
    Named(" app ", app),
    Named(" field ", field)
)]
pub struct CatalogError {
    pub file: String,
    pub line: usize,
    pub app: String,
    pub field: String,
    pub problem: String,
}

struct Named<'a>(&'static str, &'a str);

impl fmt::Display for Named<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.1.is_empty() {
            Ok(())
        } else {
            write!(f, ",{}{}", self.0, self.1)
        }
    }
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Document<'a> {
    category: Category,
    #[serde(borrow, default, rename = "app")]
    apps: Vec<RawApp<'a>>,
}

type Table<'a> = BTreeMap<Slot, Vec<Spanned<Raw<'a>>>>;

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct RawApp<'a> {
    #[serde(borrow)]
    id: Spanned<Raw<'a>>,
    #[serde(borrow)]
    name: Spanned<Raw<'a>>,
    #[serde(borrow)]
    sources: Vec<Spanned<Raw<'a>>>,
    #[serde(borrow, default)]
    any: Table<'a>,
    #[serde(borrow, default)]
    linux: Table<'a>,
    #[serde(borrow, default)]
    macos: Table<'a>,
    #[serde(borrow, default)]
    windows: Table<'a>,
}

/// A text that stays borrowed inside lists, which serde's own `Cow` does not.
struct Raw<'a>(Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Raw<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Take<'a>(PhantomData<&'a str>);
        impl<'de: 'a, 'a> Visitor<'de> for Take<'a> {
            type Value = Raw<'a>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text")
            }
            fn visit_borrowed_str<E: de::Error>(self, text: &'de str) -> Result<Raw<'a>, E> {
                Ok(Raw(Cow::Borrowed(text)))
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Raw<'a>, E> {
                Ok(Raw(Cow::Owned(text.to_owned())))
            }
            fn visit_string<E: de::Error>(self, text: String) -> Result<Raw<'a>, E> {
                Ok(Raw(Cow::Owned(text)))
            }
        }
        deserializer.deserialize_str(Take(PhantomData))
    }
}

impl Catalog {
    /// A catalog from documents that came from elsewhere; the texts are copied. Documents are named by number in errors.
    pub fn parse(docs: &[&str]) -> Result<Self, CatalogError> {
        let named: Vec<(String, &str)> = docs
            .iter()
            .enumerate()
            .map(|(at, doc)| (format!("document {}", at + 1), *doc))
            .collect();
        let named: Vec<(&str, &str)> = named
            .iter()
            .map(|(name, doc)| (name.as_str(), *doc))
            .collect();
        Self::parse_named(&named)
    }

    /// The same, of documents that have names.
    pub(crate) fn parse_named(docs: &[(&str, &str)]) -> Result<Self, CatalogError> {
        let catalog = build(docs, |text| Cow::Owned(text.into_owned()))?;
        unique(docs, catalog.apps())?;
        Ok(catalog)
    }
}

fn build<'a>(
    docs: &[(&str, &'a str)],
    keep: impl Fn(Cow<'a, str>) -> Text,
) -> Result<Catalog, CatalogError> {
    if docs.len() > MAX_DOCUMENTS {
        return Err(CatalogError::outside("", Limit::Documents));
    }
    if docs.iter().map(|(_, doc)| doc.len()).sum::<usize>() > MAX_TOTAL_BYTES {
        return Err(CatalogError::outside("", Limit::TotalBytes));
    }
    let mut apps = Vec::new();
    for (file, doc) in docs {
        if doc.len() > MAX_DOCUMENT_BYTES {
            return Err(CatalogError::outside(file, Limit::DocumentBytes));
        }
        let place = Place { file, doc };
        let parsed: Document<'a> = toml::from_str(doc).map_err(|error| place.syntax(&error))?;
        for raw in parsed.apps {
            if apps.len() == MAX_APPS {
                return Err(CatalogError::outside(file, Limit::Apps));
            }
            apps.push(app(&place, parsed.category, raw, &keep)?);
        }
    }
    apps.sort_by(|a, b| a.id.cmp(&b.id));
    Ok(Catalog::new(apps))
}

fn app<'a>(
    place: &Place<'_, 'a>,
    category: Category,
    raw: RawApp<'a>,
    keep: &impl Fn(Cow<'a, str>) -> Text,
) -> Result<App, CatalogError> {
    let id_at = raw.id.span().start;
    let id = raw.id.get_ref().0.clone().into_owned();
    let refuse =
        |at: usize, field: &str, problem: String| Err(place.error(at, &id, field, problem));
    let proper = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'_';
    if id.is_empty() || !id.bytes().all(proper) {
        return refuse(
            id_at,
            "id",
            "must be lower case letters, digits and _".to_owned(),
        );
    }
    if raw.sources.is_empty() {
        return refuse(
            id_at,
            "sources",
            "name at least one public source".to_owned(),
        );
    }
    let mut facts = Vec::new();
    let tables = [
        (None, raw.any),
        (Some(Os::Linux), raw.linux),
        (Some(Os::Macos), raw.macos),
        (Some(Os::Windows), raw.windows),
    ];
    for (os, table) in tables {
        for (slot, texts) in table {
            for text in texts {
                let at = text.span().start;
                let text = text.into_inner().0;
                if !slot.fits(os) {
                    return refuse(at, slot.word(), "not a fact of this system".to_owned());
                }
                if facts.len() == MAX_FACTS_PER_APP {
                    return refuse(at, slot.word(), Limit::Facts.to_string());
                }
                let (weak, text) = match strip_mark(text) {
                    Some((weak, text)) => (weak, text),
                    None => return refuse(at, slot.word(), "empty".to_owned()),
                };
                if text.len() > MAX_TEXT_BYTES {
                    return refuse(at, slot.word(), Limit::Text.to_string());
                }
                facts.push(Fact {
                    text: keep(text),
                    slot,
                    os,
                    weak,
                });
            }
        }
    }
    for text in raw.sources.iter().chain([&raw.name]) {
        if text.get_ref().0.len() > MAX_TEXT_BYTES || text.get_ref().0.trim().is_empty() {
            return refuse(text.span().start, "sources", "empty or too long".to_owned());
        }
    }
    Ok(App {
        id: keep(raw.id.into_inner().0),
        name: keep(raw.name.into_inner().0),
        category,
        sources: raw
            .sources
            .into_iter()
            .map(|source| keep(source.into_inner().0))
            .collect(),
        facts: facts.into_boxed_slice(),
    })
}

/// Takes the `?` of a weak fact off; `None` for a text with nothing in it.
fn strip_mark(text: Cow<'_, str>) -> Option<(bool, Cow<'_, str>)> {
    let weak = text.starts_with('?');
    let text = match (weak, text) {
        (false, text) => text,
        (true, Cow::Borrowed(text)) => Cow::Borrowed(text.get(1..).unwrap_or_default()),
        (true, Cow::Owned(text)) => Cow::Owned(text.get(1..).unwrap_or_default().to_owned()),
    };
    let bare = text.trim().trim_end_matches('*');
    (!bare.is_empty()).then_some((weak, text))
}

/// Ids are unique; a strong fact belongs to one app. Signers may be shared: they only identify when they are not.
fn unique(docs: &[(&str, &str)], apps: &[App]) -> Result<(), CatalogError> {
    let mut ids = HashMap::new();
    let mut claims: HashMap<(Slot, Option<Os>, String), &str> = HashMap::new();
    for app in apps {
        let refuse = |field: &str, problem: String| {
            let (file, line) = find_app(docs, &app.id);
            Err(CatalogError {
                file,
                line,
                app: app.id.to_string(),
                field: field.to_owned(),
                problem,
            })
        };
        if ids.insert(&*app.id, ()).is_some() {
            return refuse("id", "used twice".to_owned());
        }
        for fact in app
            .facts
            .iter()
            .filter(|fact| !fact.weak && fact.slot != Slot::Signer)
        {
            let key = (fact.slot, fact.os, normal::fact_form(fact));
            if let Some(other) = claims.insert(key, &app.id)
                && other != app.id
            {
                return refuse(
                    fact.slot.word(),
                    format!("{:?} is already a fact of {other}", fact.text),
                );
            }
        }
    }
    Ok(())
}

fn find_app(docs: &[(&str, &str)], id: &str) -> (String, usize) {
    let wanted = format!("id = \"{id}\"");
    for (file, doc) in docs.iter().rev() {
        if let Some(at) = doc.rfind(&wanted) {
            return ((*file).to_owned(), line_of(doc, at));
        }
    }
    (String::new(), 0)
}

fn line_of(doc: &str, at: usize) -> usize {
    doc.bytes().take(at).filter(|byte| *byte == b'\n').count() + 1
}

struct Place<'n, 'a> {
    file: &'n str,
    doc: &'a str,
}

impl Place<'_, '_> {
    fn error(&self, at: usize, app: &str, field: &str, problem: String) -> CatalogError {
        CatalogError {
            file: self.file.to_owned(),
            line: line_of(self.doc, at),
            app: app.to_owned(),
            field: field.to_owned(),
            problem,
        }
    }

    /// The parser knows the position; the app is the nearest `id` above it, the field the key on its line.
    fn syntax(&self, error: &toml::de::Error) -> CatalogError {
        let at = error
            .span()
            .map_or(0, |span| span.start)
            .min(self.doc.len());
        let above = self.doc.get(..at).unwrap_or_default();
        let inside = above
            .rfind("[[app]]")
            .and_then(|table| self.doc.get(table..))
            .unwrap_or_default();
        let app = inside
            .lines()
            .skip(1)
            .take_while(|line| !line.starts_with("[["))
            .find_map(|line| line.strip_prefix("id = \""))
            .and_then(|rest| rest.split('"').next())
            .unwrap_or_default();
        let line = self
            .doc
            .lines()
            .nth(line_of(self.doc, at) - 1)
            .unwrap_or_default();
        let field = line.split_once('=').map_or("", |(key, _)| key.trim());
        self.error(at, app, field, error.message().to_owned())
    }
}

impl CatalogError {
    fn outside(file: &str, limit: Limit) -> Self {
        Self {
            file: file.to_owned(),
            line: 1,
            app: String::new(),
            field: String::new(),
            problem: limit.to_string(),
        }
    }
}
