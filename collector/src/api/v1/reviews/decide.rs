//! `POST /reviews/{id}/decision`: sanction, tolerate until, replace by, remove; for the laptop, its team or everybody.

use axum::{Json, extract::State};
use jiff::Timestamp;
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;
use weft_collector_core::{
    authority::{Action, Object},
    review::{Decision, Outcome, Scope},
};
use weft_collector_store::control::reviews::{Decided, Review as Stored, Wanted};

use super::{MOST, Review, app_name, find, one, words};
use crate::{
    api::{
        Api, Caller,
        input::{At, Body},
        problem::Problem,
    },
    error::Code,
    threads::{about::literal, notice::notice},
};

/// A name or a few.
const MOST_REPLACEMENT: usize = 200;

#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Whom {
    Device,
    Team,
    Fleet,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewDecision {
    /// `sanction`, `tolerate` (needs `until`), `replace` (needs `replace_by`), `remove`.
    #[schema(value_type = String)]
    outcome: Outcome,
    /// This laptop, its team, or everybody.
    scope: Whom,
    #[serde(default)]
    until: Option<Timestamp>,
    #[serde(default)]
    replace_by: String,
    /// Why, for the people concerned.
    words: String,
}

#[utoipa::path(post, path = "/reviews/{id}/decision", tag = "reviews", params(("id" = Uuid, Path)), request_body = NewDecision,
    responses((status = 200, body = Review), (status = 400), (status = 403), (status = 404),
    (status = 409, description = "It is decided already"),
))]
pub async fn decide(
    State(api): State<Api>,
    caller: Caller,
    At(id): At<Uuid>,
    Body(new): Body<NewDecision>,
) -> Result<Json<Review>, Problem> {
    api.may(&caller, Action::Change, &Object::Verdicts)?;
    let review = find(&api, &caller, id).await?;
    if new.replace_by.chars().count() > MOST_REPLACEMENT
        || new.replace_by.chars().any(char::is_control)
    {
        return Err(Problem::invalid(format!(
            "`replace_by` is one line of at most {MOST_REPLACEMENT} characters"
        )));
    }
    let scope = match new.scope {
        Whom::Device => Scope::Device(review.device),
        Whom::Team if review.team.is_empty() => {
            return Err(Problem::invalid(
                "the laptop belongs to no team: decide for the device or the fleet",
            ));
        }
        Whom::Team => Scope::Team(review.team.clone()),
        Whom::Fleet => Scope::Fleet,
    };
    let decision = Decision {
        outcome: new.outcome,
        scope,
        until: new.until,
        replace_by: new.replace_by.trim().to_owned(),
        words: words(&new.words)?,
    };
    let now = api.clock.now();
    let verdict = decision
        .verdict(&review.app, now)
        .map_err(|unfit| Problem::invalid(unfit.to_string()))?;
    let decided = Decided {
        decision,
        by: caller.account.id,
        at: now,
    };
    if !api.control.reviews().decide(id, &decided).await? {
        return Err(
            Problem::new(Code::Conflict, "this review is decided already").coded("decided"),
        );
    }
    api.control
        .verdicts()
        .put(&verdict, caller.account.id, now)
        .await?;
    let detail = format!("{:?}: {}", decided.decision.outcome, verdict.reason);
    api.audit(&caller, "review.decide", &review.app, &detail)
        .await;
    tell(&api, &review, &decided).await?;
    let review = find(&api, &caller, id).await?;
    one(&api, &caller, review).await.map(Json)
}

/// Everybody who was asked about this app and whom the decision concerns hears of it in the own private talk.
async fn tell(api: &Api, review: &Stored, decided: &Decided) -> Result<(), Problem> {
    let decision = &decided.decision;
    let words = format!(
        "**Decided:** {}\n\n{}",
        literal(&decision.told(&app_name(&review.app))),
        literal(&decision.words)
    );
    let topic = format!("decision:{}", review.id);
    notice(
        &api.control,
        &api.clock,
        review.thread,
        &topic,
        words.clone(),
    )
    .await?;
    let wanted = Wanted {
        app: Some(review.app.clone()),
        ..Wanted::default()
    };
    let others = api.control.reviews().list(&wanted, MOST).await?;
    let concerned = others
        .iter()
        .filter(|one| one.id != review.id && decision.scope.concerns(one.device, &one.team));
    for other in concerned {
        notice(
            &api.control,
            &api.clock,
            other.thread,
            &topic,
            words.clone(),
        )
        .await?;
        if other.decision.is_none() {
            api.control.reviews().decide(other.id, decided).await?;
        }
    }
    Ok(())
}
