//! Pages that come late, twice and out of order: each change is taken once, whatever is asked for again.

#![allow(clippy::unwrap_used)]

use proptest::prelude::*;

use super::*;

fn page(posts: &[Post]) -> Page {
    Page {
        posts: posts
            .iter()
            .map(|post| (post.id.clone(), post.clone()))
            .collect(),
    }
}

fn post(id: &str, create_at: i64) -> Post {
    Post {
        id: id.to_owned(),
        create_at,
        update_at: create_at,
        message: "x".to_owned(),
        user_id: "u".to_owned(),
        ..Post::default()
    }
}

/// "PostList" as the API reference shows it.
#[test]
fn the_documented_page_is_read() {
    let page: Page = serde_json::from_str(
        r#"{"order": ["post_id1", "post_id12"], "posts": {"post_id1": {"id": "post_id1", "create_at": 1700000000001,
            "update_at": 1700000000001, "delete_at": 0, "edit_at": 0, "user_id": "u1", "channel_id": "c", "root_id": "",
            "original_id": "", "message": "hello", "type": "", "props": {}, "hashtag": "", "file_ids": ["f"],
            "pending_post_id": "", "metadata": {}}}, "next_post_id": "", "prev_post_id": "", "has_next": true}"#,
    )
    .unwrap();
    let (taken, _) = take(
        page,
        Position {
            at: 1,
            ..Position::default()
        },
    );
    let [(Step::Posted, post)] = taken.as_slice() else {
        panic!("{taken:?}");
    };
    let Arrival::Posted {
        markdown, author, ..
    } = arrival(Step::Posted, post.clone(), None)
    else {
        panic!("not posted");
    };
    assert_eq!(markdown, "hello\n\n*(a file, in Mattermost)*");
    assert_eq!(
        (author.id.as_str(), author.name.as_str()),
        ("u1", "Somebody")
    );
}

#[test]
fn a_post_that_becomes_visible_late_is_taken() {
    let start = Position {
        at: 100_000,
        ..Position::default()
    };
    let (taken, next) = take(page(&[post("b", 104_000)]), start);
    assert_eq!(taken.len(), 1);
    // Written before the one that was seen, committed after it.
    let (taken, next) = take(page(&[post("a", 103_000), post("b", 104_000)]), next);
    assert_eq!(
        taken
            .iter()
            .map(|(_, post)| post.id.as_str())
            .collect::<Vec<_>>(),
        ["a"]
    );
    assert_eq!(
        take(page(&[post("a", 103_000), post("b", 104_000)]), next).0,
        vec![]
    );
}

#[test]
fn words_of_the_server_are_no_posts() {
    let joined = Post {
        kind: "system_join_channel".to_owned(),
        ..post("a", 100_001)
    };
    let (taken, _) = take(
        page(&[joined]),
        Position {
            at: 100_000,
            ..Position::default()
        },
    );
    assert_eq!(taken, vec![]);
}

impl PartialEq for Post {
    fn eq(&self, other: &Self) -> bool {
        (&self.id, self.update_at) == (&other.id, other.update_at)
    }
}

proptest! {
    /// Whatever happens to posts, and however often is asked in between: all are taken, each once, edits after posts.
    #[test]
    fn each_change_is_taken_once(steps in prop::collection::vec((0..4_usize, 0..6_usize, 1..4_000_i64), 1..40)) {
        let mut now = 1_000_000;
        let mut posts: Vec<Post> = Vec::new();
        let mut position = Position { at: now, ..Position::default() };
        let mut made = 0;
        let mut seen: Vec<(Step, String)> = Vec::new();
        let mut pull = |posts: &[Post], position: &mut Position| {
            let from = position.ask_from();
            let changed: Vec<Post> = posts.iter().filter(|post| post.update_at > from).cloned().collect();
            let (taken, next) = take(page(&changed), position.clone());
            seen.extend(taken.into_iter().map(|(step, post)| (step, post.id)));
            *position = Position::read(&next.write()).unwrap();
        };
        for (what, which, wait) in steps {
            now += wait;
            match (what, posts.get_mut(which)) {
                (0, _) => {
                    posts.push(post(&format!("p{made}"), now));
                    made += 1;
                }
                (1, Some(post)) if post.delete_at == 0 => {
                    post.edit_at = now;
                    post.update_at = now;
                    pull(&posts, &mut position);
                }
                (2, Some(post)) if post.delete_at == 0 => {
                    post.delete_at = now;
                    post.update_at = now;
                }
                _ => pull(&posts, &mut position),
            }
        }
        pull(&posts, &mut position);
        pull(&posts, &mut position);
        for post in &posts {
            let count = |step: Step| seen.iter().filter(|(known, id)| *known == step && *id == post.id).count();
            let posted = count(Step::Posted);
            prop_assert!(posted <= 1, "{} posted {posted} times", post.id);
            prop_assert!(count(Step::Deleted) == usize::from(post.delete_at > 0));
            // Only what was deleted before anybody asked was never said.
            prop_assert!(posted == 1 || post.delete_at > 0);
            let first = seen.iter().position(|(_, id)| *id == post.id);
            let said = seen.iter().position(|(step, id)| *step == Step::Posted && *id == post.id);
            prop_assert!(said.is_none() || said == first);
        }
    }
}
