//! Keeping order: hiding and showing, locking, pinning, moving, merging, splitting, and what people flag.
//!
//! **Invariant: whoever keeps order says why, and it can be undone**: posts and threads are taken out of sight, never away;
//! their authors are told the reason; who did it stands in the audit log (written by the API) and in the events.

use uuid::Uuid;
use weft_collector_core::authority::{Action, Object, allows};
use weft_collector_store::control::{
    accounts::Account,
    flags::FlagState,
    notifications::{NewNotice, NoticeKind},
    posts::{Post, Step},
    threads::{NewThread, Reader},
};

use super::{Scene, ThreadError, Threads, notices, source, viewer};

/// Characters of a reason.
pub const MAX_REASON: usize = 500;

impl Threads {
    /// The author or staff; staff say why. The first post stays as long as its thread does.
    pub async fn delete(&self, by: &Account, post: Uuid, reason: &str) -> Result<(), ThreadError> {
        self.delete_from(by, post, reason, "").await
    }

    /// The same as a connector brings it.
    pub async fn delete_from(
        &self,
        by: &Account,
        post: Uuid,
        reason: &str,
        origin: &str,
    ) -> Result<(), ThreadError> {
        let post = self.find_post(by, post).await?;
        let scene = self.scene(by, post.thread).await?;
        let object = Object::Post {
            author: post.author,
            whisper: post.whisper,
        };
        let may = |action| allows(&viewer(by), action, &object).is_allowed();
        if !may(Action::Remove) && !may(Action::Moderate) {
            return Err(ThreadError::Forbidden(
                "only its author or staff can delete a post",
            ));
        }
        let reason = source::reason(reason, MAX_REASON)?;
        if reason.is_empty() && post.author != by.id {
            return Err(ThreadError::Invalid("say why: its author will read it"));
        }
        let first = self
            .control
            .posts()
            .of_thread(post.thread, Reader::COLLECTOR, 1)
            .await?;
        if first.first().is_some_and(|first| first.id == post.id) {
            return Err(ThreadError::Forbidden(
                "the first post carries the thread: edit it, or let staff hide the thread",
            ));
        }
        let notices = self
            .about(by, &scene, post.author, Some(post.id), &reason)
            .await?;
        let step = Step {
            by: by.id,
            at: self.clock.now(),
            origin,
        };
        self.control
            .posts()
            .delete_because(post.id, &reason, step, notices)
            .await?;
        self.control
            .flags()
            .close(post.id, FlagState::Acted, by.id, step.at)
            .await?;
        self.ring();
        Ok(())
    }

    /// Staff bring back what was removed; authors what they removed themselves.
    pub async fn restore(&self, by: &Account, post: Uuid) -> Result<(), ThreadError> {
        let removed = self.control.posts().get_removed(post).await?;
        let removed = removed.ok_or(ThreadError::Missing("removed post"))?;
        let scene = self.scene(by, removed.post.thread).await?;
        let own = removed.post.author == by.id && removed.by == Some(by.id);
        if !own && !self.keeps_order(by, &scene) {
            return Err(ThreadError::Missing("removed post"));
        }
        let notices = self
            .about(
                by,
                &scene,
                removed.post.author,
                Some(post),
                "it is shown again",
            )
            .await?;
        self.control
            .posts()
            .restore(post, Step::here(by.id, self.clock.now()), notices)
            .await?;
        self.ring();
        Ok(())
    }

    /// What stood in a post before its edits goes; that it was edited stays.
    pub async fn forget_edits(&self, by: &Account, post: Uuid) -> Result<(), ThreadError> {
        let post = self.find_post(by, post).await?;
        let scene = self.scene(by, post.thread).await?;
        if post.author != by.id && !self.keeps_order(by, &scene) {
            return Err(ThreadError::Forbidden(
                "only its author or staff can do that",
            ));
        }
        self.control.posts().forget_edits(post.id).await?;
        Ok(())
    }

    pub async fn lock(&self, by: &Account, thread: Uuid) -> Result<(), ThreadError> {
        self.set_locked(by, thread, true).await
    }

    pub async fn unlock(&self, by: &Account, thread: Uuid) -> Result<(), ThreadError> {
        self.set_locked(by, thread, false).await
    }

    async fn set_locked(
        &self,
        by: &Account,
        thread: Uuid,
        locked: bool,
    ) -> Result<(), ThreadError> {
        let scene = self.ordered(by, thread).await?;
        let step = Step::here(by.id, self.clock.now());
        self.control
            .threads()
            .set_locked(scene.thread.id, locked, step)
            .await?;
        self.ring();
        Ok(())
    }

    pub async fn pin(&self, by: &Account, thread: Uuid) -> Result<(), ThreadError> {
        self.set_pinned(by, thread, true).await
    }

    pub async fn unpin(&self, by: &Account, thread: Uuid) -> Result<(), ThreadError> {
        self.set_pinned(by, thread, false).await
    }

    async fn set_pinned(
        &self,
        by: &Account,
        thread: Uuid,
        pinned: bool,
    ) -> Result<(), ThreadError> {
        let scene = self.ordered(by, thread).await?;
        let step = Step::here(by.id, self.clock.now());
        self.control
            .threads()
            .set_pinned(scene.thread.id, pinned, step)
            .await?;
        self.ring();
        Ok(())
    }

    pub async fn hide(&self, by: &Account, thread: Uuid, reason: &str) -> Result<(), ThreadError> {
        let scene = self.ordered(by, thread).await?;
        let reason = source::reason(reason, MAX_REASON)?;
        if reason.is_empty() {
            return Err(ThreadError::Invalid(
                "say why: whoever opened the thread will ask",
            ));
        }
        let step = Step::here(by.id, self.clock.now());
        self.control
            .threads()
            .hide(scene.thread.id, &reason, step, vec![])
            .await?;
        self.ring();
        Ok(())
    }

    pub async fn show(&self, by: &Account, thread: Uuid) -> Result<(), ThreadError> {
        let scene = self.ordered(by, thread).await?;
        if scene.thread.merged_into.is_some() {
            return Err(ThreadError::Conflict(
                "this thread was merged: its posts are in the other one",
            ));
        }
        let notices = self
            .about(
                by,
                &scene,
                scene.thread.author,
                None,
                "the thread is shown again",
            )
            .await?;
        let step = Step::here(by.id, self.clock.now());
        self.control
            .threads()
            .show(scene.thread.id, step, notices)
            .await?;
        self.ring();
        Ok(())
    }

    /// To another space that the mover may enter. Whoever opened the thread keeps seeing it.
    pub async fn relocate(
        &self,
        by: &Account,
        thread: Uuid,
        space: &str,
    ) -> Result<(), ThreadError> {
        let scene = self.ordered(by, thread).await?;
        let space = self.space(by, space).await?;
        let step = Step::here(by.id, self.clock.now());
        self.control
            .threads()
            .relocate(scene.thread.id, space.id, &space.slug, step)
            .await?;
        self.ring();
        Ok(())
    }

    /// All posts of `from` go into `into`; both in spaces of one audience, so that nobody reads more or less than before.
    pub async fn merge(&self, by: &Account, from: Uuid, into: Uuid) -> Result<(), ThreadError> {
        let (from, into) = (self.ordered(by, from).await?, self.ordered(by, into).await?);
        if from.audience != into.audience || from.members != into.members {
            return Err(ThreadError::Conflict(
                "the two threads are read by different people: move one first",
            ));
        }
        let step = Step::here(by.id, self.clock.now());
        let done = self
            .control
            .threads()
            .merge(from.thread.id, into.thread.id, step)
            .await?;
        self.ring();
        match done {
            true => Ok(()),
            false => Err(ThreadError::Conflict(
                "these two cannot be merged: choose another thread that was not merged before",
            )),
        }
    }

    /// These posts become a thread of their own in the same space. Gives its id.
    pub async fn split(
        &self,
        by: &Account,
        thread: Uuid,
        posts: &[Uuid],
        title: &str,
    ) -> Result<Uuid, ThreadError> {
        let scene = self.ordered(by, thread).await?;
        if !scene.members.is_empty() {
            return Err(ThreadError::Conflict(
                "a thread that people were asked into stays whole",
            ));
        }
        let title = source::title(title)?;
        let mut moved: Vec<Post> = self
            .control
            .posts()
            .all_of(posts.to_vec(), super::reader(by))
            .await?
            .into_iter()
            .filter(|post| post.thread == scene.thread.id)
            .collect();
        moved.sort_by_key(|post| (post.posted_at, post.id));
        let first = moved.iter().find(|post| !post.whisper);
        let Some(first) = first.filter(|_| moved.len() == posts.len()) else {
            return Err(ThreadError::Invalid(
                "name posts of this thread, one of them not a whisper",
            ));
        };
        let new = NewThread {
            id: self.clock.id(),
            space: scene.thread.space,
            title,
            author: first.author,
            at: first.posted_at,
            simulated: scene.thread.simulated,
        };
        let id = new.id;
        let step = Step::here(by.id, self.clock.now());
        let done = self
            .control
            .threads()
            .split(scene.thread.id, posts, new, step)
            .await?;
        self.ring();
        match done {
            true => Ok(id),
            false => Err(ThreadError::Conflict(
                "the first post stays: it carries the thread",
            )),
        }
    }

    /// Anybody who reads a post may ask staff to look at it, once.
    pub async fn flag(&self, by: &Account, post: Uuid, reason: &str) -> Result<(), ThreadError> {
        let post = self.find_post(by, post).await?;
        let reason = source::reason(reason, MAX_REASON)?;
        if reason.is_empty() {
            return Err(ThreadError::Invalid("say what is wrong with it"));
        }
        self.keep_pace(by)?;
        let (id, at) = (self.clock.id(), self.clock.now());
        match self
            .control
            .flags()
            .add(id, post.id, by.id, &reason, at)
            .await?
        {
            true => Ok(()),
            false => Err(ThreadError::Conflict("you flagged this post already")),
        }
    }

    /// Staff are done with the flags of a post.
    pub async fn close_flags(
        &self,
        by: &Account,
        post: Uuid,
        outcome: FlagState,
    ) -> Result<u64, ThreadError> {
        let thread = match self.control.posts().get(post, Reader::COLLECTOR).await? {
            Some(post) => post.thread,
            None => {
                let removed = self.control.posts().get_removed(post).await?;
                removed.ok_or(ThreadError::Missing("post"))?.post.thread
            }
        };
        self.ordered(by, thread).await?;
        if outcome == FlagState::Open {
            return Err(ThreadError::Invalid("outcome is dismissed or acted"));
        }
        let now = self.clock.now();
        Ok(self
            .control
            .flags()
            .close(post, outcome, by.id, now)
            .await?)
    }

    /// A thread in which the person keeps order.
    pub(super) async fn ordered(&self, by: &Account, thread: Uuid) -> Result<Scene, ThreadError> {
        let scene = self.scene(by, thread).await?;
        match self.keeps_order(by, &scene) {
            true => Ok(scene),
            false => Err(ThreadError::Forbidden("only staff can do that")),
        }
    }

    /// Tells the author what staff did with their words.
    async fn about(
        &self,
        by: &Account,
        scene: &Scene,
        author: Uuid,
        post: Option<Uuid>,
        words: &str,
    ) -> Result<Vec<NewNotice>, ThreadError> {
        let happening = scene.happening(by, post, self.clock.now());
        let kind = NoticeKind::Moderated;
        Ok(notices::of_people(
            &self.control,
            &self.clock,
            &happening,
            vec![author],
            kind,
            words,
        )
        .await?)
    }
}
