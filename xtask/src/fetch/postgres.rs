//! A throw-away PostgreSQL for the control store's tests: the machine's own server programs, a cluster of its own in the
//! target folder, on loopback only.
//!
//! **Invariant:** it is gone when the value is dropped; no cluster of the machine is touched.

use std::{
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context as _, Result, bail};

use super::debian;
use crate::{build, step::step};

/// Where Debian puts the server's programs, one folder per version; other systems have them on the path.
const DEBIAN: &str = "/usr/lib/postgresql";

/// PostgreSQL refuses to run as root; Debian's package makes this user.
const USER: &str = "postgres";

/// A running server with one empty database.
pub struct Postgres {
    programs: PathBuf,
    data: PathBuf,
    pub url: String,
}

impl Postgres {
    pub fn start() -> Result<Self> {
        let programs = match programs() {
            Some(found) => found,
            None => {
                debian::ensure(
                    "the test of the control store",
                    &[("postgres", "postgresql")],
                )?;
                programs().context("PostgreSQL was installed, but its programs were not found")?
            }
        };
        step("PostgreSQL: a server for the tests", || {
            let home = build::target().join("postgres");
            // A run that was killed may have left one.
            let _ = std::fs::remove_dir_all(&home);
            std::fs::create_dir_all(&home)?;
            let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
            if debian::is_root() {
                // The cluster's owner must be able to walk to its folder; a checkout below /root is closed to it.
                let home = std::env::temp_dir().join(format!("weft-postgres-{port}"));
                std::fs::create_dir_all(&home)?;
                quiet(Command::new("chown").arg(USER).arg(&home))?;
                return Self::run(programs, home.join("data"), port);
            }
            Self::run(programs, home.join("data"), port)
        })
    }

    fn run(programs: PathBuf, data: PathBuf, port: u16) -> Result<Self> {
        quiet(
            as_owner(&programs.join("initdb"))
                .arg("-D")
                .arg(&data)
                .args(["-A", "trust", "-U", "weft", "--no-sync", "-E", "UTF8"]),
        )?;
        let socket = data.parent().unwrap_or(&data);
        let options = format!(
            "-c listen_addresses=127.0.0.1 -p {port} -k {} -c fsync=off",
            socket.display()
        );
        quiet(
            as_owner(&programs.join("pg_ctl"))
                .arg("-D")
                .arg(&data)
                .args(["-w", "-o", &options, "start"]),
        )?;
        let server = Self {
            url: format!("postgres://weft@127.0.0.1:{port}/weft"),
            programs,
            data,
        };
        quiet(Command::new(server.programs.join("createdb")).args([
            "-h",
            "127.0.0.1",
            "-p",
            &port.to_string(),
            "-U",
            "weft",
            "weft",
        ]))?;
        Ok(server)
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        let stopped = quiet(
            as_owner(&self.programs.join("pg_ctl"))
                .arg("-D")
                .arg(&self.data)
                .args(["-m", "immediate", "stop"]),
        );
        if let Err(error) = stopped {
            eprintln!("  PostgreSQL may still run: {error:#}");
        }
        if let Some(home) = self.data.parent() {
            let _ = std::fs::remove_dir_all(home);
        }
    }
}

/// The newest version's folder.
fn programs() -> Option<PathBuf> {
    let mut found: Vec<(u32, PathBuf)> = std::fs::read_dir(DEBIAN)
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| {
            let version = entry.file_name().to_str()?.parse().ok()?;
            let folder = entry.path().join("bin");
            folder.join("initdb").is_file().then_some((version, folder))
        })
        .collect();
    found.sort();
    found.pop().map(|(_, folder)| folder).or_else(|| {
        std::env::split_paths(&std::env::var_os("PATH")?)
            .find(|folder| folder.join("initdb").is_file())
    })
}

fn as_owner(program: &Path) -> Command {
    if !debian::is_root() {
        return Command::new(program);
    }
    let mut command = Command::new("runuser");
    command.args(["-u", USER, "--"]).arg(program);
    command
}

/// `pg_ctl start` hands its output to the server, so a pipe would stay open for ever: nothing is read of it.
fn quiet(command: &mut Command) -> Result<()> {
    let status = command
        .current_dir(std::env::temp_dir())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .with_context(|| format!("cannot start {command:?}"))?;
    if !status.success() {
        bail!("{command:?} failed ({status})");
    }
    Ok(())
}
