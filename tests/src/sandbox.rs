//! A collector and agents of a test's own: real programs, free ports, a temporary folder, gone when dropped.
//!
//! **Invariant:** nothing here sleeps for a fixed time to "let things happen"; waiting is [`eventually`], which asks until
//! the answer is yes and says what the last answer was when it never came.

use std::{
    fs,
    net::{Ipv4Addr, TcpListener},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail};
use serde_json::{Value, json};
use tempfile::TempDir;

/// Far beyond what a loaded 2-core machine needs; only a hang reaches it.
pub const PATIENCE: Duration = Duration::from_secs(120);
const POLL: Duration = Duration::from_millis(100);
/// Of every account in a sandbox; it ends with the sandbox.
const PASSWORD: &str = "correct horse battery staple";

/// Roles for which every sandbox has a login of the same name.
const LOGINS: [&str; 4] = ["admin", "technician", "security", "user"];

pub struct Sandbox {
    pub dir: TempDir,
    http_port: u16,
    grpc_port: u16,
    collector: Option<Child>,
    agents: Vec<Agent>,
}

/// A real agent with a state folder of its own.
pub struct Agent {
    pub state: PathBuf,
    process: Option<Child>,
    log: PathBuf,
}

impl Sandbox {
    /// A running collector with one account per role.
    pub async fn start() -> Result<Self> {
        // A second install in the same process is refused, which is fine: the first one serves.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let dir = tempfile::tempdir()?;
        let mut sandbox = Self {
            http_port: free_port()?,
            grpc_port: free_port()?,
            collector: None,
            agents: Vec::new(),
            dir,
        };
        let words = format!(
            "[data]\ndir = {:?}\n[grpc]\nlisten = \"127.0.0.1:{}\"\nnames = [\"127.0.0.1\", \"localhost\"]\n\
             [http]\nlisten = \"127.0.0.1:{}\"\npublic_url = \"http://127.0.0.1:{}\"\n[detect]\ninterval = \"2s\"\n",
            sandbox.data().display().to_string(),
            sandbox.grpc_port,
            sandbox.http_port,
            sandbox.http_port,
        );
        fs::write(sandbox.config(), words)?;
        sandbox.start_collector()?;
        sandbox.ready().await?;
        let accounts: String = LOGINS
            .iter()
            .map(|role| format!("{}\n", json!({"account": {"login": role, "name": role, "team": "Test", "roles": [role], "password": PASSWORD}})))
            .collect();
        let file = sandbox.dir.path().join("accounts.jsonl");
        fs::write(&file, accounts)?;
        sandbox.cli(&["import", &file.display().to_string()])?;
        Ok(sandbox)
    }

    pub fn data(&self) -> PathBuf {
        self.dir.path().join("collector")
    }

    pub fn config(&self) -> PathBuf {
        self.dir.path().join("collector.toml")
    }

    /// The collector's address for agents.
    pub fn server(&self) -> String {
        format!("https://127.0.0.1:{}", self.grpc_port)
    }

    pub fn authority(&self) -> PathBuf {
        self.data().join("pki/ca.pem")
    }

    pub fn start_collector(&mut self) -> Result<()> {
        let log = self.dir.path().join("collector.log");
        let config = self.config().display().to_string();
        self.collector = Some(spawn(
            &program("weft-collector")?,
            &["serve", "--config", &config],
            &log,
        )?);
        Ok(())
    }

    /// Waits until the collector answers that it can take reports.
    pub async fn ready(&self) -> Result<()> {
        let client = reqwest::Client::new();
        let url = format!("http://127.0.0.1:{}/readyz", self.http_port);
        eventually("the collector to be ready", async || {
            let answer = client.get(&url).send().await?;
            if !answer.status().is_success() {
                bail!("{}", answer.text().await?);
            }
            Ok(())
        })
        .await
        .with_context(|| tail(&self.dir.path().join("collector.log")))
    }

    /// SIGKILL: no drain, no goodbye.
    pub fn kill_collector(&mut self) -> Result<()> {
        if let Some(mut process) = self.collector.take() {
            process.kill()?;
            process.wait()?;
        }
        Ok(())
    }

    /// The engine is the collector's only child process.
    pub fn kill_engine(&self) -> Result<bool> {
        let Some(collector) = &self.collector else {
            return Ok(false);
        };
        let Some(engine) = children_of(collector.id())?.first().copied() else {
            return Ok(false);
        };
        let done = Command::new("kill")
            .args(["-KILL", &engine.to_string()])
            .status()?;
        Ok(done.success())
    }

    /// Runs a `weft-collector` command with this sandbox's configuration and gives its standard output.
    pub fn cli(&self, arguments: &[&str]) -> Result<String> {
        let done = Command::new(program("weft-collector")?)
            .args(arguments)
            .arg("--config")
            .arg(self.config())
            .stdin(Stdio::null())
            .output()?;
        if !done.status.success() {
            bail!(
                "weft-collector {} failed ({}): {}",
                arguments.join(" "),
                done.status,
                String::from_utf8_lossy(&done.stderr)
            );
        }
        Ok(String::from_utf8(done.stdout)?)
    }

    /// A client signed in with the role's account.
    pub async fn api(&self, role: &str) -> Result<Api> {
        let client = reqwest::Client::builder().cookie_store(true).build()?;
        let api = Api {
            client,
            base: format!("http://127.0.0.1:{}", self.http_port),
        };
        api.post("/session", &json!({"login": role, "password": PASSWORD}))
            .await?;
        Ok(api)
    }

    /// Sets the policy that agents fetch when they connect.
    pub fn policy(&self, policy: &Value) -> Result<()> {
        let file = self.dir.path().join("policy.json");
        fs::write(&file, serde_json::to_vec(policy)?)?;
        self.cli(&["policy", "set", &file.display().to_string()])
            .map(drop)
    }

    /// Enrols a real agent of this machine.
    pub async fn enroll(&mut self, token: &Value) -> Result<usize> {
        let state = self.dir.path().join(format!("agent-{}", self.agents.len()));
        fs::create_dir_all(&state)?;
        let agent = Agent {
            log: state.with_extension("log"),
            state,
            process: None,
        };
        let secret = self.api("admin").await?.post("/tokens", token).await?["secret"]
            .as_str()
            .map(str::to_owned);
        let done = Command::new(program("weft-agent")?)
            .args([
                "enroll",
                "--server",
                &self.server(),
                "--token",
                &secret.context("no token secret")?,
            ])
            .arg("--ca")
            .arg(self.authority())
            .arg("--state")
            .arg(&agent.state)
            .output()?;
        if !done.status.success() {
            bail!(
                "enrolment failed: {}",
                String::from_utf8_lossy(&done.stderr)
            );
        }
        self.agents.push(agent);
        Ok(self.agents.len() - 1)
    }

    pub fn agent(&mut self, index: usize) -> &mut Agent {
        &mut self.agents[index]
    }
}

impl Agent {
    pub fn start(&mut self) -> Result<()> {
        let state = self.state.display().to_string();
        let arguments = ["run", "--state", &state];
        self.process = Some(spawn(&program("weft-agent")?, &arguments, &self.log)?);
        Ok(())
    }

    /// SIGKILL.
    pub fn kill(&mut self) -> Result<()> {
        if let Some(mut process) = self.process.take() {
            process.kill()?;
            process.wait()?;
        }
        Ok(())
    }

    /// SIGTERM, and its promise to drain.
    pub fn stop(&mut self) -> Result<()> {
        let Some(mut process) = self.process.take() else {
            return Ok(());
        };
        Command::new("kill")
            .args(["-TERM", &process.id().to_string()])
            .status()?;
        let until = Instant::now() + PATIENCE;
        while process.try_wait()?.is_none() {
            if Instant::now() > until {
                process.kill()?;
                bail!("the agent did not stop: {}", tail(&self.log));
            }
            std::thread::sleep(POLL);
        }
        Ok(())
    }

    pub fn status(&self) -> Result<Value> {
        let done = Command::new(program("weft-agent")?)
            .args(["status", "--json", "--state"])
            .arg(&self.state)
            .output()?;
        serde_json::from_slice(&done.stdout).with_context(|| {
            format!(
                "`status --json` gave no JSON: {}",
                String::from_utf8_lossy(&done.stderr)
            )
        })
    }

    pub fn log(&self) -> String {
        tail(&self.log)
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        for agent in &mut self.agents {
            let _ = agent.kill();
        }
        let _ = self.kill_collector();
        if std::thread::panicking() {
            eprintln!(
                "collector's log ends:\n{}",
                tail(&self.dir.path().join("collector.log"))
            );
            for agent in &self.agents {
                eprintln!("agent's log ends:\n{}", agent.log());
            }
        }
    }
}

/// The HTTP API as a signed-in client.
pub struct Api {
    client: reqwest::Client,
    base: String,
}

impl Api {
    pub async fn get(&self, path: &str) -> Result<Value> {
        self.ask(self.client.get(self.url(path))).await
    }

    pub async fn post(&self, path: &str, body: &Value) -> Result<Value> {
        self.ask(self.client.post(self.url(path)).json(body)).await
    }

    pub async fn put(&self, path: &str, body: &Value) -> Result<Value> {
        self.ask(self.client.put(self.url(path)).json(body)).await
    }

    /// Status code only, for what must be refused.
    pub async fn status_of(&self, path: &str) -> Result<u16> {
        Ok(self
            .client
            .get(self.url(path))
            .send()
            .await?
            .status()
            .as_u16())
    }

    fn url(&self, path: &str) -> String {
        format!("{}/api/v1{path}", self.base)
    }

    async fn ask(&self, request: reqwest::RequestBuilder) -> Result<Value> {
        let answer = request.header("x-weft-csrf", "1").send().await?;
        let (status, url) = (answer.status(), answer.url().clone());
        let words = answer.text().await?;
        if !status.is_success() {
            bail!("{url} answered {status}: {words}");
        }
        Ok(if words.is_empty() {
            Value::Null
        } else {
            serde_json::from_str(&words)?
        })
    }
}

/// Asks until it succeeds; after [`PATIENCE`] gives the last error.
pub async fn eventually<T>(what: &str, ask: impl AsyncFn() -> Result<T>) -> Result<T> {
    let until = Instant::now() + PATIENCE;
    loop {
        match ask().await {
            Ok(value) => return Ok(value),
            Err(error) if Instant::now() > until => {
                return Err(error.context(format!("waited for {what}")));
            }
            Err(_) => tokio::time::sleep(POLL).await,
        }
    }
}

/// A program of this workspace, built beside the tests.
pub fn program(name: &str) -> Result<PathBuf> {
    let folder = match std::env::var_os("WEFT_BIN") {
        Some(folder) => PathBuf::from(folder),
        // target/debug/deps/it-… -> target/debug
        None => std::env::current_exe()?
            .ancestors()
            .nth(2)
            .map(Path::to_path_buf)
            .unwrap_or_default(),
    };
    let path = folder.join(name);
    if !path.is_file() {
        bail!(
            "{} is not built: run `cargo xtask test`, or `cargo build --bins` first",
            path.display()
        );
    }
    Ok(path)
}

fn spawn(program: &Path, arguments: &[&str], log: &Path) -> Result<Child> {
    let out = fs::OpenOptions::new().create(true).append(true).open(log)?;
    let err = out.try_clone()?;
    Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(out)
        .stderr(err)
        .spawn()
        .with_context(|| format!("cannot start {}", program.display()))
}

fn free_port() -> Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?
        .local_addr()?
        .port())
}

fn children_of(parent: u32) -> Result<Vec<u32>> {
    let list =
        fs::read_to_string(format!("/proc/{parent}/task/{parent}/children")).unwrap_or_default();
    if !list.trim().is_empty() {
        return Ok(list
            .split_whitespace()
            .filter_map(|pid| pid.parse().ok())
            .collect());
    }
    // Without CONFIG_PROC_CHILDREN, or when another thread forked: look at everybody's parent.
    let mut children = Vec::new();
    for entry in fs::read_dir("/proc")?.filter_map(Result::ok) {
        let Some(pid) = entry
            .file_name()
            .to_str()
            .and_then(|name| name.parse::<u32>().ok())
        else {
            continue;
        };
        let stat = fs::read_to_string(entry.path().join("stat")).unwrap_or_default();
        // The command name stands in parentheses and may hold anything: read after the last one.
        let of = stat
            .rsplit(')')
            .next()
            .and_then(|rest| rest.split_whitespace().nth(1))
            .and_then(|pid| pid.parse().ok());
        if of == Some(parent) {
            children.push(pid);
        }
    }
    Ok(children)
}

fn tail(log: &Path) -> String {
    let words = fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<&str> = words.lines().collect();
    lines[lines.len().saturating_sub(30)..].join("\n")
}
