//! The engine's child alone: `weft-engine --config X --library Y`. For tests and diagnosis; the collector runs itself
//! instead (`weft-collector engine`).

use std::path::PathBuf;

fn main() {
    let mut arguments = std::env::args_os().skip(1);
    let mut config = None;
    let mut library = None;
    while let Some(name) = arguments.next() {
        match name.to_str() {
            Some("--config") => config = arguments.next().map(PathBuf::from),
            Some("--library") => library = arguments.next().map(PathBuf::from),
            _ => usage(),
        }
    }
    match (config, library) {
        (Some(config), Some(library)) => weft_collector_engine::child_main(&config, &library),
        _ => usage(),
    }
}

fn usage() -> ! {
    eprintln!("usage: weft-engine --config FILE --library libchdb.so");
    std::process::exit(2)
}
