//! Which keys exist, what they hold, and the three layers over each other: defaults, file, environment.

use std::{fs, path::Path};

use toml::{Table, Value};

use super::{ConfigError, DEFAULT, ENVIRONMENT_PREFIX};
use crate::nearest;

/// Values that `check` must not print.
const SECRETS: [(&str, &str); 6] = [
    ("engine", "password"),
    ("control", "url"),
    ("control", "secrets_key"),
    ("connect", "proxy"),
    ("mail", "smtp"),
    ("mail", "imap"),
];

pub fn effective(
    file: Option<&Path>,
    environment: impl IntoIterator<Item = (String, String)>,
) -> Result<Table, ConfigError> {
    let mut table = parse(DEFAULT, "the built-in defaults")?;
    if let Some(path) = file {
        let text = fs::read_to_string(path).map_err(|source| ConfigError::Read {
            path: path.to_owned(),
            source,
        })?;
        let origin = path.display().to_string();
        let over = parse(&text, &origin)?;
        lay_over(&mut table, over, &origin)?;
    }
    for (name, text) in environment {
        if let Some(path) = name.strip_prefix(ENVIRONMENT_PREFIX) {
            set_from_text(&mut table, path, &text, &name)?;
        }
    }
    Ok(table)
}

/// Masks what must not be printed: whole passwords, and the password inside an address.
pub fn masked(mut table: Table) -> Table {
    for (section, key) in SECRETS {
        let Some(Value::String(text)) = table
            .get_mut(section)
            .and_then(|section| section.get_mut(key))
        else {
            continue;
        };
        *text = match key {
            "password" | "secrets_key" => mask(text),
            _ => mask_url(text),
        };
    }
    table
}

fn mask(secret: &str) -> String {
    if secret.is_empty() {
        String::new()
    } else {
        "***".to_owned()
    }
}

fn mask_url(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else {
        return url.to_owned();
    };
    match rest.rsplit_once('@') {
        Some((who, place)) => {
            let user = who.split(':').next().unwrap_or_default();
            format!("{scheme}://{user}:***@{place}")
        }
        None => url.to_owned(),
    }
}

fn parse(text: &str, origin: &str) -> Result<Table, ConfigError> {
    text.parse().map_err(|source| ConfigError::Syntax {
        origin: origin.to_owned(),
        source,
    })
}

fn lay_over(table: &mut Table, over: Table, origin: &str) -> Result<(), ConfigError> {
    for (section, values) in over {
        let Value::Table(values) = values else {
            return Err(unknown(table, &section, origin));
        };
        if !table.contains_key(&section) {
            return Err(unknown(table, &section, origin));
        }
        for (key, value) in values {
            *slot(table, &section, &key, origin)? = value;
        }
    }
    Ok(())
}

/// A variable carries text; the default's type says how to read it.
fn set_from_text(
    table: &mut Table,
    path: &str,
    text: &str,
    origin: &str,
) -> Result<(), ConfigError> {
    let path = path.to_lowercase();
    let Some((section, key)) = path.split_once("__") else {
        return Err(unknown(table, &path, origin));
    };
    let slot = slot(table, section, key, origin)?;
    let wrong = |expected: &str| ConfigError::Value {
        origin: origin.to_owned(),
        key: format!("{section}.{key}"),
        value: text.to_owned(),
        expected: expected.to_owned(),
    };
    *slot = match slot {
        Value::Integer(_) => Value::Integer(text.parse().map_err(|_| wrong("a whole number"))?),
        Value::Float(_) => Value::Float(text.parse().map_err(|_| wrong("a number"))?),
        Value::Boolean(_) => Value::Boolean(text.parse().map_err(|_| wrong("true or false"))?),
        Value::Array(_) => Value::Array(
            text.split(',')
                .map(|item| Value::String(item.trim().to_owned()))
                .collect(),
        ),
        _ => Value::String(text.to_owned()),
    };
    Ok(())
}

fn slot<'a>(
    table: &'a mut Table,
    section: &str,
    key: &str,
    origin: &str,
) -> Result<&'a mut Value, ConfigError> {
    let exists = table
        .get(section)
        .and_then(Value::as_table)
        .is_some_and(|keys| keys.contains_key(key));
    if !exists {
        return Err(unknown(table, &format!("{section}.{key}"), origin));
    }
    Ok(&mut table[section][key])
}

fn unknown(table: &Table, key: &str, origin: &str) -> ConfigError {
    ConfigError::UnknownKey {
        origin: origin.to_owned(),
        key: key.to_owned(),
        nearest: nearest(table, key),
    }
}

fn nearest(table: &Table, key: &str) -> Option<String> {
    let mut names: Vec<String> = table.keys().cloned().collect();
    for (section, keys) in table {
        for name in keys.as_table().into_iter().flat_map(Table::keys) {
            names.push(format!("{section}.{name}"));
        }
    }
    nearest::nearest(names, key)
}
