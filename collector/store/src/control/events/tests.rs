//! The outbox against a real database: order, cursors, crashes.

#![allow(clippy::unwrap_used)]

use super::*;
use crate::control::{accounts::SYSTEM, testing::control};

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_790_000_000 + second).unwrap()
}

fn solved(second: i64) -> NewEvent {
    NewEvent::new(EventKind::Solved, Uuid::now_v7(), SYSTEM, at(second))
}

#[tokio::test]
async fn ids_have_no_gaps_and_a_rolled_back_event_never_was() {
    let (_dir, control) = control().await;
    for second in 0..3 {
        control.events().note(solved(second)).await.unwrap();
    }
    let on = control.begin().await.unwrap();
    assert_eq!(append(&on, solved(3)).await.unwrap(), 4);
    on.rollback().await.unwrap();
    assert_eq!(control.events().note(solved(4)).await.unwrap(), 4);
    let ids: Vec<i64> = control
        .events()
        .after(1, 100)
        .await
        .unwrap()
        .iter()
        .map(|event| event.id)
        .collect();
    assert_eq!(ids, [2, 3, 4]);
    assert_eq!(control.events().head().await.unwrap(), 4);
}

#[tokio::test]
async fn writers_at_once_leave_no_hole_behind_a_reader() {
    let (_dir, control) = control().await;
    control.events().note(solved(0)).await.unwrap();
    let writers: Vec<_> = (0..4)
        .map(|_| {
            let control = control.clone();
            tokio::spawn(async move {
                for second in 0..10 {
                    control.events().note(solved(second)).await.unwrap();
                }
            })
        })
        .collect();
    let (mut seen, mut behind) = (0, 1);
    while seen < 40 {
        for event in control.events().after(behind, 100).await.unwrap() {
            assert_eq!(event.id, behind + 1, "an id that came late");
            behind = event.id;
            seen += 1;
        }
        tokio::task::yield_now().await;
    }
    for writer in writers {
        writer.await.unwrap();
    }
}

#[tokio::test]
async fn a_cursor_moves_only_from_where_it_is() {
    let (_dir, control) = control().await;
    control.events().note(solved(0)).await.unwrap();
    let events = control.events();
    assert_eq!(
        events.cursor("mail", at(1)).await.unwrap(),
        1,
        "what was before is no news"
    );
    events.note(solved(2)).await.unwrap();
    assert_eq!(events.cursor("mail", at(2)).await.unwrap(), 1);
    assert!(events.advance("mail", 1, 2, at(3)).await.unwrap());
    assert!(
        !events.advance("mail", 1, 2, at(3)).await.unwrap(),
        "the same step twice"
    );
    // A consumer that dies before it commits has moved nothing.
    let on = control.begin().await.unwrap();
    assert!(events.advance_on(&on, "mail", 2, 9, at(4)).await.unwrap());
    on.rollback().await.unwrap();
    assert_eq!(events.cursor("mail", at(5)).await.unwrap(), 2);
}

#[tokio::test]
async fn what_a_slow_consumer_needs_is_kept() {
    let (_dir, control) = control().await;
    let events = control.events();
    events.note(solved(0)).await.unwrap();
    events.cursor("slow", at(0)).await.unwrap();
    for second in 1..5 {
        events.note(solved(second)).await.unwrap();
    }
    assert_eq!(
        events.forget(at(100)).await.unwrap(),
        1,
        "only what is behind it"
    );
    assert_eq!(events.after(1, 10).await.unwrap().len(), 4);
    events.dismiss("slow").await.unwrap();
    assert_eq!(events.forget(at(3)).await.unwrap(), 2);
    assert_eq!(events.head().await.unwrap(), 5, "the counter goes on");
    assert_eq!(events.note(solved(9)).await.unwrap(), 6);
}
