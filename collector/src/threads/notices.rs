//! Who is told of what, in the console.
//!
//! **Invariant: nobody is told of what they may not read, nobody of their own doing, and a person at most once per
//! happening** (a mention beats a reply beats a watched post). Limits: [`MAX_MENTIONS`] people per post,
//! [`MOST_TOLD`] followers per thread. Not here: mail and connectors, which read the stream of events.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use jiff::Timestamp;
use uuid::Uuid;
use weft_collector_core::authority::{Action, Audience, Object, allows};
use weft_collector_store::control::{
    Control, ControlError,
    accounts::{Account, SYSTEM},
    follows::Level,
    notifications::{NewNotice, NoticeKind},
};

use super::{render, viewer};
use crate::clock::Clock;

pub use weft_collector_store::control::follows::MOST_TOLD;

/// Mentions of one post that are told; a post that calls more calls nobody in particular.
pub const MAX_MENTIONS: usize = 20;

/// What happened where, as far as telling goes.
#[derive(Clone, Debug)]
pub struct Happening {
    pub thread: Uuid,
    pub audience: Audience,
    /// Asked into the thread.
    pub members: Vec<Uuid>,
    /// Whoever opened the thread.
    pub opener: Uuid,
    pub post: Option<Uuid>,
    pub actor: Uuid,
    pub whisper: bool,
    pub at: Timestamp,
}

/// Notices of a post, and who follows from now on because they were mentioned.
#[derive(Debug, Default)]
pub struct Told {
    pub notices: Vec<NewNotice>,
    pub mentioned: Vec<Uuid>,
}

/// Of a post that is about to be written.
pub async fn of_post(
    control: &Control,
    clock: &Clock,
    happening: &Happening,
    markdown: &str,
    reply_to: Option<Uuid>,
) -> Result<Told, ControlError> {
    let mentioned = people_of(control, happening, markdown).await?;
    let levels = control.follows().of_thread(happening.thread).await?;
    let mut kinds: BTreeMap<Uuid, NoticeKind> = BTreeMap::new();
    for (account, level) in &levels {
        if *level == Level::Watching {
            let kind = match *account == happening.opener {
                true => NoticeKind::Reply,
                false => NoticeKind::Post,
            };
            kinds.insert(*account, kind);
        }
    }
    if let Some(author) = reply_to {
        kinds.insert(author, NoticeKind::Reply);
    }
    for account in &mentioned {
        kinds.insert(*account, NoticeKind::Mention);
    }
    let notices = write(control, clock, happening, kinds, &levels, "").await?;
    Ok(Told { notices, mentioned })
}

/// Of mentions that an edit brought.
pub async fn of_edit(
    control: &Control,
    clock: &Clock,
    happening: &Happening,
    before: &str,
    after: &str,
) -> Result<Told, ControlError> {
    let known: BTreeSet<Uuid> = people_of(control, happening, before)
        .await?
        .into_iter()
        .collect();
    let mut mentioned = people_of(control, happening, after).await?;
    mentioned.retain(|account| !known.contains(account));
    let kinds = mentioned
        .iter()
        .map(|account| (*account, NoticeKind::Mention))
        .collect();
    let levels = control.follows().of_thread(happening.thread).await?;
    let notices = write(control, clock, happening, kinds, &levels, "").await?;
    Ok(Told { notices, mentioned })
}

/// For everybody who tracks or watches, and for one whose part in it is special.
pub async fn of_followers(
    control: &Control,
    clock: &Clock,
    happening: &Happening,
    kind: NoticeKind,
    special: Option<(Uuid, NoticeKind)>,
    words: &str,
) -> Result<Vec<NewNotice>, ControlError> {
    let levels = control.follows().of_thread(happening.thread).await?;
    let mut kinds: BTreeMap<Uuid, NoticeKind> = levels
        .iter()
        .filter(|(_, level)| level.follows())
        .map(|(account, _)| (*account, kind))
        .collect();
    kinds.extend(special);
    write(control, clock, happening, kinds, &levels, words).await
}

/// For these people, whatever they follow; who muted the thread is left in peace.
pub async fn of_people(
    control: &Control,
    clock: &Clock,
    happening: &Happening,
    people: Vec<Uuid>,
    kind: NoticeKind,
    words: &str,
) -> Result<Vec<NewNotice>, ControlError> {
    let kinds = people.into_iter().map(|account| (account, kind)).collect();
    let levels = control.follows().of_thread(happening.thread).await?;
    write(control, clock, happening, kinds, &levels, words).await
}

async fn people_of(
    control: &Control,
    happening: &Happening,
    markdown: &str,
) -> Result<Vec<Uuid>, ControlError> {
    let logins: Vec<String> = render::mentions(markdown)
        .into_iter()
        .take(MAX_MENTIONS)
        .collect();
    let accounts = control.accounts().by_logins(logins).await?;
    Ok(accounts
        .into_iter()
        .filter(|account| account.id != happening.actor && reads(account, happening))
        .map(|account| account.id)
        .collect())
}

async fn write(
    control: &Control,
    clock: &Clock,
    happening: &Happening,
    kinds: BTreeMap<Uuid, NoticeKind>,
    levels: &HashMap<Uuid, Level>,
    words: &str,
) -> Result<Vec<NewNotice>, ControlError> {
    let accounts = control
        .accounts()
        .all_of(kinds.keys().copied().collect::<Vec<_>>())
        .await?;
    let told = accounts
        .iter()
        .filter(|account| account.id != happening.actor && account.id != SYSTEM)
        .filter(|account| levels.get(&account.id) != Some(&Level::Muted))
        .filter(|account| reads(account, happening));
    Ok(told
        .filter_map(|account| {
            Some(NewNotice {
                id: clock.id(),
                account: account.id,
                kind: *kinds.get(&account.id)?,
                thread: happening.thread,
                post: happening.post,
                actor: Some(happening.actor),
                anomaly: None,
                words: words.to_owned(),
                at: happening.at,
            })
        })
        .collect())
}

/// May this person read it now?
fn reads(account: &Account, happening: &Happening) -> bool {
    let sees = |object: Object<'_>| allows(&viewer(account), Action::See, &object).is_allowed();
    let thread = Object::Thread {
        audience: happening.audience,
        invited: happening.members.contains(&account.id),
    };
    let post = Object::Post {
        author: happening.actor,
        whisper: happening.whisper,
    };
    !account.disabled && !account.system && sees(thread) && sees(post)
}
