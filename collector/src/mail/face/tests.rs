#![allow(clippy::unwrap_used)]
use uuid::Uuid;
use weft_collector_store::control::{letters::Item, posts::Post, threads::Thread};

use super::*;
use crate::{mail::told::Words, threads::render};

const URL: &str = "https://weft.example.org";

fn told(kind: NoticeKind, actor: &str, markdown: &str) -> Told {
    let at = "2026-03-10T12:00:00Z".parse().unwrap();
    let (thread, post) = (Uuid::from_u128(1), Uuid::from_u128(2));
    Told {
        item: Item {
            id: Uuid::from_u128(3),
            account: Uuid::from_u128(4),
            kind,
            thread,
            post: Some(post),
            actor: Some(Uuid::from_u128(5)),
            anomaly: None,
            words: String::new(),
            at,
        },
        thread: Thread {
            id: thread,
            space: Uuid::from_u128(6),
            title: "T14 restarts <every> 2 hours".to_owned(),
            author: Uuid::from_u128(5),
            opened_at: "2026-03-09T12:00:00Z".parse().unwrap(),
            last_post_at: at,
            posts: 2,
            participants: 2,
            solved: false,
            accepted_post: None,
            simulated: false,
            locked: false,
            pinned: false,
            hidden: None,
            merged_into: None,
            solved_at: None,
            reopened: 0,
        },
        space: "Laptops".to_owned(),
        space_slug: "help".to_owned(),
        actor: actor.to_owned(),
        by_collector: false,
        post: Some(Words {
            markdown: markdown.to_owned(),
            html: render::html(markdown, &|_| false),
            first: false,
            post: Post {
                id: post,
                thread,
                author: Uuid::from_u128(5),
                posted_at: at,
                edited_at: None,
                markdown: markdown.to_owned(),
                whisper: false,
                topic: String::new(),
                origin: String::new(),
                reply_to: None,
            },
        }),
    }
}

fn foot() -> Foot {
    Foot {
        can_reply: true,
        stop_thread: format!("{URL}/mail/stop/abc"),
        stop_all: format!("{URL}/mail/stop/def"),
        settings: format!("{URL}/notices/settings"),
    }
}

fn shown(face: &Face) -> String {
    format!("{}\n\n{}\n\n{}", face.subject, face.plain, face.html)
}

#[test]
fn a_notice_reads_well_in_words_and_in_html() {
    let words = "Mine **too**, since Tuesday:\n\n```\nBugCheck 0x154\n```\n\n> Did you update?\n\nYes. <script>alert(1)</script>";
    let face = notice(
        &told(NoticeKind::Reply, "Ada <b>Lovelace</b>", words),
        URL,
        &foot(),
    );
    assert!(!face.html.contains("<script>") && !face.html.contains("Ada <b>"));
    insta::assert_snapshot!(shown(&face));
}

#[test]
fn several_happenings_are_one_letter() {
    let all = [
        told(NoticeKind::Mention, "Ada", "@bob look here"),
        told(NoticeKind::Post, "Cyd", "Same here."),
    ];
    insta::assert_snapshot!(shown(&bundle(&all, URL, &foot())));
}

#[test]
fn a_digest_is_a_page_of_lines() {
    let line = |title: &str, note: &str, excerpt: &str| Line {
        title: title.to_owned(),
        link: format!("{URL}/threads/1"),
        note: note.to_owned(),
        excerpt: excerpt.to_owned(),
    };
    let sections = [
        Section {
            title: "New in your threads",
            lines: vec![
                line(
                    "T14 restarts every 2 hours",
                    "3 new posts",
                    "It is the graphics driver: 31.0.101.5590 …",
                ),
                line(
                    "Fan noise after docking",
                    "1 new post",
                    "Clean it, then look again.",
                ),
            ],
        },
        Section {
            title: "Solved",
            lines: vec![line(
                "Battery empty by noon",
                "Solved; 12 laptops restart 71 % less often than those like them",
                "Set the charge limit back to 100 %.",
            )],
        },
    ];
    let foot = Foot {
        can_reply: false,
        stop_thread: String::new(),
        ..foot()
    };
    insta::assert_snapshot!(shown(&digest(
        "Your week: news in 2 threads".to_owned(),
        &sections,
        &foot
    )));
}

#[test]
fn service_letters_say_what_to_do() {
    let confirm = confirm("Ada", "ada@example.org", &format!("{URL}/mail/confirm/abc"));
    let refused = refusal(
        "Re: x",
        "It went to an address that stands for no thread.",
        "Answer one of our mails.",
    );
    let test = test(URL, Some("weft+token@example.org"));
    let all = [confirm, refused, test].map(|face| format!("{}\n\n{}", face.subject, face.plain));
    insta::assert_snapshot!(all.join("\n~~~\n"));
}
