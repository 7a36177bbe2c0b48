//! `weft-collector`: parse, build, run, drain.

use std::process::ExitCode;

use clap::Parser as _;
use weft_collector::cli::{self, Cli};

fn main() -> ExitCode {
    let cli = Cli::parse();
    // The engine child is another program in the same file: no runtime, no logging of ours, never returns.
    if let Some((config, library)) = cli.as_engine() {
        weft_collector_engine::child_main(config, library);
    }
    // The only TLS provider in the tree; an error means that it is installed already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => return cli::failed(&anyhow::Error::from(error)),
    };
    match runtime.block_on(cli::run(cli)) {
        Ok(code) => code,
        Err(error) => cli::failed(&error),
    }
}
