//! Threads: what people may do with words, and what the collector itself says among them.
//!
//! **Invariant: everything stored went through [`source`], everything shown goes through [`render`]**, and every step
//! is checked against who takes it, here, for the API, the connectors and the import alike. Every step that changes a
//! thread leaves an event ([`weft_collector_store::control::events`]), in the same transaction; whoever carries talk
//! elsewhere reads those, and nothing else tells them. Not here: who reads (`api`), and what an anomaly has to do with
//! a thread (`core::linker`).
//!
//! Table of contents: [`source`] what is kept, [`render`] what is shown, [`files`] attachments, [`notices`] who is told,
//! [`order`] moderation, [`escalate`] asking for a role, [`about`] and [`voice`] the collector's own words, [`upkeep`] what
//! is forgotten, [`connector`] talk that also lives elsewhere.

use std::{num::NonZeroU32, sync::Arc};

use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use thiserror::Error;
use tokio::sync::watch;
use uuid::Uuid;
use weft_collector_core::authority::{Action, Audience, Object, Viewer, allows};
use weft_collector_store::control::{
    Control, ControlError,
    accounts::Account,
    follows::Level,
    notifications::{NewNotice, NoticeKind},
    posts::{NewPost, Post, Step},
    spaces::Space,
    threads::{NewThread, Reader, Thread},
};

use crate::clock::Clock;

pub mod about;
pub mod connector;
pub mod escalate;
pub mod files;
pub mod notice;
pub mod notices;
pub mod order;
pub mod render;
pub mod source;
pub mod upkeep;
pub mod voice;

use notices::{Happening, Told};

/// Posts of one thread. It is read in pages, so the limit is what a person can still follow.
pub const MAX_POSTS: u32 = 10_000;
/// A person writes ten posts in a hurry, then one every six seconds.
const POSTS_AT_ONCE: NonZeroU32 = NonZeroU32::new(10).expect("10 is not zero");

#[derive(Debug, Error)]
pub enum ThreadError {
    #[error(transparent)]
    Unfit(#[from] source::Unfit),
    #[error(transparent)]
    UnfitFile(#[from] files::Unfit),
    #[error("{0}")]
    Invalid(&'static str),
    #[error("there is no such {0}, or it is not yours to see")]
    Missing(&'static str),
    #[error("{0}")]
    Forbidden(&'static str),
    /// It is so already, or something else stands in the way.
    #[error("{0}")]
    Conflict(&'static str),
    #[error("too many posts at once: wait a few seconds")]
    TooFast,
    #[error("{0}")]
    NoRoom(&'static str),
    #[error("this thread has {MAX_POSTS} posts: open a new one and link to it")]
    Full,
    #[error("this thread is locked: only staff can still write in it")]
    Locked,
    #[error(transparent)]
    Control(#[from] ControlError),
}

/// The account as `core::authority` knows it; devices play no part in threads.
pub fn viewer(account: &Account) -> Viewer {
    Viewer {
        account: account.id,
        roles: account.roles.clone(),
        team: account.team.clone(),
        devices: vec![],
    }
}

pub fn reader(account: &Account) -> Reader {
    Reader {
        account: account.id,
        staff: may_enter(account, Audience::Staff),
        reviews: may_enter(account, Audience::Security),
    }
}

/// May the account see the spaces of this audience?
pub fn may_enter(account: &Account, audience: Audience) -> bool {
    let space = Object::Thread {
        audience,
        invited: false,
    };
    allows(&viewer(account), Action::See, &space).is_allowed()
}

/// What somebody says, and how it came.
#[derive(Clone, Debug, Default)]
pub struct Words<'a> {
    pub markdown: &'a str,
    /// For staff only: read by staff only.
    pub whisper: bool,
    /// The post that it answers.
    pub reply_to: Option<Uuid>,
    /// The connector that brings it; empty: written here.
    pub origin: &'a str,
    /// Its id over there: the same one is taken once.
    pub origin_ref: Option<String>,
}

/// A thread with whose it is.
struct Scene {
    thread: Thread,
    audience: Audience,
    members: Vec<Uuid>,
}

impl Scene {
    fn happening(&self, by: &Account, post: Option<Uuid>, at: jiff::Timestamp) -> Happening {
        Happening {
            thread: self.thread.id,
            audience: self.audience,
            members: self.members.clone(),
            opener: self.thread.author,
            post,
            actor: by.id,
            whisper: false,
            at,
        }
    }

    fn invites(&self, account: &Account) -> bool {
        self.members.contains(&account.id)
    }
}

/// What people do in threads. Cloning shares its limits and its bell.
#[derive(Clone)]
pub struct Threads {
    control: Control,
    clock: Clock,
    pace: Arc<DefaultKeyedRateLimiter<Uuid>>,
    bell: Arc<watch::Sender<u64>>,
}

impl Threads {
    pub fn new(control: Control, clock: Clock) -> Self {
        let pace = Quota::per_minute(POSTS_AT_ONCE);
        Self {
            control,
            clock,
            pace: Arc::new(RateLimiter::keyed(pace)),
            bell: Arc::new(watch::Sender::new(0)),
        }
    }

    /// Rings whenever something was written by this process: time to look whether there is news.
    pub fn bell(&self) -> watch::Receiver<u64> {
        self.bell.subscribe()
    }

    /// Opens a thread in a space that the person may see. Gives its id.
    pub async fn open(
        &self,
        by: &Account,
        space: &str,
        title: &str,
        markdown: &str,
    ) -> Result<Uuid, ThreadError> {
        let markdown = source::markdown(markdown)?;
        self.open_about(by, space, title, &markdown, by.simulated)
            .await
    }

    /// Opens a thread whose first post the collector worded ([`about`]), in the name of a person.
    pub async fn open_about(
        &self,
        by: &Account,
        space: &str,
        title: &str,
        markdown: &str,
        simulated: bool,
    ) -> Result<Uuid, ThreadError> {
        self.open_with(by, space, title, markdown, simulated, vec![])
            .await
    }

    /// The same with people who may enter though the space is not theirs: security talks with one owner.
    pub async fn open_with(
        &self,
        by: &Account,
        space: &str,
        title: &str,
        markdown: &str,
        simulated: bool,
        members: Vec<Uuid>,
    ) -> Result<Uuid, ThreadError> {
        let words = Words {
            markdown,
            ..Words::default()
        };
        self.begin(by, space, title, words, simulated, members)
            .await
    }

    /// Opens a thread as a connector brings it. What is brought twice opens one thread: then the known one's id comes back.
    pub async fn open_from(
        &self,
        by: &Account,
        space: &str,
        title: &str,
        words: Words<'_>,
    ) -> Result<Uuid, ThreadError> {
        let markdown = source::markdown(words.markdown)?;
        if let Some(foreign) = &words.origin_ref
            && let Some(known) = self
                .control
                .posts()
                .from_elsewhere(words.origin, foreign)
                .await?
        {
            return Ok(known.thread);
        }
        let words = Words {
            markdown: &markdown,
            ..words
        };
        self.begin(by, space, title, words, by.simulated, vec![])
            .await
    }

    async fn begin(
        &self,
        by: &Account,
        space: &str,
        title: &str,
        words: Words<'_>,
        simulated: bool,
        members: Vec<Uuid>,
    ) -> Result<Uuid, ThreadError> {
        let markdown = words.markdown;
        let space = self.space(by, space).await?;
        let title = source::title(title)?;
        if words.origin.is_empty() {
            self.keep_pace(by)?;
        }
        let (id, at) = (self.clock.id(), self.clock.now());
        let thread = NewThread {
            id,
            space: space.id,
            title,
            author: by.id,
            at,
            simulated,
        };
        let first = NewPost {
            id: self.clock.id(),
            thread: id,
            author: by.id,
            at,
            markdown: markdown.to_owned(),
            origin: words.origin.to_owned(),
            origin_ref: words.origin_ref,
            ..NewPost::default()
        };
        let happening = Happening {
            thread: id,
            audience: space.audience,
            members: members.clone(),
            opener: by.id,
            post: Some(first.id),
            actor: by.id,
            whisper: false,
            at,
        };
        let Told {
            mut notices,
            mentioned,
        } = notices::of_post(&self.control, &self.clock, &happening, markdown, None).await?;
        let invited = members
            .iter()
            .copied()
            .filter(|member| !mentioned.contains(member))
            .collect();
        notices.extend(
            notices::of_people(
                &self.control,
                &self.clock,
                &happening,
                invited,
                NoticeKind::Invited,
                "",
            )
            .await?,
        );
        let (post, attached) = (first.id, files::named(markdown));
        self.control
            .threads()
            .open_telling(thread, first, notices, &mentioned, &members)
            .await?;
        self.attach(by, attached, post).await?;
        self.ring();
        Ok(id)
    }

    /// Opens a talk for these people and security alone, with words of the collector in the name of a person.
    pub async fn open_private(
        &self,
        by: &Account,
        title: &str,
        markdown: &str,
        people: &[Uuid],
        simulated: bool,
    ) -> Result<Uuid, ThreadError> {
        self.open_with(by, "security", title, markdown, simulated, people.to_vec())
            .await
    }

    /// Says something in a thread. What a connector brings twice is said once: then the known post's id comes back.
    pub async fn post(
        &self,
        by: &Account,
        thread: Uuid,
        words: Words<'_>,
    ) -> Result<Uuid, ThreadError> {
        let scene = self.scene(by, thread).await?;
        let own = Object::Post {
            author: by.id,
            whisper: words.whisper,
        };
        if !allows(&viewer(by), Action::Change, &own).is_allowed() {
            return Err(ThreadError::Forbidden("only staff can whisper"));
        }
        if scene.thread.hidden.is_some() {
            return Err(ThreadError::Conflict(
                "this thread is hidden: show it again before writing in it",
            ));
        }
        if scene.thread.locked && !self.keeps_order(by, &scene) {
            return Err(ThreadError::Locked);
        }
        let markdown = source::markdown(words.markdown)?;
        if scene.thread.posts >= MAX_POSTS {
            return Err(ThreadError::Full);
        }
        let answered = match words.reply_to {
            None => None,
            Some(post) => {
                let post = self.find_post(by, post).await?;
                if post.thread != scene.thread.id {
                    return Err(ThreadError::Missing("post in this thread"));
                }
                Some(post)
            }
        };
        let attached = self.fit_files(&markdown)?;
        if words.origin.is_empty() {
            self.keep_pace(by)?;
        }
        let at = self.clock.now();
        let post = NewPost {
            id: self.clock.id(),
            thread: scene.thread.id,
            author: by.id,
            at,
            markdown,
            whisper: words.whisper,
            topic: String::new(),
            origin: words.origin.to_owned(),
            origin_ref: words.origin_ref.clone(),
            reply_to: words.reply_to,
        };
        let happening = Happening {
            whisper: words.whisper,
            ..scene.happening(by, Some(post.id), at)
        };
        let reply_to = answered.map(|post| post.author);
        let told = notices::of_post(
            &self.control,
            &self.clock,
            &happening,
            &post.markdown,
            reply_to,
        )
        .await?;
        let id = post.id;
        let added = self
            .control
            .posts()
            .add_telling(post, told.notices, &told.mentioned)
            .await?;
        if !added && let Some(foreign) = &words.origin_ref {
            let known = self
                .control
                .posts()
                .from_elsewhere(words.origin, foreign)
                .await?;
            return known
                .map(|post| post.id)
                .ok_or(ThreadError::Missing("post"));
        }
        self.attach(by, attached, id).await?;
        // Who writes has read what stands above.
        self.control
            .follows()
            .mark(by.id, scene.thread.id, at)
            .await?;
        self.ring();
        Ok(id)
    }

    /// Only the author changes the words of a post; what stood there before is kept.
    pub async fn edit(
        &self,
        by: &Account,
        post: Uuid,
        markdown: &str,
    ) -> Result<Uuid, ThreadError> {
        self.edit_from(by, post, markdown, "").await
    }

    /// The same as a connector brings it.
    pub async fn edit_from(
        &self,
        by: &Account,
        post: Uuid,
        markdown: &str,
        origin: &str,
    ) -> Result<Uuid, ThreadError> {
        let post = self.find_post(by, post).await?;
        if post.author != by.id {
            return Err(ThreadError::Forbidden("only its author can edit a post"));
        }
        let scene = self.scene(by, post.thread).await?;
        if scene.thread.locked && !self.keeps_order(by, &scene) {
            return Err(ThreadError::Locked);
        }
        let markdown = source::markdown(markdown)?;
        let attached = self.fit_files(&markdown)?;
        if origin.is_empty() {
            self.keep_pace(by)?;
        }
        let (edit, at) = (self.clock.id(), self.clock.now());
        let step = Step {
            by: by.id,
            at,
            origin,
        };
        self.control
            .posts()
            .edit_by(edit, post.id, &markdown, step)
            .await?;
        let happening = Happening {
            whisper: post.whisper,
            ..scene.happening(by, Some(post.id), at)
        };
        let told = notices::of_edit(
            &self.control,
            &self.clock,
            &happening,
            &post.markdown,
            &markdown,
        )
        .await?;
        self.tell(told.notices).await?;
        self.attach(by, attached, post.id).await?;
        self.ring();
        Ok(post.id)
    }

    /// Marks the thread solved by this post: for whoever opened it, and staff.
    pub async fn accept(&self, by: &Account, thread: Uuid, post: Uuid) -> Result<(), ThreadError> {
        let scene = self.steered(by, thread).await?;
        let post = self.find_post(by, post).await?;
        if post.thread != scene.thread.id {
            return Err(ThreadError::Missing("post in this thread"));
        }
        if post.whisper {
            return Err(ThreadError::Forbidden(
                "a whisper cannot be the answer: others could not read it",
            ));
        }
        let at = self.clock.now();
        let happening = scene.happening(by, Some(post.id), at);
        let author = Some((post.author, NoticeKind::Accepted));
        let notices = match scene.thread.accepted_post == Some(post.id) {
            true => vec![],
            false => {
                notices::of_followers(
                    &self.control,
                    &self.clock,
                    &happening,
                    NoticeKind::Solved,
                    author,
                    "",
                )
                .await?
            }
        };
        self.control
            .threads()
            .accept_telling(
                scene.thread.id,
                Some(post.id),
                Step::here(by.id, at),
                notices,
            )
            .await?;
        self.ring();
        Ok(())
    }

    pub async fn reopen(&self, by: &Account, thread: Uuid) -> Result<(), ThreadError> {
        let scene = self.steered(by, thread).await?;
        let at = self.clock.now();
        let happening = scene.happening(by, None, at);
        let notices = match scene.thread.solved {
            false => vec![],
            true => {
                notices::of_followers(
                    &self.control,
                    &self.clock,
                    &happening,
                    NoticeKind::Reopened,
                    None,
                    "",
                )
                .await?
            }
        };
        self.control
            .threads()
            .accept_telling(scene.thread.id, None, Step::here(by.id, at), notices)
            .await?;
        self.ring();
        Ok(())
    }

    /// Whoever opened the thread, and staff.
    pub async fn retitle(
        &self,
        by: &Account,
        thread: Uuid,
        title: &str,
    ) -> Result<(), ThreadError> {
        let scene = self.steered(by, thread).await?;
        let title = source::title(title)?;
        self.control
            .threads()
            .retitle(scene.thread.id, &title)
            .await?;
        Ok(())
    }

    pub async fn set_level(
        &self,
        by: &Account,
        thread: Uuid,
        level: Level,
    ) -> Result<(), ThreadError> {
        let thread = self.thread(by, thread).await?;
        let now = self.clock.now();
        Ok(self
            .control
            .follows()
            .set(by.id, thread.id, level, now)
            .await?)
    }

    pub async fn follow(&self, by: &Account, thread: Uuid) -> Result<(), ThreadError> {
        self.set_level(by, thread, Level::Watching).await
    }

    pub async fn unfollow(&self, by: &Account, thread: Uuid) -> Result<(), ThreadError> {
        Ok(self.control.follows().unfollow(by.id, thread).await?)
    }

    /// The person has read up to this post, or to the end; notices about the thread are seen then.
    pub async fn mark_read(
        &self,
        by: &Account,
        thread: Uuid,
        post: Option<Uuid>,
    ) -> Result<(), ThreadError> {
        let thread = self.thread(by, thread).await?;
        let now = self.clock.now();
        let up_to = match post {
            None => now,
            Some(post) => {
                let post = self.find_post(by, post).await?;
                if post.thread != thread.id {
                    return Err(ThreadError::Missing("post in this thread"));
                }
                post.posted_at
            }
        };
        self.control.follows().mark(by.id, thread.id, up_to).await?;
        if post.is_none() {
            use weft_collector_store::control::notifications::Seen;
            self.control
                .notifications()
                .see(by.id, Seen::OfThread(thread.id), now)
                .await?;
            self.ring();
        }
        Ok(())
    }

    /// The thread, when the person may see it.
    pub async fn thread(&self, by: &Account, thread: Uuid) -> Result<Thread, ThreadError> {
        let found = self.control.threads().get(thread, reader(by)).await?;
        found.ok_or(ThreadError::Missing("thread"))
    }

    /// The post, when the person may see it and its thread.
    pub async fn find_post(&self, by: &Account, post: Uuid) -> Result<Post, ThreadError> {
        let missing = ThreadError::Missing("post");
        let Some(post) = self.control.posts().get(post, reader(by)).await? else {
            return Err(missing);
        };
        // A post is as hidden as its thread.
        match self.control.threads().get(post.thread, reader(by)).await? {
            Some(_) => Ok(post),
            None => Err(missing),
        }
    }

    async fn scene(&self, by: &Account, thread: Uuid) -> Result<Scene, ThreadError> {
        let thread = self.thread(by, thread).await?;
        let space = self
            .control
            .spaces()
            .find(&thread.space.to_string())
            .await?;
        let members = self.control.members().of_thread(thread.id).await?;
        Ok(Scene {
            audience: space.map_or(Audience::Security, |space| space.audience),
            members,
            thread,
        })
    }

    /// A thread that the person may steer: accept, open again, rename.
    async fn steered(&self, by: &Account, thread: Uuid) -> Result<Scene, ThreadError> {
        let scene = self.scene(by, thread).await?;
        match scene.thread.author == by.id || self.keeps_order(by, &scene) {
            true => Ok(scene),
            false => Err(ThreadError::Forbidden(
                "only whoever opened the thread, or staff, can do that",
            )),
        }
    }

    fn keeps_order(&self, by: &Account, scene: &Scene) -> bool {
        let object = Object::Thread {
            audience: scene.audience,
            invited: scene.invites(by),
        };
        allows(&viewer(by), Action::Moderate, &object).is_allowed()
    }

    async fn space(&self, by: &Account, space: &str) -> Result<Space, ThreadError> {
        let found = self.control.spaces().find(space).await?;
        found
            .filter(|space| may_enter(by, space.audience))
            .ok_or(ThreadError::Missing("space"))
    }

    fn fit_files(&self, markdown: &str) -> Result<Vec<Uuid>, ThreadError> {
        let named = files::named(markdown);
        match named.len() > files::MAX_FILES {
            true => Err(ThreadError::Invalid(
                "a post shows at most 10 files: put the others into another post",
            )),
            false => Ok(named),
        }
    }

    /// Only the author's own uploads that no post has yet become part of the post.
    async fn attach(&self, by: &Account, files: Vec<Uuid>, post: Uuid) -> Result<(), ThreadError> {
        self.control
            .attachments()
            .attach(files, by.id, post)
            .await?;
        Ok(())
    }

    async fn tell(&self, notices: Vec<NewNotice>) -> Result<(), ThreadError> {
        Ok(self.control.notifications().tell(notices).await?)
    }

    /// One more upload, at the pace of posts.
    pub fn admit(&self, by: &Account) -> Result<(), ThreadError> {
        self.keep_pace(by)
    }

    fn ring(&self) {
        self.bell.send_modify(|rung| *rung = rung.wrapping_add(1));
    }

    fn keep_pace(&self, by: &Account) -> Result<(), ThreadError> {
        self.pace
            .check_key(&by.id)
            .map_err(|_| ThreadError::TooFast)
    }
}

/// Who may accept an answer or open the thread again, of those who may see it.
pub fn may_moderate(account: &Account, thread: &Thread) -> bool {
    thread.author == account.id || viewer(account).is_staff()
}

/// Is a space of this audience everybody's?
fn may_enter_all(audience: Audience) -> bool {
    let anybody = Object::Thread {
        audience,
        invited: false,
    };
    allows(&Viewer::default(), Action::See, &anybody).is_allowed()
}
