//! `GET /anomalies`: most severe first, then newest.

use axum::{Json, extract::State};
use serde::{Deserialize, de::DeserializeOwned};
use utoipa::IntoParams;
use uuid::Uuid;
use weft_collector_core::{device::DeviceId, finding::Subject};
use weft_collector_store::control::anomalies::{Place, Wanted, rank};

use super::{AnomalySummary, note_named, summaries};
use crate::api::{
    Api, Caller, guard,
    input::Params,
    page::{self, Page},
    problem::Problem,
};

const LIST: &str = "anomalies";

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Query {
    /// `open`, `acknowledged`, `resolved`, or several with commas.
    state: Option<String>,
    /// `reboot`, `process`, `app`, `capacity`, `compound`.
    kind: Option<String>,
    /// `info`, `low`, `medium`, `high`, `critical`.
    severity: Option<String>,
    device: Option<Uuid>,
    /// Words that must all occur in title or reasons.
    q: Option<String>,
    limit: Option<u64>,
    cursor: Option<String>,
}

#[utoipa::path(get, path = "/anomalies", tag = "anomalies", params(Query), responses(
    (status = 200, body = Page<AnomalySummary>), (status = 400),
))]
pub async fn list(
    State(api): State<Api>,
    caller: Caller,
    Params(query): Params<Query>,
) -> Result<Json<Page<AnomalySummary>>, Problem> {
    let limit = page::limit(query.limit)?;
    let after = page::place::<Place>(LIST, query.cursor.as_deref())?;
    let states = query.state.as_deref().unwrap_or_default();
    let states = states
        .split(',')
        .filter(|word| !word.is_empty())
        .map(|state| word("state", state));
    let wanted = Wanted {
        states: states.collect::<Result<_, _>>()?,
        kind: given(query.kind.as_deref())
            .map(|kind| word("kind", kind))
            .transpose()?,
        severity: given(query.severity.as_deref())
            .map(|severity| word("severity", severity))
            .transpose()?,
        device: query.device.map(DeviceId),
        words: query.q.unwrap_or_default(),
    };
    let found = api
        .control
        .anomalies()
        .list(&wanted, &guard::scope(&caller), after, limit + 1)
        .await?;
    let place = |kept: &weft_collector_store::control::anomalies::Kept| -> Place {
        let anomaly = &kept.anomaly;
        (
            rank(anomaly.finding.severity),
            anomaly.updated_at,
            anomaly.id,
        )
    };
    let page = Page::of(LIST, found, limit, place, |kept| kept);
    // A title names its laptop.
    let named = page
        .items
        .iter()
        .filter_map(|kept| match kept.anomaly.finding.subject {
            Subject::Device(device) => Some(device),
            Subject::Cohort(_) => None,
        });
    note_named(&api, &caller, "the list of anomalies", named).await?;
    Ok(Json(Page {
        items: summaries(&api, &caller, page.items).await?,
        next_cursor: page.next_cursor,
    }))
}

fn given(word: Option<&str>) -> Option<&str> {
    word.filter(|word| !word.is_empty())
}

/// A word of the vocabulary, as it stands in JSON.
fn word<T: DeserializeOwned>(what: &str, word: &str) -> Result<T, Problem> {
    let value = serde_json::Value::String(word.to_owned());
    serde_json::from_value(value).map_err(|_| {
        Problem::invalid(format!("there is no {what} {word:?}")).coded("invalid_query")
    })
}
