//! What of a channel's page is new.
//!
//! `GET /channels/{id}/posts?since=` gives whatever was made, edited, deleted, pinned or reacted to since then, and roots
//! whose replies were. The server's clock decides; a post may become visible a moment after a later one.
//!
//! **Invariant: asked with whatever overlap, each change is taken once.** A position remembers what was seen within the
//! last seconds, and those seconds are asked for again.

use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::threads::connector::{Arrival, Fault, RemoteAuthor, RemotePost, RemoteThread};

/// The property that holds our mark.
pub const PROP: &str = "weft_mark";
/// Milliseconds that are asked for again: a transaction that takes longer to commit is rare.
const OVERLAP: i64 = 5_000;
/// What is remembered of them: as many posts as one page has.
const MAX_SEEN: usize = 1_000;

/// "Post" of the API reference; times in milliseconds.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Post {
    pub id: String,
    pub create_at: i64,
    pub update_at: i64,
    pub edit_at: i64,
    pub delete_at: i64,
    pub user_id: String,
    /// Empty: the post is a root.
    pub root_id: String,
    pub message: String,
    /// Empty: a person's words. Others: somebody joined, a header changed.
    #[serde(rename = "type")]
    pub kind: String,
    pub props: HashMap<String, Value>,
    pub file_ids: Option<Vec<String>>,
}

impl Post {
    pub fn remote(&self) -> RemotePost {
        let thread = match self.root_id.is_empty() {
            true => &self.id,
            false => &self.root_id,
        };
        RemotePost {
            thread: RemoteThread(thread.clone()),
            id: self.id.clone(),
        }
    }

    /// Said by a webhook or a bot: servers write the word, not a boolean.
    fn by_program(&self) -> bool {
        ["from_webhook", "from_bot", "from_plugin"].iter().any(
            |prop| matches!(self.props.get(*prop), Some(said) if *said == "true" || *said == true),
        )
    }
}

/// "PostList" of the API reference.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Page {
    posts: HashMap<String, Post>,
}

impl Page {
    /// The post that carries this mark.
    pub fn marked(&self, mark: &str) -> Option<&Post> {
        self.posts.values().find(|post| {
            post.delete_at == 0 && post.props.get(PROP).and_then(Value::as_str) == Some(mark)
        })
    }
}

/// How far a channel was read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    /// The newest change that was seen.
    at: i64,
    /// What was seen close before, each with its change.
    seen: BTreeMap<String, i64>,
}

impl Position {
    /// From here on.
    pub fn after(page: &Page) -> Self {
        let newest = page.posts.values().map(|post| post.update_at).max();
        let at = newest.unwrap_or(1).max(1);
        Self {
            at,
            seen: remembered(&page.posts, BTreeMap::new(), at),
        }
    }

    pub fn read(written: &str) -> Result<Self, Fault> {
        serde_json::from_str(written)
            .map_err(|error| Fault::Never(format!("the position cannot be read: {error}")))
    }

    pub fn write(&self) -> String {
        serde_json::to_string(self).expect("a position has string keys only")
    }

    pub fn ask_from(&self) -> i64 {
        (self.at - OVERLAP).max(1)
    }
}

/// What happened to a post.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    Posted,
    Edited,
    Deleted,
}

/// What of the page was not taken before, oldest first, and where to ask on.
pub fn take(page: Page, position: Position) -> (Vec<(Step, Post)>, Position) {
    let from = position.ask_from();
    let newest = page.posts.values().map(|post| post.update_at).max();
    let at = newest.unwrap_or(0).max(position.at);
    let seen = remembered(&page.posts, position.seen.clone(), at);
    let mut taken: Vec<(Step, Post)> = page
        .posts
        .into_values()
        .filter(|post| post.kind.is_empty())
        .filter_map(|post| Some((step(&post, from, &position.seen)?, post)))
        .collect();
    taken.sort_by(|(_, a), (_, b)| (a.create_at, &a.id).cmp(&(b.create_at, &b.id)));
    (taken, Position { at, seen })
}

fn step(post: &Post, from: i64, seen: &BTreeMap<String, i64>) -> Option<Step> {
    let before = seen.get(&post.id);
    // Roots come along with their replies whether or not they changed.
    if post.update_at <= from || before == Some(&post.update_at) {
        return None;
    }
    if post.delete_at > 0 {
        return Some(Step::Deleted);
    }
    if before.is_none() && post.create_at > from {
        return Some(Step::Posted);
    }
    // A reaction, a pin, a new reply below it change a post too.
    let edited_since = before.copied().unwrap_or(from);
    (post.edit_at > edited_since.min(post.update_at - 1)).then_some(Step::Edited)
}

fn remembered(
    posts: &HashMap<String, Post>,
    before: BTreeMap<String, i64>,
    at: i64,
) -> BTreeMap<String, i64> {
    let mut seen = before;
    seen.extend(posts.values().map(|post| (post.id.clone(), post.update_at)));
    seen.retain(|_, changed| *changed > at - OVERLAP);
    while seen.len() > MAX_SEEN {
        let oldest = seen.iter().min_by_key(|(_, changed)| **changed);
        let Some(id) = oldest.map(|(id, _)| id.clone()) else {
            break;
        };
        seen.remove(&id);
    }
    seen
}

/// The change as it arrives here.
pub fn arrival(step: Step, post: Post, author: Option<RemoteAuthor>) -> Arrival {
    let there = post.remote();
    if step == Step::Deleted {
        return Arrival::Deleted {
            post: there,
            at: time(post.delete_at),
        };
    }
    let by_program = post.by_program();
    let mut author = author.unwrap_or_else(|| RemoteAuthor {
        id: post.user_id.clone(),
        name: "Somebody".to_owned(),
        email: None,
        bot: false,
    });
    author.bot |= by_program;
    let markdown = words(&post);
    match step {
        Step::Posted => Arrival::Posted {
            opens: post.root_id.is_empty().then(String::new),
            post: there,
            author,
            markdown,
            reply_to: None,
            at: time(post.create_at),
        },
        Step::Edited | Step::Deleted => Arrival::Edited {
            post: there,
            author,
            markdown,
            at: time(post.edit_at),
        },
    }
}

/// The message; files stay over there and are said.
fn words(post: &Post) -> String {
    let files = post.file_ids.as_ref().map_or(0, Vec::len);
    match files {
        0 => post.message.clone(),
        1 => format!("{}\n\n*(a file, in Mattermost)*", post.message),
        n => format!("{}\n\n*({n} files, in Mattermost)*", post.message),
    }
}

fn time(milliseconds: i64) -> Timestamp {
    Timestamp::from_millisecond(milliseconds).unwrap_or(Timestamp::UNIX_EPOCH)
}

#[cfg(test)]
mod tests;
