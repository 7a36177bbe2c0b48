//! `POST /bridges`: a new bridge; it runs within a second or two.

use axum::{Json, extract::State, http::StatusCode};
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;
use weft_collector_core::authority::{Action, Object};

use super::{Bridge, Secrets, show};
use crate::{
    api::{Api, Caller, input::Body, problem::Problem, v1::shape::Names},
    connect::desk::{Target, Wanted},
    threads::connector::Kind,
};

#[derive(Deserialize, ToSchema)]
pub struct BridgeRequest {
    name: String,
    /// One of `GET /bridges/platforms`.
    platform: String,
    #[serde(default)]
    address: String,
    #[serde(default)]
    place: String,
    #[serde(default)]
    secrets: Secrets,
    /// Slug or id of the space that is mirrored; or
    #[serde(default)]
    space: Option<String>,
    /// the thread.
    #[serde(default)]
    thread: Option<Uuid>,
    #[serde(default = "yes")]
    outward: bool,
    #[serde(default = "yes")]
    inward: bool,
    /// Mirror what programs say over there too.
    #[serde(default)]
    bots: bool,
    /// Believe the addresses that the platform tells of people.
    #[serde(default)]
    trusts_mail: bool,
    /// Meant although the space is read by staff only.
    #[serde(default)]
    beyond_everyone: bool,
}

fn yes() -> bool {
    true
}

#[utoipa::path(post, path = "/bridges", tag = "connections", request_body = BridgeRequest, responses(
    (status = 201, body = Bridge), (status = 400), (status = 403), (status = 404), (status = 409),
))]
pub async fn make(
    State(api): State<Api>,
    caller: Caller,
    Body(request): Body<BridgeRequest>,
) -> Result<(StatusCode, Json<Bridge>), Problem> {
    api.may(&caller, Action::Change, &Object::Bridges)?;
    let kind = Kind::from_word(&request.platform).ok_or_else(|| {
        let known: Vec<&str> = Kind::ALL.into_iter().map(Kind::word).collect();
        Problem::invalid(format!(
            "there is no platform {:?}: known are {}",
            request.platform,
            known.join(", ")
        ))
    })?;
    let target = match (request.space, request.thread) {
        (Some(space), None) => Target::Space(space),
        (None, Some(thread)) => Target::Thread(thread),
        _ => return Err(Problem::invalid("say either space or thread")),
    };
    let wanted = Wanted {
        name: request.name,
        kind,
        address: request.address,
        place: request.place,
        secrets: request.secrets.into(),
        target,
        outward: request.outward,
        inward: request.inward,
        bots: request.bots,
        trusts_mail: request.trusts_mail,
        beyond_everyone: request.beyond_everyone,
    };
    let made = api.connect.make(caller.account.id, wanted).await?;
    let detail = format!("{} {} {}", made.platform, made.address, made.place);
    api.audit(&caller, "bridge.make", &made.id.to_string(), &detail)
        .await;
    let names = Names::of(&api, [made.made_by]).await?;
    let by = names.named(made.made_by);
    Ok((StatusCode::CREATED, Json(show(&api, made, by).await?)))
}
