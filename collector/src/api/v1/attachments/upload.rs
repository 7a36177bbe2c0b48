//! `POST /attachments?name=`: the bytes of a file as the body. It belongs to its sender until one of their posts names it.

use axum::{Json, body::Bytes, extract::State, http::StatusCode};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use weft_collector_store::control::attachments::{Attachment, Kept};

use crate::{
    api::{Api, Caller, input::Params, problem::Problem, v1::threads::FileRef},
    error::Code,
    threads::{ThreadError, files},
};

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Query {
    #[serde(default)]
    name: String,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct Uploaded {
    #[serde(flatten)]
    file: FileRef,
    /// To be put into a post: `![name](attachment:id)`.
    markdown: String,
    sha256: String,
}

#[utoipa::path(post, path = "/attachments", tag = "discussion", params(Query),
    request_body(content = Vec<u8>, content_type = "application/octet-stream", description = "At most 8 MiB"),
    responses(
        (status = 201, body = Uploaded), (status = 400), (status = 409, description = "No room left"),
        (status = 413, description = "Larger than 8 MiB"), (status = 429),
    ),
)]
pub async fn upload(
    State(api): State<Api>,
    caller: Caller,
    Params(query): Params<Query>,
    bytes: Bytes,
) -> Result<(StatusCode, Json<Uploaded>), Problem> {
    let looked = files::look(&bytes, &query.name).map_err(ThreadError::from)?;
    api.threads.admit(&caller.account)?;
    let file = Attachment {
        id: api.clock.id(),
        sha256: looked.sha256,
        name: looked.name,
        media: looked.media.to_owned(),
        size: bytes.len() as u64,
        uploader: caller.account.id,
        at: api.clock.now(),
        post: None,
    };
    let kept = api
        .control
        .attachments()
        .keep(file.clone(), bytes.to_vec(), files::QUOTA)
        .await?;
    let full = |words: &'static str| Err(Problem::new(Code::Conflict, words).coded("no_room"));
    match kept {
        Kept::Yes => {}
        Kept::PersonFull => {
            return full(
                "your files take 200 MiB already: delete posts with files, or link to the file",
            );
        }
        Kept::AllFull => return full("there is no room for files left: tell IT"),
    }
    let mark = if files::is_picture(&file.media) {
        "!"
    } else {
        ""
    };
    let uploaded = Uploaded {
        markdown: format!(
            "{mark}[{}]({}{})",
            file.name.replace(['(', ')'], ""),
            files::SCHEME,
            file.id
        ),
        sha256: file.sha256.clone(),
        file: file.into(),
    };
    Ok((StatusCode::CREATED, Json(uploaded)))
}
