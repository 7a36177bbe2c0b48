//! Threads: what people may do with words, and what the collector itself says among them.
//!
//! **Invariant: everything stored went through [`source`], everything shown goes through [`render`]**, and every step
//! is checked against who takes it, here, for the API and the import alike. Not here: who reads (`api`), and what an
//! anomaly has to do with a thread (`core::linker`).

use std::{num::NonZeroU32, sync::Arc};

use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use thiserror::Error;
use uuid::Uuid;
use weft_collector_core::authority::{Action, Object, Viewer, allows};
use weft_collector_store::control::{
    Control, ControlError,
    accounts::Account,
    posts::{NewPost, Post},
    spaces::Space,
    threads::{NewThread, Reader, Thread},
};

use crate::clock::Clock;

pub mod about;
pub mod notice;
pub mod render;
pub mod source;
pub mod voice;

/// Posts of one thread. A thread is read whole, so it must stay readable; then a new one serves better.
pub const MAX_POSTS: u32 = 1_000;
/// A person writes ten posts in a hurry, then one every six seconds.
const POSTS_AT_ONCE: NonZeroU32 = NonZeroU32::new(10).expect("10 is not zero");

#[derive(Debug, Error)]
pub enum ThreadError {
    #[error(transparent)]
    Unfit(#[from] source::Unfit),
    #[error("there is no such {0}, or it is not yours to see")]
    Missing(&'static str),
    #[error("{0}")]
    Forbidden(&'static str),
    #[error("too many posts at once: wait a few seconds")]
    TooFast,
    #[error("this thread has {MAX_POSTS} posts: open a new one and link to it")]
    Full,
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
        staff: may_enter(account, true),
    }
}

/// May the account see a space of this sort?
pub fn may_enter(account: &Account, staff_only: bool) -> bool {
    allows(
        &viewer(account),
        Action::See,
        &Object::Thread { staff_only },
    )
    .is_allowed()
}

/// What people do in threads. Cloning shares its limits.
#[derive(Clone)]
pub struct Threads {
    control: Control,
    clock: Clock,
    pace: Arc<DefaultKeyedRateLimiter<Uuid>>,
}

impl Threads {
    pub fn new(control: Control, clock: Clock) -> Self {
        let pace = Quota::per_minute(POSTS_AT_ONCE);
        Self {
            control,
            clock,
            pace: Arc::new(RateLimiter::keyed(pace)),
        }
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
        let space = self.space(by, space).await?;
        let (title, markdown) = (source::title(title)?, markdown.to_owned());
        self.keep_pace(by)?;
        let (id, at) = (self.clock.id(), self.clock.now());
        let thread = NewThread {
            id,
            space: space.id,
            title,
            author: by.id,
            at,
            simulated,
        };
        let first = self.new_post(by, id, markdown);
        self.control.threads().open(thread, first).await?;
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
        let space = self.space(by, "staff").await?;
        let title = source::title(title)?;
        self.keep_pace(by)?;
        let (id, at) = (self.clock.id(), self.clock.now());
        let thread = NewThread {
            id,
            space: space.id,
            title,
            author: by.id,
            at,
            simulated,
        };
        let first = self.new_post(by, id, markdown.to_owned());
        let people: Vec<Uuid> = people.iter().copied().chain([by.id]).collect();
        self.control
            .threads()
            .open_private(thread, first, &people)
            .await?;
        Ok(id)
    }

    /// A whisper is for staff; a person who is not staff may not write one.
    pub async fn post(
        &self,
        by: &Account,
        thread: Uuid,
        markdown: &str,
        whisper: bool,
    ) -> Result<Uuid, ThreadError> {
        let thread = self.thread(by, thread).await?;
        let staff_only = self.is_staff_only(&thread).await?;
        let own = Object::Post {
            author: by.id,
            staff_only,
            whisper,
        };
        if !allows(&viewer(by), Action::Change, &own).is_allowed() {
            return Err(ThreadError::Forbidden("only staff can whisper"));
        }
        let markdown = source::markdown(markdown)?;
        if thread.posts >= MAX_POSTS {
            return Err(ThreadError::Full);
        }
        self.keep_pace(by)?;
        let post = NewPost {
            whisper,
            ..self.new_post(by, thread.id, markdown)
        };
        let id = post.id;
        self.control.posts().add(post).await?;
        Ok(id)
    }

    /// Only the author changes the words of a post; what stood there before is kept.
    pub async fn edit(
        &self,
        by: &Account,
        post: Uuid,
        markdown: &str,
    ) -> Result<Uuid, ThreadError> {
        let post = self.find_post(by, post).await?;
        if post.author != by.id {
            return Err(ThreadError::Forbidden("only its author can edit a post"));
        }
        let markdown = source::markdown(markdown)?;
        self.keep_pace(by)?;
        let (edit, now) = (self.clock.id(), self.clock.now());
        self.control
            .posts()
            .edit(edit, post.id, &markdown, by.id, now)
            .await?;
        Ok(post.id)
    }

    /// The author or staff. The first post stays as long as its thread does.
    pub async fn delete(&self, by: &Account, post: Uuid) -> Result<(), ThreadError> {
        let post = self.find_post(by, post).await?;
        let object = Object::Post {
            author: post.author,
            staff_only: false,
            whisper: post.whisper,
        };
        let may = |action| allows(&viewer(by), action, &object).is_allowed();
        if !may(Action::Remove) && !may(Action::Moderate) {
            return Err(ThreadError::Forbidden(
                "only its author or staff can delete a post",
            ));
        }
        let first = self
            .control
            .posts()
            .of_thread(post.thread, Reader::COLLECTOR, 1)
            .await?;
        if first.first().is_some_and(|first| first.id == post.id) {
            return Err(ThreadError::Forbidden(
                "the first post carries the thread: edit it instead",
            ));
        }
        self.control
            .posts()
            .delete(post.id, by.id, self.clock.now())
            .await?;
        Ok(())
    }

    /// Marks the thread solved by this post: for whoever opened it, and staff.
    pub async fn accept(&self, by: &Account, thread: Uuid, post: Uuid) -> Result<(), ThreadError> {
        let thread = self.moderated(by, thread).await?;
        let post = self.find_post(by, post).await?;
        if post.thread != thread.id {
            return Err(ThreadError::Missing("post in this thread"));
        }
        if post.whisper {
            return Err(ThreadError::Forbidden(
                "a whisper cannot be the answer: others could not read it",
            ));
        }
        self.control
            .threads()
            .accept(thread.id, Some(post.id))
            .await?;
        Ok(())
    }

    pub async fn reopen(&self, by: &Account, thread: Uuid) -> Result<(), ThreadError> {
        let thread = self.moderated(by, thread).await?;
        self.control.threads().accept(thread.id, None).await?;
        Ok(())
    }

    pub async fn follow(&self, by: &Account, thread: Uuid) -> Result<(), ThreadError> {
        let thread = self.thread(by, thread).await?;
        Ok(self
            .control
            .follows()
            .follow(by.id, thread.id, self.clock.now())
            .await?)
    }

    pub async fn unfollow(&self, by: &Account, thread: Uuid) -> Result<(), ThreadError> {
        Ok(self.control.follows().unfollow(by.id, thread).await?)
    }

    /// The thread, when the person may see it.
    pub async fn thread(&self, by: &Account, thread: Uuid) -> Result<Thread, ThreadError> {
        let found = self.control.threads().get(thread, reader(by)).await?;
        found.ok_or(ThreadError::Missing("thread"))
    }

    async fn moderated(&self, by: &Account, thread: Uuid) -> Result<Thread, ThreadError> {
        let thread = self.thread(by, thread).await?;
        match may_moderate(by, &thread) {
            true => Ok(thread),
            false => Err(ThreadError::Forbidden(
                "only whoever opened the thread, or staff, can do that",
            )),
        }
    }

    async fn space(&self, by: &Account, space: &str) -> Result<Space, ThreadError> {
        let found = self.control.spaces().find(space).await?;
        found
            .filter(|space| may_enter(by, space.staff_only))
            .ok_or(ThreadError::Missing("space"))
    }

    async fn is_staff_only(&self, thread: &Thread) -> Result<bool, ThreadError> {
        // A private talk lies in the staff's space and belongs to its people; who is here was let in by the store.
        let private = self
            .control
            .threads()
            .private_among(vec![thread.id])
            .await?;
        if !private.is_empty() {
            return Ok(false);
        }
        let space = self
            .control
            .spaces()
            .find(&thread.space.to_string())
            .await?;
        Ok(space.is_none_or(|space| space.staff_only))
    }

    async fn find_post(&self, by: &Account, post: Uuid) -> Result<Post, ThreadError> {
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

    fn new_post(&self, by: &Account, thread: Uuid, markdown: String) -> NewPost {
        NewPost {
            id: self.clock.id(),
            thread,
            author: by.id,
            at: self.clock.now(),
            markdown,
            whisper: false,
            topic: String::new(),
        }
    }

    fn keep_pace(&self, by: &Account) -> Result<(), ThreadError> {
        self.pace
            .check_key(&by.id)
            .map_err(|_| ThreadError::TooFast)
    }
}

/// Who may accept an answer or open the thread again.
pub fn may_moderate(account: &Account, thread: &Thread) -> bool {
    let object = Object::Thread { staff_only: false };
    thread.author == account.id || allows(&viewer(account), Action::Moderate, &object).is_allowed()
}
