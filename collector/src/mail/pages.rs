//! The pages behind the links in letters: stop mail, confirm an address. No sign-in: the link itself is the proof.
//!
//! **Invariant: looking changes nothing** (mail scanners follow every link); only the button, which is a POST, does, and a mail
//! program's one-click unsubscribe (RFC 8058) is the same POST. A link that was changed opens nothing.

use axum::{
    Router,
    extract::{Path, Query, State},
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Response},
    routing::get,
};
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use uuid::Uuid;
use weft_collector_core::telling::{Pace, Paces, Rhythm};

use super::{Mail, MailError, Wishes, face::escaped, seal::Purpose};
use crate::{api::shell, threads::reader};

/// How long a confirmation is good: a weekend.
const CONFIRMATION: SignedDuration = SignedDuration::from_hours(72);

pub fn router(mail: Mail) -> Router {
    Router::new()
        .route("/mail/stop/{word}", get(ask_stop).post(stop))
        .route("/mail/confirm/{word}", get(ask_confirm).post(confirm))
        .with_state(mail)
}

/// What a stop link says.
struct Stop {
    account: Uuid,
    thread: Option<Uuid>,
}

#[derive(Deserialize)]
struct Undo {
    undo: Option<String>,
}

impl Mail {
    /// The word of a confirmation link.
    pub fn confirmation(&self, account: Uuid, address: &str) -> String {
        let until = self.clock.now() + CONFIRMATION;
        let mut carried = account.as_bytes().to_vec();
        carried.extend(until.as_second().to_be_bytes());
        carried.extend(address.as_bytes());
        self.seal.seal(Purpose::Confirm, &carried)
    }

    fn read_confirmation(&self, word: &str) -> Option<(Uuid, String)> {
        let carried = self.seal.unseal(Purpose::Confirm, word)?;
        let (account, rest) = carried.split_at_checked(16)?;
        let (until, address) = rest.split_at_checked(8)?;
        let until = i64::from_be_bytes(until.try_into().ok()?);
        let good = self.clock.now() <= Timestamp::from_second(until).ok()?;
        let address = String::from_utf8(address.to_vec()).ok()?;
        good.then_some((Uuid::from_slice(account).ok()?, address))
    }

    fn read_stop(&self, word: &str) -> Option<Stop> {
        let carried = self.seal.unseal(Purpose::Stop, word)?;
        let (account, thread) = carried.split_at_checked(16)?;
        let thread = match thread.len() {
            0 => None,
            16 => Some(Uuid::from_slice(thread).ok()?),
            _ => return None,
        };
        Some(Stop {
            account: Uuid::from_slice(account).ok()?,
            thread,
        })
    }

    /// No mail about happenings and no digest; addresses and everything in the console stay.
    pub async fn stop_all(&self, account: Uuid) -> Result<(), MailError> {
        let mut wishes = self.control.wishes().of(account).await?;
        wishes.mail = Paces {
            direct: Pace::Off,
            talk: Pace::Off,
            outcome: Pace::Off,
            machines: Pace::Off,
            staff: Pace::Off,
        };
        wishes.digest = Rhythm::Off;
        self.save_wishes(account, wishes).await
    }

    /// Keeps wishes that were checked, and works out when the next digest is.
    pub async fn save_wishes(
        &self,
        account: Uuid,
        preferences: weft_collector_core::telling::Preferences,
    ) -> Result<(), MailError> {
        let now = self.clock.now();
        let wishes = Wishes::new(preferences);
        let due = wishes.digest_after(now);
        self.control
            .wishes()
            .save(account, &wishes.preferences, due, now)
            .await?;
        Ok(())
    }

    /// The title of a thread, for somebody who may read it.
    async fn title(&self, stop: &Stop) -> Result<Option<String>, MailError> {
        let account = self.control.accounts().get(stop.account).await?;
        let (Some(account), Some(thread)) = (account, stop.thread) else {
            return Ok(None);
        };
        let thread = self.control.threads().get(thread, reader(&account)).await?;
        Ok(thread.map(|thread| thread.title))
    }
}

async fn ask_stop(State(mail): State<Mail>, Path(word): Path<String>) -> Response {
    let Some(stop) = mail.read_stop(&word) else {
        return mail.opens_nothing();
    };
    let title = match mail.title(&stop).await {
        Ok(title) => title,
        Err(error) => return failed(&error),
    };
    match stop.thread {
        None => page(
            StatusCode::OK,
            "No mail at all?",
            "Weft stops writing to you, digests included. In the console nothing changes.",
            Some(("Stop all mail", "")),
        ),
        Some(_) => page(
            StatusCode::OK,
            "No mail about this thread?",
            &match title {
                Some(title) => format!("“{title}” stays in the console; only its mails end."),
                None => "It stays in the console; only its mails end.".to_owned(),
            },
            Some(("Stop mail about it", "")),
        ),
    }
}

async fn stop(
    State(mail): State<Mail>,
    Path(word): Path<String>,
    Query(query): Query<Undo>,
) -> Response {
    let Some(stop) = mail.read_stop(&word) else {
        return mail.opens_nothing();
    };
    let (done, head, words, button) = match (stop.thread, query.undo) {
        (None, _) => (
            mail.stop_all(stop.account).await,
            "No mail any more",
            "You can have it back in the console, under Notices, Settings.",
            None,
        ),
        (Some(thread), None) => (
            mail.control
                .wishes()
                .mute(stop.account, thread, mail.clock.now())
                .await
                .map_err(MailError::from),
            "No mail about this thread any more",
            "Other threads still write to you.",
            Some(("Undo", "?undo=1")),
        ),
        (Some(thread), Some(_)) => (
            mail.control
                .wishes()
                .unmute(stop.account, thread)
                .await
                .map(drop)
                .map_err(MailError::from),
            "This thread writes to you again",
            "As far as you take part in it.",
            None,
        ),
    };
    match done {
        Ok(()) => page(StatusCode::OK, head, words, button),
        Err(error) => failed(&error),
    }
}

async fn ask_confirm(State(mail): State<Mail>, Path(word): Path<String>) -> Response {
    match mail.read_confirmation(&word) {
        None => mail.opens_nothing(),
        Some((_, address)) => page(
            StatusCode::OK,
            "Is this your address?",
            &format!("Then mail about your threads goes to {address}."),
            Some(("Yes, this is my address", "")),
        ),
    }
}

async fn confirm(State(mail): State<Mail>, Path(word): Path<String>) -> Response {
    let Some((account, address)) = mail.read_confirmation(&word) else {
        return mail.opens_nothing();
    };
    let now = mail.clock.now();
    match mail
        .control
        .addresses()
        .confirm(account, &address, now)
        .await
    {
        Ok(true) => page(
            StatusCode::OK,
            "Thank you",
            &format!(
                "{address} is yours. Mail goes there, and your answers from there become posts."
            ),
            None,
        ),
        Ok(false) => page(
            StatusCode::CONFLICT,
            "This did not work",
            "The address was taken away again, or is somebody else's by now. Add it anew in the console, under Notices, Settings.",
            None,
        ),
        Err(error) => failed(&error.into()),
    }
}

impl Mail {
    /// A link that was changed, or one that cannot be read just now.
    fn opens_nothing(&self) -> Response {
        if let Err(error) = self.unlocked() {
            return failed(&error);
        }
        page(
            StatusCode::NOT_FOUND,
            "This link opens nothing",
            "It is too old, or a letter of it was lost on the way. Mail can be steered in the console, under Notices, Settings.",
            None,
        )
    }
}

fn failed(error: &MailError) -> Response {
    tracing::error!("mail page: {error}");
    page(
        StatusCode::INTERNAL_SERVER_ERROR,
        "This did not work",
        "The collector has a trouble of its own. Try again in a minute.",
        None,
    )
}

const STYLE: &str = "\
:root{color-scheme:light dark}*{box-sizing:border-box}body{margin:0;min-height:100vh;display:grid;place-items:center;padding:20px;background:#f5f6f8;color:#131b29;\
font:17px/1.55 system-ui,-apple-system,'Segoe UI',Roboto,'Noto Sans',sans-serif}main{max-width:460px;width:100%;background:#fff;border:1px solid #d9dee6;\
border-radius:6px;padding:34px 34px 30px;box-shadow:0 1px 2px rgb(19 27 41/6%),0 8px 28px rgb(19 27 41/10%)}\
.mark{margin:0 0 22px;font:600 15px/1 Georgia,serif;color:#5a6678;letter-spacing:.02em}h1{margin:0 0 12px;font:600 27px/1.2 Georgia,'Iowan Old Style',serif;text-wrap:balance}\
p{margin:0 0 22px;color:#414c5e;overflow-wrap:anywhere}form{margin:0}button{font:inherit;font-weight:600;color:#fff;background:#27407f;border:0;border-radius:4px;padding:11px 20px;cursor:pointer}\
button:hover{background:#1c3066}button:focus-visible,a:focus-visible{outline:3px solid #8ea2d3;outline-offset:2px}a{color:#27407f}.home{margin:22px 0 0;font-size:15px}\
@media(prefers-color-scheme:dark){body{background:#0f141c;color:#e8ecf3}main{background:#161d28;border-color:#29323f}p{color:#b7c0ce}.mark{color:#97a3b4}a{color:#a9bbe8}button{background:#3c57a0}button:hover{background:#4a67b5}}";

/// `button`: its words, and the query of the address that it posts to.
fn page(status: StatusCode, head: &str, words: &str, button: Option<(&str, &str)>) -> Response {
    let form = button.map_or_else(String::new, |(label, query)| {
        format!(
            "<form method=\"post\" action=\"{}\"><button type=\"submit\">{}</button></form>",
            escaped(query),
            escaped(label)
        )
    });
    let html = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
<meta name=\"robots\" content=\"noindex\"><title>{0} · Weft</title><style>{STYLE}</style></head><body><main><p class=\"mark\">Weft</p><h1>{0}</h1><p>{1}</p>{form}\
<p class=\"home\"><a href=\"/notices/settings\">What comes by mail, and when</a></p></main></body></html>\n",
        escaped(head),
        escaped(words),
    );
    let mut response = (status, html).into_response();
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("text/html; charset=utf-8"),
    );
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    shell::secure(headers);
    response
}
