//! What waits for people becomes letters: at once, bundled, or not at all, as they wish.
//!
//! **Invariant: what waits is in a letter, still waits, or was not wanted**: items and letters change in one transaction. A
//! person gets at most [`PER_HOUR`] letters in an hour; what is more waits for the hour's end and comes as one.

use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use uuid::Uuid;
use weft_collector_core::telling::Pace;
use weft_collector_store::control::{
    ControlError,
    letters::{Item, LetterKind, NewLetter},
    notifications::NoticeKind,
};

use super::{Mail, MailError, ORIGIN, Wishes, about, seal::Purpose};

/// Letters about happenings for one person in an hour. A lively thread at noon has twenty posts.
pub const PER_HOUR: u64 = 20;
/// Happenings that came together, for example over night, and are more than this come as one letter.
const SINGLES: usize = 5;
/// Items looked at for one person in one round: the length of a bundle that somebody might still read.
const MOST_ITEMS: u64 = 200;
const HOUR: SignedDuration = SignedDuration::from_hours(1);

/// What to do with what waits for one person.
#[derive(Debug, Default, PartialEq)]
pub struct Plan {
    /// Not wanted by mail.
    pub dropped: Vec<Item>,
    /// A letter each.
    pub singles: Vec<Item>,
    /// Letters of several.
    pub bundles: Vec<Vec<Item>>,
}

/// Pure: who waits for what, at which pace, and how many letters there were in the last hour.
pub fn plan(
    items: Vec<Item>,
    wishes: &Wishes,
    is_muted: impl Fn(Uuid) -> bool,
    letters_in_hour: u64,
    now: Timestamp,
) -> Plan {
    let mut plan = Plan::default();
    let (mut instant, mut hourly) = (vec![], vec![]);
    for item in items {
        match wishes.preferences.pace(about(item.kind)) {
            _ if is_muted(item.thread) => plan.dropped.push(item),
            Pace::Off | Pace::Digest => plan.dropped.push(item),
            Pace::Instant => instant.push(item),
            Pace::Hourly => hourly.push(item),
        }
    }
    if wishes.opens(now) > now {
        return plan;
    }
    let mut left = PER_HOUR.saturating_sub(letters_in_hour);
    let ripe = hourly
        .first()
        .is_some_and(|oldest| now.duration_since(oldest.at) >= HOUR);
    if ripe && left > 0 {
        left -= 1;
        plan.bundles.push(hourly);
    }
    if instant.is_empty() || left == 0 {
        return plan;
    }
    // The last letter of the hour takes along whatever is there.
    match instant.len() > SINGLES || instant.len() as u64 > left {
        true => plan.bundles.push(instant),
        false => plan.singles = instant,
    }
    plan
}

impl Mail {
    /// One round over everybody for whom something waits. Gives the number of letters made.
    pub async fn compose(&self) -> Result<usize, MailError> {
        let mut made = 0;
        for account in self.control.letters().awaited().await? {
            made += self.compose_for(account).await?;
        }
        Ok(made)
    }

    async fn compose_for(&self, account: Uuid) -> Result<usize, MailError> {
        let now = self.clock.now();
        let items = self.control.letters().items(account, MOST_ITEMS).await?;
        let wishes = Wishes::of(&self.control, account).await?;
        let muted = self.control.wishes().muted(account, MOST_ITEMS).await?;
        let recent = self
            .control
            .letters()
            .count_since(
                account,
                &[LetterKind::Notice, LetterKind::Bundle],
                now - HOUR,
            )
            .await?;
        let plan = plan(
            items,
            &wishes,
            |thread| muted.contains(&thread),
            recent,
            now,
        );
        let all = plan.dropped.iter().chain(&plan.singles);
        let taken: Vec<Uuid> = all
            .chain(plan.bundles.iter().flatten())
            .map(|item| item.id)
            .collect();
        if taken.is_empty() {
            return Ok(0);
        }
        let mut letters: Vec<NewLetter> = vec![];
        for item in plan.singles {
            letters.push(self.single(account, item, now));
        }
        for items in plan.bundles {
            letters.push(match <[Item; 1]>::try_from(items) {
                Ok([item]) => self.single(account, item, now),
                Err(items) => self.bundle(account, items, now),
            });
        }
        let made = letters.len();
        self.control.letters().compose(taken, letters).await?;
        Ok(made)
    }

    fn single(&self, account: Uuid, item: Item, now: Timestamp) -> NewLetter {
        let name = match (item.kind, item.post) {
            // Told of one post twice (watched, and mentioned later): one mail.
            (NoticeKind::Mention | NoticeKind::Reply | NoticeKind::Post, Some(post)) => {
                self.name_of_post(account, post)
            }
            _ => format!("item.{}", item.id.simple()),
        };
        NewLetter {
            id: self.clock.id(),
            account: Some(account),
            kind: LetterKind::Notice,
            key: name.clone(),
            address: String::new(),
            content: json!([item]),
            message_id: self.message_id(&name),
            at: now,
        }
    }

    fn bundle(&self, account: Uuid, items: Vec<Item>, now: Timestamp) -> NewLetter {
        let first = items.first().map_or_else(Uuid::nil, |item| item.id);
        let name = format!("bundle.{}", first.simple());
        NewLetter {
            id: self.clock.id(),
            account: Some(account),
            kind: LetterKind::Bundle,
            key: name.clone(),
            address: String::new(),
            content: json!(items),
            message_id: self.message_id(&name),
            at: now,
        }
    }

    /// What the mail about a post is called for one person, before the `@`.
    pub(super) fn name_of_post(&self, account: Uuid, post: Uuid) -> String {
        let person = self.seal.token(Purpose::Person, account, post);
        format!("post.{}.{person}", post.simple())
    }

    /// The root that all mails about a thread name for one person, so that their program shows them as one talk.
    pub(super) fn root_of_thread(&self, account: Uuid, thread: Uuid) -> String {
        let person = self.seal.token(Purpose::Person, account, thread);
        self.message_id(&format!("thread.{}.{person}", thread.simple()))
    }

    /// The Message-ID by which this person knows a post: their own mail, if they wrote it by mail, or ours about it.
    pub(super) async fn message_of_post(
        &self,
        account: Uuid,
        post: Uuid,
    ) -> Result<String, ControlError> {
        let own = self
            .control
            .posts()
            .origin_ref(post, ORIGIN, account)
            .await?;
        Ok(match own.filter(|id| id.starts_with('<')) {
            Some(id) => id,
            None => self.message_id(&self.name_of_post(account, post)),
        })
    }
}

#[cfg(test)]
mod tests;
