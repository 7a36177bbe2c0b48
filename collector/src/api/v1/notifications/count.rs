//! `GET /notifications/count`: how many are not seen; with `known` and `wait` the answer comes when the number changes.
//!
//! A waiting request costs one task and, when somebody wrote something, one query; what other collectors of the same
//! database wrote is noticed within [`LOOK`].

use std::time::Duration;

use axum::{Json, extract::State};
use serde::{Deserialize, Serialize};
use tokio::time::{Instant, timeout};
use utoipa::{IntoParams, ToSchema};

use crate::api::{Api, Caller, input::Params, problem::Problem};

/// Counted to this; the console shows "99+".
const MOST: u64 = 100;
/// Proxies cut idle requests after 30 or 60 seconds.
const MAX_WAIT: u64 = 25;
/// How late what another collector wrote is noticed.
const LOOK: Duration = Duration::from_secs(5);

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Query {
    /// The number that the caller shows now.
    known: Option<u64>,
    /// Seconds to wait for another number, at most 25.
    wait: Option<u64>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct Unseen {
    /// At most 100: then there are more.
    unseen: u64,
}

#[utoipa::path(get, path = "/notifications/count", tag = "discussion", params(Query), responses((status = 200, body = Unseen)))]
pub async fn count(
    State(api): State<Api>,
    caller: Caller,
    Params(query): Params<Query>,
) -> Result<Json<Unseen>, Problem> {
    let until = Instant::now() + Duration::from_secs(query.wait.unwrap_or(0).min(MAX_WAIT));
    let mut bell = api.threads.bell();
    loop {
        bell.mark_unchanged();
        let unseen = api
            .control
            .notifications()
            .unseen(caller.reader(), MOST)
            .await?;
        let left = until.saturating_duration_since(Instant::now());
        if query.known != Some(unseen) || left.is_zero() {
            return Ok(Json(Unseen { unseen }));
        }
        // Whether it rang or not: look again.
        let _ = timeout(left.min(LOOK), bell.changed()).await;
    }
}
