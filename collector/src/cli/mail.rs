//! `mail take | test | address | status`.

use std::{io::Read as _, process::ExitCode, time::Duration};

use anyhow::{Context as _, Result, bail};
use clap::{Args, Subcommand};
use rand::Rng as _;
use serde_json::json;
use weft_collector_store::control::letters::LetterState;

use super::{Desk, print_json};
use crate::{
    config::Config,
    mail::{Mail, address, reading::MAX_BYTES, take::Envelope},
    threads::Threads,
    vault::Vault,
};

/// sysexits.h: "try again later", which every mail server understands.
const EX_TEMPFAIL: u8 = 75;
/// How long a test waits for the server's answer.
const PATIENCE: Duration = Duration::from_secs(40);

#[derive(Subcommand, Debug)]
pub enum Command {
    /// Take one message from standard input, as a mail server's pipe gives it (exit code 0: taken or refused, 75: try again later)
    Take(Take),
    /// Send a mail that says that mail works, and tell what the server said
    Test {
        #[arg(value_name = "ADDRESS")]
        address: String,
    },
    /// Say that an address is somebody's: mail goes there, and their answers from there become posts
    Address {
        login: String,
        #[arg(value_name = "ADDRESS")]
        address: String,
    },
    /// How many letters wait, were sent, came back
    Status,
}

#[derive(Args, Debug)]
pub struct Take {
    /// The address to which the mail server delivers (else To, Cc and Delivered-To are read)
    #[arg(long, value_name = "ADDRESS")]
    recipient: Option<String>,
    /// The envelope's sender; an empty one is the null sender
    #[arg(long, value_name = "ADDRESS")]
    sender: Option<String>,
}

pub async fn run(command: Command, config: &Config, desk: Desk) -> Result<ExitCode> {
    let settings = config.mail_settings()?;
    let threads = Threads::new(desk.control.clone(), desk.clock.clone());
    let mail = Mail::open(
        settings,
        desk.console_url.clone(),
        desk.control.clone(),
        desk.clock.clone(),
        threads,
        &Vault::of_house(config, &desk.control, desk.clock.now()).await?,
        rand::rng().random(),
    )
    .await?;
    match command {
        Command::Take(how) => return take(how, &mail).await,
        Command::Test { address } => test(&address, &mail).await?,
        Command::Address { login, address } => assign(&login, &address, &desk).await?,
        Command::Status => {
            let counts = mail.control.letters().counts().await?;
            let counts: serde_json::Map<String, serde_json::Value> = counts
                .into_iter()
                .map(|(state, count)| (state, json!(count)))
                .collect();
            print_json(&json!({"on": mail.settings.is_some(), "letters": counts}))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn take(how: Take, mail: &Mail) -> Result<ExitCode> {
    let mut raw = vec![];
    // One byte more than the limit tells that there is more; the rest is read away, or the pipe's writer would fail.
    let mut input = std::io::stdin().lock();
    let limit = MAX_BYTES as u64 + 1;
    input
        .by_ref()
        .take(limit)
        .read_to_end(&mut raw)
        .context("cannot read the message")?;
    std::io::copy(&mut input, &mut std::io::sink()).context("cannot read the message")?;
    let envelope = Envelope {
        recipient: how.recipient,
        sender: how.sender,
        cut_from: None,
    };
    match mail.take(&raw, &envelope).await {
        Ok(outcome) => {
            print_json(&outcome)?;
            Ok(ExitCode::SUCCESS)
        }
        Err(error) => {
            eprintln!("weft-collector: not now: {error}");
            Ok(ExitCode::from(EX_TEMPFAIL))
        }
    }
}

async fn test(typed: &str, mail: &Mail) -> Result<()> {
    let Some(address) = address::fit(typed) else {
        bail!("{typed:?} is no mail address");
    };
    let id = mail.test(None, &address).await?;
    let began = std::time::Instant::now();
    loop {
        mail.send().await?;
        let letter = mail.control.letters().get(id).await?;
        let Some(letter) = letter else {
            bail!("the letter is gone");
        };
        match letter.state {
            LetterState::Sent => {
                return print_json(&json!({
                    "sent": address, "message_id": letter.message_id,
                    "words": "the server took it; if it does not arrive, the server's log says why",
                }));
            }
            LetterState::Failed | LetterState::Bounced | LetterState::Dropped => {
                bail!("the server refused it: {}", letter.error)
            }
            _ if !letter.error.is_empty() => {
                // It would be tried again for days; this was a question for now.
                let now = mail.clock.now();
                mail.control
                    .letters()
                    .end(id, LetterState::Failed, &letter.error, now)
                    .await?;
                bail!("not sent: {}", letter.error)
            }
            _ if began.elapsed() > PATIENCE => {
                bail!("not sent yet: a running collector will try on")
            }
            _ => tokio::time::sleep(Duration::from_millis(200)).await,
        }
    }
}

async fn assign(login: &str, typed: &str, desk: &Desk) -> Result<()> {
    let Some(address) = address::fit(typed) else {
        bail!("{typed:?} is no mail address");
    };
    let Some(account) = desk.control.accounts().by_login(login).await? else {
        bail!("there is no account {login:?}");
    };
    let now = desk.clock.now();
    if !desk
        .control
        .addresses()
        .assign(account.id, &address, now)
        .await?
    {
        bail!("{address} is somebody else's address");
    }
    desk.auditor
        .ok("cli", "mail.address", &account.login, &address)
        .await;
    print_json(&json!({"login": account.login, "address": address}))
}
