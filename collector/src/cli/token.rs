//! `token create | list | revoke`.

use anyhow::{Context as _, Result, bail};
use clap::{Args, Subcommand};
use serde_json::json;
use uuid::Uuid;
use weft_collector_store::control::tokens::NewToken;

use super::{Desk, print_json};
use crate::{config::Lasting, enroll::token};

#[derive(Subcommand, Debug)]
pub enum Command {
    /// Make a token; its secret is printed once and kept nowhere
    Create(Create),
    /// Every token, newest first
    List,
    /// End a token; devices that it let in stay
    Revoke {
        /// Id of the token, as `token list` shows it
        id: Uuid,
    },
}

#[derive(Args, Debug)]
pub struct Create {
    /// What it is for, e.g. "Berlin rollout"
    #[arg(long, default_value = "")]
    name: String,
    /// How many laptops it lets in
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    uses: u32,
    /// How long it is good, e.g. 12h or 7d
    #[arg(long, default_value = "7d", value_name = "DURATION")]
    expires: Lasting,
    /// Team of the devices
    #[arg(long, default_value = "")]
    team: String,
    /// Login of the person whose devices these are
    #[arg(long, value_name = "LOGIN")]
    owner: Option<String>,
    /// Name of the device; with more than one use a number follows it
    #[arg(long, default_value = "", value_name = "NAME")]
    device_name: String,
    /// Mark its devices as simulated, wherever they are shown
    #[arg(long)]
    simulated: bool,
}

pub async fn run(command: Command, desk: Desk) -> Result<()> {
    match command {
        Command::Create(create) => make(create, desk).await,
        Command::List => print_json(&desk.control.tokens().list().await?),
        Command::Revoke { id } => revoke(id, desk).await,
    }
}

async fn make(create: Create, desk: Desk) -> Result<()> {
    let owner = match &create.owner {
        Some(login) => Some(account(&desk, login).await?),
        None => None,
    };
    let now = desk.clock.now();
    let secret = token::generate(rand::random());
    let token = desk
        .control
        .tokens()
        .insert(NewToken {
            id: desk.clock.id(),
            name: create.name,
            secret_hash: token::hash(&secret),
            team: create.team,
            owner,
            device_name: create.device_name,
            simulated: create.simulated,
            uses: create.uses,
            created_by: "cli".to_owned(),
            created_at: now,
            expires_at: now
                .checked_add(create.expires.0)
                .context("--expires reaches beyond the calendar")?,
        })
        .await?;
    desk.auditor
        .ok("cli", "token.create", &token.id.to_string(), &token.name)
        .await;
    print_json(
        &json!({"token": secret, "id": token.id, "uses": token.uses, "expires_at": token.expires_at}),
    )
}

async fn account(desk: &Desk, login: &str) -> Result<Uuid> {
    let found = desk.control.accounts().by_login(login).await?;
    let account = found
        .with_context(|| format!("there is no account {login:?}: `weft-collector account list`"))?;
    Ok(account.id)
}

async fn revoke(id: Uuid, desk: Desk) -> Result<()> {
    if !desk.control.tokens().revoke(id, desk.clock.now()).await? {
        bail!("there is no token {id} that is still good");
    }
    desk.auditor
        .ok("cli", "token.revoke", &id.to_string(), "")
        .await;
    print_json(&json!({"id": id, "revoked": true}))
}
