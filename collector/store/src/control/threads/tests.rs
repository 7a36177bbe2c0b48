//! Threads, posts, follows, sessions and looks against a real database.

#![allow(clippy::unwrap_used)]

use weft_collector_core::{
    authority::{Audience, Role},
    device::DeviceId,
};

use super::*;
use crate::control::accounts::{Account, NewAccount};
use crate::control::testing::control;

fn at(minute: i64) -> Timestamp {
    Timestamp::from_second(1_790_000_000 + minute * 60).unwrap()
}

async fn person(control: &Control, login: &str) -> Account {
    let new = NewAccount {
        id: Uuid::now_v7(),
        login: login.to_owned(),
        name: login.to_uppercase(),
        team: "sales".to_owned(),
        roles: vec![Role::User],
        password: None,
        simulated: false,
        at: at(0),
    };
    control.accounts().insert(new).await.unwrap().unwrap()
}

fn post(thread: Uuid, author: Uuid, minute: i64, markdown: &str) -> NewPost {
    NewPost {
        id: Uuid::now_v7(),
        thread,
        author,
        at: at(minute),
        markdown: markdown.to_owned(),
        ..NewPost::default()
    }
}

async fn thread(control: &Control, space: &str, author: Uuid, minute: i64, title: &str) -> Uuid {
    let id = Uuid::now_v7();
    let new = NewThread {
        id,
        space: control.spaces().find(space).await.unwrap().unwrap().id,
        title: title.to_owned(),
        author,
        at: at(minute),
        simulated: false,
    };
    control
        .threads()
        .open(new, post(id, author, minute, "first words"))
        .await
        .unwrap();
    id
}

fn reader(account: &Account) -> Reader {
    Reader {
        account: account.id,
        staff: false,
        reviews: false,
    }
}

async fn titles(control: &Control, wanted: Wanted, reader: Reader) -> Vec<String> {
    let found = control
        .threads()
        .list(&wanted, reader, None, 50)
        .await
        .unwrap();
    found.into_iter().map(|thread| thread.title).collect()
}

#[tokio::test]
async fn an_installation_starts_with_five_spaces_and_one_voice() {
    let (_dir, control) = control().await;
    let slugs: Vec<_> = control.spaces().list().await.unwrap();
    let slugs: Vec<_> = slugs
        .iter()
        .map(|space| (space.slug.as_str(), space.audience))
        .collect();
    assert_eq!(
        slugs,
        [
            ("help", Audience::Everyone),
            ("hardware", Audience::Everyone),
            ("apps", Audience::Everyone),
            ("staff", Audience::Staff),
            ("security", Audience::Security)
        ]
    );
    let weft = control.accounts().by_login("weft").await.unwrap().unwrap();
    assert!(weft.system && weft.disabled);
    assert!(
        control
            .accounts()
            .list("", None, 10)
            .await
            .unwrap()
            .is_empty()
    );
}

#[tokio::test]
async fn a_login_belongs_to_one_account_whatever_its_case() {
    let (_dir, control) = control().await;
    let ana = person(&control, "Ana").await;
    assert_eq!(ana.login, "ana");
    let again = NewAccount {
        id: Uuid::now_v7(),
        login: "ANA".to_owned(),
        name: "Ana Maria".to_owned(),
        team: "it".to_owned(),
        roles: vec![Role::Admin],
        password: Some("hash".to_owned()),
        simulated: false,
        at: at(1),
    };
    assert!(
        control
            .accounts()
            .insert(again.clone())
            .await
            .unwrap()
            .is_none()
    );
    let merged = control.accounts().upsert(again).await.unwrap();
    assert_eq!(
        (merged.id, merged.name.as_str(), merged.roles),
        (ana.id, "Ana Maria", vec![Role::Admin])
    );
    assert_eq!(
        control
            .accounts()
            .list("MARI", None, 10)
            .await
            .unwrap()
            .len(),
        1
    );
    assert_eq!(
        control.accounts().list("%", None, 10).await.unwrap().len(),
        0
    );
}

#[tokio::test]
async fn staff_space_is_invisible_in_reads_lists_counts_and_searches() {
    let (_dir, control) = control().await;
    let (ana, tec) = (person(&control, "ana").await, person(&control, "tec").await);
    let staff = Reader {
        account: tec.id,
        staff: true,
        reviews: false,
    };
    let secret = thread(&control, "staff", tec.id, 1, "Odd process on LT-7").await;
    thread(&control, "help", ana.id, 2, "My laptop restarts").await;

    assert!(
        control
            .threads()
            .get(secret, reader(&ana))
            .await
            .unwrap()
            .is_none()
    );
    assert!(
        control
            .threads()
            .get(secret, staff)
            .await
            .unwrap()
            .is_some()
    );
    assert!(
        control
            .threads()
            .all_of(vec![secret], reader(&ana))
            .await
            .unwrap()
            .is_empty()
    );
    assert_eq!(
        titles(&control, Wanted::default(), reader(&ana)).await,
        ["My laptop restarts"]
    );
    assert_eq!(
        titles(&control, Wanted::default(), staff).await,
        ["My laptop restarts", "Odd process on LT-7"]
    );
    let words = Wanted {
        words: "odd".to_owned(),
        ..Wanted::default()
    };
    assert!(titles(&control, words, reader(&ana)).await.is_empty());
    assert_eq!(
        control.threads().counts(reader(&ana)).await.unwrap(),
        (1, 0)
    );
    assert_eq!(control.threads().counts(staff).await.unwrap(), (2, 0));
}

#[tokio::test]
async fn search_takes_words_only_folds_case_and_sees_no_whisper() {
    let (_dir, control) = control().await;
    let (ana, tec) = (person(&control, "ana").await, person(&control, "tec").await);
    let id = thread(&control, "help", ana.id, 1, "ÄRGER with 100% disk_full").await;
    control
        .posts()
        .add(post(id, ana.id, 2, "Stop code 0x9F again"))
        .await
        .unwrap();
    let whisper = NewPost {
        whisper: true,
        ..post(id, tec.id, 3, "looks like xmrig")
    };
    control.posts().add(whisper).await.unwrap();

    for (words, found) in [
        ("ärger", 1),
        ("100% DISK", 1),
        ("100_", 1),
        ("\"disk full\"", 1),
        ("%", 0),
        ("0X9f stop", 1),
        ("stop nowhere", 0),
        ("xmrig", 0),
        ("\\", 0),
        ("' OR 1=1 --", 0),
    ] {
        let wanted = Wanted {
            words: words.to_owned(),
            ..Wanted::default()
        };
        assert_eq!(
            titles(&control, wanted, reader(&ana)).await.len(),
            found,
            "{words}"
        );
    }
    let staff = Reader {
        account: Uuid::now_v7(),
        staff: true,
        reviews: false,
    };
    let wanted = Wanted {
        words: "xmrig".to_owned(),
        ..Wanted::default()
    };
    assert_eq!(titles(&control, wanted, staff).await.len(), 1);
    // A whisper counts for nobody, moves nothing, and is read by its author and by staff.
    let seen = control
        .threads()
        .get(id, reader(&ana))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        (seen.posts, seen.participants, seen.last_post_at),
        (2, 1, at(2))
    );
    for (reader, posts) in [(reader(&ana), 2), (reader(&tec), 3), (staff, 3)] {
        assert_eq!(
            control
                .posts()
                .of_thread(id, reader, 50)
                .await
                .unwrap()
                .len(),
            posts
        );
    }
}

#[tokio::test]
async fn pages_meet_without_gap_or_double() {
    let (_dir, control) = control().await;
    let ana = person(&control, "ana").await;
    for number in 0..7 {
        // Two threads share each minute, so that the id decides.
        thread(
            &control,
            "help",
            ana.id,
            number / 2,
            &format!("thread {number}"),
        )
        .await;
    }
    let mut seen = vec![];
    let mut after = None;
    loop {
        let page = control
            .threads()
            .list(&Wanted::default(), reader(&ana), after, 3)
            .await
            .unwrap();
        let Some(last) = page.last() else { break };
        after = Some((last.last_post_at, last.id));
        seen.extend(page.into_iter().map(|thread| thread.title));
    }
    let whole = titles(&control, Wanted::default(), reader(&ana)).await;
    assert_eq!((seen.len(), &seen), (7, &whole));
}

#[tokio::test]
async fn edits_keep_what_stood_there_and_deleting_the_answer_opens_the_thread() {
    let (_dir, control) = control().await;
    let (ana, ben) = (person(&control, "ana").await, person(&control, "ben").await);
    let id = thread(&control, "help", ana.id, 1, "Battery").await;
    let answer = post(id, ben.id, 2, "replace it");
    control.posts().add(answer.clone()).await.unwrap();
    assert!(
        control
            .posts()
            .edit(
                Uuid::now_v7(),
                answer.id,
                "replace it, part 42",
                ben.id,
                at(3)
            )
            .await
            .unwrap()
    );
    let edits = control.posts().edits(answer.id).await.unwrap();
    assert_eq!(
        edits
            .iter()
            .map(|edit| edit.markdown.as_str())
            .collect::<Vec<_>>(),
        ["replace it"]
    );
    let edited = control
        .posts()
        .get(answer.id, reader(&ana))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        (edited.markdown.as_str(), edited.edited_at),
        ("replace it, part 42", Some(at(3)))
    );

    control.threads().accept(id, Some(answer.id)).await.unwrap();
    assert_eq!(
        control.threads().counts(reader(&ana)).await.unwrap(),
        (0, 1)
    );
    assert!(
        control
            .posts()
            .delete(answer.id, ana.id, at(4))
            .await
            .unwrap()
    );
    assert!(
        !control
            .posts()
            .delete(answer.id, ana.id, at(5))
            .await
            .unwrap()
    );
    assert!(
        !control
            .posts()
            .edit(Uuid::now_v7(), answer.id, "x", ben.id, at(5))
            .await
            .unwrap()
    );
    let thread = control
        .threads()
        .get(id, reader(&ana))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        (
            thread.solved,
            thread.accepted_post,
            thread.posts,
            thread.participants
        ),
        (false, None, 1, 1)
    );
    assert_eq!(thread.last_post_at, at(1));
}

#[tokio::test]
async fn mine_is_what_i_opened_wrote_in_or_follow() {
    let (_dir, control) = control().await;
    let (ana, ben) = (person(&control, "ana").await, person(&control, "ben").await);
    thread(&control, "help", ana.id, 1, "opened").await;
    let wrote = thread(&control, "help", ben.id, 2, "wrote").await;
    let followed = thread(&control, "help", ben.id, 3, "followed").await;
    thread(&control, "help", ben.id, 4, "not mine").await;
    control
        .posts()
        .add(post(wrote, ana.id, 5, "me too"))
        .await
        .unwrap();
    control.follows().unfollow(ana.id, wrote).await.unwrap();
    control
        .follows()
        .follow(ana.id, followed, at(6))
        .await
        .unwrap();
    control
        .follows()
        .follow(ana.id, followed, at(7))
        .await
        .unwrap();
    let wanted = Wanted {
        mine: Some(ana.id),
        ..Wanted::default()
    };
    assert_eq!(
        titles(&control, wanted, reader(&ana)).await,
        ["wrote", "followed", "opened"]
    );
    assert_eq!(
        control.follows().followers(followed).await.unwrap().len(),
        2
    );
    assert_eq!(
        control
            .posts()
            .participants(vec![wrote])
            .await
            .unwrap()
            .len(),
        2
    );
}

#[tokio::test]
async fn a_session_lives_a_week_and_dies_of_idleness() {
    let (_dir, control) = control().await;
    let ana = person(&control, "ana").await;
    control.sessions().open("h", ana.id, at(0)).await.unwrap();
    let hour = 60;
    let alive = async |minute| {
        control
            .sessions()
            .account("h", at(minute))
            .await
            .unwrap()
            .is_some()
    };
    assert!(alive(47 * hour).await);
    assert!(alive(90 * hour).await, "use keeps it alive");
    assert!(!alive(139 * hour).await, "idle for 49 hours");
    assert!(alive(130 * hour).await);
    assert!(alive(167 * hour).await);
    assert!(!alive(168 * hour).await, "a week is the end");
    control.accounts().set_disabled(ana.id, true).await.unwrap();
    assert!(
        !alive(167 * hour).await,
        "a disabled account has no session"
    );
    control
        .accounts()
        .set_disabled(ana.id, false)
        .await
        .unwrap();
    control.sessions().close("h").await.unwrap();
    assert!(!alive(1).await);
}

#[tokio::test]
async fn looks_of_one_hour_are_one_entry() {
    let (_dir, control) = control().await;
    let (viewer, device) = (Uuid::now_v7(), DeviceId(Uuid::now_v7()));
    let start = Timestamp::from_second(3600 * 500_000).unwrap();
    for (minute, what) in [
        (0, "page"),
        (5, "page"),
        (30, "processes"),
        (59, "page"),
        (61, "page"),
    ] {
        let at = start + jiff::SignedDuration::from_mins(minute);
        control
            .looks()
            .note(viewer, device, what, at)
            .await
            .unwrap();
    }
    let looks = control.looks().of_device(device, None, 10).await.unwrap();
    let what: Vec<_> = looks.iter().map(|look| look.what.as_str()).collect();
    assert_eq!(what, ["page", "page, processes"]);
    let rest = control
        .looks()
        .of_device(device, Some((looks[0].at, viewer)), 10)
        .await
        .unwrap();
    assert_eq!(rest.len(), 1);
}
