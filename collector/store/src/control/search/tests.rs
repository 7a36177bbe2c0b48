//! Search against a real database (both, where `WEFT_TEST_POSTGRES` names a server): who finds what, and what no query can do.

#![allow(clippy::unwrap_used)]

use jiff::Timestamp;
use weft_collector_core::authority::Role;

use super::*;
use crate::control::{
    accounts::NewAccount,
    posts::{NewPost, Step},
    testing::control,
    threads::NewThread,
};

fn at(minute: i64) -> Timestamp {
    Timestamp::from_second(1_790_000_000 + minute * 60).unwrap()
}

struct Talk {
    _dir: tempfile::TempDir,
    control: Control,
    ana: Uuid,
    ben: Uuid,
}

impl Talk {
    async fn start() -> Self {
        let (dir, control) = control().await;
        let mut people = Vec::new();
        for login in ["ana", "ben"] {
            let new = NewAccount {
                id: Uuid::now_v7(),
                login: login.to_owned(),
                name: login.to_owned(),
                team: String::new(),
                roles: vec![Role::User],
                password: None,
                simulated: false,
                at: at(0),
            };
            people.push(control.accounts().insert(new).await.unwrap().unwrap().id);
        }
        Self {
            _dir: dir,
            control,
            ana: people[0],
            ben: people[1],
        }
    }

    async fn open(&self, space: &str, title: &str, words: &str, minute: i64) -> Uuid {
        let id = Uuid::now_v7();
        let space = self.control.spaces().find(space).await.unwrap().unwrap().id;
        let new = NewThread {
            id,
            space,
            title: title.to_owned(),
            author: self.ana,
            at: at(minute),
            simulated: false,
        };
        self.control
            .threads()
            .open(new, self.post(id, self.ana, words, minute))
            .await
            .unwrap();
        id
    }

    fn post(&self, thread: Uuid, author: Uuid, words: &str, minute: i64) -> NewPost {
        NewPost {
            id: Uuid::now_v7(),
            thread,
            author,
            at: at(minute),
            markdown: words.to_owned(),
            ..NewPost::default()
        }
    }

    async fn found(&self, typed: &str, reader: Reader) -> Vec<Uuid> {
        let query = Query {
            asked: Asked::read(typed),
            ..Query::default()
        };
        let found = self
            .control
            .search()
            .find(&query, reader, at(10_000))
            .await
            .unwrap();
        found.hits.into_iter().map(|hit| hit.thread).collect()
    }

    fn user(&self) -> Reader {
        Reader {
            account: self.ben,
            staff: false,
            reviews: false,
        }
    }

    fn technician(&self) -> Reader {
        Reader {
            account: self.ben,
            staff: true,
            reviews: false,
        }
    }
}

#[tokio::test]
async fn words_are_found_however_they_are_spelled() {
    let talk = Talk::start().await;
    let one = talk
        .open(
            "help",
            "Müller's Dock startet neu",
            "Stop code 0x9F, KERNEL_DATA_INPAGE_ERROR",
            1,
        )
        .await;
    let two = talk
        .open(
            "help",
            "Sharing",
            "How do I share 50 %? 画面がフリーズする",
            2,
        )
        .await;
    for (typed, expect) in [
        ("muller", vec![one]),
        ("MÜLLER dock", vec![one]),
        ("mul", vec![one]),
        ("0x9f stop", vec![one]),
        ("kernel_data", vec![one]),
        ("\"kernel data\"", vec![one]),
        ("\"data kernel\"", vec![]),
        ("50 %", vec![two]),
        ("フリーズ", vec![two]),
        ("share -dock", vec![two]),
        ("dock -code", vec![]),
        ("%", vec![]),
        ("dock sharing", vec![]),
        ("", vec![two, one]),
    ] {
        let found = talk.found(typed, talk.user()).await;
        if typed.is_empty() {
            assert_eq!(found.len(), 2);
        } else {
            assert_eq!(found, expect, "{typed}");
        }
    }
}

#[tokio::test]
async fn no_query_is_an_error() {
    let talk = Talk::start().await;
    talk.open("help", "dock", "words", 1).await;
    for typed in [
        "\"",
        "\"\"",
        "'",
        "';--",
        "a OR b",
        "NOT",
        "NEAR(a b)",
        "title:dock",
        "{title}: dock",
        "dock*",
        "*",
        "^dock",
        "(",
        ")",
        "-dock",
        "- -",
        "dock AND",
        "a & b | !c",
        "<->",
        ":*",
        "\\",
        "\0",
        "dock\0words",
        "%",
        "_",
        "model:",
        "model:\"",
        "is:what",
        "has:x",
        "space:nowhere",
        "model:' OR 1=1",
        "code:%",
        "𒀀𒀀",
        "\u{202E}dock",
        "d\u{0301}ock",
    ] {
        talk.found(typed, talk.user()).await;
    }
    talk.found(&"x".repeat(100_000), talk.user()).await;
    talk.found(&"é ".repeat(10_000), talk.user()).await;
}

#[tokio::test]
async fn nobody_finds_what_they_may_not_read() {
    let talk = Talk::start().await;
    let open = talk.open("help", "Slow", "hello", 1).await;
    let staff = talk.open("staff", "Secretword", "x", 2).await;
    let security = talk.open("security", "Secretword again", "x", 3).await;
    let whisper = NewPost {
        whisper: true,
        ..talk.post(open, talk.ana, "secretword miner", 4)
    };
    talk.control.posts().add(whisper).await.unwrap();
    let fact = |value: &str, audience: For| Fact {
        kind: "process".to_owned(),
        value: value.to_owned(),
        audience: audience as i32,
    };
    talk.control
        .search()
        .set_facts(
            open,
            "anomaly",
            &[
                fact("xmrig miner", For::Reviewers),
                fact("thinkpad t14", For::Everybody),
            ],
        )
        .await
        .unwrap();
    let sorted = |mut ids: Vec<Uuid>| {
        ids.sort();
        ids
    };
    assert_eq!(
        talk.found("secretword", talk.user()).await,
        Vec::<Uuid>::new()
    );
    assert_eq!(
        sorted(talk.found("secretword", talk.technician()).await),
        sorted(vec![open, staff])
    );
    assert_eq!(
        sorted(talk.found("secretword", Reader::COLLECTOR).await),
        sorted(vec![open, staff, security])
    );
    assert_eq!(
        talk.found("xmrig", talk.technician()).await,
        Vec::<Uuid>::new()
    );
    assert_eq!(
        talk.found("process:xmrig", talk.technician()).await,
        Vec::<Uuid>::new()
    );
    assert_eq!(talk.found("process:xmrig", Reader::COLLECTOR).await, [open]);
    assert_eq!(talk.found("t14", talk.user()).await, [open]);
    assert_eq!(
        talk.found("process:t14", talk.user()).await,
        [open],
        "the end of a value is a value"
    );
    let author = Reader {
        account: talk.ana,
        ..talk.user()
    };
    assert_eq!(
        talk.found("miner", author).await,
        [open],
        "a whisper's author finds it"
    );
    // Asked into one thread, they find that one.
    talk.control
        .members()
        .add(security, talk.ben, talk.ana, at(5))
        .await
        .unwrap();
    assert_eq!(talk.found("secretword", talk.user()).await, [security]);
    let step = Step::here(talk.ana, at(6));
    talk.control
        .threads()
        .hide(security, "spam", step, vec![])
        .await
        .unwrap();
    assert_eq!(
        talk.found("secretword", talk.user()).await,
        Vec::<Uuid>::new()
    );
}

#[tokio::test]
async fn the_index_follows_edits_moves_and_removals() {
    let talk = Talk::start().await;
    let thread = talk.open("help", "Slow", "alpha", 1).await;
    let post = talk.post(thread, talk.ben, "beta", 2);
    let id = post.id;
    talk.control.posts().add(post).await.unwrap();
    talk.control
        .posts()
        .edit(Uuid::now_v7(), id, "gamma", talk.ben, at(3))
        .await
        .unwrap();
    assert_eq!(talk.found("beta", talk.user()).await, Vec::<Uuid>::new());
    assert_eq!(talk.found("gamma", talk.user()).await, [thread]);
    talk.control
        .posts()
        .delete(id, talk.ben, at(4))
        .await
        .unwrap();
    assert_eq!(talk.found("gamma", talk.user()).await, Vec::<Uuid>::new());
    talk.control
        .posts()
        .restore(id, Step::here(talk.ana, at(5)), vec![])
        .await
        .unwrap();
    assert_eq!(talk.found("gamma", talk.user()).await, [thread]);
    let apps = talk.control.spaces().find("apps").await.unwrap().unwrap();
    talk.control
        .threads()
        .relocate(thread, apps.id, "apps", Step::here(talk.ana, at(6)))
        .await
        .unwrap();
    let query = Query {
        asked: Asked::read("alpha"),
        space: Some(apps.id),
        ..Query::default()
    };
    assert_eq!(
        talk.control
            .search()
            .find(&query, talk.user(), at(9))
            .await
            .unwrap()
            .hits
            .len(),
        1
    );
    let other = Query {
        space: talk
            .control
            .spaces()
            .find("help")
            .await
            .unwrap()
            .map(|space| space.id),
        ..query
    };
    assert_eq!(
        talk.control
            .search()
            .find(&other, talk.user(), at(9))
            .await
            .unwrap()
            .hits
            .len(),
        0
    );
}

#[tokio::test]
async fn titles_come_first_and_threads_come_once() {
    let talk = Talk::start().await;
    let titled = talk.open("help", "Dock restarts", "x", 1).await;
    let said = talk
        .open("help", "Noise", "the dock, the dock", 9_000)
        .await;
    for minute in 0..5 {
        talk.control
            .posts()
            .add(talk.post(said, talk.ben, "dock", 9_001 + minute))
            .await
            .unwrap();
    }
    assert_eq!(talk.found("dock", talk.user()).await, [titled, said]);
}
