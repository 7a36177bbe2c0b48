//! Moderation of whole threads: lock, pin, hide, move, merge, split.
//!
//! **Invariant: nothing is destroyed**: what is hidden can be shown again, a merged thread stays as a pointer to where its
//! posts are. Each step is one transaction with its event.

use super::*;
use crate::control::links;

impl Threads<'_> {
    pub async fn set_locked(&self, id: Uuid, locked: bool, step: Step<'_>) -> Result<bool> {
        let kind = if locked {
            EventKind::Locked
        } else {
            EventKind::Unlocked
        };
        self.switch(id, Column::Locked, locked, kind, step).await
    }

    pub async fn set_pinned(&self, id: Uuid, pinned: bool, step: Step<'_>) -> Result<bool> {
        let kind = if pinned {
            EventKind::Pinned
        } else {
            EventKind::Unpinned
        };
        self.switch(id, Column::Pinned, pinned, kind, step).await
    }

    /// False when it was so already, or there is no such thread: then nothing happened.
    async fn switch(
        &self,
        id: Uuid,
        column: Column,
        value: bool,
        kind: EventKind,
        step: Step<'_>,
    ) -> Result<bool> {
        let on = self.control.begin().await?;
        let done = Entity::update_many()
            .col_expr(column, Expr::value(value))
            .filter(Column::Id.eq(id))
            .filter(column.ne(value))
            .exec(&on)
            .await?;
        if done.rows_affected == 0 {
            return Ok(false);
        }
        events::append(&on, NewEvent::new(kind, id, step.by, step.at)).await?;
        on.commit().await?;
        Ok(true)
    }

    /// Out of sight of everybody but staff.
    pub async fn hide(
        &self,
        id: Uuid,
        reason: &str,
        step: Step<'_>,
        notices: Vec<NewNotice>,
    ) -> Result<bool> {
        let on = self.control.begin().await?;
        let done = Entity::update_many()
            .col_expr(Column::HiddenAt, Expr::value(step.at.as_microsecond()))
            .col_expr(Column::HiddenBy, Expr::value(step.by))
            .col_expr(Column::HiddenReason, Expr::value(reason))
            .filter(Column::Id.eq(id))
            .filter(Column::HiddenAt.is_null())
            .exec(&on)
            .await?;
        if done.rows_affected == 0 {
            return Ok(false);
        }
        notifications::tell(&on, notices).await?;
        events::append(&on, NewEvent::new(EventKind::Hidden, id, step.by, step.at)).await?;
        on.commit().await?;
        Ok(true)
    }

    /// A thread that was merged stays hidden: its posts are elsewhere.
    pub async fn show(&self, id: Uuid, step: Step<'_>, notices: Vec<NewNotice>) -> Result<bool> {
        let on = self.control.begin().await?;
        let done = Entity::update_many()
            .col_expr(Column::HiddenAt, Expr::value(None::<i64>))
            .col_expr(Column::HiddenBy, Expr::value(None::<Uuid>))
            .col_expr(Column::HiddenReason, Expr::value(""))
            .filter(Column::Id.eq(id))
            .filter(Column::HiddenAt.is_not_null())
            .filter(Column::MergedInto.is_null())
            .exec(&on)
            .await?;
        if done.rows_affected == 0 {
            return Ok(false);
        }
        notifications::tell(&on, notices).await?;
        events::append(
            &on,
            NewEvent::new(EventKind::Restored, id, step.by, step.at),
        )
        .await?;
        on.commit().await?;
        Ok(true)
    }

    /// To another space, whose slug the event tells.
    pub async fn relocate(
        &self,
        id: Uuid,
        space: Uuid,
        slug: &str,
        step: Step<'_>,
    ) -> Result<bool> {
        let on = self.control.begin().await?;
        let done = Entity::update_many()
            .col_expr(Column::Space, Expr::value(space))
            .filter(Column::Id.eq(id))
            .filter(Column::Space.ne(space))
            .exec(&on)
            .await?;
        if done.rows_affected == 0 {
            return Ok(false);
        }
        search::index_thread(&on, id).await?;
        let event = NewEvent {
            detail: slug.to_owned(),
            ..NewEvent::new(EventKind::Moved, id, step.by, step.at)
        };
        events::append(&on, event).await?;
        on.commit().await?;
        Ok(true)
    }

    pub async fn retitle(&self, id: Uuid, title: &str) -> Result<bool> {
        let on = self.control.begin().await?;
        let done = Entity::update_many()
            .col_expr(Column::Title, Expr::value(title))
            .filter(Column::Id.eq(id))
            .exec(&on)
            .await?;
        search::index_thread(&on, id).await?;
        on.commit().await?;
        Ok(done.rows_affected > 0)
    }

    /// All posts of `from` go into `into`, and its links; `from` stays as a hidden pointer.
    pub async fn merge(&self, from: Uuid, into: Uuid, step: Step<'_>) -> Result<bool> {
        let on = self.control.begin().await?;
        let both = Entity::find()
            .filter(Column::Id.is_in([from, into]))
            .all(&on)
            .await?;
        let merged = both.iter().any(|row| row.merged_into.is_some());
        if from == into || both.len() != 2 || merged {
            return Ok(false);
        }
        posts::hand_over(&on, None, from, into).await?;
        links::hand_over(&on, from, into).await?;
        Entity::update_many()
            .col_expr(Column::HiddenAt, Expr::value(step.at.as_microsecond()))
            .col_expr(Column::HiddenBy, Expr::value(step.by))
            .col_expr(Column::HiddenReason, Expr::value("merged"))
            .col_expr(Column::MergedInto, Expr::value(into))
            .col_expr(Column::Solved, Expr::value(false))
            .col_expr(Column::AcceptedPost, Expr::value(None::<Uuid>))
            .filter(Column::Id.eq(from))
            .exec(&on)
            .await?;
        for id in [from, into] {
            recount(&on, id).await?;
            search::index_thread(&on, id).await?;
        }
        let event = NewEvent {
            detail: into.to_string(),
            ..NewEvent::new(EventKind::Merged, from, step.by, step.at)
        };
        events::append(&on, event).await?;
        on.commit().await?;
        Ok(true)
    }

    /// These posts of `from` become a thread of their own. False when they are not all there, or would be all of it.
    pub async fn split(
        &self,
        from: Uuid,
        posts: &[Uuid],
        new: NewThread,
        step: Step<'_>,
    ) -> Result<bool> {
        let (id, author) = (new.id, new.author);
        let on = self.control.begin().await?;
        let first = posts::first_public(&on, from).await?;
        if posts.is_empty() || first.is_none_or(|first| posts.contains(&first)) {
            return Ok(false);
        }
        Entity::insert(model(new))
            .exec_without_returning(&on)
            .await?;
        if posts::hand_over(&on, Some(posts), from, id).await? != posts.len() as u64 {
            // The transaction ends here, and nothing was moved.
            return Ok(false);
        }
        Entity::update_many()
            .col_expr(Column::Solved, Expr::value(false))
            .col_expr(Column::AcceptedPost, Expr::value(None::<Uuid>))
            .filter(Column::Id.eq(from))
            .filter(Column::AcceptedPost.is_in(posts.iter().copied()))
            .exec(&on)
            .await?;
        follows::raise(&on, author, id, Level::Watching, step.at).await?;
        for thread in [from, id] {
            recount(&on, thread).await?;
            search::index_thread(&on, thread).await?;
        }
        let event = NewEvent {
            detail: from.to_string(),
            ..NewEvent::new(EventKind::ThreadOpened, id, step.by, step.at)
        };
        events::append(&on, event).await?;
        on.commit().await?;
        Ok(true)
    }
}
