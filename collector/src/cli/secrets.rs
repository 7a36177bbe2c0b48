//! `secrets status | rotate | retire | forget`.

use std::process::ExitCode;

use anyhow::{Result, bail};
use clap::Subcommand;
use serde_json::json;
use weft_collector_store::control::Control;

use super::{Desk, print_json};
use crate::{
    config::Config,
    vault::{Source, Vault, holdings, is_sealed, key_of, keys},
};

#[derive(Subcommand, Debug)]
pub enum Command {
    /// Which keys there are, and what lies sealed with them (exit code 1: something cannot be opened)
    Status,
    /// Make a new key and seal everything with it; the old ones still open
    Rotate,
    /// Take the old keys away, once nothing needs them
    Retire,
    /// When a key is lost for good: take away what it sealed, and make a key if there is none
    Forget,
}

pub async fn run(command: Command, config: &Config, desk: Desk) -> Result<ExitCode> {
    let source = config.secrets_key();
    match command {
        Command::Status => return status(&Vault::at(source), &desk.control).await,
        Command::Rotate => rotate(&source, config, &desk).await?,
        Command::Retire => retire(&source, config, &desk).await?,
        Command::Forget => forget(&source, &desk).await?,
    }
    Ok(ExitCode::SUCCESS)
}

async fn status(vault: &Vault, control: &Control) -> Result<ExitCode> {
    let mut locked = 0;
    let mut secrets = vec![];
    for held in holdings::all(control).await? {
        let opened = vault.open(&held.owner.place(), &held.sealed);
        locked += usize::from(opened.is_err());
        secrets.push(json!({
            "what": held.owner.to_string(), "key": key_of(&held.sealed), "plain": !is_sealed(&held.sealed),
            "fault": opened.err().map(|why| why.to_string()),
        }));
    }
    let fault = vault.fault().err().map(|why| why.to_string());
    print_json(&json!({
        "keys": vault.key_names(), "place": vault.place(), "fault": fault, "secrets": secrets,
    }))?;
    Ok(match locked {
        0 => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    })
}

async fn rotate(source: &Source, config: &Config, desk: &Desk) -> Result<()> {
    let Source::File(path) = source else {
        bail!(
            "the keys are in the configuration: write a new one behind the old, with a blank between them, and start the collector again"
        );
    };
    let now = desk.clock.now();
    // Makes the first key where there is none.
    let vault = Vault::of_house(config, &desk.control, now).await?;
    vault.fault()?;
    keys::add(path)?;
    vault.look_again();
    let sealed = holdings::reseal(&vault, &desk.control, now).await?;
    desk.auditor
        .ok("cli", "secrets.rotate", "secrets", "")
        .await;
    eprintln!(
        "Everything is sealed with the new key. Copy {} to the other collectors of this database, then `secrets retire` takes the old keys away.",
        path.display()
    );
    print_json(&json!({"keys": vault.key_names(), "sealed": sealed}))
}

async fn retire(source: &Source, config: &Config, desk: &Desk) -> Result<()> {
    let Source::File(path) = source else {
        bail!("the keys are in the configuration: take the old ones away there");
    };
    let vault = Vault::of_house(config, &desk.control, desk.clock.now()).await?;
    vault.fault()?;
    // What no key opens is not lost by this; what an old key opens was sealed anew just now.
    let held = holdings::all(&desk.control).await?;
    let old = held.iter().find(|held| {
        !vault.is_current(&held.sealed) && vault.open(&held.owner.place(), &held.sealed).is_ok()
    });
    if let Some(held) = old {
        bail!("{} still needs an old key: try again", held.owner);
    }
    let before = vault.key_names();
    keys::keep_newest(path)?;
    vault.look_again();
    desk.auditor
        .ok("cli", "secrets.retire", "secrets", "")
        .await;
    let retired = &before[..before.len().saturating_sub(1)];
    print_json(&json!({"keys": vault.key_names(), "retired": retired}))
}

async fn forget(source: &Source, desk: &Desk) -> Result<()> {
    if let Source::File(path) = source
        && !path.exists()
    {
        keys::make(path)?;
    }
    let vault = Vault::at(source.clone());
    // A file that is damaged is mended by hand: nothing is thrown away because of a slip.
    vault.fault()?;
    let gone = holdings::forget_locked(&vault, &desk.control, desk.clock.now()).await?;
    let gone: Vec<String> = gone.iter().map(ToString::to_string).collect();
    desk.auditor
        .ok("cli", "secrets.forget", "secrets", &gone.join(", "))
        .await;
    eprintln!("Start the collector again, and give these secrets anew.");
    print_json(&json!({"forgotten": gone, "keys": vault.key_names()}))
}
