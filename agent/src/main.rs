//! `weft-agent`: parse, do, answer with an exit code. All words go to stderr, all data to stdout.

use std::process::ExitCode;

use clap::Parser;
use weft_agent::{cli, config};

fn main() -> ExitCode {
    weft_agent_sys::heap::be_small();
    let code = cli::main(cli::Cli::parse(), config::environment, jiff::Timestamp::now);
    ExitCode::from(code)
}
