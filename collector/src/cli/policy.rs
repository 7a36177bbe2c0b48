//! `policy show | set`: what agents are asked to do. A running collector notices and tells its agents.

use std::{
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, bail};
use clap::Subcommand;
use serde_json::{Value, json};
use weft_proto::MAX_MESSAGE_BYTES;

use super::{Desk, print_json};
use crate::policy::{PolicyInForce, want};

#[derive(Subcommand, Debug)]
pub enum Command {
    /// Print the policy in force, as agents get it; what is left out is the agent's default
    Show,
    /// Set the policy: the same JSON; `version` and `verdicts` in it are left out, because the collector gives them
    Set {
        /// A file, or - for standard input
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
}

pub async fn run(command: Command, desk: Desk) -> Result<()> {
    match command {
        Command::Show => print_json(&*in_force(&desk).await?.current()),
        Command::Set { file } => {
            let document = read(&file)?;
            print_json(&set(&desk, &document).await?)
        }
    }
}

async fn set(desk: &Desk, document: &Value) -> Result<Value> {
    let before = in_force(desk).await?.current().version;
    want(&desk.control, document, "cli", desk.clock.now()).await?;
    let version = in_force(desk).await?.current().version;
    if version != before {
        let settings = document.as_object().into_iter().flatten();
        let names: Vec<&str> = settings.map(|(name, _)| name.as_str()).collect();
        let detail = format!("version {version}: sets {}", names.join(", "));
        desk.auditor
            .ok("cli", "policy.set", "policy", &detail)
            .await;
    }
    if document.get("verdicts").is_some() {
        eprintln!(
            "Verdicts are given in the console, under Apps; those in this document were left out."
        );
    }
    Ok(json!({"version": version, "changed": version != before}))
}

async fn in_force(desk: &Desk) -> Result<PolicyInForce> {
    Ok(PolicyInForce::load(desk.control.clone(), &desk.console_url, desk.clock.now()).await?)
}

fn read(file: &Path) -> Result<Value> {
    if file == Path::new("-") {
        return parse(io::stdin().lock()).context("standard input");
    }
    let name = || file.display().to_string();
    parse(File::open(file).with_context(name)?).with_context(name)
}

fn parse(from: impl Read) -> Result<Value> {
    let mut text = String::new();
    let most = MAX_MESSAGE_BYTES as u64;
    // One byte more tells "too long" from "just fits".
    from.take(most + 1).read_to_string(&mut text)?;
    if text.len() as u64 > most {
        bail!("longer than {most} bytes");
    }
    serde_json::from_str(&text).context("this is not JSON")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use jiff::Timestamp;
    use weft_collector_store::control::Control;

    use super::*;
    use crate::{audit::Auditor, clock::Clock};

    async fn desk() -> Desk {
        let control = Control::connect("sqlite::memory:").await.unwrap();
        let clock = Clock::from_fn(|| Timestamp::UNIX_EPOCH);
        Desk {
            console_url: String::new(),
            auditor: Auditor::new(control.clone(), clock.clone()),
            control,
            clock,
        }
    }

    #[tokio::test]
    async fn what_is_set_is_shown_and_told_once() {
        let desk = desk().await;
        let wanted = json!({"cadence": {"vitals": 60}, "privacy": {"host_name": true}});
        let first = set(&desk, &wanted).await.unwrap();
        assert_eq!(first["changed"], true);
        let again = set(&desk, &wanted).await.unwrap();
        assert_eq!(
            again,
            json!({"version": first["version"], "changed": false})
        );

        let shown = serde_json::to_value(&*in_force(&desk).await.unwrap().current()).unwrap();
        assert_eq!(shown["cadence"], wanted["cadence"]);
        // Canonical: 64-bit numbers are strings.
        assert_eq!(shown["version"], first["version"].to_string());
        assert_eq!(set(&desk, &shown).await.unwrap()["changed"], false);

        let entries = desk.control.audit().page(None, 10).await.unwrap();
        assert_eq!(entries.len(), 1);
        assert_eq!(
            (entries[0].actor.as_str(), entries[0].action.as_str()),
            ("cli", "policy.set")
        );
        assert!(
            entries[0].detail.ends_with("sets cadence, privacy"),
            "{}",
            entries[0].detail
        );
    }

    #[tokio::test]
    async fn what_is_refused_changes_nothing() {
        let desk = desk().await;
        let before = in_force(&desk).await.unwrap().current();
        let refused = set(&desk, &json!({"cadence": {"process": 1}})).await;
        assert!(refused.unwrap_err().to_string().contains("no less than 5"));
        assert_eq!(in_force(&desk).await.unwrap().current(), before);
        assert!(
            desk.control
                .audit()
                .page(None, 10)
                .await
                .unwrap()
                .is_empty()
        );
    }

    #[test]
    fn a_document_without_end_is_not_read() {
        let refused = parse(io::repeat(b' ')).unwrap_err();
        assert!(refused.to_string().contains("longer than"));
    }
}
