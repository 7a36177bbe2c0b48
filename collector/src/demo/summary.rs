//! The demo's JSON summary, in the shape that scripts rely on.

use std::time::Duration;

use anyhow::Result;
use serde_json::{Value, json};

use super::{http::Http, people::Logins};

/// Everything comes from the API as any client would read it.
pub async fn collect(
    http: &Http,
    url: &str,
    logins: &Logins,
    ready: Duration,
    books: Option<&Value>,
) -> Result<Value> {
    let overview = http.get("/api/v1/overview").await?;
    let health = http.get("/api/v1/status").await?;
    let books = books.unwrap_or(&overview["books"]);
    let threads = ["open", "solved"]
        .iter()
        .filter_map(|state| overview["threads"][state].as_u64())
        .sum::<u64>();
    let pick = |from: &Value, names: &[&str]| -> Value {
        names
            .iter()
            .map(|name| ((*name).to_owned(), from[*name].clone()))
            .collect::<serde_json::Map<_, _>>()
            .into()
    };
    Ok(json!({
        "url": url,
        "logins": logins,
        "engine": health["engine"],
        "ready_seconds": (ready.as_secs_f64() * 10.0).round() / 10.0,
        "devices": pick(&overview["devices"], &["real", "simulated"]),
        "observations": pick(&overview["observations"], &["boot", "process", "app", "vitals", "inventory"]),
        "anomalies": pick(&overview["anomalies"], &["reboot", "process", "app", "capacity", "compound"]),
        "threads": threads,
        "links": pick(&overview["links"], &["suggested", "automatic"]),
        "books": pick(books, &["sent", "stored", "rejected", "dropped", "lost", "balanced"]),
    }))
}
