//! `POST /links`: a person ties an anomaly to a thread.

use axum::{Json, extract::State, http::StatusCode};
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;
use weft_collector_core::{
    authority::Action,
    link::{Link as CoreLink, LinkState, Reason},
};

use super::{Link, ends, keep};
use crate::api::{Api, Caller, input::Body, problem::Problem};

#[derive(Deserialize, ToSchema)]
pub struct Pair {
    anomaly: Uuid,
    thread: Uuid,
}

#[utoipa::path(post, path = "/links", tag = "links", request_body = Pair, responses(
    (status = 201, body = Link), (status = 403), (status = 404),
))]
pub async fn make(
    State(api): State<Api>,
    caller: Caller,
    Body(pair): Body<Pair>,
) -> Result<(StatusCode, Json<Link>), Problem> {
    let (kept, thread) = ends(&api, &caller, Action::Change, pair.anomaly, pair.thread).await?;
    let known = api.control.links().get(pair.anomaly, pair.thread).await?;
    let link = known.unwrap_or_else(|| CoreLink {
        anomaly: pair.anomaly,
        thread: pair.thread,
        // A person is sure.
        score: 1.0,
        state: LinkState::Confirmed,
        reasons: vec![Reason {
            feature: "person".to_owned(),
            weight: 1.0,
            text: format!("{} tied them", caller.account.name),
        }],
    });
    let link = CoreLink {
        state: LinkState::Confirmed,
        ..link
    };
    Ok((
        StatusCode::CREATED,
        Json(keep(&api, &caller, &kept, &thread, link).await?),
    ))
}
