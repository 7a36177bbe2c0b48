//! `bridge platforms | list | add | test | pause | resume | letters | again | remove`.

use std::{collections::BTreeMap, io::Read as _};

use anyhow::{Context as _, Result, bail};
use clap::{Args, Subcommand};
use secrecy::SecretString;
use serde_json::{Value, json};
use uuid::Uuid;
use weft_collector_store::control::{
    accounts::SYSTEM,
    bridges::{Bridge, Change, letters::Letter},
};

use super::{Desk, print_json};
use crate::{
    api::v1::bridges::advice,
    connect::{
        Connect,
        desk::{Alteration, Target, Wanted},
    },
    threads::connector::Kind,
};

/// Letters that are listed; more are a matter for the console.
const LISTED: u64 = 1_000;

#[derive(Subcommand, Debug)]
pub enum Command {
    /// What can be bridged, and what each platform wants to know
    Platforms,
    /// Every bridge, with where it stands
    List,
    /// Mirror a space or a thread elsewhere; a running collector begins within a second or two
    Add(Add),
    /// Ask the platform now (exit code 1: it does not work)
    Test {
        id: Uuid,
    },
    /// What is said meanwhile is carried when it is resumed
    Pause {
        id: Uuid,
    },
    Resume {
        id: Uuid,
    },
    /// What did not get through
    Letters {
        id: Uuid,
    },
    /// Send a letter again that did not get through
    Again {
        id: Uuid,
        letter: Uuid,
    },
    /// End a bridge; what it brought stays
    Remove {
        id: Uuid,
    },
}

#[derive(Args, Debug)]
pub struct Add {
    /// One of `bridge platforms`
    platform: String,
    /// How you will know it, e.g. "Help in Matrix"
    #[arg(long)]
    name: String,
    /// How the platform is reached
    #[arg(long, default_value = "")]
    address: String,
    /// What over there is mirrored: a room, a channel, a category
    #[arg(long, default_value = "")]
    place: String,
    /// The space that is mirrored, by slug
    #[arg(long, required_unless_present = "thread", conflicts_with = "thread")]
    space: Option<String>,
    /// The thread that is mirrored
    #[arg(long)]
    thread: Option<Uuid>,
    /// Read secrets from standard input: lines of NAME=VALUE (on the command line others could see them)
    #[arg(long)]
    secrets_stdin: bool,
    /// Only take what is said there
    #[arg(long, conflicts_with = "only_out")]
    only_in: bool,
    /// Only carry what is said here
    #[arg(long)]
    only_out: bool,
    /// Mirror what programs say over there too
    #[arg(long)]
    bots: bool,
    /// Believe the addresses that the platform tells of people
    #[arg(long)]
    trusts_mail: bool,
    /// Meant although the space is read by staff only
    #[arg(long)]
    beyond_everyone: bool,
}

/// The command's exit code says whether it works.
pub async fn run(command: Command, desk: Desk, connect: Connect) -> Result<std::process::ExitCode> {
    let done = std::process::ExitCode::SUCCESS;
    match command {
        Command::Platforms => print_json(&platforms())?,
        Command::List => {
            let mut shown = Vec::new();
            for bridge in desk.control.bridges().list().await? {
                shown.push(show(&desk, &connect, &bridge).await?);
            }
            print_json(&shown)?;
        }
        Command::Add(add) => {
            let made = connect.make(SYSTEM, wanted(add)?).await?;
            note(&desk, "bridge.make", made.id, &made.name).await;
            print_json(&show(&desk, &connect, &made).await?)?;
        }
        Command::Test { id } => {
            let tried = connect.try_out(id).await?;
            print_json(
                &json!({"works": tried.works, "words": tried.words, "advice": tried.advice}),
            )?;
            if !tried.works {
                return Ok(std::process::ExitCode::FAILURE);
            }
        }
        Command::Pause { id } => enable(&desk, &connect, id, false).await?,
        Command::Resume { id } => enable(&desk, &connect, id, true).await?,
        Command::Letters { id } => {
            let bridges = desk.control.bridges();
            let dead = bridges.letters(id).dead(LISTED).await?;
            print_json(&dead.iter().map(letter).collect::<Vec<_>>())?;
        }
        Command::Again { id, letter } => {
            connect.again(id, letter).await?;
            note(&desk, "bridge.resend", id, &letter.to_string()).await;
            print_json(&json!({"id": letter, "sent_again": true}))?;
        }
        Command::Remove { id } => {
            let gone = connect.remove(id).await?;
            note(&desk, "bridge.remove", id, &gone.name).await;
            print_json(&json!({"id": id, "removed": true}))?;
        }
    }
    Ok(done)
}

fn platforms() -> Vec<Value> {
    let platform = |kind: Kind| {
        let form = kind.form();
        json!({
            "platform": kind.word(), "name": form.name, "about": form.about,
            "address": form.address, "place": form.place, "secrets": form.secrets,
        })
    };
    Kind::ALL.into_iter().map(platform).collect()
}

fn wanted(add: Add) -> Result<Wanted> {
    let kind = Kind::from_word(&add.platform).with_context(|| {
        let known: Vec<&str> = Kind::ALL.into_iter().map(Kind::word).collect();
        format!(
            "there is no platform {:?}: known are {}",
            add.platform,
            known.join(", ")
        )
    })?;
    let secrets = match add.secrets_stdin {
        true => read_secrets()?,
        false => BTreeMap::new(),
    };
    Ok(Wanted {
        name: add.name,
        kind,
        address: add.address,
        place: add.place,
        secrets,
        target: match (add.space, add.thread) {
            (Some(space), _) => Target::Space(space),
            (None, Some(thread)) => Target::Thread(thread),
            (None, None) => bail!("say --space or --thread"),
        },
        outward: !add.only_in,
        inward: !add.only_out,
        bots: add.bots,
        trusts_mail: add.trusts_mail,
        beyond_everyone: add.beyond_everyone,
    })
}

fn read_secrets() -> Result<BTreeMap<String, SecretString>> {
    /// More than any platform wants.
    const MOST: u64 = 64 * 1024;
    let mut text = String::new();
    std::io::stdin().take(MOST).read_to_string(&mut text)?;
    text.lines()
        .filter(|line| !line.trim().is_empty())
        .map(|line| {
            let (name, secret) = line
                .split_once('=')
                .context("secrets are lines of NAME=VALUE")?;
            Ok((name.trim().to_owned(), secret.trim().to_owned().into()))
        })
        .collect()
}

async fn enable(desk: &Desk, connect: &Connect, id: Uuid, enabled: bool) -> Result<()> {
    let change = Change {
        enabled: Some(enabled),
        ..Change::default()
    };
    let alteration = Alteration {
        change,
        ..Alteration::default()
    };
    let changed = connect.alter(id, alteration).await?;
    let action = match enabled {
        true => "bridge.resume",
        false => "bridge.pause",
    };
    note(desk, action, id, &changed.name).await;
    print_json(&show(desk, connect, &changed).await?)
}

async fn note(desk: &Desk, action: &str, id: Uuid, detail: &str) {
    desk.auditor
        .ok("cli", action, &id.to_string(), detail)
        .await;
}

/// Everything but the secrets.
async fn show(desk: &Desk, connect: &Connect, bridge: &Bridge) -> Result<Value> {
    let bridges = desk.control.bridges();
    let tally = bridges.letters(bridge.id).tally().await?;
    Ok(json!({
        "id": bridge.id, "name": bridge.name, "platform": bridge.platform,
        "address": bridge.address, "place": bridge.place,
        "space": bridge.space, "thread": bridge.thread,
        "outward": bridge.outward, "inward": bridge.inward, "enabled": bridge.enabled,
        "state": bridge.state, "fault": bridge.fault, "advice": advice(bridge), "state_at": bridge.state_at,
        "own_name": bridge.own_name, "sent": bridge.sent, "taken": bridge.taken,
        "waiting": tally.waiting, "dead": tally.dead,
        "hook": connect.hook(bridge),
    }))
}

fn letter(letter: &Letter) -> Value {
    json!({
        "id": letter.id, "step": letter.step, "thread": letter.thread, "post": letter.post,
        "fault": letter.fault, "attempts": letter.attempts, "made_at": letter.made_at,
    })
}
