//! `GET` and `POST /threads/{id}/call`: the talk's call link.

use axum::{Json, extract::State};
use jiff::Timestamp;
use rand::RngCore as _;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;
use weft_collector_store::control::calls::Call as Stored;

use super::shape::{Named, Names};
use crate::{
    api::{Api, Caller, input::At, problem::Problem},
    calls::{LIFE, Template},
    error::Code,
    threads::{about::literal, notice::notice},
};

#[derive(Debug, Serialize, ToSchema)]
pub struct Calls {
    /// False: IT configured no call service (`[threads] call_url`).
    available: bool,
    #[schema(required)]
    call: Option<Call>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct Call {
    url: String,
    started_by: Named,
    at: Timestamp,
}

#[utoipa::path(get, path = "/threads/{id}/call", tag = "context", params(("id" = Uuid, Path)), responses(
    (status = 200, body = Calls), (status = 404),
))]
pub async fn read(
    State(api): State<Api>,
    caller: Caller,
    At(id): At<Uuid>,
) -> Result<Json<Calls>, Problem> {
    api.threads.thread(&caller.account, id).await?;
    let call = match live(&api, id).await? {
        Some(call) => Some(show(&api, call).await?),
        None => None,
    };
    Ok(Json(Calls {
        available: api.calls.is_some(),
        call,
    }))
}

/// Gives the running call, or starts one and says so in the talk.
#[utoipa::path(post, path = "/threads/{id}/call", tag = "context", params(("id" = Uuid, Path)), responses(
    (status = 200, body = Call), (status = 404), (status = 409, description = "No call service is configured"),
))]
pub async fn start(
    State(api): State<Api>,
    caller: Caller,
    At(id): At<Uuid>,
) -> Result<Json<Call>, Problem> {
    api.threads.thread(&caller.account, id).await?;
    let Some(template) = &api.calls else {
        return Err(Problem::new(
            Code::Conflict,
            "calls are not set up here: IT sets [threads] call_url in the collector's configuration",
        )
        .coded("no_calls"));
    };
    let call = match live(&api, id).await? {
        Some(call) => call,
        None => begin(&api, &caller, id, template).await?,
    };
    Ok(Json(show(&api, call).await?))
}

async fn live(api: &Api, thread: Uuid) -> Result<Option<Stored>, Problem> {
    let now = api.clock.now();
    let found = api.control.calls().get(thread).await?;
    Ok(found.filter(|call| now.duration_since(call.at) < LIFE))
}

async fn begin(
    api: &Api,
    caller: &Caller,
    thread: Uuid,
    template: &Template,
) -> Result<Stored, Problem> {
    let mut random = [0; 20];
    rand::rng().fill_bytes(&mut random);
    let call = Stored {
        thread,
        url: template.room(random),
        by: caller.account.id,
        at: api.clock.now(),
    };
    api.control.calls().put(&call).await?;
    let words = format!(
        "{} started a call: [join]({}).",
        literal(&caller.account.name),
        call.url
    );
    let topic = format!("call:{}", call.at.as_microsecond());
    notice(&api.control, &api.clock, thread, &topic, words).await?;
    api.audit(caller, "call.start", &thread.to_string(), "")
        .await;
    Ok(call)
}

async fn show(api: &Api, call: Stored) -> Result<Call, Problem> {
    let names = Names::of(api, [call.by]).await?;
    Ok(Call {
        url: call.url,
        started_by: names.named(call.by),
        at: call.at,
    })
}
