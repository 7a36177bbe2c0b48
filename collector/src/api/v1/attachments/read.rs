//! `GET /attachments/{id}`: the bytes, for those who may read the post that shows them.

use axum::{
    body::Body,
    extract::State,
    http::{HeaderValue, header},
    response::Response,
};
use uuid::Uuid;

use crate::{
    api::{Api, Caller, input::At, problem::Problem},
    threads::files,
};

/// Nothing in a file runs, loads or is framed, should a browser ever take it for a page.
const SANDBOX: HeaderValue =
    HeaderValue::from_static("default-src 'none'; sandbox; frame-ancestors 'none'");

#[utoipa::path(get, path = "/attachments/{id}", tag = "discussion", params(("id" = Uuid, Path)), responses(
    (status = 200, content_type = "application/octet-stream", body = Vec<u8>), (status = 404),
))]
pub async fn read(
    State(api): State<Api>,
    caller: Caller,
    At(id): At<Uuid>,
) -> Result<Response, Problem> {
    let missing = || Problem::missing("file");
    let file = api
        .control
        .attachments()
        .get(id)
        .await?
        .ok_or_else(missing)?;
    match file.post {
        Some(post) => {
            api.threads
                .find_post(&caller.account, post)
                .await
                .map_err(|error| match error {
                    crate::threads::ThreadError::Missing(_) => missing(),
                    other => other.into(),
                })?;
        }
        None if file.uploader == caller.account.id => {}
        None => return Err(missing()),
    }
    let bytes = api
        .control
        .attachments()
        .bytes(&file.sha256)
        .await?
        .ok_or_else(missing)?;
    let mut response = Response::new(Body::from(bytes));
    let headers = response.headers_mut();
    // Text is never taken for a page; other kinds are what their bytes said.
    let media = HeaderValue::from_str(&file.media);
    let disposition = HeaderValue::from_str(&files::disposition(&file.name, &file.media));
    let unknown = HeaderValue::from_static("application/octet-stream");
    headers.insert(header::CONTENT_TYPE, media.unwrap_or(unknown));
    headers.insert(
        header::CONTENT_DISPOSITION,
        disposition.unwrap_or(HeaderValue::from_static("attachment")),
    );
    headers.insert(header::CONTENT_SECURITY_POLICY, SANDBOX);
    headers.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    headers.insert(
        header::HeaderName::from_static("cross-origin-resource-policy"),
        HeaderValue::from_static("same-origin"),
    );
    // The bytes of an id never change; whether this reader may have them does, so nobody else keeps them, and not for long.
    headers.insert(
        header::CACHE_CONTROL,
        HeaderValue::from_static("private, max-age=300"),
    );
    Ok(response)
}
