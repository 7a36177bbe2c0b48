//! Threads and what they look like.

use std::collections::{BTreeSet, HashMap};

use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;
use weft_collector_core::{
    authority::{Action, Audience, Object, Role, allows},
    link::LinkState,
};
use weft_collector_store::control::{
    attachments::Attachment,
    follows::Level,
    posts::Post as StoredPost,
    spaces::Space,
    threads::{Reader, Thread as StoredThread},
};

use super::{
    escalations::{self, Escalation},
    links::{self, Link},
    shape::{Named, Names},
};
use crate::{
    api::{Api, Caller, page, problem::Problem},
    threads::{may_moderate, render},
};

pub mod accept;
pub mod change;
pub mod context;
pub mod escalate;
pub mod follow;
pub mod invite;
pub mod level;
pub mod list;
pub mod mark;
pub mod merge;
pub mod open;
pub mod post;
pub mod posts;
pub mod read;
pub mod removed;
pub mod reopen;
pub mod series;
pub mod split;
pub mod unfollow;
pub mod uninvite;

/// Posts that come with their thread: most threads are shorter, and a page of these loads on a phone.
const FIRST_PAGE: u64 = 100;

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
    pub locked: bool,
    pub pinned: bool,
    /// Only staff see it now.
    pub hidden: bool,
    /// `muted`, `normal`, `tracking`, `watching`.
    #[schema(value_type = String)]
    pub level: Level,
    /// Posts of others behind what the reader has read; 0 for threads that they do not follow.
    pub unread: u64,
    /// Anomalies tied to it that the reader may see.
    pub anomalies: usize,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct Thread {
    #[serde(flatten)]
    pub summary: ThreadSummary,
    /// Oldest first: the first page.
    pub messages: Vec<Post>,
    /// For `GET /threads/{id}/posts`; `null`: that is all.
    #[schema(required)]
    pub next_cursor: Option<String>,
    pub links: Vec<Link>,
    #[schema(required)]
    pub accepted_post: Option<Uuid>,
    pub following: bool,
    /// May the reader accept an answer, open it again, rename it, decide about its links?
    pub can_moderate: bool,
    /// May the reader lock, pin, hide, move, merge, split?
    pub can_keep_order: bool,
    /// Up to when the reader has read.
    #[schema(required)]
    pub read_at: Option<Timestamp>,
    /// Newest first.
    pub escalations: Vec<Escalation>,
    /// People who were asked in, beyond the space's own.
    pub members: Vec<Named>,
    #[schema(required)]
    pub hidden_reason: Option<String>,
    /// Its posts are there now.
    #[schema(required)]
    pub merged_into: Option<Uuid>,
    #[schema(required)]
    pub solved_at: Option<Timestamp>,
    /// How often it was solved and was not.
    pub reopened: u32,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct Author {
    pub id: Uuid,
    pub name: String,
    /// What `@` is written before to mention them; empty: the account is gone.
    pub login: String,
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
    #[schema(required)]
    pub reply_to: Option<Uuid>,
    /// The connector that brought it; empty: written here.
    pub origin: String,
    pub files: Vec<FileRef>,
}

/// A file of a post.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct FileRef {
    pub id: Uuid,
    pub name: String,
    pub media: String,
    pub size: u64,
    pub url: String,
}

impl From<Attachment> for FileRef {
    fn from(file: Attachment) -> Self {
        Self {
            url: format!("/api/v1/attachments/{}", file.id),
            id: file.id,
            name: file.name,
            media: file.media,
            size: file.size,
        }
    }
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
    let ids: Vec<Uuid> = threads.iter().map(|thread| thread.id).collect();
    let me = caller.account.id;
    let levels = api.control.follows().levels(me, ids).await?;
    let followed = threads
        .iter()
        .filter(|thread| levels.get(&thread.id).is_some_and(|level| level.follows()));
    let unread = unread(api, caller, followed.cloned().collect()).await?;
    Ok(threads
        .into_iter()
        .map(|thread| ThreadSummary {
            locked: thread.locked,
            pinned: thread.pinned,
            hidden: thread.hidden.is_some(),
            level: levels.get(&thread.id).copied().unwrap_or_default(),
            unread: unread.get(&thread.id).copied().unwrap_or(0),
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

/// Unread posts of these threads. Without a mark, everything is unread.
async fn unread(
    api: &Api,
    caller: &Caller,
    threads: Vec<StoredThread>,
) -> Result<HashMap<Uuid, u64>, Problem> {
    let ids: Vec<Uuid> = threads.iter().map(|thread| thread.id).collect();
    let known = api.control.follows().marks(caller.account.id, ids).await?;
    let marks: Vec<(Uuid, Timestamp)> = threads
        .iter()
        .map(|thread| {
            let mark = known.get(&thread.id).copied();
            (thread.id, mark.unwrap_or(Timestamp::UNIX_EPOCH), thread)
        })
        // Nothing new behind the mark: no need to count.
        .filter(|(_, mark, thread)| thread.last_post_at > *mark)
        .map(|(id, mark, _)| (id, mark))
        .collect();
    Ok(api.control.posts().unread(caller.reader(), &marks).await?)
}

/// The thread as the caller sees it, with its first page of posts.
pub(super) async fn whole(api: &Api, caller: &Caller, id: Uuid) -> Result<Thread, Problem> {
    let thread = api.threads.thread(&caller.account, id).await?;
    let reader = caller.reader();
    let mut posts = api
        .control
        .posts()
        .page(id, reader, None, false, FIRST_PAGE + 1)
        .await?;
    let more = posts.len() as u64 > FIRST_PAGE;
    posts.truncate(usize::try_from(FIRST_PAGE).unwrap_or(usize::MAX));
    let next_cursor = posts
        .last()
        .filter(|_| more)
        .map(|last| page::cursor(&posts::list_of(id, false), &(last.posted_at, last.id)));
    let read_at = api
        .control
        .follows()
        .marks(caller.account.id, vec![id])
        .await?;
    let escalations = escalations::of_thread(api, id).await?;
    let members = api.control.members().of_thread(id).await?;
    let names = Names::of(api, members.iter().copied()).await?;
    let audience = api.control.spaces().find(&thread.space.to_string()).await?;
    let order = Object::Thread {
        audience: audience.map_or(Audience::Security, |space| space.audience),
        invited: members.contains(&caller.account.id),
    };
    let can_keep_order = allows(&caller.viewer, Action::Moderate, &order).is_allowed();
    let links = links::of_threads(api, caller, std::slice::from_ref(&thread)).await?;
    let (accepted_post, can_moderate) =
        (thread.accepted_post, may_moderate(&caller.account, &thread));
    let messages = show_posts(api, caller, accepted_post, posts).await?;
    let (merged_into, solved_at, reopened) =
        (thread.merged_into, thread.solved_at, thread.reopened);
    let hidden_reason = thread.hidden.as_ref().map(|hidden| hidden.reason.clone());
    let summary = summaries(api, caller, vec![thread]).await?.pop();
    let summary = summary.ok_or_else(|| Problem::missing("thread"))?;
    Ok(Thread {
        following: summary.level.follows(),
        summary,
        messages,
        next_cursor,
        links,
        accepted_post,
        can_moderate,
        can_keep_order,
        read_at: read_at.get(&id).copied(),
        escalations,
        members: members
            .into_iter()
            .map(|member| names.named(member))
            .collect(),
        hidden_reason,
        merged_into,
        solved_at,
        reopened,
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

pub(super) async fn show_posts(
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
        login: names
            .account(id)
            .map(|account| account.login.clone())
            .unwrap_or_default(),
        system: names.account(id).is_some_and(|account| account.system),
        roles: names
            .account(id)
            .map(|account| account.roles.clone())
            .unwrap_or_default(),
    };
    let mut files: HashMap<Uuid, Vec<Attachment>> = HashMap::new();
    let ids = posts.iter().map(|post| post.id).collect();
    for file in api.control.attachments().of_posts(ids).await? {
        if let Some(post) = file.post {
            files.entry(post).or_default().push(file);
        }
    }
    let shown = |post: Uuid, id: Uuid| {
        let file = files.get(&post)?.iter().find(|file| file.id == id)?;
        Some(render::File {
            name: file.name.clone(),
            picture: crate::threads::files::is_picture(&file.media),
        })
    };
    Ok(posts
        .into_iter()
        .map(|post| Post {
            html: render::html_with(&post.markdown, &|login| known.contains(login), &|id| {
                shown(post.id, id)
            }),
            files: files
                .get(&post.id)
                .map(|files| files.iter().cloned().map(FileRef::from).collect())
                .unwrap_or_default(),
            reply_to: post.reply_to,
            origin: post.origin,
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
