//! `POST /me/mail/test`: a mail to oneself that shows that mail works.

use axum::{extract::State, http::StatusCode};

use crate::{
    api::{Api, Caller, problem::Problem},
    error::Code,
};

#[utoipa::path(post, path = "/me/mail/test", tag = "mail", responses(
    (status = 202), (status = 409, description = "Mail is off, or there is no address to write to"), (status = 429),
))]
pub async fn test(State(api): State<Api>, caller: Caller) -> Result<StatusCode, Problem> {
    let me = caller.account.id;
    let Some(address) = api.control.addresses().to_write_to(me).await? else {
        return Err(Problem::new(
            Code::Conflict,
            "there is no confirmed address of yours that takes mail",
        )
        .coded("no_address"));
    };
    api.mail.test(Some(me), &address).await?;
    Ok(StatusCode::ACCEPTED)
}
