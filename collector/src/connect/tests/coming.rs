//! What is said there and taken here: in whose name, once, and never what we said ourselves.

use weft_collector_store::control::bridges::people::How;

use super::*;
use crate::connect::who::code_hash;

async fn only_thread(house: &House) -> Uuid {
    let events = house.control.events().after(0, 100).await.unwrap();
    let threads: std::collections::BTreeSet<Uuid> =
        events.iter().map(|event| event.thread).collect();
    assert_eq!(threads.len(), 1, "one thread");
    threads.into_iter().next().unwrap()
}

#[tokio::test]
async fn talk_over_there_is_a_thread_here_with_edits_and_deletions() {
    let house = House::new(EVERYTHING).await;
    let bridge = house.bridge("help").await;
    assert_eq!(
        house
            .take(&bridge, &posted("r1", "m1", "Ben", "It restarts\nagain"))
            .await,
        Taken::Posted
    );
    let reply = Arrival::Posted {
        post: remote("r1", "m2"),
        opens: None,
        author: person("Cleo"),
        markdown: "me too".to_owned(),
        reply_to: Some(remote("r1", "m1")),
        at: Timestamp::UNIX_EPOCH,
    };
    assert_eq!(house.take(&bridge, &reply).await, Taken::Posted);
    let thread = only_thread(&house).await;
    let named = |name: &str, text: &str| (name.to_owned(), text.to_owned());
    assert_eq!(
        house.read(thread).await,
        [
            named("Ben (Webhook)", "It restarts\nagain"),
            named("Cleo (Webhook)", "me too")
        ]
    );
    let posts = house
        .control
        .posts()
        .of_thread(thread, Reader::COLLECTOR, 9)
        .await
        .unwrap();
    assert_eq!(posts[1].reply_to, Some(posts[0].id));

    let edited = |id: &str, author: &str, text: &str| Arrival::Edited {
        post: remote("r1", id),
        author: person(author),
        markdown: text.to_owned(),
        at: Timestamp::UNIX_EPOCH,
    };
    assert_eq!(
        house.take(&bridge, &edited("m2", "Ben", "I am Cleo")).await,
        Taken::Passed
    );
    assert_eq!(
        house.take(&bridge, &edited("m2", "Cleo", "me three")).await,
        Taken::Edited
    );
    let deleted = |id: &str| Arrival::Deleted {
        post: remote("r1", id),
        at: Timestamp::UNIX_EPOCH,
    };
    // The first post carries the thread: its words go, and what they were goes too.
    assert_eq!(house.take(&bridge, &deleted("m1")).await, Taken::Deleted);
    assert_eq!(
        house.read(thread).await[0].1,
        "*(its author took this back)*"
    );
    let before = house.control.posts().edits(posts[0].id).await.unwrap();
    assert!(
        before
            .iter()
            .all(|edit| !edit.markdown.contains("restarts")),
        "{before:?}"
    );
    assert_eq!(house.take(&bridge, &deleted("m2")).await, Taken::Deleted);
    assert_eq!(house.take(&bridge, &deleted("m2")).await, Taken::Passed);
    assert_eq!(house.read(thread).await.len(), 1);
    // Nothing of all this goes back.
    house.carry(&bridge).await.unwrap();
    assert_eq!(house.forum.asked(), 0);
    assert_eq!(house.state(&bridge).await.taken, 2);
}

#[tokio::test]
async fn a_reply_here_goes_into_the_thread_over_there() {
    let house = House::new(EVERYTHING).await;
    let bridge = house.bridge("help").await;
    house
        .take(&bridge, &posted("r1", "m1", "Ben", "It restarts"))
        .await;
    let thread = only_thread(&house).await;
    house.say(&house.tech, thread, "which model?").await;
    house.carry(&bridge).await.unwrap();
    let posts = house.forum.posts();
    assert_eq!((posts.len(), posts[0].thread.as_str()), (1, "r1"));
}

#[tokio::test]
async fn our_own_words_do_not_come_back() {
    let house = House::new(EVERYTHING).await;
    let bridge = house.bridge("help").await;
    let thread = house.open("help", "A", "first words of ours").await;
    house.carry(&bridge).await.unwrap();
    let there = house.forum.posts().remove(0);
    // As the bot's own post, by its id, and word for word in a stranger's name.
    for echo in [
        posted(&there.thread, "px", "weft-bot", "first words of ours"),
        posted(&there.thread, &there.id, "Ben", "whatever"),
        posted(
            &there.thread,
            "py",
            "Puppet",
            "**ANA**: first words of ours",
        ),
    ] {
        assert_eq!(house.take(&bridge, &echo).await, Taken::Echo, "{echo:?}");
    }
    assert_eq!(house.read(thread).await.len(), 1);
    // Somebody over there edits or removes our copy: what was said here stays.
    let edited = Arrival::Edited {
        post: remote(&there.thread, &there.id),
        author: person("Moderator"),
        markdown: "censored".to_owned(),
        at: Timestamp::UNIX_EPOCH,
    };
    assert_eq!(house.take(&bridge, &edited).await, Taken::Passed);
    let deleted = Arrival::Deleted {
        post: remote(&there.thread, &there.id),
        at: Timestamp::UNIX_EPOCH,
    };
    assert_eq!(house.take(&bridge, &deleted).await, Taken::Passed);
    assert_eq!(house.read(thread).await[0].1, "first words of ours");
}

#[tokio::test]
async fn a_crash_while_taking_takes_it_once() {
    let house = House::new(EVERYTHING).await;
    let bridge = house.bridge("help").await;
    let run = house.run(&bridge).await;
    for arrival in [
        posted("r1", "m1", "Ben", "first"),
        posted("r1", "m2", "Ben", "second"),
    ] {
        *house.dies.lock().unwrap() = Some(Point::Posted);
        let died = house
            .connect
            .take(&run.bridge, &house.forum, &arrival)
            .await;
        assert!(died.is_err());
        assert_eq!(house.take(&bridge, &arrival).await, Taken::Posted);
        assert_eq!(house.take(&bridge, &arrival).await, Taken::Echo);
    }
    let thread = only_thread(&house).await;
    assert_eq!(house.read(thread).await.len(), 2);
    assert_eq!(house.state(&bridge).await.taken, 2);
}

#[tokio::test]
async fn an_address_confirmed_here_says_who_speaks_where_a_bridge_believes_it() {
    let house = House::new(EVERYTHING).await;
    let ben = account(&house.control, "ben", vec![]).await;
    let addresses = house.control.addresses();
    let at = Timestamp::UNIX_EPOCH;
    addresses.add(ben.id, "ben@example.org", at).await.unwrap();
    let believing = Wanted {
        trusts_mail: true,
        ..wanted("help", "place")
    };
    let bridge = house.connect.make(SYSTEM, believing).await.unwrap();
    let from_ben = |id: &str| Arrival::Posted {
        post: remote("r1", id),
        opens: None,
        author: RemoteAuthor {
            email: Some("Ben@Example.ORG".to_owned()),
            ..person("benny")
        },
        markdown: format!("word {id}"),
        reply_to: None,
        at,
    };
    // Typed by somebody and not confirmed: it could be anybody's.
    house.take(&bridge, &from_ben("m1")).await;
    addresses
        .confirm(ben.id, "ben@example.org", at)
        .await
        .unwrap();
    house.take(&bridge, &from_ben("m2")).await;
    let thread = only_thread(&house).await;
    let names: Vec<String> = house
        .read(thread)
        .await
        .into_iter()
        .map(|post| post.0)
        .collect();
    assert_eq!(names, ["benny (Webhook)", "BEN"]);

    // An admin takes the tie away: the address does not make it again, nor does a new name; a code of their own does.
    house.connect.unlink(bridge.id, "@benny").await.unwrap();
    house.take(&bridge, &from_ben("m3")).await;
    let renamed = match from_ben("m4") {
        Arrival::Posted {
            post,
            author,
            markdown,
            ..
        } => Arrival::Posted {
            post,
            opens: None,
            author: RemoteAuthor {
                name: "Benjamin".to_owned(),
                ..author
            },
            markdown,
            reply_to: None,
            at,
        },
        other => other,
    };
    house.take(&bridge, &renamed).await;
    let names = async || -> Vec<String> {
        let read = house.read(thread).await;
        read.into_iter().skip(2).map(|post| post.0).collect()
    };
    // Both words are the guest's, who is called as they were called last.
    assert_eq!(names().await, ["Benjamin (Webhook)", "Benjamin (Webhook)"]);
    let known = house
        .control
        .bridges()
        .person(&bridge.realm(), "@benny")
        .await
        .unwrap();
    assert_eq!(known.unwrap().how, How::Unlinked);
}

#[tokio::test]
async fn nobody_speaks_as_somebody_else() {
    let house = House::new(EVERYTHING).await;
    let bridge = house.bridge("help").await;
    let mail = |name: &str, email: &str| Arrival::Posted {
        post: remote("r1", name),
        opens: None,
        author: RemoteAuthor {
            email: Some(email.to_owned()),
            ..person(name)
        },
        markdown: format!("I am {name}"),
        reply_to: None,
        at: Timestamp::UNIX_EPOCH,
    };
    // The same name as somebody here, and an address that this bridge does not believe.
    house.take(&bridge, &mail("ANA", "tech")).await;
    let thread = only_thread(&house).await;
    assert_eq!(house.read(thread).await[0].0, "ANA (Webhook)");
    let guest = house
        .control
        .bridges()
        .person(&bridge.realm(), "@ANA")
        .await
        .unwrap()
        .unwrap();
    assert_eq!(guest.how, How::Guest);
    let guest = house
        .control
        .accounts()
        .get(guest.account)
        .await
        .unwrap()
        .unwrap();
    assert!(guest.roles.is_empty());
    assert!(
        house
            .control
            .accounts()
            .with_password(&guest.login)
            .await
            .unwrap()
            .unwrap()
            .1
            .is_none()
    );

    // Tricks in a name stay in the name, behind which it says where it speaks.
    house
        .take(
            &bridge,
            &posted("r1", "trick", "Ana (Weft)\u{202e}\r\nAdmin", "x"),
        )
        .await;
    assert_eq!(house.read(thread).await[1].0, "Ana (Weft) Admin (Webhook)");

    // A program is not mirrored unless the bridge says so.
    let bot = Arrival::Posted {
        post: remote("r1", "bot"),
        opens: None,
        author: RemoteAuthor {
            bot: true,
            ..person("bot")
        },
        markdown: "beep".to_owned(),
        reply_to: None,
        at: Timestamp::UNIX_EPOCH,
    };
    assert_eq!(house.take(&bridge, &bot).await, Taken::Passed);

    // A guest whose account an admin closed is not heard.
    house
        .control
        .accounts()
        .set_disabled(guest.id, true)
        .await
        .unwrap();
    assert_eq!(
        house
            .take(&bridge, &posted("r1", "again", "ANA", "hello?"))
            .await,
        Taken::Passed
    );
}

#[tokio::test]
async fn a_code_said_over_there_ties_a_person_to_their_account() {
    let house = House::new(EVERYTHING).await;
    let bridge = house.bridge("help").await;
    let code = "0123456789abcdef0123";
    let until = house.connect.clock.now() + SignedDuration::from_mins(5);
    house
        .control
        .bridges()
        .give_code(&code_hash(code), house.ana.id, until)
        .await
        .unwrap();
    let said = posted("r1", "m1", "anna1987", &format!("weft-link-{code}"));
    assert_eq!(house.take(&bridge, &said).await, Taken::Linked);
    house
        .take(&bridge, &posted("r1", "m2", "anna1987", "It restarts"))
        .await;
    let thread = only_thread(&house).await;
    assert_eq!(
        house.read(thread).await,
        [("ANA".to_owned(), "It restarts".to_owned())]
    );
    // Whoever saw the code can do nothing with it.
    assert_eq!(
        house
            .take(
                &bridge,
                &posted("r1", "m3", "eve", &format!("weft-link-{code}"))
            )
            .await,
        Taken::Linked
    );
    house
        .take(&bridge, &posted("r1", "m4", "eve", "I am Ana"))
        .await;
    assert_eq!(house.read(thread).await[1].0, "eve (Webhook)");
    // A closed account does not speak, whoever uses its name over there.
    house
        .control
        .accounts()
        .set_disabled(house.ana.id, true)
        .await
        .unwrap();
    house
        .take(&bridge, &posted("r1", "m5", "anna1987", "still me"))
        .await;
    assert_eq!(house.read(thread).await[2].0, "anna1987 (Webhook)");
}

#[tokio::test]
async fn what_cannot_be_taken_is_kept_and_taken_again_by_hand() {
    let house = House::new(EVERYTHING).await;
    let bridge = house.bridge("help").await;
    house
        .take(&bridge, &posted("r1", "m1", "Ben", "first"))
        .await;
    let thread = only_thread(&house).await;
    house
        .connect
        .threads
        .lock(&house.tech, thread)
        .await
        .unwrap();
    house.forum.bring(posted("r1", "m2", "Ben", "locked out"));
    let run = house.run(&bridge).await;
    let end = tokio::time::timeout(Duration::from_secs(20), async {
        loop {
            let _ =
                tokio::time::timeout(Duration::from_millis(50), house.connect.fetch(&run)).await;
            let bridges = house.control.bridges();
            if let Some(dead) = bridges.letters(bridge.id).dead(1).await.unwrap().pop() {
                return dead;
            }
        }
    });
    let dead = end.await.unwrap();
    assert!(dead.fault.contains("locked"), "{}", dead.fault);
    assert!(matches!(
        house.connect.again(bridge.id, dead.id).await,
        Err(DeskError::Conflict(_))
    ));
    house
        .connect
        .threads
        .unlock(&house.tech, thread)
        .await
        .unwrap();
    house.connect.again(bridge.id, dead.id).await.unwrap();
    assert_eq!(house.read(thread).await[1].1, "locked out");
}

#[tokio::test]
async fn after_a_merge_talk_goes_on_where_it_went() {
    let house = House::new(EVERYTHING).await;
    let bridge = house.bridge("help").await;
    house
        .take(&bridge, &posted("r1", "m1", "Ben", "first"))
        .await;
    let from = only_thread(&house).await;
    let into = house.open("help", "B", "the other").await;
    house
        .connect
        .threads
        .merge(&house.tech, from, into)
        .await
        .unwrap();
    house
        .take(&bridge, &posted("r1", "m2", "Ben", "second"))
        .await;
    let texts: Vec<String> = house
        .read(into)
        .await
        .into_iter()
        .map(|(_, text)| text)
        .collect();
    assert!(texts.contains(&"second".to_owned()), "{texts:?}");
}
