//! `GET /search`: words and linked facts, best first. Anything may be typed; nothing is an error of the query.

use std::collections::HashMap;

use axum::{Json, extract::State};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;
use weft_collector_store::control::search::{Asked, Query as Wanted, words};

use crate::{
    api::{
        Api, Caller, guard,
        input::Params,
        page::{self, Page},
        problem::Problem,
        v1::threads::{ThreadSummary, summaries},
    },
    threads::may_enter,
};

const LIST: &str = "search";

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Query {
    /// Words (all must occur; the last may be a beginning), `"a phrase"`, `-not`, and filters: `space:help`,
    /// `author:ana`, `is:solved`, `is:open`, `has:anomaly`, `model:t14`, `app:dropbox`, `code:0x9f`, `symptom:crash`,
    /// `build:22631`, `process:name`.
    #[serde(default)]
    q: String,
    limit: Option<u64>,
    cursor: Option<String>,
}

/// A thread that meets the query.
#[derive(Debug, Serialize, ToSchema)]
pub struct SearchHit {
    thread: ThreadSummary,
    /// The post that meets it best; `null` when the title or a fact does.
    #[schema(required)]
    post: Option<Uuid>,
    /// Plain text in pieces, never HTML.
    snippet: Vec<SnippetPiece>,
    score: f64,
    /// `title`, `posts`, `facts`.
    found_in: Vec<&'static str>,
    /// Posts that meet it, of those that were ranked.
    posts: u32,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct SnippetPiece {
    text: String,
    /// One of the words that were looked for.
    hit: bool,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct SearchPage {
    #[serde(flatten)]
    page: Page<SearchHit>,
    /// There were more hits than are ranked: the oldest were left out.
    cut: bool,
}

#[utoipa::path(get, path = "/search", tag = "discussion", params(Query), responses(
    (status = 200, body = SearchPage), (status = 400),
))]
pub async fn find(
    State(api): State<Api>,
    caller: Caller,
    Params(query): Params<Query>,
) -> Result<Json<SearchPage>, Problem> {
    let limit = page::limit(query.limit)?;
    let from = page::place::<usize>(LIST, query.cursor.as_deref())?.unwrap_or(0);
    let asked = Asked::read(&query.q);
    let Some(wanted) = wanted(&api, &caller, asked.clone()).await? else {
        return Ok(Json(SearchPage {
            page: Page::whole(vec![]),
            cut: false,
        }));
    };
    let found = api
        .control
        .search()
        .find(&wanted, caller.reader(), api.clock.now())
        .await?;
    // The list is ranked anew for each page; its places are ranks.
    let rest: Vec<_> = (from..).zip(found.hits.into_iter().skip(from)).collect();
    let page = Page::of(LIST, rest, limit, |(rank, _)| rank + 1, |(_, hit)| hit);
    let ids: Vec<Uuid> = page.items.iter().map(|hit| hit.thread).collect();
    let threads = api.control.threads().all_of(ids, caller.reader()).await?;
    let threads = summaries(&api, &caller, threads).await?;
    let mut threads: HashMap<Uuid, ThreadSummary> = threads
        .into_iter()
        .map(|thread| (thread.id, thread))
        .collect();
    let posts = page.items.iter().filter_map(|hit| hit.post).collect();
    let posts = api.control.posts().all_of(posts, caller.reader()).await?;
    let posts: HashMap<Uuid, String> = posts
        .into_iter()
        .map(|post| (post.id, post.markdown))
        .collect();
    let items = page.items.into_iter().filter_map(|hit| {
        let thread = threads.remove(&hit.thread)?;
        let text = hit.post.and_then(|post| posts.get(&post));
        let text = text.map_or(thread.title.as_str(), String::as_str);
        let snippet = words::snippet(text, &asked)
            .into_iter()
            .map(|piece| SnippetPiece {
                text: piece.text,
                hit: piece.hit,
            })
            .collect();
        let places = [
            ("title", hit.in_title),
            ("posts", hit.posts > 0),
            ("facts", hit.in_facts),
        ];
        Some(SearchHit {
            snippet,
            post: hit.post,
            score: hit.score,
            found_in: places
                .into_iter()
                .filter(|(_, is)| *is)
                .map(|(place, _)| place)
                .collect(),
            posts: hit.posts,
            thread,
        })
    });
    Ok(Json(SearchPage {
        page: Page {
            items: items.collect(),
            next_cursor: page.next_cursor,
        },
        cut: found.cut,
    }))
}

/// Puts names to filters. `None`: a space or a person that is not there, so nothing can meet the query.
async fn wanted(api: &Api, caller: &Caller, asked: Asked) -> Result<Option<Wanted>, Problem> {
    let mut wanted = Wanted::default();
    for (key, value) in &asked.filters {
        match *key {
            "space" => {
                let space = api.control.spaces().find(&value.to_lowercase()).await?;
                let space = space.filter(|space| may_enter(&caller.account, space.audience));
                let Some(space) = space else {
                    return Ok(None);
                };
                wanted.space = Some(space.id);
            }
            "author" => {
                let login = value.trim_start_matches('@').to_lowercase();
                let Some(account) = api.control.accounts().by_login(&login).await? else {
                    return Ok(None);
                };
                wanted.author = Some(account.id);
            }
            "is" => match value.to_lowercase().as_str() {
                "solved" => wanted.solved = Some(true),
                "open" => wanted.solved = Some(false),
                _ => return Ok(None),
            },
            "has" if value.eq_ignore_ascii_case("anomaly") => {
                wanted.anomalies = Some(guard::scope(caller));
            }
            "has" => return Ok(None),
            _ => {}
        }
    }
    wanted.asked = asked;
    Ok(Some(wanted))
}
