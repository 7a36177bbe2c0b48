//! Packs `apps/*.toml` and its index into bytes: a laptop looks the catalog up, it does not read it.
//!
//! Invariant: a document that `Catalog::parse` refuses stops the build with its place. What the bytes mean stands in
//! `src/packed.rs`, which reads them; a test there compares both ways.

// The library's own modules, of which a part is used here.
#![allow(dead_code)]

#[path = "src/app.rs"]
mod app;
#[path = "src/index.rs"]
mod index;
#[path = "src/normal.rs"]
mod normal;
#[path = "src/parse.rs"]
mod parse;
#[path = "src/query.rs"]
mod query;

use std::{collections::BTreeSet, env, error::Error, fs, path::PathBuf};

use index::Catalog;

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed=apps");
    let mut paths: Vec<PathBuf> = fs::read_dir("apps")?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<_, _>>()?;
    paths.retain(|path| path.extension().is_some_and(|ending| ending == "toml"));
    // The same bytes on every machine.
    paths.sort();
    let mut documents = Vec::new();
    for path in &paths {
        documents.push((path.display().to_string(), fs::read_to_string(path)?));
    }
    let named: Vec<(&str, &str)> = documents
        .iter()
        .map(|(name, text)| (name.as_str(), text.as_str()))
        .collect();
    let catalog = Catalog::parse_named(&named)?;
    let out = PathBuf::from(env::var("OUT_DIR")?);
    fs::write(out.join("catalog.packed"), packed(&catalog)?)?;
    Ok(())
}

fn packed(catalog: &Catalog) -> Result<Vec<u8>, Box<dyn Error>> {
    let mut out = Vec::new();
    for part in catalog.parts() {
        out.extend(u32::try_from(part.len())?.to_le_bytes());
        out.extend(part.as_flattened());
    }
    // Many apps share a source.
    let sources: BTreeSet<&str> = catalog
        .apps()
        .iter()
        .flat_map(|app| app.sources.iter().map(|source| &**source))
        .collect();
    let sources: Vec<&str> = sources.into_iter().collect();
    out.extend(u16::try_from(sources.len())?.to_le_bytes());
    for source in &sources {
        text(&mut out, source)?;
    }
    out.extend(u16::try_from(catalog.apps().len())?.to_le_bytes());
    for app in catalog.apps() {
        text(&mut out, &app.id)?;
        text(&mut out, &app.name)?;
        out.push(app.category as u8);
        out.push(u8::try_from(app.sources.len())?);
        for source in &app.sources {
            let at = sources
                .binary_search(&&**source)
                .map_err(|_| "no such source")?;
            out.extend(u16::try_from(at)?.to_le_bytes());
        }
        out.extend(u16::try_from(app.facts.len())?.to_le_bytes());
        for fact in &app.facts {
            // Three systems and none.
            let scope = fact.os.map_or(query::Os::ALL.len() as u8, |os| os as u8);
            out.push(fact.slot as u8 | scope << 4 | u8::from(fact.weak) << 6);
            text(&mut out, &fact.text)?;
        }
    }
    Ok(out)
}

fn text(out: &mut Vec<u8>, text: &str) -> Result<(), Box<dyn Error>> {
    out.push(u8::try_from(text.len()).map_err(|_| format!("longer than 255 bytes: {text}"))?);
    out.extend(text.as_bytes());
    Ok(())
}
