//! Bridges against a real database: one place once, letters in turn, attempts that nobody makes twice.

#![allow(clippy::unwrap_used)]

use super::{
    letters::{LetterState, NewLetter, Step},
    people::{How, Known},
    ties::Tie,
    *,
};
use crate::control::{
    accounts::SYSTEM,
    events::{EventKind, NewEvent},
    testing::control,
};

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_790_000_000 + second).unwrap()
}

fn new(place: &str) -> NewBridge {
    NewBridge {
        id: Uuid::now_v7(),
        name: place.to_owned(),
        platform: "matrix".to_owned(),
        address: "https://chat.example".to_owned(),
        place: place.to_owned(),
        secrets: [("token".to_owned(), Sealed::from_text("hush".to_owned()))].into(),
        space: Some(Uuid::from_u128(9)),
        thread: None,
        outward: true,
        inward: true,
        bots: false,
        trusts_mail: false,
        beyond_everyone: false,
        by: SYSTEM,
        at: at(0),
    }
}

fn letter(seq: i64, thread: u128) -> NewLetter {
    NewLetter {
        id: Uuid::now_v7(),
        seq,
        thread: Uuid::from_u128(thread),
        post: Some(Uuid::now_v7()),
        step: Step::Say,
    }
}

fn tie(bridge: Uuid, post: Uuid, remote: &str) -> Tie {
    Tie {
        bridge,
        post,
        thread: Uuid::from_u128(1),
        remote_thread: "root".to_owned(),
        remote: remote.to_owned(),
        author: String::new(),
        ours: true,
        words: "hash".to_owned(),
        exact: "exactly".to_owned(),
        at: at(1),
    }
}

#[tokio::test]
async fn a_place_is_bridged_once_and_its_secrets_are_not_shown() {
    let (_dir, control) = control().await;
    let bridge = control.bridges().insert(new("#a")).await.unwrap().unwrap();
    assert!(control.bridges().insert(new("#a")).await.unwrap().is_none());
    assert!(control.bridges().insert(new("#b")).await.unwrap().is_some());
    assert_eq!(bridge.secrets["token"].as_text(), "hush");
    assert!(!format!("{bridge:?}").contains("hush"));
    let change = Change {
        enabled: Some(false),
        secrets: [("token".to_owned(), Sealed::from_text("new".to_owned()))].into(),
        ..Change::default()
    };
    assert!(
        control
            .bridges()
            .change(bridge.id, change, at(1))
            .await
            .unwrap()
    );
    // A runner that had not heard of the pause does not end it.
    control
        .bridges()
        .note_state(bridge.id, BridgeState::Running, "", at(2))
        .await
        .unwrap();
    let paused = control.bridges().get(bridge.id).await.unwrap().unwrap();
    assert_eq!((paused.state, paused.enabled), (BridgeState::Paused, false));
    assert_eq!(paused.secrets["token"].as_text(), "new");
    assert_eq!(paused.name, "#a");
}

#[tokio::test]
async fn events_become_letters_once() {
    let (_dir, control) = control().await;
    let bridge = control.bridges().insert(new("#a")).await.unwrap().unwrap();
    let bridges = control.bridges();
    let letters = bridges.letters(bridge.id);
    let from = control
        .events()
        .cursor(&bridge.origin(), at(0))
        .await
        .unwrap();
    let event = NewEvent::new(EventKind::Solved, Uuid::from_u128(1), SYSTEM, at(0));
    let to = control.events().note(event).await.unwrap();
    let collected = vec![letter(to, 1)];
    assert!(letters.collect(from, to, collected, at(1)).await.unwrap());
    // Another collector that read the same events comes too late, whole.
    assert!(
        !letters
            .collect(from, to, vec![letter(to, 1)], at(1))
            .await
            .unwrap()
    );
    assert_eq!(letters.tally().await.unwrap().waiting, 1);
}

#[tokio::test]
async fn each_thread_waits_for_its_own_head() {
    let (_dir, control) = control().await;
    let bridge = control.bridges().insert(new("#a")).await.unwrap().unwrap();
    let bridges = control.bridges();
    let letters = bridges.letters(bridge.id);
    let from = control
        .events()
        .cursor(&bridge.origin(), at(0))
        .await
        .unwrap();
    let all = vec![letter(1, 1), letter(2, 2), letter(3, 1), letter(4, 2)];
    letters.collect(from, from + 4, all, at(1)).await.unwrap();
    let seqs = async || -> Vec<i64> {
        let heads = letters.heads().await.unwrap();
        heads.iter().map(|letter| letter.seq).collect()
    };
    assert_eq!(seqs().await, [1, 2]);

    let first = letters.heads().await.unwrap().remove(0);
    assert!(letters.begin(&first).await.unwrap());
    assert!(
        !letters.begin(&first).await.unwrap(),
        "the same attempt twice"
    );
    let later = at(100);
    letters
        .failed(first.id, LetterState::Sending, 1, later, "no answer")
        .await
        .unwrap();
    let again = letters.heads().await.unwrap().remove(0);
    assert_eq!(
        (again.state, again.attempts, again.due_at),
        (LetterState::Sending, 1, later)
    );
    assert_eq!(
        seqs().await,
        [1, 2],
        "what stands behind a letter waits with it"
    );

    letters
        .failed(first.id, LetterState::Dead, 2, later, "gone")
        .await
        .unwrap();
    assert_eq!(seqs().await, [2, 3], "the dead hold nobody up");
    assert!(letters.is_dead(first.post.unwrap()).await.unwrap());
    assert_eq!(letters.dead(9).await.unwrap().len(), 1);
    assert!(letters.revive(first.id, at(200)).await.unwrap());
    assert!(!letters.revive(first.id, at(200)).await.unwrap());
    assert_eq!(seqs().await, [1, 2]);

    let post = first.post.unwrap();
    letters
        .said(first.id, tie(bridge.id, post, "$1"))
        .await
        .unwrap();
    assert_eq!(seqs().await, [2, 3]);
    let ties = bridges.ties(bridge.id);
    assert_eq!(ties.of_remote("$1").await.unwrap().unwrap().post, post);
    assert_eq!(
        ties.thread_there(Uuid::from_u128(1))
            .await
            .unwrap()
            .as_deref(),
        Some("root")
    );
    let sent = control
        .bridges()
        .get(bridge.id)
        .await
        .unwrap()
        .unwrap()
        .sent;
    assert_eq!(sent, 1);
    assert!(control.bridges().was_said("hash", at(0)).await.unwrap());
    assert!(!control.bridges().was_said("hash", at(2)).await.unwrap());
}

#[tokio::test]
async fn what_comes_twice_is_tied_once() {
    let (_dir, control) = control().await;
    let bridge = control.bridges().insert(new("#a")).await.unwrap().unwrap();
    let bridges = control.bridges();
    let (ties, post) = (bridges.ties(bridge.id), Uuid::now_v7());
    for _ in 0..2 {
        let taken = Tie {
            ours: false,
            author: "@ana:x".to_owned(),
            ..tie(bridge.id, post, "$7")
        };
        ties.took(taken).await.unwrap();
    }
    let now = control.bridges().get(bridge.id).await.unwrap().unwrap();
    assert_eq!((now.taken, now.sent), (1, 0));
    assert!(ties.ours_in(Uuid::from_u128(1)).await.unwrap().is_empty());
    assert!(!bridges.was_said("hash", at(0)).await.unwrap());
}

#[tokio::test]
async fn a_code_is_used_once_and_not_late() {
    let (_dir, control) = control().await;
    let bridges = control.bridges();
    let person = Uuid::from_u128(5);
    bridges.give_code("h1", person, at(10)).await.unwrap();
    bridges.give_code("h2", person, at(10)).await.unwrap();
    assert_eq!(
        bridges.use_code("h1", at(1)).await.unwrap(),
        None,
        "ended by the second"
    );
    assert_eq!(bridges.use_code("h2", at(1)).await.unwrap(), Some(person));
    assert_eq!(bridges.use_code("h2", at(1)).await.unwrap(), None);
    bridges.give_code("h3", person, at(10)).await.unwrap();
    assert_eq!(
        bridges.use_code("h3", at(10)).await.unwrap(),
        None,
        "too late"
    );

    let known = |how, account| Known {
        realm: "matrix x".to_owned(),
        remote: "@ana:x".to_owned(),
        account,
        how,
        name: "Ana".to_owned(),
        at: at(0),
    };
    bridges.know(known(How::Guest, SYSTEM)).await.unwrap();
    bridges.know(known(How::Own, person)).await.unwrap();
    let now = bridges.person("matrix x", "@ana:x").await.unwrap().unwrap();
    assert_eq!((now.how, now.account), (How::Own, person));
    assert!(
        bridges
            .person("matrix y", "@ana:x")
            .await
            .unwrap()
            .is_none()
    );
}

#[tokio::test]
async fn a_bridge_goes_with_all_that_it_knew() {
    let (_dir, control) = control().await;
    let bridge = control.bridges().insert(new("#a")).await.unwrap().unwrap();
    let bridges = control.bridges();
    let from = control
        .events()
        .cursor(&bridge.origin(), at(0))
        .await
        .unwrap();
    let letters = bridges.letters(bridge.id);
    letters
        .collect(from, from + 1, vec![letter(1, 1)], at(1))
        .await
        .unwrap();
    letters
        .keep_arrival(Uuid::now_v7(), "{}".to_owned(), "locked", at(1))
        .await
        .unwrap();
    bridges
        .ties(bridge.id)
        .took(tie(bridge.id, Uuid::now_v7(), "$1"))
        .await
        .unwrap();
    bridges.note_delivery(bridge.id, "d", at(1)).await.unwrap();
    bridges.note_delivery(bridge.id, "d", at(1)).await.unwrap();
    assert!(bridges.was_delivered(bridge.id, "d").await.unwrap());
    assert!(bridges.remove(bridge.id).await.unwrap());
    assert!(!bridges.remove(bridge.id).await.unwrap());
    assert!(!bridges.was_delivered(bridge.id, "d").await.unwrap());
    assert!(bridges.insert(new("#a")).await.unwrap().is_some());
}
