//! `POST /me/mail/addresses`, `.../main`, `.../resume`, `.../remove`: one's own addresses.

use axum::{Json, extract::State, http::StatusCode};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use weft_collector_store::control::addresses::{Added, MOST};

use crate::{
    api::{Api, Caller, input::Body, problem::Problem},
    error::Code,
    mail::address,
};

#[derive(Deserialize, ToSchema)]
pub struct Named {
    address: String,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct AddedAddress {
    address: String,
    /// A mail with a link is on its way there; true: it was yours already.
    confirmed: bool,
}

impl Named {
    fn fit(&self) -> Result<String, Problem> {
        address::fit(&self.address).ok_or_else(|| {
            Problem::invalid("this is no mail address: write it like \"ada@example.org\"")
        })
    }
}

/// Also sends the confirmation again.
#[utoipa::path(post, path = "/me/mail/addresses", tag = "mail", request_body = Named, responses(
    (status = 202, body = AddedAddress), (status = 400), (status = 409), (status = 429),
))]
pub async fn add(
    State(api): State<Api>,
    caller: Caller,
    Body(named): Body<Named>,
) -> Result<(StatusCode, Json<AddedAddress>), Problem> {
    let address = named.fit()?;
    api.mail.on()?;
    let me = caller.account.id;
    let added = api
        .control
        .addresses()
        .add(me, &address, api.clock.now())
        .await?;
    match added {
        Added::Known => {}
        Added::Waits => api.mail.ask_to_confirm(me, &address).await?,
        // Whose it is stays untold: the owner of the address would have to say so.
        Added::Taken => {
            return Err(Problem::new(
                Code::Conflict,
                "this address belongs to another account: ask IT",
            )
            .coded("address_taken"));
        }
        Added::TooMany => {
            return Err(Problem::new(
                Code::Conflict,
                format!("{MOST} addresses are the most: take one away first"),
            )
            .coded("too_many_addresses"));
        }
    }
    api.audit(&caller, "mail.address", &caller.account.login, &address)
        .await;
    let body = AddedAddress {
        confirmed: added == Added::Known,
        address,
    };
    Ok((StatusCode::ACCEPTED, Json(body)))
}

/// Mail goes there from now on.
#[utoipa::path(post, path = "/me/mail/addresses/main", tag = "mail", request_body = Named, responses(
    (status = 204), (status = 404),
))]
pub async fn prefer(
    State(api): State<Api>,
    caller: Caller,
    Body(named): Body<Named>,
) -> Result<StatusCode, Problem> {
    let address = named.fit()?;
    done(
        api.control
            .addresses()
            .prefer(caller.account.id, &address)
            .await?,
    )
}

/// Mail that came back goes there again.
#[utoipa::path(post, path = "/me/mail/addresses/resume", tag = "mail", request_body = Named, responses(
    (status = 204), (status = 404),
))]
pub async fn resume(
    State(api): State<Api>,
    caller: Caller,
    Body(named): Body<Named>,
) -> Result<StatusCode, Problem> {
    let address = named.fit()?;
    done(
        api.control
            .addresses()
            .resume(caller.account.id, &address)
            .await?,
    )
}

#[utoipa::path(post, path = "/me/mail/addresses/remove", tag = "mail", request_body = Named, responses(
    (status = 204), (status = 404),
))]
pub async fn remove(
    State(api): State<Api>,
    caller: Caller,
    Body(named): Body<Named>,
) -> Result<StatusCode, Problem> {
    let address = named.fit()?;
    done(
        api.control
            .addresses()
            .remove(caller.account.id, &address)
            .await?,
    )
}

fn done(was_there: bool) -> Result<StatusCode, Problem> {
    match was_there {
        true => Ok(StatusCode::NO_CONTENT),
        false => Err(Problem::missing("address")),
    }
}
