//! One child process: spawned with its standard input held open, its words copied to the log.

use std::{process::Stdio, time::Duration};

use tokio::process::{Child, ChildStdin, Command};

use crate::{Error, Options, config::Files, log};

#[derive(Debug)]
pub struct Running {
    child: Child,
    /// The thread of life: the child leaves when this closes.
    stdin: Option<ChildStdin>,
}

impl Running {
    pub fn spawn(options: &Options, files: &Files) -> Result<Self, Error> {
        let mut command = Command::new(&options.program);
        command
            .args(&options.arguments)
            .arg("--config")
            .arg(&files.config)
            .arg("--library")
            .arg(&options.library)
            .current_dir(&options.data)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            // A group of its own: Ctrl-C in the collector's terminal must not end the engine before the last insert.
            .process_group(0)
            .kill_on_drop(true);
        let mut child = command.spawn().map_err(|source| Error::Spawn {
            program: options.program.clone(),
            source,
        })?;
        let stdin = child.stdin.take();
        if let Some(stderr) = child.stderr.take() {
            tokio::spawn(log::copy(stderr, files.log.clone()));
        }
        Ok(Self { child, stdin })
    }

    pub fn pid(&self) -> Option<u32> {
        self.child.id()
    }

    /// Waits for its end and says how it ended.
    pub async fn wait(&mut self) -> String {
        match self.child.wait().await {
            Ok(status) => status.to_string(),
            Err(error) => error.to_string(),
        }
    }

    /// Asks it to leave; kills it when it does not.
    pub async fn leave(mut self, limit: Duration) {
        drop(self.stdin.take());
        if tokio::time::timeout(limit, self.child.wait())
            .await
            .is_err()
        {
            let _ = self.child.kill().await;
        }
    }
}
