//! Threads as the linker reads them: their words, and whose laptops are behind them.

use std::collections::{BTreeSet, HashMap};

use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;
use weft_collector_core::{device::DeviceId, linker::text::POSTS_EACH_END, thread::ThreadText};
use weft_collector_store::control::{
    Control, ControlError,
    accounts::SYSTEM,
    devices::Device,
    posts::Post,
    threads::{Reader, Thread, Wanted},
};

use crate::watch::earlier;

/// Threads in which nobody wrote for longer are history; their links stay.
const RECENT: SignedDuration = SignedDuration::from_hours(24 * 60);

/// Threads in the linker's book, the liveliest: 20,000 take about 300 MB. A fleet of 10,000 writes a few hundred a month.
const MOST: u64 = 20_000;

/// Posts read from each end of a thread: as many as the linker reads.
const POSTS: u64 = POSTS_EACH_END as u64;

/// Whose laptop is whose.
pub struct Owners<'a> {
    devices: HashMap<Uuid, Vec<&'a Device>>,
}

impl<'a> Owners<'a> {
    pub fn of(devices: &'a [Device]) -> Self {
        let mut owned: HashMap<Uuid, Vec<&'a Device>> = HashMap::new();
        for device in devices {
            if let Some(owner) = device.owner {
                owned.entry(owner).or_default().push(device);
            }
        }
        Self { devices: owned }
    }

    fn of_account(&self, account: Uuid) -> &[&'a Device] {
        self.devices.get(&account).map_or(&[], Vec::as_slice)
    }
}

/// The threads of one round.
pub struct Texts {
    pub threads: Vec<ThreadText>,
}

impl Texts {
    pub async fn read(
        control: &Control,
        owners: &Owners<'_>,
        now: Timestamp,
    ) -> Result<Self, ControlError> {
        let wanted = Wanted {
            since: Some(earlier(now, RECENT)),
            ..Wanted::default()
        };
        let found = control
            .threads()
            .list(&wanted, Reader::COLLECTOR, None, MOST)
            .await?;
        let ids = found.iter().map(|thread| thread.id).collect();
        let private = control.threads().private_among(ids).await?;
        let found: Vec<Thread> = found
            .into_iter()
            .filter(|thread| !private.contains(&thread.id))
            .collect();
        let mut participants: HashMap<Uuid, BTreeSet<Uuid>> = HashMap::new();
        for (thread, author) in control
            .posts()
            .participants(found.iter().map(|thread| thread.id).collect())
            .await?
        {
            participants.entry(thread).or_default().insert(author);
        }
        let mut threads = Vec::with_capacity(found.len());
        for thread in found {
            let posts = ends(control, &thread).await?;
            let people = participants.remove(&thread.id).unwrap_or_default();
            threads.push(text(thread, &posts, &people, owners));
        }
        Ok(Self { threads })
    }

    /// One thread, if the linker should know it: neither hidden nor a private talk.
    pub async fn one(
        control: &Control,
        owners: &Owners<'_>,
        thread: Uuid,
    ) -> Result<Option<ThreadText>, ControlError> {
        let found = control.threads().get(thread, Reader::COLLECTOR).await?;
        let Some(thread) = found.filter(|thread| thread.hidden.is_none()) else {
            return Ok(None);
        };
        let private = control.threads().private_among(vec![thread.id]).await?;
        if !private.is_empty() {
            return Ok(None);
        }
        let posts = ends(control, &thread).await?;
        let wrote = control.posts().participants(vec![thread.id]).await?;
        let people = wrote.into_iter().map(|(_, author)| author).collect();
        Ok(Some(text(thread, &posts, &people, owners)))
    }
}

/// The first and the last posts, oldest first.
async fn ends(control: &Control, thread: &Thread) -> Result<Vec<Post>, ControlError> {
    let (id, reader) = (thread.id, Reader::COLLECTOR);
    let mut posts = control.posts().page(id, reader, None, false, POSTS).await?;
    if posts.len() as u64 == POSTS {
        let known: BTreeSet<Uuid> = posts.iter().map(|post| post.id).collect();
        let mut last = control.posts().page(id, reader, None, true, POSTS).await?;
        last.retain(|post| !known.contains(&post.id));
        last.reverse();
        posts.extend(last);
    }
    Ok(posts)
}

fn text(
    thread: Thread,
    posts: &[Post],
    people: &BTreeSet<Uuid>,
    owners: &Owners<'_>,
) -> ThreadText {
    let public = posts
        .iter()
        .filter(|post| !post.whisper && post.author != SYSTEM);
    let author = owners.of_account(thread.author);
    let others: Vec<&Device> = people
        .iter()
        .filter(|account| **account != thread.author)
        .flat_map(|account| owners.of_account(*account))
        .copied()
        .collect();
    let all = || author.iter().chain(&others).copied();
    let ids = |devices: &[&Device]| {
        devices
            .iter()
            .map(|device| device.id)
            .collect::<Vec<DeviceId>>()
    };
    // The collector's own words make no talk younger.
    let last_said = public.clone().map(|post| post.posted_at).max();
    ThreadText {
        id: thread.id,
        title: thread.title,
        posts: public.map(|post| post.markdown.clone()).collect(),
        opened_at: thread.opened_at,
        last_post_at: last_said.unwrap_or(thread.last_post_at),
        author_devices: ids(author),
        participant_devices: ids(&others),
        models: distinct(all().map(|device| device.traits.model.as_str())),
        os_builds: distinct(all().map(|device| device.traits.os_build.as_str())),
        teams: distinct(all().map(|device| device.traits.team.as_str())),
        solved: thread.solved,
    }
}

fn distinct<'a>(words: impl Iterator<Item = &'a str>) -> Vec<String> {
    let words: BTreeSet<String> = words
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect();
    words.into_iter().collect()
}
