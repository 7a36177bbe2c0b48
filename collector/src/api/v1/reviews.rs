//! Reviews: security asks an owner why an app is used, before anything is decided.
//!
//! **Invariant: the talk is for the owner and security alone from its first moment on**; a decision is kept as the app's verdict, in
//! the same step told to the people concerned, and through the policy to their laptops.

pub mod decide;

use axum::{Json, extract::State, http::StatusCode};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;
use weft_collector_core::{
    authority::{Action, Object, allows},
    device::DeviceId,
    review::{Decision as CoreDecision, Outcome, Purpose, Reason as CoreReason, Scope},
};
use weft_collector_store::control::reviews::{Review as Stored, Wanted};
use weft_proto_catalog::Catalog;

use super::{
    apps::check_app,
    shape::{Named, Names},
};
use crate::{
    api::{
        Api, Caller, guard,
        input::{At, Body, Params},
        problem::Problem,
    },
    error::Code,
    threads::{about::literal, notice::notice, source},
};

/// Reviews in one list: more is a backlog, not a queue.
const MOST: u64 = 500;
/// Characters of an answer's parts.
const MOST_WORDS: usize = 2_000;

/// The first post. The app's and the laptop's names come from outside and are made text.
fn first_post(app: &str, device: &str, words: &str) -> String {
    let mut post = format!(
        "We saw **{}** on {}. Nobody is in trouble, and nothing is decided: we ask first.\n\n\
         - Why do you use it, and for what?\n\
         - What does the approved tool lack?\n\n\
         You can answer here in your own words, or with the form above. This talk is for you and security alone. Your reason goes \
         into the register from which IT plans its tools, without your name.",
        literal(app),
        literal(device),
    );
    if !words.is_empty() {
        post.push_str("\n\n");
        post.push_str(words);
    }
    post
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewReview {
    /// Catalog id.
    app: String,
    device: Uuid,
    /// The finding that led here.
    #[serde(default)]
    anomaly: Option<Uuid>,
    /// Added below the template.
    #[serde(default)]
    words: String,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Answer {
    /// `share_outside`, `share_inside`, `large_files`, `own_devices`, `talk`, `remote_help`, `private`, `not_used`, `other`.
    #[schema(value_type = String)]
    purpose: Purpose,
    #[serde(default)]
    missing: String,
    #[serde(default)]
    words: String,
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Query {
    app: Option<String>,
    /// `true`: decided ones; `false`: open ones.
    decided: Option<bool>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct Review {
    id: Uuid,
    /// The private talk.
    thread: Uuid,
    app: String,
    app_name: String,
    device: Named,
    team: String,
    owner: Named,
    opened_by: Named,
    opened_at: Timestamp,
    #[schema(required)]
    anomaly: Option<Uuid>,
    /// `asked`, `answered`, `decided`.
    state: &'static str,
    #[schema(required)]
    reason: Option<Reason>,
    #[schema(required)]
    decision: Option<Decision>,
    /// May the reader answer, may the reader decide?
    can_answer: bool,
    can_decide: bool,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct Reason {
    #[schema(value_type = String)]
    purpose: Purpose,
    purpose_words: &'static str,
    missing: String,
    words: String,
    at: Timestamp,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct Decision {
    /// `sanction`, `tolerate`, `replace`, `remove`.
    #[schema(value_type = String)]
    outcome: Outcome,
    /// `fleet`, `team`, `device`.
    scope: &'static str,
    #[schema(required)]
    until: Option<Timestamp>,
    replace_by: String,
    words: String,
    /// As it was told.
    told: String,
    by: Named,
    at: Timestamp,
}

#[utoipa::path(post, path = "/reviews", tag = "reviews", request_body = NewReview, responses(
    (status = 201, body = Review), (status = 400), (status = 403), (status = 404),
    (status = 409, description = "It is asked already, or the laptop has no owner to ask"),
))]
pub async fn open(
    State(api): State<Api>,
    caller: Caller,
    Body(new): Body<NewReview>,
) -> Result<(StatusCode, Json<Review>), Problem> {
    api.may(&caller, Action::Change, &Object::Verdicts)?;
    check_app(&new.app)?;
    let words = words(&new.words)?;
    let device = DeviceId(new.device);
    let device = api
        .look(&caller, &Object::Apps(device), device, "review of an app")
        .await?;
    let conflict = |detail: &'static str, code| Problem::new(Code::Conflict, detail).coded(code);
    let Some(owner) = device.owner else {
        return Err(conflict(
            "nobody owns this laptop, so there is nobody to ask",
            "no_owner",
        ));
    };
    if let Some(anomaly) = new.anomaly {
        let kept = api.control.anomalies().get(anomaly).await?;
        if !kept.is_some_and(|kept| guard::sees(&caller, &kept.anomaly).is_allowed()) {
            return Err(Problem::missing("anomaly"));
        }
    }
    let wanted = Wanted {
        app: Some(new.app.clone()),
        owner: Some(owner),
        decided: Some(false),
    };
    let open = api.control.reviews().list(&wanted, MOST).await?;
    if open.iter().any(|review| review.device == device.id) {
        return Err(conflict(
            "this owner is asked about this app already",
            "asked_already",
        ));
    }
    let name = app_name(&new.app);
    let title = format!("Why do you use {name}?");
    let thread = api
        .threads
        .open_private(
            &caller.account,
            &title,
            &first_post(&name, &device.traits.name, &words),
            &[owner],
            device.traits.simulated,
        )
        .await?;
    let review = Stored {
        id: api.clock.id(),
        thread,
        anomaly: new.anomaly,
        app: new.app,
        device: device.id,
        owner,
        team: device.traits.team,
        opened_by: caller.account.id,
        opened_at: api.clock.now(),
        reason: None,
        decision: None,
    };
    api.control.reviews().add(&review).await?;
    api.audit(&caller, "review.open", &review.app, &device.traits.name)
        .await;
    Ok((StatusCode::CREATED, Json(one(&api, &caller, review).await?)))
}

/// For those who review apps: all. For everybody else: those about the own laptops.
#[utoipa::path(get, path = "/reviews", tag = "reviews", params(Query), responses((status = 200, body = Vec<Review>)))]
pub async fn list(
    State(api): State<Api>,
    caller: Caller,
    Params(query): Params<Query>,
) -> Result<Json<Vec<Review>>, Problem> {
    let wanted = Wanted {
        app: query.app.filter(|app| !app.is_empty()),
        owner: (!reviews(&caller)).then_some(caller.account.id),
        decided: query.decided,
    };
    let found = api.control.reviews().list(&wanted, MOST).await?;
    show(&api, &caller, found).await.map(Json)
}

#[utoipa::path(get, path = "/reviews/{id}", tag = "reviews", params(("id" = Uuid, Path)), responses(
    (status = 200, body = Review), (status = 404),
))]
pub async fn read(
    State(api): State<Api>,
    caller: Caller,
    At(id): At<Uuid>,
) -> Result<Json<Review>, Problem> {
    let review = find(&api, &caller, id).await?;
    one(&api, &caller, review).await.map(Json)
}

/// The review that a private thread is about, for the form above it.
#[utoipa::path(get, path = "/threads/{id}/review", tag = "reviews", params(("id" = Uuid, Path)), responses(
    (status = 200, body = Review), (status = 404),
))]
pub async fn of_thread(
    State(api): State<Api>,
    caller: Caller,
    At(id): At<Uuid>,
) -> Result<Json<Review>, Problem> {
    api.threads.thread(&caller.account, id).await?;
    let found = api.control.reviews().of_thread(id).await?;
    let review = found.ok_or_else(|| Problem::missing("review"))?;
    one(&api, &caller, review).await.map(Json)
}

/// The owner says why. Said again, it replaces what was said.
#[utoipa::path(put, path = "/reviews/{id}/reason", tag = "reviews", params(("id" = Uuid, Path)), request_body = Answer, responses(
    (status = 200, body = Review), (status = 400), (status = 403), (status = 404),
))]
pub async fn answer(
    State(api): State<Api>,
    caller: Caller,
    At(id): At<Uuid>,
    Body(answer): Body<Answer>,
) -> Result<Json<Review>, Problem> {
    let review = find(&api, &caller, id).await?;
    if review.owner != caller.account.id {
        return Err(Problem::forbidden(
            "only the person who was asked can answer",
        ));
    }
    let reason = CoreReason {
        purpose: answer.purpose,
        missing: words(&answer.missing)?,
        words: words(&answer.words)?,
    };
    api.control
        .reviews()
        .answer(id, &reason, api.clock.now())
        .await?;
    let mut said = format!("The owner answered: {}.", reason.purpose.words());
    for (name, part) in [
        ("What is missing", &reason.missing),
        ("In words", &reason.words),
    ] {
        if !part.is_empty() {
            said.push_str(&format!("\n\n{name}: {}", literal(part)));
        }
    }
    let topic = format!("reason:{}", api.clock.id());
    notice(&api.control, &api.clock, review.thread, &topic, said).await?;
    let review = find(&api, &caller, id).await?;
    one(&api, &caller, review).await.map(Json)
}

fn reviews(caller: &Caller) -> bool {
    allows(&caller.viewer, Action::See, &Object::AppReview).is_allowed()
}

/// Seen by whom it is about, and by those who review apps.
async fn find(api: &Api, caller: &Caller, id: Uuid) -> Result<Stored, Problem> {
    let found = api.control.reviews().get(id).await?;
    found
        .filter(|review| review.owner == caller.account.id || reviews(caller))
        .ok_or_else(|| Problem::missing("review"))
}

fn words(given: &str) -> Result<String, Problem> {
    if given.trim().is_empty() {
        return Ok(String::new());
    }
    if given.chars().count() > MOST_WORDS {
        return Err(Problem::invalid(format!("at most {MOST_WORDS} characters")));
    }
    let kept = source::markdown(given)
        .map_err(|unfit| Problem::invalid(unfit.to_string()).coded("unfit_text"))?;
    Ok(kept.trim().to_owned())
}

fn app_name(app: &str) -> String {
    let known = Catalog::builtin().app(app);
    known.map_or_else(|| app.to_owned(), |known| known.name.to_string())
}

async fn one(api: &Api, caller: &Caller, review: Stored) -> Result<Review, Problem> {
    let shown = show(api, caller, vec![review]).await?.into_iter().next();
    shown.ok_or_else(|| Problem::missing("review"))
}

async fn show(api: &Api, caller: &Caller, found: Vec<Stored>) -> Result<Vec<Review>, Problem> {
    let mut people = Vec::new();
    for one in &found {
        people.extend([one.owner, one.opened_by]);
        people.extend(one.decision.as_ref().map(|decided| decided.by));
    }
    let names = Names::of(api, people).await?;
    let devices: Vec<DeviceId> = found.iter().map(|one| one.device).collect();
    let devices = api.control.devices().all_of(devices).await?;
    let may_decide = allows(&caller.viewer, Action::Change, &Object::Verdicts).is_allowed();
    Ok(found
        .into_iter()
        .map(|one| {
            let name = app_name(&one.app);
            let device = devices.iter().find(|device| device.id == one.device);
            Review {
                id: one.id,
                thread: one.thread,
                device: Named {
                    id: one.device.0,
                    name: device
                        .map(|device| device.traits.name.clone())
                        .unwrap_or_default(),
                },
                team: one.team,
                owner: names.named(one.owner),
                opened_by: names.named(one.opened_by),
                opened_at: one.opened_at,
                anomaly: one.anomaly,
                state: match (&one.reason, &one.decision) {
                    (_, Some(_)) => "decided",
                    (Some(_), None) => "answered",
                    (None, None) => "asked",
                },
                can_answer: one.owner == caller.account.id,
                can_decide: may_decide && one.decision.is_none(),
                reason: one.reason.map(|(reason, at)| Reason {
                    purpose: reason.purpose,
                    purpose_words: reason.purpose.words(),
                    missing: reason.missing,
                    words: reason.words,
                    at,
                }),
                decision: one.decision.map(|decided| {
                    let by = names.named(decided.by);
                    decision(decided.decision, &name, by, decided.at)
                }),
                app: one.app,
                app_name: name,
            }
        })
        .collect())
}

fn decision(decision: CoreDecision, app: &str, by: Named, at: Timestamp) -> Decision {
    Decision {
        told: decision.told(app),
        outcome: decision.outcome,
        scope: match decision.scope {
            Scope::Fleet => "fleet",
            Scope::Team(_) => "team",
            Scope::Device(_) => "device",
        },
        until: decision.until,
        replace_by: decision.replace_by,
        words: decision.words,
        by,
        at,
    }
}
