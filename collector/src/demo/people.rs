//! The demo's people: one login per role for the visitor, the simulated colleagues with what they said, and the tokens
//! by which laptops come in.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};
use rand::{Rng as _, distr::Alphanumeric};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{
    child,
    child::Child,
    http::{Http, Login},
    text,
};

/// Long enough that a demo on a shared machine is not an open door.
const PASSWORD_LENGTH: usize = 14;
/// Tokens live for the first start only.
const TOKEN_SECONDS: u64 = 3_600;

/// One login per role.
#[derive(Clone, Serialize, Deserialize)]
pub struct Logins {
    pub admin: Login,
    pub technician: Login,
    pub security: Login,
    pub user: Login,
}

impl Logins {
    fn invent() -> Self {
        let login = |name: &str| Login {
            login: name.to_owned(),
            password: rand::rng()
                .sample_iter(Alphanumeric)
                .take(PASSWORD_LENGTH)
                .map(char::from)
                .collect(),
        };
        Self {
            admin: login("admin"),
            technician: login("tech"),
            security: login("security"),
            user: login("you"),
        }
    }
}

/// Plans the simulated fleet and imports its people beside the visitor's accounts. Gives the visitor's logins.
pub async fn set_up(devices: u32, days: u32, data: &Path, config: &Path) -> Result<Logins> {
    let logins = Logins::invent();
    let plan = data.join("fleet");
    fs::create_dir_all(&plan)?;
    child::run(
        &Child::own("weft-fleet")?,
        &[
            "plan",
            "--devices",
            &devices.to_string(),
            "--days",
            &days.to_string(),
            "--scenario",
            "demo",
            "--out",
            &text(&plan),
        ],
        data,
        "fleet",
    )
    .await?;
    let mut lines: Vec<Value> = [
        (&logins.admin, "IT desk", "IT", "admin"),
        (&logins.technician, "Technician", "IT", "technician"),
        (&logins.security, "Security desk", "Security", "security"),
        (&logins.user, "You", "Support", "user"),
    ]
    .into_iter()
    .map(|(login, name, team, role)| {
        json!({"account": {"login": login.login, "password": login.password, "name": name, "team": team, "roles": [role]}})
    })
    .collect();
    lines.extend(read_lines(&plan.join("people.jsonl"))?);
    let file = data.join("fleet/import.jsonl");
    write_private(&file, &lines)?;
    let imported = child::run(
        &std::env::current_exe()?,
        &["import", &text(&file), "--config", &text(config)],
        data,
        "import",
    )
    .await;
    // It holds the visitor's passwords.
    fs::remove_file(&file)?;
    imported.map(|()| logins)
}

/// Verdicts, one token per simulated laptop (written where `weft-fleet run` reads them), and one for this machine.
pub async fn admit(http: &Http, data: &Path, logins: &Logins) -> Result<String> {
    for (app, verdict, reason) in [
        ("onedrive", "sanctioned", "The company's own cloud"),
        (
            "microsoft-teams",
            "sanctioned",
            "The company's own meetings",
        ),
        (
            "dropbox",
            "unsanctioned",
            "No contract: customer files may not lie there",
        ),
    ] {
        http.put(
            &format!("/api/v1/apps/{app}/verdict"),
            &json!({"verdict": verdict, "reason": reason}),
        )
        .await?;
    }
    let mut admitted = Vec::new();
    for mut line in read_lines(&data.join("fleet/roster.jsonl"))? {
        let token = json!({
            "name": format!("simulated {}", word(&line, "name")), "uses": 1, "expires_in": TOKEN_SECONDS, "simulated": true,
            "team": line["team"], "owner": line["owner"], "device_name": line["name"],
        });
        line["token"] = http.post("/api/v1/tokens", &token).await?["secret"].clone();
        admitted.push(line);
    }
    write_private(&data.join("fleet/roster.jsonl"), &admitted)?;
    let real = json!({
        "name": "this machine", "uses": 1, "expires_in": TOKEN_SECONDS, "simulated": false,
        "team": "Support", "owner": logins.user.login, "device_name": "this-machine",
    });
    let secret = http.post("/api/v1/tokens", &real).await?["secret"]
        .as_str()
        .map(str::to_owned);
    secret.context("the collector gave no token")
}

fn word<'a>(line: &'a Value, key: &str) -> &'a str {
    line[key].as_str().unwrap_or_default()
}

fn read_lines(file: &PathBuf) -> Result<Vec<Value>> {
    let words =
        fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    words
        .lines()
        .map(|line| Ok(serde_json::from_str(line)?))
        .collect()
}

fn write_private(file: &Path, lines: &[Value]) -> Result<()> {
    let words: String = lines.iter().map(|line| format!("{line}\n")).collect();
    fs::write(file, words).with_context(|| format!("cannot write {}", file.display()))?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        fs::set_permissions(file, fs::Permissions::from_mode(0o600))?;
    }
    Ok(())
}
