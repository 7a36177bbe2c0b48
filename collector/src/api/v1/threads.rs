//! Threads and what they look like.

use std::collections::{BTreeSet, HashMap};

use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;
use weft_collector_core::{authority::Role, link::LinkState};
use weft_collector_store::control::{
    posts::Post as StoredPost,
    spaces::Space,
    threads::{Reader, Thread as StoredThread},
};

use super::{
    links::{self, Link},
    shape::{Named, Names},
};
use crate::{
    api::{Api, Caller, problem::Problem},
    threads::{MAX_POSTS, may_moderate, render},
};

pub mod accept;
pub mod context;
pub mod follow;
pub mod list;
pub mod open;
pub mod post;
pub mod read;
pub mod reopen;
pub mod unfollow;

#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct SpaceRef {
    pub id: Uuid,
    pub slug: String,
    pub name: String,
}

#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ThreadSummary {
    pub id: Uuid,
    pub space: SpaceRef,
    pub title: String,
    pub author: Named,
    pub opened_at: Timestamp,
    pub last_post_at: Timestamp,
    pub posts: u32,
    pub participants: u32,
    pub solved: bool,
    pub simulated: bool,
    /// For a few people and security only: an ask-first review.
    pub private: bool,
    /// Anomalies tied to it that the reader may see.
    pub anomalies: usize,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct Thread {
    #[serde(flatten)]
    pub summary: ThreadSummary,
    /// Oldest first.
    pub messages: Vec<Post>,
    pub links: Vec<Link>,
    #[schema(required)]
    pub accepted_post: Option<Uuid>,
    pub following: bool,
    /// May the reader accept an answer, open it again, decide about its links?
    pub can_moderate: bool,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct Author {
    pub id: Uuid,
    pub name: String,
    /// The collector itself.
    pub system: bool,
    #[schema(value_type = Vec<String>)]
    pub roles: Vec<Role>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct Post {
    pub id: Uuid,
    pub author: Author,
    pub posted_at: Timestamp,
    #[schema(required)]
    pub edited_at: Option<Timestamp>,
    pub markdown: String,
    /// Sanitised.
    pub html: String,
    pub accepted: bool,
    /// For staff and its author only.
    pub whisper: bool,
    pub mine: bool,
}

/// Threads as a list shows them, in the order given.
pub(super) async fn summaries(
    api: &Api,
    caller: &Caller,
    threads: Vec<StoredThread>,
) -> Result<Vec<ThreadSummary>, Problem> {
    let names = Names::of(api, threads.iter().map(|thread| thread.author)).await?;
    let spaces = api.control.spaces().list().await?;
    let spaces: HashMap<Uuid, Space> = spaces.into_iter().map(|space| (space.id, space)).collect();
    let private = api
        .control
        .threads()
        .private_among(threads.iter().map(|thread| thread.id).collect())
        .await?;
    let mut tied: HashMap<Uuid, usize> = HashMap::new();
    for link in links::of_threads(api, caller, &threads).await? {
        if link.state != LinkState::Rejected {
            *tied.entry(link.thread.id).or_default() += 1;
        }
    }
    Ok(threads
        .into_iter()
        .map(|thread| ThreadSummary {
            space: space_ref(spaces.get(&thread.space), thread.space),
            author: names.named(thread.author),
            private: private.contains(&thread.id),
            anomalies: tied.get(&thread.id).copied().unwrap_or(0),
            id: thread.id,
            title: thread.title,
            opened_at: thread.opened_at,
            last_post_at: thread.last_post_at,
            posts: thread.posts,
            participants: thread.participants,
            solved: thread.solved,
            simulated: thread.simulated,
        })
        .collect())
}

/// The whole thread as the caller sees it.
pub(super) async fn whole(api: &Api, caller: &Caller, id: Uuid) -> Result<Thread, Problem> {
    let thread = api.threads.thread(&caller.account, id).await?;
    let reader = caller.reader();
    // Whispers do not count towards the limit of a thread, so there may be a few more.
    let posts = api
        .control
        .posts()
        .of_thread(id, reader, u64::from(MAX_POSTS) * 2)
        .await?;
    let following = api
        .control
        .follows()
        .is_following(caller.account.id, id)
        .await?;
    let links = links::of_threads(api, caller, std::slice::from_ref(&thread)).await?;
    let (accepted_post, can_moderate) =
        (thread.accepted_post, may_moderate(&caller.account, &thread));
    let messages = show_posts(api, caller, accepted_post, posts).await?;
    let summary = summaries(api, caller, vec![thread]).await?.pop();
    Ok(Thread {
        summary: summary.ok_or_else(|| Problem::missing("thread"))?,
        messages,
        links,
        accepted_post,
        following,
        can_moderate,
    })
}

/// One post as the caller sees it.
pub(super) async fn show_post(api: &Api, caller: &Caller, id: Uuid) -> Result<Post, Problem> {
    let missing = || Problem::missing("post");
    let post = api
        .control
        .posts()
        .get(id, caller.reader())
        .await?
        .ok_or_else(missing)?;
    let thread = api.threads.thread(&caller.account, post.thread).await?;
    let shown = show_posts(api, caller, thread.accepted_post, vec![post]).await?;
    shown.into_iter().next().ok_or_else(missing)
}

async fn show_posts(
    api: &Api,
    caller: &Caller,
    accepted: Option<Uuid>,
    posts: Vec<StoredPost>,
) -> Result<Vec<Post>, Problem> {
    let names = Names::of(api, posts.iter().map(|post| post.author)).await?;
    let mentioned: BTreeSet<String> = posts
        .iter()
        .flat_map(|post| render::mentions(&post.markdown))
        .collect();
    let known: BTreeSet<String> = api
        .control
        .accounts()
        .known(mentioned.into_iter().collect())
        .await?
        .into_iter()
        .collect();
    let author = |id: Uuid| Author {
        id,
        name: names.name(id),
        system: names.account(id).is_some_and(|account| account.system),
        roles: names
            .account(id)
            .map(|account| account.roles.clone())
            .unwrap_or_default(),
    };
    Ok(posts
        .into_iter()
        .map(|post| Post {
            html: render::html(&post.markdown, &|login| known.contains(login)),
            author: author(post.author),
            accepted: accepted == Some(post.id),
            mine: post.author == caller.account.id,
            id: post.id,
            posted_at: post.posted_at,
            edited_at: post.edited_at,
            markdown: post.markdown,
            whisper: post.whisper,
        })
        .collect())
}

fn space_ref(space: Option<&Space>, id: Uuid) -> SpaceRef {
    SpaceRef {
        id,
        slug: space.map(|space| space.slug.clone()).unwrap_or_default(),
        name: space.map(|space| space.name.clone()).unwrap_or_default(),
    }
}

/// Everybody who wrote in these threads, the collector aside.
pub(super) async fn participants(
    api: &Api,
    thread: &StoredThread,
) -> Result<BTreeSet<Uuid>, Problem> {
    let wrote = api.control.posts().participants(vec![thread.id]).await?;
    let mut people: BTreeSet<Uuid> = wrote.into_iter().map(|(_, author)| author).collect();
    if thread.author != Reader::COLLECTOR.account {
        people.insert(thread.author);
    }
    Ok(people)
}
