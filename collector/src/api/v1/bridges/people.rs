//! `GET /bridges/{id}/people`, `PUT`, `DELETE`: who of those over there is who here.

use axum::{Json, extract::State, http::StatusCode};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;
use weft_collector_core::authority::{Action, Object};
use weft_collector_store::control::bridges::{
    Bridge,
    people::{How, Known},
};

use crate::api::{
    Api, Caller,
    input::{At, Body, Params},
    page::Page,
    problem::Problem,
    v1::shape::{Named, Names},
};

/// A room with more speakers than this is looked through by name over there.
const MOST: u64 = 500;
/// Letters of an id over there.
const MAX_ID: usize = 255;

#[derive(Debug, Serialize, ToSchema)]
pub struct RemotePerson {
    /// Their id over there.
    pub remote: String,
    pub name: String,
    pub account: Named,
    /// `guest`, `mail`, `own` (they said a code over there), `admin`, `unlinked` (a guest whom no address ties again).
    pub how: String,
    pub at: Timestamp,
}

#[derive(Deserialize, ToSchema)]
pub struct RemotePersonRequest {
    /// Their id over there.
    remote: String,
    /// Login of who they are here.
    login: String,
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Whom {
    /// Their id over there.
    remote: String,
}

async fn bridge(api: &Api, id: Uuid) -> Result<Bridge, Problem> {
    let found = api.control.bridges().get(id).await?;
    found.ok_or_else(|| Problem::missing("bridge"))
}

#[utoipa::path(get, path = "/bridges/{id}/people", tag = "connections", params(("id" = Uuid, Path)), responses(
    (status = 200, body = Page<RemotePerson>), (status = 403), (status = 404),
))]
pub async fn list(
    State(api): State<Api>,
    caller: Caller,
    At(id): At<Uuid>,
) -> Result<Json<Page<RemotePerson>>, Problem> {
    api.may(&caller, Action::See, &Object::Bridges)?;
    let realm = bridge(&api, id).await?.realm();
    let people = api.control.bridges().people(&realm, MOST).await?;
    let names = Names::of(&api, people.iter().map(|known| known.account)).await?;
    let shown = people.into_iter().map(|known| RemotePerson {
        account: names.named(known.account),
        remote: known.remote,
        name: known.name,
        how: how(known.how).to_owned(),
        at: known.at,
    });
    Ok(Json(Page::whole(shown.collect())))
}

#[utoipa::path(put, path = "/bridges/{id}/people", tag = "connections", params(("id" = Uuid, Path)), request_body = RemotePersonRequest, responses(
    (status = 204), (status = 400), (status = 403), (status = 404),
))]
pub async fn tie(
    State(api): State<Api>,
    caller: Caller,
    At(id): At<Uuid>,
    Body(request): Body<RemotePersonRequest>,
) -> Result<StatusCode, Problem> {
    api.may(&caller, Action::Change, &Object::Bridges)?;
    let bridge = bridge(&api, id).await?;
    let remote = request.remote.trim();
    if remote.is_empty() || remote.len() > MAX_ID {
        return Err(Problem::invalid("say the person's id over there"));
    }
    let account = api
        .control
        .accounts()
        .by_login(request.login.trim())
        .await?;
    let account = account
        .filter(|account| !account.system && !account.disabled)
        .ok_or_else(|| Problem::missing("person"))?;
    let bridges = api.control.bridges();
    let before = bridges.person(&bridge.realm(), remote).await?;
    bridges
        .know(Known {
            realm: bridge.realm(),
            remote: remote.to_owned(),
            account: account.id,
            how: How::Admin,
            name: before.map_or(remote.to_owned(), |before| before.name),
            at: api.clock.now(),
        })
        .await?;
    let detail = format!("{remote} is {}", account.login);
    api.audit(&caller, "bridge.link_person", &id.to_string(), &detail)
        .await;
    Ok(StatusCode::NO_CONTENT)
}

#[utoipa::path(delete, path = "/bridges/{id}/people", tag = "connections", params(("id" = Uuid, Path), Whom), responses(
    (status = 204), (status = 403), (status = 404),
))]
pub async fn untie(
    State(api): State<Api>,
    caller: Caller,
    At(id): At<Uuid>,
    Params(whom): Params<Whom>,
) -> Result<StatusCode, Problem> {
    api.may(&caller, Action::Change, &Object::Bridges)?;
    api.connect.unlink(id, &whom.remote).await?;
    api.audit(
        &caller,
        "bridge.unlink_person",
        &id.to_string(),
        &whom.remote,
    )
    .await;
    Ok(StatusCode::NO_CONTENT)
}

fn how(how: How) -> &'static str {
    match how {
        How::Guest => "guest",
        How::Mail => "mail",
        How::Own => "own",
        How::Admin => "admin",
        How::Unlinked => "unlinked",
    }
}
