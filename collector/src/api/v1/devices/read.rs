//! `GET /devices/{id}`: a laptop's page.

use axum::{Json, extract::State};
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;
use weft_collector_core::{
    authority::{Action, Object, allows},
    device::DeviceId,
};

use super::{DeviceSummary, books, summaries};
use crate::api::{
    Api, Caller,
    input::At,
    problem::Problem,
    reads::{Health, Inventory, Loss, Who},
    v1::shape::Books,
};

#[derive(Debug, Serialize, ToSchema)]
pub struct Device {
    #[serde(flatten)]
    summary: DeviceSummary,
    #[schema(required)]
    inventory: Option<Inventory>,
    #[schema(required)]
    health: Option<Health>,
    books: Books,
    losses: Vec<Loss>,
    /// For the owner and admins.
    #[schema(required)]
    certificate: Option<Certificate>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct Certificate {
    serial: String,
    not_after: Timestamp,
    renew_after: Timestamp,
}

#[utoipa::path(get, path = "/devices/{id}", tag = "devices", params(("id" = Uuid, Path)), responses(
    (status = 200, body = Device), (status = 404),
))]
pub async fn read(
    State(api): State<Api>,
    caller: Caller,
    At(id): At<Uuid>,
) -> Result<Json<Device>, Problem> {
    let id = DeviceId(id);
    let device = api
        .look(&caller, &Object::Device(id), id, "device page")
        .await?;
    let books = books(&api, Who::These(&[id]))
        .await?
        .remove(&id)
        .unwrap_or_default();
    let certificate =
        match allows(&caller.viewer, Action::See, &Object::Certificate(id)).is_allowed() {
            true => api.control.certificates().newest(id).await?,
            false => None,
        };
    let summary = summaries(&api, &caller, vec![device]).await?.pop();
    Ok(Json(Device {
        summary: summary.ok_or_else(|| Problem::missing("device"))?,
        inventory: api.reads.inventory(id).await?,
        health: api.reads.health(id).await?,
        books: books.into(),
        losses: api.reads.losses(id).await?,
        certificate: certificate.map(|certificate| Certificate {
            serial: certificate.serial,
            not_after: certificate.not_after,
            renew_after: certificate.renew_after,
        }),
    }))
}
