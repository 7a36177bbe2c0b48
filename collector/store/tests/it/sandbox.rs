//! An engine and a store of one test, in a directory that goes with it.

use std::{path::PathBuf, time::Duration};

use weft_collector_engine::{Engine, Options, Places, child_main};
use weft_collector_store::telemetry::Telemetry;

pub struct Sandbox {
    pub engine: Engine,
    pub telemetry: Telemetry,
    _directory: tempfile::TempDir,
}

impl Sandbox {
    pub async fn start() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let places = Places::from_environment(None, String::new());
        let engine = Engine::start(Options {
            library: places.find().unwrap_or_else(|error| panic!("{error}")),
            data: directory.path().to_owned(),
            program: std::env::current_exe().unwrap(),
            // What follows "--" are filters to the test harness and arguments to `become_engine_when_asked`.
            arguments: [
                "engine_child",
                "--exact",
                "--nocapture",
                "--test-threads=1",
                "--",
            ]
            .map(Into::into)
            .into(),
        })
        .await
        .unwrap_or_else(|error| panic!("{error}"));
        let telemetry = Telemetry::connect(engine.endpoint());
        telemetry.ensure_schema().await.unwrap();
        Self {
            engine,
            telemetry,
            _directory: directory,
        }
    }

    /// `kill -9` of the engine; returns once another one answers.
    pub async fn kill_engine(&self) {
        let starts = self.engine.starts();
        let pid = self.engine.pid().unwrap();
        std::process::Command::new("kill")
            .args(["-9", &pid.to_string()])
            .status()
            .unwrap();
        while self.engine.starts() == starts {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        assert!(self.engine.ready(Duration::from_secs(60)).await);
    }
}

pub fn become_engine_when_asked() {
    let mut arguments = std::env::args()
        .skip_while(|argument| argument != "--")
        .skip(1);
    let mut path = |name: &str| {
        (arguments.next().as_deref() == Some(name)).then(|| arguments.next().map(PathBuf::from))?
    };
    if let (Some(config), Some(library)) = (path("--config"), path("--library")) {
        child_main(&config, &library);
    }
}
