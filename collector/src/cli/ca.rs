//! `ca export | rotate | finish | retire`.

use anyhow::Result;
use clap::Subcommand;
use serde_json::json;

use super::print_json;
use crate::{clock::Clock, config::Config, pki::Authority};

#[derive(Subcommand, Debug)]
pub enum Command {
    /// Print the authority's certificates as PEM: what `weft-agent enroll --ca` wants
    Export,
    /// Begin a rotation: make the next authority; agents learn it when they renew
    Rotate,
    /// When every agent has renewed: let the new authority sign the collector's own certificate
    Finish,
    /// End trust in the old authority
    Retire,
}

pub fn run(command: Command, config: &Config) -> Result<()> {
    let (dir, now) = (config.pki_dir(), Clock::system().now());
    match command {
        Command::Export => {
            print!("{}", Authority::open(&dir, now)?.export());
            Ok(())
        }
        Command::Rotate => {
            let number = Authority::rotate(&dir, now)?;
            eprintln!(
                "Authority {number} signs devices from now on. Agents are asked to renew; when `device list` shows \
                 `certificate.authority` {number} for all of them, go on with `ca finish`. Laptops that are off meanwhile must renew before that, or enrol again."
            );
            print_json(&json!({"authority": number}))
        }
        Command::Finish => {
            let number = Authority::finish(&dir, now)?;
            eprintln!(
                "Authority {number} signs the collector's certificate now. When old device certificates have ended: `ca retire`."
            );
            print_json(&json!({"authority": number}))
        }
        Command::Retire => print_json(&json!({"retired": Authority::retire(&dir, now)?})),
    }
}
