//! `POST /anomalies/{id}/thread`: the thread about it; opened when there is none.

use axum::{Json, extract::State};
use uuid::Uuid;
use weft_collector_core::link::{Link, LinkState, Reason};

use super::find;
use crate::{
    api::{
        Api, Caller,
        input::At,
        problem::Problem,
        v1::{
            links,
            threads::{Thread, whole},
        },
    },
    threads::{
        about::{self, Place},
        may_enter,
    },
};

#[utoipa::path(post, path = "/anomalies/{id}/thread", tag = "anomalies", params(("id" = Uuid, Path)), responses(
    (status = 200, body = Thread), (status = 403, description = "It may only be talked about in a space that is not yours"), (status = 404),
))]
pub async fn thread(
    State(api): State<Api>,
    caller: Caller,
    At(id): At<Uuid>,
) -> Result<Json<Thread>, Problem> {
    let kept = find(&api, &caller, id).await?;
    let known = links::of_anomalies(&api, &caller, std::slice::from_ref(&kept)).await?;
    // Strongest first. What is only suggested is not yet the thread about it.
    let sure = known
        .iter()
        .find(|link| matches!(link.state, LinkState::Confirmed | LinkState::Automatic));
    if let Some(link) = sure {
        return Ok(Json(whole(&api, &caller, link.thread.id).await?));
    }
    let anomaly = &kept.anomaly;
    let place = Place::of(anomaly, &caller.viewer.devices);
    if !may_enter(&caller.account, place.audience()) {
        return Err(Problem::forbidden(
            "this may only be talked about among those who may see it: ask them, or open a thread in your own words",
        ));
    }
    let markdown = about::first_post(anomaly, place);
    let space = place.space(anomaly.finding.kind);
    let opened = api
        .threads
        .open_about(
            &caller.account,
            space,
            &about::title(anomaly),
            &markdown,
            kept.simulated,
        )
        .await?;
    let link = Link {
        anomaly: id,
        thread: opened,
        score: 1.0,
        state: LinkState::Confirmed,
        reasons: vec![Reason {
            feature: "person".to_owned(),
            weight: 1.0,
            text: format!("{} opened the thread about it", caller.account.name),
        }],
    };
    api.control
        .links()
        .decide(&link, caller.account.id, api.clock.now())
        .await?;
    api.audit(
        &caller,
        "anomaly.thread",
        &id.to_string(),
        &format!("thread {opened}"),
    )
    .await;
    Ok(Json(whole(&api, &caller, opened).await?))
}
