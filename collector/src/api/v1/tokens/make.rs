//! `POST /tokens`: a new token; its secret is told once.

use axum::{Json, extract::State, http::StatusCode};
use jiff::SignedDuration;
use rand::RngCore as _;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use weft_collector_store::control::tokens::NewToken;

use weft_collector_core::authority::{Action, Object};

use super::Token;
use crate::{
    api::{Api, Caller, input::Body, problem::Problem},
    enroll::token,
};

/// A token that opens the fleet to more laptops than this at once is a leak waiting.
const MAX_USES: u32 = 100_000;
/// A year: longer is never meant.
const MAX_SECONDS: u64 = 366 * 24 * 3600;
const MAX_WORDS: usize = 100;

#[derive(Deserialize, ToSchema)]
pub struct TokenRequest {
    name: String,
    /// How many laptops may enrol with it.
    uses: u32,
    /// Seconds from now.
    expires_in: u64,
    /// What a laptop that enrols with it gets:
    #[serde(default)]
    team: Option<String>,
    /// Login of its owner.
    #[serde(default)]
    owner: Option<String>,
    #[serde(default)]
    device_name: Option<String>,
    /// Marks laptops that enrol with it as simulated, wherever they are shown.
    #[serde(default)]
    simulated: bool,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct NewTokenSecret {
    #[serde(flatten)]
    token: Token,
    /// Shown now and never again.
    secret: String,
}

#[utoipa::path(post, path = "/tokens", tag = "administration", request_body = TokenRequest, responses(
    (status = 201, body = NewTokenSecret), (status = 400), (status = 403),
))]
pub async fn make(
    State(api): State<Api>,
    caller: Caller,
    Body(request): Body<TokenRequest>,
) -> Result<(StatusCode, Json<NewTokenSecret>), Problem> {
    api.may(&caller, Action::Change, &Object::Tokens)?;
    if !(1..=MAX_USES).contains(&request.uses) {
        return Err(Problem::invalid(format!(
            "uses must be between 1 and {MAX_USES}"
        )));
    }
    if !(1..=MAX_SECONDS).contains(&request.expires_in) {
        return Err(Problem::invalid(format!(
            "expires_in must be between 1 and {MAX_SECONDS} seconds"
        )));
    }
    let owner = match request.owner.as_deref().filter(|login| !login.is_empty()) {
        None => None,
        Some(login) => {
            let account = api
                .control
                .accounts()
                .by_login(login)
                .await?
                .filter(|account| !account.system);
            Some(account.ok_or_else(|| {
                Problem::invalid(format!("there is no account with the login {login:?}"))
            })?)
        }
    };
    let word = |given: Option<String>, what: &str| -> Result<String, Problem> {
        let given = given.unwrap_or_default().trim().to_owned();
        match given.chars().count() <= MAX_WORDS && !given.chars().any(char::is_control) {
            true => Ok(given),
            false => Err(Problem::invalid(format!(
                "the {what} must be one line of at most {MAX_WORDS} characters"
            ))),
        }
    };
    let name = word(Some(request.name), "name")?;
    if name.is_empty() {
        return Err(Problem::invalid(
            "a token needs a name: it is how you will know it in a year",
        ));
    }
    // A laptop belongs to its owner's team unless it is said otherwise.
    let team = match word(request.team, "team")? {
        team if team.is_empty() => owner
            .as_ref()
            .map(|owner| owner.team.clone())
            .unwrap_or_default(),
        team => team,
    };
    let mut random = [0_u8; 20];
    rand::rng().fill_bytes(&mut random);
    let secret = token::generate(random);
    let now = api.clock.now();
    let new = NewToken {
        id: api.clock.id(),
        name,
        secret_hash: token::hash(&secret),
        team,
        owner: owner.map(|owner| owner.id),
        device_name: word(request.device_name, "device name")?,
        simulated: request.simulated,
        uses: request.uses,
        created_by: caller.account.login.clone(),
        created_at: now,
        expires_at: now
            + SignedDuration::from_secs(i64::try_from(request.expires_in).unwrap_or_default()),
    };
    let made = api.control.tokens().insert(new).await?;
    api.audit(&caller, "token.create", &made.id.to_string(), &made.name)
        .await;
    let body = NewTokenSecret {
        token: made.into(),
        secret,
    };
    Ok((StatusCode::CREATED, Json(body)))
}
