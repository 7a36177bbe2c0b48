//! Bridges against a real database and a forum in memory that fails, forgets and repeats on demand.

#![allow(clippy::unwrap_used)]

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;
use weft_collector_core::authority::Role;
use weft_collector_store::control::{
    Control,
    accounts::{Account, NewAccount, SYSTEM},
    bridges::{Bridge, BridgeState, letters::LetterState},
    posts::NewPost,
    threads::Reader,
};

use super::{desk::*, take::Taken, *};
use crate::{
    audit::Auditor,
    clock::Clock,
    threads::{
        Threads, Words,
        connector::{
            Abilities, Arrival, Delivery, Fault, Outgoing, Platform, Pulled, Received, Refusal,
            RemoteAuthor, RemotePost, RemoteThread,
        },
    },
};

mod coming;
mod door;
mod leaving;
mod matrix;
mod together;
mod vendors;

/// A post of the forum.
#[derive(Clone, Debug, PartialEq)]
pub struct There {
    pub thread: String,
    pub id: String,
    pub key: String,
    pub author: String,
    pub text: String,
    pub title: String,
    pub notice: bool,
}

#[derive(Default)]
struct Inside {
    posts: Vec<There>,
    /// What the next requests end with; taken from the front.
    faults: Vec<Fault>,
    /// The next posts are taken, and their answer is lost.
    lost: u32,
    asked: u32,
    looked: u32,
    news: Vec<Arrival>,
}

/// A forum in memory.
#[derive(Clone)]
pub struct Forum {
    abilities: Abilities,
    inside: Arc<Mutex<Inside>>,
}

const EVERYTHING: Abilities = Abilities {
    edits: true,
    deletions: true,
    threads: true,
    deliveries: true,
    pulls: true,
    idempotent: false,
    moderated: false,
};

impl Forum {
    pub fn new(abilities: Abilities) -> Self {
        Self {
            abilities,
            inside: Arc::default(),
        }
    }

    pub fn posts(&self) -> Vec<There> {
        self.inside.lock().unwrap().posts.clone()
    }

    pub fn texts(&self) -> Vec<String> {
        self.posts().into_iter().map(|post| post.text).collect()
    }

    pub fn fail(&self, fault: Fault) {
        self.inside.lock().unwrap().faults.push(fault);
    }

    pub fn lose_answer(&self) {
        self.inside.lock().unwrap().lost += 1;
    }

    pub fn asked(&self) -> u32 {
        self.inside.lock().unwrap().asked
    }

    pub fn bring(&self, arrival: Arrival) {
        self.inside.lock().unwrap().news.push(arrival);
    }

    fn add(&self, thread: Option<&RemoteThread>, words: &Outgoing) -> Result<RemotePost, Fault> {
        let mut inside = self.inside.lock().unwrap();
        inside.asked += 1;
        if !inside.faults.is_empty() {
            return Err(inside.faults.remove(0));
        }
        let number = inside.posts.len() + 1;
        let post = There {
            thread: thread.map_or(format!("t{number}"), |thread| thread.0.clone()),
            id: format!("p{number}"),
            key: words.key.clone(),
            author: words.author.clone(),
            text: words.markdown.clone(),
            title: words.title.clone(),
            notice: words.notice,
        };
        let known = inside.posts.iter().find(|known| known.key == words.key);
        let post = match known.filter(|_| self.abilities.idempotent) {
            Some(known) => known.clone(),
            None => {
                inside.posts.push(post.clone());
                post
            }
        };
        if inside.lost > 0 {
            inside.lost -= 1;
            return Err(Fault::later("the answer was lost"));
        }
        Ok(RemotePost {
            thread: RemoteThread(post.thread),
            id: post.id,
        })
    }
}

#[async_trait]
impl Platform for Forum {
    fn abilities(&self) -> Abilities {
        self.abilities
    }

    async fn whoami(&self) -> Result<RemoteAuthor, Fault> {
        Ok(person("weft-bot"))
    }

    async fn open(&self, first: &Outgoing) -> Result<RemotePost, Fault> {
        self.add(None, first)
    }

    async fn say(&self, thread: &RemoteThread, words: &Outgoing) -> Result<RemotePost, Fault> {
        self.add(Some(thread), words)
    }

    async fn edit(&self, post: &RemotePost, words: &Outgoing) -> Result<(), Fault> {
        let mut inside = self.inside.lock().unwrap();
        if !inside.faults.is_empty() {
            return Err(inside.faults.remove(0));
        }
        let found = inside.posts.iter_mut().find(|known| known.id == post.id);
        found.ok_or(Fault::Never("gone".to_owned()))?.text = words.markdown.clone();
        Ok(())
    }

    async fn delete(&self, post: &RemotePost, _: &str) -> Result<(), Fault> {
        self.inside
            .lock()
            .unwrap()
            .posts
            .retain(|known| known.id != post.id);
        Ok(())
    }

    async fn find(&self, _: Option<&RemoteThread>, key: &str) -> Result<Option<RemotePost>, Fault> {
        let mut inside = self.inside.lock().unwrap();
        inside.looked += 1;
        let found = inside.posts.iter().find(|known| known.key == key);
        Ok(found.map(|found| RemotePost {
            thread: RemoteThread(found.thread.clone()),
            id: found.id.clone(),
        }))
    }

    /// "good" is signed, and anything else is not. Each line is "id thread author words".
    fn receive(&self, delivery: &Delivery, _: Timestamp) -> Result<Received, Refusal> {
        match delivery.headers.get("x-sign").map(|sign| sign.as_bytes()) {
            None => return Err(Refusal::Unsigned),
            Some(b"good") => {}
            Some(_) => return Err(Refusal::Forged),
        }
        let text = std::str::from_utf8(&delivery.body)
            .map_err(|_| Refusal::Unreadable("not text".to_owned()))?;
        let arrivals = text.lines().map(|line| {
            let mut words = line.splitn(4, ' ');
            let mut next = || words.next().unwrap_or_default().to_owned();
            let (id, thread, author, text) = (next(), next(), next(), next());
            posted(&thread, &id, &author, &text)
        });
        Ok(Received::Arrivals {
            id: None,
            arrivals: arrivals.collect(),
        })
    }

    /// Everything from the position on, which is a number.
    async fn pull(&self, since: &str) -> Result<Pulled, Fault> {
        let from = since.parse().unwrap_or(0);
        for _ in 0..2 {
            {
                let inside = self.inside.lock().unwrap();
                if inside.news.len() > from {
                    return Ok(Pulled {
                        arrivals: inside.news[from..].to_vec(),
                        next: inside.news.len().to_string(),
                    });
                }
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Ok(Pulled {
            arrivals: vec![],
            next: from.to_string(),
        })
    }
}

pub fn person(name: &str) -> RemoteAuthor {
    RemoteAuthor {
        id: format!("@{name}"),
        name: name.to_owned(),
        email: None,
        bot: false,
    }
}

pub fn remote(thread: &str, id: &str) -> RemotePost {
    RemotePost {
        thread: RemoteThread(thread.to_owned()),
        id: id.to_owned(),
    }
}

pub fn posted(thread: &str, id: &str, author: &str, text: &str) -> Arrival {
    Arrival::Posted {
        post: remote(thread, id),
        opens: None,
        author: person(author),
        markdown: text.to_owned(),
        reply_to: None,
        at: Timestamp::UNIX_EPOCH,
    }
}

/// A house with people, and a forum to tie it to.
pub struct House {
    _dir: tempfile::TempDir,
    pub control: Control,
    pub connect: Connect,
    pub forum: Forum,
    /// Where the next bridge dies.
    pub dies: Arc<Mutex<Option<Point>>>,
    /// How far the clock was moved on.
    pub later: Arc<Mutex<SignedDuration>>,
    pub ana: Account,
    pub tech: Account,
}

impl House {
    pub async fn new(abilities: Abilities) -> Self {
        let forum = Forum::new(abilities);
        let opened = forum.clone();
        Self::opening(forum, Arc::new(move |_, _| Ok(Arc::new(opened.clone())))).await
    }

    /// A house whose bridges are opened so; the forum is only looked at.
    pub async fn opening(forum: Forum, opener: Opener) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let dir = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", dir.path().join("weft.db").display());
        let control = Control::connect(&url).await.unwrap();
        let later = Arc::new(Mutex::new(SignedDuration::ZERO));
        let clock = Clock::from_fn({
            let later = later.clone();
            move || Timestamp::now() + *later.lock().unwrap()
        });
        let dies = Arc::new(Mutex::new(None));
        let connect = Connect::new(Parts {
            threads: Threads::new(control.clone(), clock.clone()),
            auditor: Auditor::new(control.clone(), clock.clone()),
            console_url: "https://weft.example".to_owned(),
            vault: crate::vault::tests::vault(),
            opener,
            pace: Pace {
                look: Duration::from_millis(10),
                first: Duration::from_millis(1),
                most: Duration::from_millis(5),
                tries: 4,
            },
            chance: Arc::new(|| 0.5),
            dies: {
                let dies = dies.clone();
                Arc::new(move |point| {
                    let mut dies = dies.lock().unwrap();
                    let now = *dies == Some(point);
                    if now {
                        *dies = None;
                    }
                    now
                })
            },
            control: control.clone(),
            clock,
        });
        let ana = account(&control, "ana", vec![Role::User]).await;
        let tech = account(&control, "tech", vec![Role::User, Role::Technician]).await;
        Self {
            _dir: dir,
            control,
            connect,
            forum,
            dies,
            later,
            ana,
            tech,
        }
    }

    pub async fn bridge(&self, space: &str) -> Bridge {
        self.connect
            .make(SYSTEM, wanted(space, "place"))
            .await
            .unwrap()
    }

    /// The bridge as if it ran, to be stepped by hand.
    pub async fn run(&self, bridge: &Bridge) -> Run {
        let mut bridge = self
            .control
            .bridges()
            .get(bridge.id)
            .await
            .unwrap()
            .unwrap();
        bridge.own_id = "@weft-bot".to_owned();
        self.control
            .bridges()
            .note_own(bridge.id, "@weft-bot", "weft-bot")
            .await
            .unwrap();
        Run {
            health: Health::new(self.control.clone(), self.connect.clock.clone(), bridge.id),
            platform: Arc::new(self.forum.clone()),
            bridge,
        }
    }

    /// Carries everything that there is to carry.
    pub async fn carry(&self, bridge: &Bridge) -> Result<(), Ended> {
        let run = self.run(bridge).await;
        self.connect.collect(&run.bridge).await?;
        self.connect.send_due(&run, &mut 0).await.map(drop)
    }

    /// The same, until nothing is due any more however often it fails.
    pub async fn carry_on(&self, bridge: &Bridge) {
        for _ in 0..20 {
            match self.carry(bridge).await {
                Ok(()) | Err(Ended::Died(_)) => {}
                Err(other) => panic!("{other}"),
            }
            self.pass(SignedDuration::from_secs(600));
        }
    }

    pub fn pass(&self, time: SignedDuration) {
        *self.later.lock().unwrap() += time;
    }

    pub async fn take(&self, bridge: &Bridge, arrival: &Arrival) -> Taken {
        let run = self.run(bridge).await;
        self.connect
            .take(&run.bridge, &self.forum, arrival)
            .await
            .unwrap()
    }

    pub async fn open(&self, space: &str, title: &str, text: &str) -> Uuid {
        self.connect
            .threads
            .open(&self.ana, space, title, text)
            .await
            .unwrap()
    }

    pub async fn say(&self, by: &Account, thread: Uuid, text: &str) -> Uuid {
        let words = Words {
            markdown: text,
            ..Words::default()
        };
        self.connect.threads.post(by, thread, words).await.unwrap()
    }

    /// (author's name, text) of a thread, as staff see it.
    pub async fn read(&self, thread: Uuid) -> Vec<(String, String)> {
        let posts = self
            .control
            .posts()
            .of_thread(thread, Reader::COLLECTOR, 1_000)
            .await
            .unwrap();
        let mut read = Vec::new();
        for post in posts {
            let author = self.control.accounts().get(post.author).await.unwrap();
            read.push((author.unwrap().name, post.markdown));
        }
        read
    }

    pub async fn state(&self, bridge: &Bridge) -> Bridge {
        self.control
            .bridges()
            .get(bridge.id)
            .await
            .unwrap()
            .unwrap()
    }
}

pub fn wanted(space: &str, place: &str) -> Wanted {
    Wanted {
        name: format!("{space} elsewhere"),
        kind: crate::threads::connector::Kind::Webhook,
        address: "https://forum.example".to_owned(),
        place: place.to_owned(),
        secrets: BTreeMap::from([("secret".to_owned(), "a phrase of enough letters".into())]),
        target: Target::Space(space.to_owned()),
        outward: true,
        inward: true,
        bots: false,
        trusts_mail: false,
        beyond_everyone: false,
    }
}

pub async fn account(control: &Control, login: &str, roles: Vec<Role>) -> Account {
    let new = NewAccount {
        id: Uuid::now_v7(),
        login: login.to_owned(),
        name: login.to_uppercase(),
        team: String::new(),
        roles,
        password: None,
        simulated: false,
        at: Timestamp::now(),
    };
    control.accounts().insert(new).await.unwrap().unwrap()
}
