//! Atom feeds (RFC 4287) for one person: what is new everywhere, in a space, in a thread.
//!
//! **Invariant: a feed shows what its person may read when it is fetched**, never whispers, and nothing of what only security
//! reads or of private talks: a feed address lies in many programs, and some of them are other people's servers. An address
//! is good until it is renewed.

use atom_syndication::{Entry, Feed, FixedDateTime, Generator, Link, Person, Text};
use axum::{
    Router,
    extract::{Path, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Response},
    routing::get,
};
use jiff::{Timestamp, fmt::rfc2822};
use sha2::{Digest as _, Sha256};
use std::collections::HashMap;
use uuid::Uuid;
use weft_collector_core::authority::Audience;
use weft_collector_store::control::{
    ControlError,
    accounts::Account,
    posts::Post,
    threads::{Reader, Thread, Wanted},
};

use crate::{
    api::shell,
    mail::{Mail, MailError, seal::Purpose, told},
    threads::reader,
};

/// Entries of a feed: programs come every hour, and a lively day has fewer.
const ENTRIES: usize = 50;
/// Threads looked through for them, and the newest posts of each.
const THREADS: u64 = 50;
const POSTS: u64 = 20;

pub fn router(mail: Mail) -> Router {
    Router::new()
        .route("/feeds/{token}/all.atom", get(all))
        .route("/feeds/{token}/space/{name}", get(space))
        .route("/feeds/{token}/thread/{name}", get(thread))
        .with_state(mail)
}

impl Mail {
    /// The beginning of this person's feed addresses; `None`: they have none.
    pub async fn feed_address(&self, account: Uuid) -> Result<Option<String>, MailError> {
        self.unlocked()?;
        let generation = self.control.feeds().generation(account).await?;
        Ok(generation.map(|generation| {
            let mut carried = account.as_bytes().to_vec();
            carried.extend(generation.to_be_bytes());
            let token = self.seal.seal(Purpose::Feed, &carried);
            format!("{}/feeds/{token}", self.public_url)
        }))
    }

    /// Whose feeds these are, if the address is still good.
    async fn reader_of_feed(&self, token: &str) -> Result<Option<Account>, MailError> {
        self.unlocked()?;
        let Some(carried) = self.seal.unseal(Purpose::Feed, token) else {
            return Ok(None);
        };
        let (Some(account), Some(generation)) = (carried.get(..16), carried.get(16..)) else {
            return Ok(None);
        };
        let (Ok(account), Ok(generation)) = (Uuid::from_slice(account), generation.try_into())
        else {
            return Ok(None);
        };
        let good = self.control.feeds().generation(account).await?;
        if good != Some(u32::from_be_bytes(generation)) {
            return Ok(None);
        }
        let account = self.control.accounts().get(account).await?;
        Ok(account.filter(|account| !account.disabled && !account.system))
    }
}

/// Which posts a feed is made of.
enum Part {
    All,
    Space(String),
    Thread(Uuid),
}

async fn all(State(mail): State<Mail>, Path(token): Path<String>, headers: HeaderMap) -> Response {
    answer(&mail, &token, Part::All, &headers).await
}

async fn space(
    State(mail): State<Mail>,
    Path((token, name)): Path<(String, String)>,
    headers: HeaderMap,
) -> Response {
    match name.strip_suffix(".atom") {
        Some(slug) => answer(&mail, &token, Part::Space(slug.to_owned()), &headers).await,
        None => missing(),
    }
}

async fn thread(
    State(mail): State<Mail>,
    Path((token, name)): Path<(String, String)>,
    headers: HeaderMap,
) -> Response {
    match name.strip_suffix(".atom").and_then(|id| id.parse().ok()) {
        Some(id) => answer(&mail, &token, Part::Thread(id), &headers).await,
        None => missing(),
    }
}

async fn answer(mail: &Mail, token: &str, part: Part, headers: &HeaderMap) -> Response {
    let made = async {
        let Some(account) = mail.reader_of_feed(token).await? else {
            return Ok(None);
        };
        Ok(feed(mail, &account, part).await?)
    };
    let made: Result<_, MailError> = made.await;
    match made {
        Ok(Some(feed)) => shown(&feed, headers),
        // A wrong address and somebody else's thread look alike.
        Ok(None) => missing(),
        Err(error) => {
            tracing::error!("feed: {error}");
            StatusCode::SERVICE_UNAVAILABLE.into_response()
        }
    }
}

async fn feed(mail: &Mail, account: &Account, part: Part) -> Result<Option<Feed>, ControlError> {
    let control = &mail.control;
    // Whispers are not for feeds, whoever reads them.
    let reader = Reader {
        staff: false,
        ..reader(account)
    };
    let open: HashMap<Uuid, (String, String)> = control
        .spaces()
        .list()
        .await?
        .into_iter()
        .filter(|space| space.audience != Audience::Security)
        .filter(|space| crate::threads::may_enter(account, space.audience))
        .map(|space| (space.id, (space.slug, space.name)))
        .collect();
    let seeing = crate::threads::reader(account);
    let list = async |wanted: Wanted| control.threads().list(&wanted, seeing, None, THREADS).await;
    let (title, path, threads) = match part {
        Part::All => (
            "Weft".to_owned(),
            "/threads".to_owned(),
            list(Wanted::default()).await?,
        ),
        Part::Space(slug) => {
            let Some((id, (slug, name))) = open.iter().find(|(_, (known, _))| *known == slug)
            else {
                return Ok(None);
            };
            let wanted = Wanted {
                space: Some(*id),
                ..Wanted::default()
            };
            (
                format!("{name} · Weft"),
                format!("/threads?space={slug}"),
                list(wanted).await?,
            )
        }
        Part::Thread(id) => {
            let found = control.threads().get(id, seeing).await?;
            let Some(thread) = found.filter(|thread| open.contains_key(&thread.space)) else {
                return Ok(None);
            };
            (
                format!("{} · Weft", thread.title),
                format!("/threads/{id}"),
                vec![thread],
            )
        }
    };
    let ids = threads.iter().map(|thread| thread.id).collect();
    let private = control.threads().private_among(ids).await?;
    let threads: Vec<Thread> = threads
        .into_iter()
        .filter(|thread| open.contains_key(&thread.space) && thread.hidden.is_none())
        .filter(|thread| !private.contains(&thread.id))
        .collect();
    let mut posts: Vec<(Thread, Post)> = vec![];
    let most = if threads.len() == 1 {
        ENTRIES as u64
    } else {
        POSTS
    };
    for thread in threads {
        let page = control
            .posts()
            .page(thread.id, reader, None, true, most)
            .await?;
        let readable = page.into_iter().filter(|post| !post.whisper);
        posts.extend(readable.map(|post| (thread.clone(), post)));
    }
    posts.sort_by_key(|(_, post)| std::cmp::Reverse((post.posted_at, post.id)));
    posts.truncate(ENTRIES);
    let authors = posts.iter().map(|(_, post)| post.author);
    let names: HashMap<Uuid, String> = control
        .accounts()
        .all_of(authors)
        .await?
        .into_iter()
        .map(|account| (account.id, account.name))
        .collect();
    let mut entries = Vec::with_capacity(posts.len());
    let mut updated = Timestamp::UNIX_EPOCH;
    for (thread, post) in posts {
        updated = updated.max(post.edited_at.unwrap_or(post.posted_at));
        let name = names
            .get(&post.author)
            .cloned()
            .unwrap_or_else(|| "Weft".to_owned());
        entries.push(entry(mail, &thread, post, name).await?);
    }
    let page = format!("{}{path}", mail.public_url);
    Ok(Some(Feed {
        // Not the address of the feed, which is a secret.
        id: page.clone(),
        title: Text::plain(xml(&title)),
        updated: date(updated),
        authors: vec![Person {
            name: "Weft".to_owned(),
            ..Person::default()
        }],
        generator: Some(Generator {
            value: "Weft".to_owned(),
            ..Generator::default()
        }),
        links: vec![Link {
            href: page,
            rel: "alternate".to_owned(),
            ..Link::default()
        }],
        entries,
        ..Feed::default()
    }))
}

async fn entry(
    mail: &Mail,
    thread: &Thread,
    post: Post,
    author: String,
) -> Result<Entry, ControlError> {
    let (id, posted, edited) = (post.id, post.posted_at, post.edited_at);
    let words = told::words(&mail.control, post, thread, &mail.public_url).await?;
    let title = match words.first {
        true => thread.title.clone(),
        false => format!("Re: {}", thread.title),
    };
    Ok(Entry {
        id: format!("urn:uuid:{id}"),
        title: Text::plain(xml(&title)),
        updated: date(edited.unwrap_or(posted)),
        published: Some(date(posted)),
        authors: vec![Person {
            name: xml(&author),
            ..Person::default()
        }],
        links: vec![Link {
            href: format!("{}/threads/{}#post-{id}", mail.public_url, thread.id),
            rel: "alternate".to_owned(),
            ..Link::default()
        }],
        content: Some(atom_syndication::Content {
            value: Some(xml(&words.html)),
            content_type: Some("html".to_owned()),
            ..atom_syndication::Content::default()
        }),
        ..Entry::default()
    })
}

/// XML has no way to write most control characters.
fn xml(text: &str) -> String {
    text.chars()
        .filter(|c| !c.is_control() || matches!(c, '\n' | '\t'))
        .filter(|c| !matches!(c, '\u{FFFE}' | '\u{FFFF}'))
        .collect()
}

fn date(at: Timestamp) -> FixedDateTime {
    // Seconds: finer than anybody posts, and every program reads them.
    let seconds = Timestamp::from_second(at.as_second()).unwrap_or(at);
    FixedDateTime::parse_from_rfc3339(&seconds.to_string()).unwrap_or_default()
}

fn shown(feed: &Feed, asked: &HeaderMap) -> Response {
    let text = feed.to_string();
    let tag = format!(
        "\"{}\"",
        &hex::encode(Sha256::digest(text.as_bytes()))[..32]
    );
    let modified = Timestamp::from_second(feed.updated.timestamp()).unwrap_or_default();
    let known = match asked.get(header::IF_NONE_MATCH) {
        Some(tags) => tags
            .to_str()
            .unwrap_or_default()
            .split(',')
            .any(|known| known.trim().trim_start_matches("W/") == tag),
        // Only where there is no tag (RFC 9110, 13.1.3): a post that was hidden changes the tag, and no date.
        None => asked
            .get(header::IF_MODIFIED_SINCE)
            .and_then(|since| rfc2822::parse(since.to_str().ok()?).ok())
            .is_some_and(|since| since.timestamp() >= modified),
    };
    let mut response = match known {
        true => StatusCode::NOT_MODIFIED.into_response(),
        false => text.into_response(),
    };
    let headers = response.headers_mut();
    if !known {
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/atom+xml; charset=utf-8"),
        );
    }
    let http_date = rfc2822::DateTimePrinter::new()
        .timestamp_to_rfc9110_string(&modified)
        .unwrap_or_default();
    for (name, value) in [(header::ETAG, tag), (header::LAST_MODIFIED, http_date)] {
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.insert(name, value);
        }
    }
    headers.insert(
        header::CACHE_CONTROL,
        HeaderValue::from_static("private, no-cache"),
    );
    shell::secure(headers);
    response
}

fn missing() -> Response {
    (
        StatusCode::NOT_FOUND,
        "There is no such feed: its address was renewed, or it is not yours to read.\n",
    )
        .into_response()
}
