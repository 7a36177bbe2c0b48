//! `POST /threads/{id}/accept`: this post solved it.

use axum::{Json, extract::State};
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{Thread, whole};
use crate::{
    api::{
        Api, Caller,
        input::{At, Body},
        problem::Problem,
    },
    threads::notice::notice,
};

const ASKED: &str = "An answer was accepted. Did you apply it on your laptop? Say so beside the answer, and its effect will be measured.";

#[derive(Deserialize, ToSchema)]
pub struct Answer {
    post: Uuid,
}

#[utoipa::path(post, path = "/threads/{id}/accept", tag = "discussion", params(("id" = Uuid, Path)), request_body = Answer, responses(
    (status = 200, body = Thread), (status = 403), (status = 404),
))]
pub async fn accept(
    State(api): State<Api>,
    caller: Caller,
    At(id): At<Uuid>,
    Body(answer): Body<Answer>,
) -> Result<Json<Thread>, Problem> {
    api.threads.accept(&caller.account, id, answer.post).await?;
    // Whoever applied it is asked to say so: then it can be measured.
    let topic = format!("applied:{}", answer.post);
    notice(&api.control, &api.clock, id, &topic, ASKED.to_owned()).await?;
    Ok(Json(whole(&api, &caller, id).await?))
}
