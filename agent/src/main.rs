//! `weft-agent`: parse, do, answer with an exit code. All words go to stderr, all data to stdout.

use std::process::ExitCode;

use clap::Parser;
use weft_agent::cli;

fn main() -> ExitCode {
    let env = |name: &str| std::env::var(name).ok();
    let code = cli::main(cli::Cli::parse(), env, jiff::Timestamp::now);
    ExitCode::from(code)
}
