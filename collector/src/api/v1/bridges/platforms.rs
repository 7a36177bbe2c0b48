//! `GET /bridges/platforms`: what can be bridged, and what each platform wants to know.

use axum::{Json, extract::State};
use serde::Serialize;
use utoipa::ToSchema;
use weft_collector_core::authority::{Action, Object};

use crate::{
    api::{Api, Caller, problem::Problem},
    threads::connector::{Field as Known, Kind},
};

#[derive(Debug, Serialize, ToSchema)]
pub struct Platform {
    pub platform: &'static str,
    pub name: &'static str,
    pub about: &'static str,
    pub address: Field,
    pub place: Field,
    pub secrets: Vec<Field>,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PlatformField)]
pub struct Field {
    pub name: &'static str,
    pub label: &'static str,
    pub help: &'static str,
    pub required: bool,
}

#[utoipa::path(get, path = "/bridges/platforms", tag = "connections", responses((status = 200, body = Vec<Platform>), (status = 403)))]
pub async fn platforms(
    State(api): State<Api>,
    caller: Caller,
) -> Result<Json<Vec<Platform>>, Problem> {
    api.may(&caller, Action::See, &Object::Bridges)?;
    Ok(Json(Kind::ALL.into_iter().map(platform).collect()))
}

fn platform(kind: Kind) -> Platform {
    let form = kind.form();
    Platform {
        platform: kind.word(),
        name: form.name,
        about: form.about,
        address: form.address.into(),
        place: form.place.into(),
        secrets: form.secrets.iter().copied().map(Field::from).collect(),
    }
}

impl From<Known> for Field {
    fn from(field: Known) -> Self {
        Self {
            name: field.name,
            label: field.label,
            help: field.help,
            required: field.required,
        }
    }
}
