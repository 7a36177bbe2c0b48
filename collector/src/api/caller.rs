//! Who is asking: the account behind the session cookie.
//!
//! **Invariant: a handler that takes a [`Caller`] is never reached by a stranger.** What the caller may do is asked of
//! [`super::guard`].

use axum::{extract::FromRequestParts, http::request::Parts};
use axum_extra::extract::cookie::CookieJar;
use sha2::{Digest as _, Sha256};
use weft_collector_core::authority::Viewer;
use weft_collector_store::control::{accounts::Account, sessions::LIFE, threads::Reader};

use super::{Api, problem::Problem};
use crate::{error::Code, threads};

/// The name of the cookie.
pub const COOKIE: &str = "weft_session";
/// Letters of a session's secret: 32 random bytes in hex.
const SECRET_LETTERS: usize = 64;

#[derive(Clone, Debug)]
pub struct Caller {
    pub account: Account,
    /// As `core::authority` knows them.
    pub viewer: Viewer,
}

impl Caller {
    /// The account with the devices that it owns now.
    pub async fn of(api: &Api, account: Account) -> Result<Self, Problem> {
        let devices = api.control.devices().of_owner(account.id).await?;
        let mut viewer = threads::viewer(&account);
        viewer.devices = devices.into_iter().map(|device| device.id).collect();
        Ok(Self { account, viewer })
    }

    /// As readers of threads are known to the store.
    pub fn reader(&self) -> Reader {
        threads::reader(&self.account)
    }
}

impl FromRequestParts<Api> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Problem> {
        let stranger = || Problem::new(Code::Unauthenticated, "sign in first").coded("signed_out");
        let hash = session_hash(&CookieJar::from_headers(&parts.headers)).ok_or_else(stranger)?;
        let account = api
            .control
            .sessions()
            .account(&hash, api.clock.now())
            .await?;
        Self::of(api, account.ok_or_else(stranger)?).await
    }
}

/// What the store knows of the session in this jar.
pub fn session_hash(jar: &CookieJar) -> Option<String> {
    let secret = jar.get(COOKIE)?.value();
    // Not one of ours: not worth a look into the database.
    let ours =
        secret.len() == SECRET_LETTERS && secret.bytes().all(|byte| byte.is_ascii_hexdigit());
    ours.then(|| hash(secret))
}

pub fn hash(secret: &str) -> String {
    hex::encode(Sha256::digest(secret.as_bytes()))
}

/// The `set-cookie` of a new session; `secure` where the console is reached by https.
pub fn give(secret: &str, secure: bool) -> String {
    let secure = if secure { "; Secure" } else { "" };
    format!(
        "{COOKIE}={secret}; Path=/; HttpOnly; SameSite=Lax; Max-Age={}{secure}",
        LIFE.as_secs()
    )
}

/// The `set-cookie` that takes it away.
pub fn take() -> String {
    format!("{COOKIE}=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0")
}
