//! `GET /devices/{id}/looks`: who looked at this laptop. For its owner and admins.

use axum::{Json, extract::State};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;
use weft_collector_core::{authority::Object, device::DeviceId};

use crate::api::{
    Api, Caller,
    input::{At, Params},
    page::{self, Page},
    problem::Problem,
    v1::shape::{Names, Person},
};

const LIST: &str = "looks";

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Query {
    limit: Option<u64>,
    cursor: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct Look {
    at: Timestamp,
    who: Person,
    /// Everything looked at within that hour.
    what: String,
}

#[utoipa::path(get, path = "/devices/{id}/looks", tag = "devices", params(("id" = Uuid, Path), Query), responses(
    (status = 200, body = Page<Look>), (status = 403), (status = 404),
))]
pub async fn looks(
    State(api): State<Api>,
    caller: Caller,
    At(id): At<Uuid>,
    Params(query): Params<Query>,
) -> Result<Json<Page<Look>>, Problem> {
    let id = DeviceId(id);
    api.look(&caller, &Object::Ledger(id), id, "this ledger")
        .await?;
    let limit = page::limit(query.limit)?;
    let after = page::place::<(Timestamp, Uuid)>(LIST, query.cursor.as_deref())?;
    let found = api.control.looks().of_device(id, after, limit + 1).await?;
    let names = Names::of(&api, found.iter().map(|look| look.viewer)).await?;
    Ok(Json(Page::of(
        LIST,
        found,
        limit,
        |look| (look.at, look.viewer),
        |look| Look {
            at: look.at,
            who: names.person(look.viewer),
            what: look.what,
        },
    )))
}
