//! `GET /attachments`: the reader's own files, newest first, and how much room they take.

use axum::{Json, extract::State};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    api::{Api, Caller, problem::Problem, v1::threads::FileRef},
    threads::files,
};

/// At 200 MiB a person has fewer, unless they are tiny.
const MOST: u64 = 500;

#[derive(Debug, Serialize, ToSchema)]
pub struct OwnFiles {
    items: Vec<FileRef>,
    /// Bytes of the items.
    used: u64,
    quota: u64,
}

#[utoipa::path(get, path = "/attachments", tag = "discussion", responses((status = 200, body = OwnFiles)))]
pub async fn list(State(api): State<Api>, caller: Caller) -> Result<Json<OwnFiles>, Problem> {
    let found = api
        .control
        .attachments()
        .of_person(caller.account.id, MOST)
        .await?;
    Ok(Json(OwnFiles {
        used: found.iter().map(|file| file.size).sum(),
        quota: files::QUOTA.of_person,
        items: found.into_iter().map(FileRef::from).collect(),
    }))
}
