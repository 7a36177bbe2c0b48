//! Lines in, people and threads out; twice the same file is once.

#![allow(clippy::unwrap_used)]

use std::io::Cursor;

use weft_collector_store::control::threads::{Reader, Wanted};

use super::*;

const GOOD: &str = r#"
{"account": {"login": "Ana", "name": "Ana B", "team": "Sales", "password": "correct horse"}}
{"account": {"login": "ben", "name": "Ben", "roles": ["user", "technician"], "simulated": true}}

{"thread": {"space": "help", "title": "Restarts", "author": "ana", "at": "2026-03-01T09:00:00Z", "solved_by": 1, "posts": [{"author": "ana", "at": "2026-03-01T09:00:00Z", "markdown": "Mine too?"}, {"author": "Ben", "at": "2026-03-02T09:00:00Z", "markdown": "Update **the** dock"}]}}
{"thread": {"space": "apps", "title": "Sharing", "author": "ben", "at": "2026-03-03T09:00:00Z", "posts": [{"author": "ben", "at": "2026-03-03T09:00:00Z", "markdown": "How?"}]}}
"#;

async fn control() -> (tempfile::TempDir, Control) {
    let dir = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", dir.path().join("weft.db").display());
    (dir, Control::connect(&url).await.unwrap())
}

async fn run(control: &Control, lines: &str) -> Imported {
    import(control, &Clock::system(), Cursor::new(lines.as_bytes()))
        .await
        .unwrap()
}

#[tokio::test]
async fn a_forum_arrives_whole_and_once() {
    let (_dir, control) = control().await;
    let first = run(&control, GOOD).await;
    assert_eq!(
        first,
        Imported {
            accounts: 2,
            threads: 2,
            posts: 3,
            ..Imported::default()
        }
    );
    let again = run(&control, GOOD).await;
    assert_eq!(
        (again.accounts, again.threads, again.posts, again.known),
        (2, 0, 0, 2)
    );

    let threads = control
        .threads()
        .list(&Wanted::default(), Reader::COLLECTOR, None, 10)
        .await
        .unwrap();
    let titles: Vec<_> = threads
        .iter()
        .map(|thread| (thread.title.as_str(), thread.simulated, thread.solved))
        .collect();
    assert_eq!(
        titles,
        [("Sharing", true, false), ("Restarts", false, true)]
    );
    let posts = control
        .posts()
        .of_thread(threads[1].id, Reader::COLLECTOR, 10)
        .await
        .unwrap();
    assert_eq!(threads[1].accepted_post, Some(posts[1].id));
    assert_eq!(
        (
            threads[1].posts,
            threads[1].participants,
            threads[1].last_post_at
        ),
        (2, 2, posts[1].posted_at)
    );
    assert_eq!(posts[1].markdown, "Update **the** dock");
    let ana = control
        .accounts()
        .with_password("ana")
        .await
        .unwrap()
        .unwrap();
    assert!(ana.1.unwrap().starts_with("$argon2id$"));
}

#[tokio::test]
async fn dirty_lines_are_named_and_the_rest_goes_on() {
    let (_dir, control) = control().await;
    let thread = |space: &str, author: &str, more: &str| {
        format!(
            r#"{{"thread": {{"space": "{space}", "title": "T", "author": "{author}", "at": "2026-03-01T09:00:00Z", "posts": [{{"author": "{author}", "at": "2026-03-01T09:00:00Z", "markdown": "x"}}]{more}}}}}"#
        )
    };
    let lines = [
        (r#"{"account": {"login": "ana", "name": "Ana"}}"#.to_owned(), ""),
        ("not json".to_owned(), "expected"),
        (r#"{"acount": {}}"#.to_owned(), "acount"),
        (r#"{"account": {"login": "b c", "name": "x"}}"#.to_owned(), "does not fit"),
        (r#"{"account": {"login": "weft", "name": "x"}}"#.to_owned(), "own"),
        (r#"{"account": {"login": "d", "name": "x", "password": "short"}}"#.to_owned(), "too short"),
        (r#"{"account": {"login": "d", "name": "x", "roles": ["king"]}}"#.to_owned(), "king"),
        (thread("nowhere", "ana", ""), "nowhere"),
        (thread("help", "nobody", ""), "nobody"),
        (thread("help", "ana", r#", "solved_by": 7"#), "solved_by"),
        (thread("help", "ana", r#", "colour": 7"#), "colour"),
        (r#"{"thread": {"space": "help", "title": " ", "author": "ana", "at": "2026-03-01T09:00:00Z", "posts": []}}"#.to_owned(), "title"),
        ("\u{fffd}\u{0}".to_owned(), "expected"),
        (thread("help", "ana", ""), ""),
    ];
    let text: String = lines.iter().map(|(line, _)| format!("{line}\n")).collect();
    let done = run(&control, &text).await;
    let expect: Vec<_> = (1..)
        .zip(&lines)
        .filter(|(_, (_, word))| !word.is_empty())
        .collect();
    assert_eq!(
        (done.accounts, done.threads, done.refused),
        (1, 1, expect.len())
    );
    for (error, (line, (_, word))) in done.errors.iter().zip(expect) {
        assert_eq!(error.line, line);
        assert!(error.error.contains(word), "{error:?} should say {word:?}");
    }
}

#[tokio::test]
async fn a_line_without_end_is_refused_and_skipped() {
    let (_dir, control) = control().await;
    let mut text = "x".repeat(MAX_LINE + 10);
    text.push_str("\n{\"account\": {\"login\": \"ana\", \"name\": \"Ana\"}}");
    let done = run(&control, &text).await;
    assert_eq!((done.accounts, done.refused), (1, 1));
    assert!(done.errors[0].error.contains("longer"), "{:?}", done.errors);
}
