//! Threads as the linker reads them: their words, and whose laptops are behind them.

use std::collections::{BTreeSet, HashMap};

use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;
use weft_collector_core::{device::DeviceId, thread::ThreadText};
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

/// Threads of one round, the liveliest. A fleet of 10,000 writes a few hundred a month.
const MOST: u64 = 2_000;

/// Posts read per thread: the linker reads the first and the last twenty, and few threads have more than this.
const POSTS: u64 = 200;

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
            let posts = control
                .posts()
                .of_thread(thread.id, Reader::COLLECTOR, POSTS)
                .await?;
            let people = participants.remove(&thread.id).unwrap_or_default();
            threads.push(text(thread, &posts, &people, owners));
        }
        Ok(Self { threads })
    }
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
    // The collector's own words make no talk younger; of a thread too long to be read whole the store's time is taken.
    let last_said = public.clone().map(|post| post.posted_at).max();
    let read_whole = (posts.len() as u64) < POSTS;
    ThreadText {
        id: thread.id,
        title: thread.title,
        posts: public.map(|post| post.markdown.clone()).collect(),
        opened_at: thread.opened_at,
        last_post_at: last_said
            .filter(|_| read_whole)
            .unwrap_or(thread.last_post_at),
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
