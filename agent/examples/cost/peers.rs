//! The programs that the agent is compared with, each as Debian delivers it.
//!
//! Invariant: a peer does one thing per cycle, and ends with its value.

use std::{
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

use crate::{Outcome, measure};

pub struct Peer(Child);

impl Peer {
    fn start(command: &mut Command) -> Outcome<Self> {
        let quiet = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        Ok(Self(quiet.spawn().map_err(|error| {
            format!("{}: {error}", quiet.get_program().to_string_lossy())
        })?))
    }

    /// One sample each `interval`, by itself.
    pub fn atop(file: &Path, interval: Duration) -> Outcome<Self> {
        let mut command = Command::new("atop");
        Self::start(
            command
                .arg("-w")
                .arg(file)
                .arg(interval.as_secs().to_string()),
        )
    }

    /// With the process table, which is off by default.
    pub fn exporter(address: SocketAddr) -> Outcome<Self> {
        Self::start(
            Command::new("prometheus-node-exporter")
                .arg(format!("--web.listen-address={address}"))
                .arg("--collector.processes"),
        )
    }

    pub fn cpu(&self) -> Outcome<f64> {
        Ok(measure::cpu(self.0.id()).ok_or("a peer has ended")?)
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

/// One scrape, uncompressed: the cheapest there is.
pub fn scrape(address: SocketAddr) -> Outcome<()> {
    let mut stream = TcpStream::connect(address)?;
    stream.write_all(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
    let mut page = Vec::new();
    stream.read_to_end(&mut page)?;
    let has_processes = page
        .windows(b"node_processes_pids".len())
        .any(|window| window == b"node_processes_pids");
    match has_processes {
        true => Ok(()),
        false => Err("the exporter told nothing of processes".into()),
    }
}
