//! What is sent into a room: the content of a message, an edit. Pure.
//!
//! **Invariant: nobody is called** (`m.mentions` is there and empty, so that clients call nobody by the text), and an event
//! stays below the homeserver's 64 KiB whatever was written.

use serde_json::{Value, json};

use super::super::{Outgoing, RemotePost, RemoteThread};

/// Bytes of the words in a message: it carries them as text and as HTML, an edit twice, and a quote or a line end takes two
/// bytes in JSON. Events are at most 65,536 bytes (client-server API, "Size limits").
const MOST_TEXT: usize = 9_000;
const MOST_HTML: usize = 12_000;

/// The root of a thread: its title stands above the words.
pub fn opening(words: &Outgoing) -> Value {
    let mut content = message(words, true);
    content["m.mentions"] = json!({});
    content
}

pub fn saying(thread: &RemoteThread, words: &Outgoing) -> Value {
    let mut content = message(words, false);
    content["m.mentions"] = json!({});
    // Clients that know no threads show a reply to the root.
    let (answered, is_reply) = match &words.reply_to {
        Some(post) => (&post.id, true),
        None => (&thread.0, false),
    };
    content["m.relates_to"] = json!({
        "rel_type": "m.thread",
        "event_id": thread.0,
        "is_falling_back": !is_reply,
        "m.in_reply_to": {"event_id": answered},
    });
    content
}

pub fn editing(post: &RemotePost, words: &Outgoing) -> Value {
    let is_root = post.id == post.thread.0;
    let mut new = message(words, is_root);
    new["m.mentions"] = json!({});
    let mut content = json!({
        "msgtype": new["msgtype"],
        "body": format!("* {}", new["body"].as_str().unwrap_or_default()),
        "m.mentions": {},
        "m.relates_to": {"rel_type": "m.replace", "event_id": post.id},
    });
    content["m.new_content"] = new;
    content
}

fn message(words: &Outgoing, is_root: bool) -> Value {
    let kind = match words.notice {
        true => "m.notice",
        false => "m.text",
    };
    let text = cut(&words.markdown, &words.link);
    let (title, title_html) = match is_root {
        true => (
            format!("**{}**\n\n", words.title),
            format!(
                "<h4><a href=\"{}\">{}</a></h4>",
                escaped(&words.link),
                escaped(&words.title)
            ),
        ),
        false => (String::new(), String::new()),
    };
    let (author, author_html) = match words.notice {
        true => (String::new(), String::new()),
        false => (
            format!("**{}**: ", words.author),
            format!("<strong>{}</strong>:<br>", escaped(&words.author)),
        ),
    };
    let mut content = json!({"msgtype": kind, "body": format!("{title}{author}{text}")});
    // Words too long for HTML are shown as text.
    if words.html.len() <= MOST_HTML && text.len() == words.markdown.len() {
        content["format"] = json!("org.matrix.custom.html");
        content["formatted_body"] = json!(format!("{title_html}{author_html}{}", words.html));
    }
    content
}

/// Between letters, with the way to the rest.
fn cut(text: &str, link: &str) -> String {
    match text.len() <= MOST_TEXT {
        true => text.to_owned(),
        false => format!(
            "{}…\n\n(all of it: {link})",
            &text[..text.floor_char_boundary(MOST_TEXT)]
        ),
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}
