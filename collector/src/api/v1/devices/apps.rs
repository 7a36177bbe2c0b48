//! `GET /devices/{id}/apps`: the catalog's apps on a laptop, with the verdict in force. For its owner and those who review.

use axum::{Json, extract::State};
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;
use weft_collector_core::{
    authority::Object,
    device::DeviceId,
    verdict::{self, Judged},
};

use crate::api::{Api, Caller, input::At, page::Page, problem::Problem};

#[derive(Debug, Serialize, ToSchema)]
pub struct DeviceApp {
    app: String,
    name: String,
    category: String,
    state: String,
    confidence: f64,
    flags: Vec<String>,
    account: String,
    account_domain: String,
    first_seen: Timestamp,
    last_seen: Timestamp,
    files_changed: u64,
    bytes_changed: u64,
    #[schema(required, value_type = Option<String>)]
    verdict: Option<Judged>,
    evidence: Vec<String>,
}

#[utoipa::path(get, path = "/devices/{id}/apps", tag = "devices", params(("id" = Uuid, Path)), responses(
    (status = 200, body = Page<DeviceApp>), (status = 403), (status = 404),
))]
pub async fn apps(
    State(api): State<Api>,
    caller: Caller,
    At(id): At<Uuid>,
) -> Result<Json<Page<DeviceApp>>, Problem> {
    let id = DeviceId(id);
    let device = api.look(&caller, &Object::Apps(id), id, "apps").await?;
    let given = api.control.verdicts().list().await?;
    let verdicts: Vec<_> = given.into_iter().map(|given| given.verdict).collect();
    let now = api.clock.now();
    let apps = api.reads.device_apps(id).await?;
    let show = |app: crate::api::reads::DeviceApp| DeviceApp {
        verdict: verdict::in_force(&verdicts, &app.app, &device.traits.team, now),
        app: app.app,
        name: app.name,
        category: app.category,
        state: app.state,
        confidence: app.confidence,
        flags: app.flags,
        account: app.account,
        account_domain: app.account_domain,
        first_seen: app.first_seen,
        last_seen: app.last_seen,
        files_changed: app.files_changed,
        bytes_changed: app.bytes_changed,
        evidence: app.evidence,
    };
    Ok(Json(Page::whole(apps.into_iter().map(show).collect())))
}
