//! What is said here and carried there: order, edits, crashes at every point, and what never leaves.

use super::*;

#[tokio::test]
async fn a_thread_is_carried_with_its_edits_and_deletions() {
    let house = House::new(EVERYTHING).await;
    let bridge = house.bridge("help").await;
    let thread = house
        .open("help", "It restarts", "Every *two* hours @everyone")
        .await;
    let answer = house.say(&house.tech, thread, "Which model?").await;
    house.carry(&bridge).await.unwrap();
    let posts = house.forum.posts();
    assert_eq!(posts.len(), 2);
    assert_eq!(posts[0].title, "It restarts");
    assert_eq!(posts[0].author, "ANA");
    assert_eq!(posts[0].text, "Every *two* hours @\u{2060}everyone");
    assert_eq!(
        posts[1].thread, posts[0].thread,
        "the same thread over there"
    );

    house
        .connect
        .threads
        .edit(&house.tech, answer, "Which model is it?")
        .await
        .unwrap();
    house
        .connect
        .threads
        .edit(&house.tech, answer, "Which model and build?")
        .await
        .unwrap();
    house.carry(&bridge).await.unwrap();
    assert_eq!(house.forum.texts()[1], "Which model and build?");
    // A mark more is an edit too.
    house
        .connect
        .threads
        .edit(&house.tech, answer, "Which model and build??")
        .await
        .unwrap();
    house.carry(&bridge).await.unwrap();
    assert_eq!(house.forum.texts()[1], "Which model and build??");
    house
        .connect
        .threads
        .delete(&house.tech, answer, "")
        .await
        .unwrap();
    house.carry(&bridge).await.unwrap();
    assert_eq!(house.forum.posts().len(), 1);
    house
        .connect
        .threads
        .restore(&house.tech, answer)
        .await
        .unwrap();
    house.carry(&bridge).await.unwrap();
    assert_eq!(house.forum.texts()[1], "Which model and build??");
    let now = house.state(&bridge).await;
    assert_eq!((now.state, now.sent), (BridgeState::Running, 3));
}

#[tokio::test]
async fn what_was_said_before_the_bridge_stays() {
    let house = House::new(EVERYTHING).await;
    let thread = house.open("help", "Old", "old words").await;
    let bridge = house.bridge("help").await;
    house.say(&house.tech, thread, "new words").await;
    house.carry(&bridge).await.unwrap();
    assert_eq!(house.forum.texts(), ["new words"]);
    assert_eq!(house.forum.posts()[0].title, "Old");
}

#[tokio::test]
async fn a_crash_at_any_point_neither_loses_nor_doubles() {
    for idempotent in [false, true] {
        for point in [Point::Begun, Point::Sent] {
            let house = House::new(Abilities {
                idempotent,
                ..EVERYTHING
            })
            .await;
            let bridge = house.bridge("help").await;
            let thread = house.open("help", "A", "first").await;
            house.say(&house.tech, thread, "second").await;
            for _ in 0..2 {
                *house.dies.lock().unwrap() = Some(point);
                let ended = house.carry(&bridge).await;
                assert!(
                    matches!(ended, Err(Ended::Died(at)) if at == point),
                    "{point:?}"
                );
            }
            house.carry_on(&bridge).await;
            assert_eq!(
                house.forum.texts(),
                ["first", "second"],
                "{point:?} {idempotent}"
            );
            let posts = house.forum.posts();
            assert_eq!(posts[0].thread, posts[1].thread, "{point:?} {idempotent}");
        }
    }
}

#[tokio::test]
async fn a_lost_answer_is_looked_up_and_not_said_again() {
    let house = House::new(EVERYTHING).await;
    let bridge = house.bridge("help").await;
    house.open("help", "A", "first").await;
    house.forum.lose_answer();
    house.carry_on(&bridge).await;
    assert_eq!(house.forum.texts(), ["first"]);
    assert_eq!(house.forum.inside.lock().unwrap().looked, 1);
}

#[tokio::test]
async fn a_platform_that_asks_for_patience_gets_it() {
    let house = House::new(EVERYTHING).await;
    let bridge = house.bridge("help").await;
    house.open("help", "A", "first").await;
    house.open("help", "B", "second").await;
    house.forum.fail(Fault::Later {
        why: "slow down".to_owned(),
        after: Some(Duration::from_secs(30)),
    });
    let run = house.run(&bridge).await;
    house.connect.collect(&run.bridge).await.unwrap();
    let hold = house.connect.send_due(&run, &mut 0).await.unwrap();
    assert_eq!(hold, Some(Duration::from_secs(30)), "everybody waits");
    assert_eq!(house.forum.asked(), 1);
    let now = house.state(&bridge).await;
    assert_eq!(now.state, BridgeState::Waiting);
    assert!(now.fault.contains("slow down"));
    house.pass(SignedDuration::from_secs(31));
    house.carry(&bridge).await.unwrap();
    assert_eq!(house.forum.texts(), ["first", "second"]);
    assert_eq!(house.state(&bridge).await.state, BridgeState::Running);
    // It was surely not done, so nobody looked.
    assert_eq!(house.forum.inside.lock().unwrap().looked, 0);
}

#[tokio::test]
async fn a_letter_that_never_gets_through_is_dead_holds_nobody_up_and_is_sent_again_by_hand() {
    let house = House::new(EVERYTHING).await;
    let bridge = house.bridge("help").await;
    let thread = house.open("help", "A", "first").await;
    house.forum.fail(Fault::Never("too long".to_owned()));
    let second = house.say(&house.tech, thread, "second").await;
    house.carry(&bridge).await.unwrap();
    assert_eq!(house.forum.texts(), ["second"]);
    let bridges = house.control.bridges();
    let dead = bridges.letters(bridge.id).dead(9).await.unwrap();
    assert_eq!(dead.len(), 1);
    assert!(dead[0].fault.contains("too long"));
    house.connect.again(bridge.id, dead[0].id).await.unwrap();
    assert!(house.connect.again(bridge.id, dead[0].id).await.is_err());
    house.carry(&bridge).await.unwrap();
    assert_eq!(house.forum.texts(), ["second", "first"]);

    // The same after the stated number of tries.
    house
        .connect
        .threads
        .edit(&house.tech, second, "second!")
        .await
        .unwrap();
    for _ in 0..house.connect.pace.tries {
        house.forum.fail(Fault::later("bad gateway"));
    }
    house.carry_on(&bridge).await;
    let dead = bridges.letters(bridge.id).dead(9).await.unwrap();
    assert_eq!(
        (dead.len(), dead[0].attempts),
        (1, house.connect.pace.tries)
    );
    assert_eq!(dead[0].state, LetterState::Dead);
    house
        .connect
        .drop_letter(bridge.id, dead[0].id)
        .await
        .unwrap();
    assert!(bridges.letters(bridge.id).dead(9).await.unwrap().is_empty());
}

#[tokio::test]
async fn credentials_that_ended_lock_the_bridge_and_cost_no_letter() {
    let house = House::new(EVERYTHING).await;
    let bridge = house.bridge("help").await;
    house.open("help", "A", "first").await;
    for _ in 0..house.connect.pace.tries + 1 {
        house.forum.fail(Fault::Locked("token revoked".to_owned()));
        house.carry(&bridge).await.unwrap();
    }
    let now = house.state(&bridge).await;
    assert_eq!(now.state, BridgeState::Locked);
    assert!(now.fault.contains("token revoked"));
    house.carry(&bridge).await.unwrap();
    assert_eq!(house.forum.texts(), ["first"]);
}

#[tokio::test]
async fn whispers_hidden_threads_and_other_spaces_never_leave() {
    let house = House::new(EVERYTHING).await;
    let bridge = house.bridge("help").await;
    let thread = house.open("help", "A", "public").await;
    let whisper = Words {
        markdown: "whispered",
        whisper: true,
        ..Words::default()
    };
    house
        .connect
        .threads
        .post(&house.tech, thread, whisper)
        .await
        .unwrap();
    house.open("hardware", "B", "another space").await;
    let hidden = house.open("help", "C", "hidden before it left").await;
    house
        .connect
        .threads
        .hide(&house.tech, hidden, "spam")
        .await
        .unwrap();
    house.carry(&bridge).await.unwrap();
    assert_eq!(house.forum.texts(), ["public"]);

    // Hidden after it left: it is taken back, and comes again when it is shown.
    house
        .connect
        .threads
        .hide(&house.tech, thread, "names a person")
        .await
        .unwrap();
    house.carry(&bridge).await.unwrap();
    assert_eq!(house.forum.texts(), Vec::<String>::new());
    house
        .connect
        .threads
        .show(&house.tech, thread)
        .await
        .unwrap();
    house.carry(&bridge).await.unwrap();
    assert_eq!(house.forum.texts(), ["public"]);
}

#[tokio::test]
async fn a_thread_that_is_moved_away_is_taken_back() {
    let house = House::new(EVERYTHING).await;
    let bridge = house.bridge("help").await;
    let thread = house.open("help", "A", "public").await;
    house.carry(&bridge).await.unwrap();
    house
        .connect
        .threads
        .relocate(&house.tech, thread, "staff")
        .await
        .unwrap();
    house.carry(&bridge).await.unwrap();
    assert_eq!(house.forum.posts(), []);
    house.say(&house.tech, thread, "among us").await;
    house.carry(&bridge).await.unwrap();
    assert_eq!(house.forum.posts(), []);
}

#[tokio::test]
async fn what_the_collector_says_about_programs_stays() {
    let house = House::new(EVERYTHING).await;
    let bridge = house.bridge("help").await;
    let thread = house.open("help", "A", "public").await;
    for (topic, words) in [
        ("call:1", "a call link"),
        ("decision:1", "dropbox is not allowed"),
        (
            "anomaly:0198c0de-0000-7000-8000-000000000001",
            "an anomaly that nobody knows",
        ),
        ("", "no topic"),
        ("effect:1", "it helped"),
    ] {
        let post = NewPost {
            id: Uuid::now_v7(),
            thread,
            author: SYSTEM,
            at: house.connect.clock.now(),
            markdown: words.to_owned(),
            topic: topic.to_owned(),
            ..NewPost::default()
        };
        house.control.posts().add(post).await.unwrap();
    }
    house.carry(&bridge).await.unwrap();
    let said: Vec<_> = house
        .forum
        .posts()
        .into_iter()
        .map(|post| (post.text, post.notice))
        .collect();
    assert_eq!(
        said,
        [("public".to_owned(), false), ("it helped".to_owned(), true)]
    );
}

#[tokio::test]
async fn narrower_audiences_are_bridged_on_purpose_or_never() {
    let house = House::new(EVERYTHING).await;
    let refused = house
        .connect
        .make(SYSTEM, wanted("staff", "a"))
        .await
        .unwrap_err();
    assert!(refused.to_string().contains("beyond_everyone"), "{refused}");
    let meant = Wanted {
        beyond_everyone: true,
        ..wanted("staff", "a")
    };
    house.connect.make(SYSTEM, meant).await.unwrap();
    let security = Wanted {
        beyond_everyone: true,
        ..wanted("security", "b")
    };
    let refused = house.connect.make(SYSTEM, security).await.unwrap_err();
    assert!(refused.to_string().contains("never bridged"), "{refused}");
    let again = Wanted {
        beyond_everyone: true,
        ..wanted("staff", "a")
    };
    assert!(matches!(
        house.connect.make(SYSTEM, again).await,
        Err(DeskError::Conflict(_))
    ));
}

#[tokio::test]
async fn an_answer_is_told_as_a_notice() {
    let house = House::new(EVERYTHING).await;
    let bridge = house.bridge("help").await;
    let thread = house.open("help", "A", "why?").await;
    let answer = house.say(&house.tech, thread, "because").await;
    house.carry(&bridge).await.unwrap();
    house
        .connect
        .threads
        .accept(&house.ana, thread, answer)
        .await
        .unwrap();
    house.carry(&bridge).await.unwrap();
    let last = house.forum.posts().pop().unwrap();
    assert!(
        last.notice && last.text.contains("has an answer"),
        "{last:?}"
    );
    assert!(last.text.contains(&format!(
        "https://weft.example/threads/{thread}#post-{answer}"
    )));
}
