//! Inviting a peer or a technician into a talk, and answering.
//!
//! **Invariant: a no looks like silence to whoever asked**, and nobody is asked twice about one talk.

use axum::{Json, extract::State, http::StatusCode};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;
use weft_collector_core::peers::ASKED_ENOUGH;
use weft_collector_store::control::invitations::{Invitation as Stored, State as Answered};

use super::find;
use crate::{
    api::{
        Api, Caller,
        input::{At, Body},
        problem::Problem,
        v1::shape::{Named, Names},
    },
    error::Code,
    threads::{reader, source, viewer},
    watch::earlier,
};

/// Invitations that one person sends in a day: asking around, not advertising.
const PER_DAY: u64 = 5;
const DAY: SignedDuration = SignedDuration::from_hours(24);
const WEEK: SignedDuration = SignedDuration::from_hours(24 * 7);
/// A few sentences.
const MOST_WORDS: usize = 500;
const SHOWN: u64 = 100;

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewInvitation {
    /// Somebody of `GET /threads/{id}/peers`, or a member of staff.
    account: Uuid,
    /// A few words to them.
    #[serde(default)]
    words: String,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct Invitation {
    id: Uuid,
    thread: InvitedTo,
    inviter: Named,
    invitee: Named,
    /// Why this person.
    reasons: Vec<String>,
    words: String,
    /// `open`, `accepted`, `declined`. To the inviter a no stays `open`.
    #[schema(value_type = String)]
    state: Answered,
    at: Timestamp,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct InvitedTo {
    id: Uuid,
    title: String,
}

#[utoipa::path(post, path = "/threads/{id}/invitations", tag = "peers", params(("id" = Uuid, Path)),
    request_body = NewInvitation, responses(
    (status = 201, body = Invitation), (status = 400), (status = 403, description = "They did not agree to be found for this"),
    (status = 404), (status = 409, description = "Invited to this thread before"), (status = 429),
))]
pub async fn invite(
    State(api): State<Api>,
    caller: Caller,
    At(id): At<Uuid>,
    Body(new): Body<NewInvitation>,
) -> Result<(StatusCode, Json<Invitation>), Problem> {
    let thread = api.threads.thread(&caller.account, id).await?;
    let words = words(&new.words)?;
    let not_found = || {
        Problem::forbidden(
            "only people who agreed to be found for this thread, and technicians, can be invited",
        )
        .coded("not_findable")
    };
    let invitee = api.control.accounts().get(new.account).await?;
    let Some(invitee) =
        invitee.filter(|one| !one.disabled && !one.system && one.id != caller.account.id)
    else {
        return Err(not_found());
    };
    // The same answer as above: who exists is not told to whoever tries ids.
    let may_read = api.control.threads().get(id, reader(&invitee)).await?;
    if may_read.is_none() {
        return Err(not_found());
    }
    let before = api.control.invitations().of_thread(id).await?;
    if before.iter().any(|one| one.invitee == invitee.id) {
        return Err(already());
    }
    let found = find(&api, &caller, &thread).await?;
    let reasons = match found.into_iter().find(|one| one.account == invitee.id) {
        Some(found) => found.reasons,
        None if viewer(&invitee).is_staff() => vec!["is a member of staff".to_owned()],
        None => return Err(not_found()),
    };
    keep_pace(&api, &caller, invitee.id).await?;
    let invitation = Stored {
        id: api.clock.id(),
        thread: id,
        inviter: caller.account.id,
        invitee: invitee.id,
        reasons,
        words,
        state: Answered::Open,
        at: api.clock.now(),
        answered_at: None,
    };
    if !api.control.invitations().add(&invitation).await? {
        return Err(already());
    }
    let shown = show(&api, &caller, vec![invitation]).await?;
    let shown = shown.into_iter().next();
    Ok((
        StatusCode::CREATED,
        Json(shown.ok_or_else(|| Problem::missing("invitation"))?),
    ))
}

fn already() -> Problem {
    Problem::new(
        Code::Conflict,
        "this person was invited to this thread before: once is enough",
    )
    .coded("invited_before")
}

fn words(given: &str) -> Result<String, Problem> {
    if given.trim().is_empty() {
        return Ok(String::new());
    }
    if given.chars().count() > MOST_WORDS {
        return Err(Problem::invalid(format!(
            "at most {MOST_WORDS} characters to the person invited"
        )));
    }
    source::markdown(given).map_err(|unfit| Problem::invalid(unfit.to_string()).coded("unfit_text"))
}

async fn keep_pace(api: &Api, caller: &Caller, invitee: Uuid) -> Result<(), Problem> {
    let now = api.clock.now();
    let too_many = |detail: String, seconds: u64| Problem {
        retry_after: Some(seconds),
        ..Problem::new(Code::Exhausted, detail)
    };
    let invitations = api.control.invitations();
    let sent = invitations
        .sent_since(caller.account.id, earlier(now, DAY))
        .await?;
    if sent >= PER_DAY {
        return Err(too_many(
            format!("{PER_DAY} invitations a day: ask again tomorrow"),
            3_600,
        ));
    }
    let got = invitations.got_since(earlier(now, WEEK)).await?;
    let asked = got.iter().find(|(account, _)| *account == invitee);
    if asked.is_some_and(|(_, count)| *count >= u64::from(ASKED_ENOUGH)) {
        return Err(too_many(
            "this person was asked often enough this week".to_owned(),
            86_400,
        ));
    }
    Ok(())
}

/// What I was invited to, newest first.
#[utoipa::path(get, path = "/me/invitations", tag = "peers", responses((status = 200, body = Vec<Invitation>)))]
pub async fn mine(
    State(api): State<Api>,
    caller: Caller,
) -> Result<Json<Vec<Invitation>>, Problem> {
    let found = api
        .control
        .invitations()
        .of_invitee(caller.account.id, SHOWN)
        .await?;
    show(&api, &caller, found).await.map(Json)
}

/// Those that I sent from a talk; staff see all of it.
#[utoipa::path(get, path = "/threads/{id}/invitations", tag = "peers", params(("id" = Uuid, Path)), responses(
    (status = 200, body = Vec<Invitation>), (status = 404),
))]
pub async fn of_thread(
    State(api): State<Api>,
    caller: Caller,
    At(id): At<Uuid>,
) -> Result<Json<Vec<Invitation>>, Problem> {
    api.threads.thread(&caller.account, id).await?;
    let mut found = api.control.invitations().of_thread(id).await?;
    found.retain(|one| one.inviter == caller.account.id || one.invitee == caller.account.id);
    show(&api, &caller, found).await.map(Json)
}

/// Yes: I follow the thread from now on.
#[utoipa::path(post, path = "/invitations/{id}/accept", tag = "peers", params(("id" = Uuid, Path)), responses(
    (status = 200, body = Invitation), (status = 404), (status = 409, description = "Answered before"),
))]
pub async fn accept(
    State(api): State<Api>,
    caller: Caller,
    At(id): At<Uuid>,
) -> Result<Json<Invitation>, Problem> {
    let invitation = answer(&api, &caller, id, Answered::Accepted).await?;
    api.threads
        .follow(&caller.account, invitation.thread)
        .await?;
    one(&api, &caller, invitation).await
}

/// No. Nobody is told, and nobody asks again about this thread.
#[utoipa::path(post, path = "/invitations/{id}/decline", tag = "peers", params(("id" = Uuid, Path)), responses(
    (status = 200, body = Invitation), (status = 404), (status = 409, description = "Answered before"),
))]
pub async fn decline(
    State(api): State<Api>,
    caller: Caller,
    At(id): At<Uuid>,
) -> Result<Json<Invitation>, Problem> {
    let invitation = answer(&api, &caller, id, Answered::Declined).await?;
    one(&api, &caller, invitation).await
}

async fn answer(api: &Api, caller: &Caller, id: Uuid, state: Answered) -> Result<Stored, Problem> {
    let found = api.control.invitations().get(id).await?;
    let Some(found) = found.filter(|one| one.invitee == caller.account.id) else {
        return Err(Problem::missing("invitation"));
    };
    let now = api.clock.now();
    match api.control.invitations().answer(id, state, now).await? {
        true => Ok(Stored { state, ..found }),
        false => Err(
            Problem::new(Code::Conflict, "this invitation is answered already").coded("answered"),
        ),
    }
}

async fn one(api: &Api, caller: &Caller, invitation: Stored) -> Result<Json<Invitation>, Problem> {
    let shown = show(api, caller, vec![invitation])
        .await?
        .into_iter()
        .next();
    Ok(Json(shown.ok_or_else(|| Problem::missing("invitation"))?))
}

async fn show(api: &Api, caller: &Caller, found: Vec<Stored>) -> Result<Vec<Invitation>, Problem> {
    let names = Names::of(api, found.iter().flat_map(|one| [one.inviter, one.invitee])).await?;
    let ids = found.iter().map(|one| one.thread).collect();
    let threads = api.control.threads().all_of(ids, caller.reader()).await?;
    Ok(found
        .into_iter()
        .filter_map(|one| {
            let thread = threads.iter().find(|thread| thread.id == one.thread)?;
            let kind = one.state == Answered::Declined && one.invitee != caller.account.id;
            Some(Invitation {
                id: one.id,
                thread: InvitedTo {
                    id: thread.id,
                    title: thread.title.clone(),
                },
                inviter: names.named(one.inviter),
                invitee: names.named(one.invitee),
                reasons: one.reasons,
                words: one.words,
                state: if kind { Answered::Open } else { one.state },
                at: one.at,
            })
        })
        .collect())
}
