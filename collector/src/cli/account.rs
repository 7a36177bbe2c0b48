//! `account create | list`.

use std::io::{IsTerminal as _, Read as _};

use anyhow::{Context as _, Result, bail};
use clap::{Args, Subcommand, ValueEnum};
use secrecy::SecretString;
use serde_json::json;
use weft_collector_core::authority::Role;
use weft_collector_store::control::accounts::Account;

use super::{Desk, print_json};
use crate::accounts::{Accounts, Described};

/// Accounts that `account list` shows; more are a matter for the console.
const LISTED: u64 = 10_000;

#[derive(Subcommand, Debug)]
pub enum Command {
    /// Make an account; its password is read from standard input, or made and printed once
    Create(Create),
    /// Every account, by login
    List,
}

#[derive(Args, Debug)]
pub struct Create {
    login: String,
    /// Name that people see; the login, if not given
    #[arg(long)]
    name: Option<String>,
    #[arg(long, default_value = "")]
    team: String,
    /// What the person may see and do; may be given several times
    #[arg(long = "role", value_enum, default_values_t = [RoleWord::User])]
    roles: Vec<RoleWord>,
    /// Read the password from standard input (one line)
    #[arg(long)]
    password_stdin: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum RoleWord {
    User,
    Technician,
    Security,
    Admin,
}

impl From<RoleWord> for Role {
    fn from(word: RoleWord) -> Self {
        match word {
            RoleWord::User => Self::User,
            RoleWord::Technician => Self::Technician,
            RoleWord::Security => Self::Security,
            RoleWord::Admin => Self::Admin,
        }
    }
}

pub async fn run(command: Command, desk: Desk) -> Result<()> {
    match command {
        Command::Create(create) => make(create, desk).await,
        Command::List => {
            let accounts = desk.control.accounts().list("", None, LISTED).await?;
            print_json(&accounts.iter().map(shown).collect::<Vec<_>>())
        }
    }
}

async fn make(create: Create, desk: Desk) -> Result<()> {
    let (password, made) = if create.password_stdin {
        (read_password()?, None)
    } else {
        let made = hex::encode(rand::random::<[u8; 12]>());
        (made.clone(), Some(made))
    };
    let accounts = Accounts::new(desk.control.clone(), desk.clock.clone());
    let account = accounts
        .create(Described {
            name: create.name.unwrap_or_else(|| create.login.clone()),
            login: create.login,
            team: create.team,
            roles: create.roles.into_iter().map(Role::from).collect(),
            password: Some(SecretString::from(password)),
            simulated: false,
        })
        .await?;
    desk.auditor
        .ok("cli", "account.create", &account.login, &account.name)
        .await;
    let mut answer = shown(&account);
    if let Some(made) = made {
        answer["password"] = json!(made);
    }
    print_json(&answer)
}

fn read_password() -> Result<String> {
    let mut input = std::io::stdin();
    if input.is_terminal() {
        bail!("--password-stdin reads a pipe or a file: a terminal would show the password");
    }
    let mut text = String::new();
    // Longer than any password that is allowed; the account's own limit says so in words.
    input
        .by_ref()
        .take(4096)
        .read_to_string(&mut text)
        .context("cannot read the password")?;
    Ok(text.lines().next().unwrap_or_default().to_owned())
}

fn shown(account: &Account) -> serde_json::Value {
    json!({
        "id": account.id, "login": account.login, "name": account.name, "team": account.team, "roles": account.roles,
        "disabled": account.disabled, "simulated": account.simulated, "created_at": account.created_at,
    })
}
