//! `PUT /me/mail/wishes`: what comes by mail, how soon, and when not.

use axum::{extract::State, http::StatusCode};
use weft_collector_core::telling::{Preferences, Unfit};

use crate::{
    api::{Api, Caller, input::Body, problem::Problem},
    mail,
};

#[utoipa::path(put, path = "/me/mail/wishes", tag = "mail",
    request_body(content = Object, description = "As `wishes` of `GET /me/mail`; what is left out has its default"),
    responses((status = 204), (status = 400)),
)]
pub async fn save(
    State(api): State<Api>,
    caller: Caller,
    Body(wishes): Body<Preferences>,
) -> Result<StatusCode, Problem> {
    wishes.check().map_err(|unfit| {
        Problem::invalid(match unfit {
            Unfit::Hour => "digest_hour is an hour, from 0 to 23",
            Unfit::QuietHours => {
                "quiet hours go from one minute of the day (0 to 1439) until another"
            }
            Unfit::Language => "mails are written in English only yet: language is \"en\"",
        })
    })?;
    if mail::zone(&wishes.zone).is_none() {
        return Err(Problem::invalid(
            "zone is no time zone of the IANA database: write it like \"Europe/Berlin\"",
        ));
    }
    api.mail.save_wishes(caller.account.id, wishes).await?;
    Ok(StatusCode::NO_CONTENT)
}
