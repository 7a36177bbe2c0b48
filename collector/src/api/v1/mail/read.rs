//! `GET /me/mail`: everything about one's own mail.

use axum::{Json, extract::State};
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;
use weft_collector_core::telling::Preferences;
use weft_collector_store::control::{addresses::Address, replies::Place};

use crate::{
    api::{Api, Caller, problem::Problem, v1::shape::Named},
    threads::may_enter,
};

/// Threads without mail that are listed; more were muted than anybody looks through.
const MUTED: u64 = 200;

#[derive(Debug, Serialize, ToSchema)]
pub struct MyMail {
    /// False: IT set no mail server up, or `waits` says why mail waits.
    on: bool,
    /// Mail is set up and something is broken that IT must mend; empty: nothing is.
    waits: &'static str,
    /// Answers by mail become posts.
    replies: bool,
    /// Paces (`instant`, `hourly`, `digest`, `off`) of `direct`, `talk`, `outcome`, `machines`, `staff` under `mail`; `digest` (`off`,
    /// `daily`, `weekly`) at `digest_hour`; `quiet` as minutes after midnight or `null`; `zone` (IANA); `language`.
    #[schema(value_type = Object)]
    wishes: Preferences,
    addresses: Vec<MyAddress>,
    /// Threads of which no mail comes.
    muted: Vec<Named>,
    /// A mail from a confirmed address to these opens a thread.
    spaces: Vec<SpaceAddress>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct MyAddress {
    address: String,
    /// Mail goes here.
    main: bool,
    /// IT said that it is yours.
    by_it: bool,
    #[schema(required)]
    confirmed_at: Option<Timestamp>,
    /// Mail came back from here: none is sent until you say so.
    #[schema(required)]
    paused_at: Option<Timestamp>,
    paused_why: String,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct SpaceAddress {
    slug: String,
    name: String,
    address: String,
}

impl From<Address> for MyAddress {
    fn from(known: Address) -> Self {
        Self {
            address: known.address,
            main: known.main,
            by_it: known.by_it,
            confirmed_at: known.confirmed_at,
            paused_at: known.paused_at,
            paused_why: known.paused_why,
        }
    }
}

#[utoipa::path(get, path = "/me/mail", tag = "mail", responses((status = 200, body = MyMail)))]
pub async fn read(State(api): State<Api>, caller: Caller) -> Result<Json<MyMail>, Problem> {
    let me = &caller.account;
    let addresses = api.control.addresses().of(me.id).await?;
    let muted = api.control.wishes().muted(me.id, MUTED).await?;
    let threads = api.control.threads().all_of(muted, caller.reader()).await?;
    let settings = api.mail.settings.as_deref();
    let mut spaces = vec![];
    if addresses.iter().any(|known| known.confirmed_at.is_some()) {
        for space in api.control.spaces().list().await? {
            if !may_enter(me, space.audience) {
                continue;
            }
            let address = api
                .mail
                .reply_address(me.id, Place::Space, space.id)
                .await?;
            spaces.extend(address.map(|address| SpaceAddress {
                slug: space.slug,
                name: space.name,
                address,
            }));
        }
    }
    Ok(Json(MyMail {
        on: settings.is_some(),
        waits: match api.mail.unlocked() {
            Ok(()) => "",
            Err(_) => "a key is missing on the collector: mail, links and feeds wait for it",
        },
        replies: settings.is_some_and(|on| on.reply.is_some()),
        wishes: api.control.wishes().of(me.id).await?,
        addresses: addresses.into_iter().map(MyAddress::from).collect(),
        muted: threads
            .into_iter()
            .map(|thread| Named {
                id: thread.id,
                name: thread.title,
            })
            .collect(),
        spaces,
    }))
}
