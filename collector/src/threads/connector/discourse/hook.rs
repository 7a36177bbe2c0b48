//! What a forum's webhook brings.
//!
//! **Invariant: nothing is read before the signature fits.** The signature covers the body alone, neither the headers nor
//! a time; so a delivery is named by its body and its event together, and one that comes twice does nothing.

use jiff::Timestamp;
use serde::Deserialize;

use crate::threads::connector::{
    Arrival, Delivery, Received, Refusal, RemoteAuthor, discourse::remote, signature,
};

/// `Post.types`: what people write. Moderators' marks (2), small actions (3) and whispers (4) stay over there.
const REGULAR: u64 = 1;

#[derive(Deserialize)]
struct Body {
    post: Option<Post>,
}

#[derive(Deserialize)]
struct Post {
    post_number: u64,
    topic_id: u64,
    #[serde(default)]
    topic_title: String,
    /// `regular`, or `private_message`.
    #[serde(default)]
    topic_archetype: String,
    category_id: Option<u64>,
    post_type: u64,
    user_id: i64,
    #[serde(default)]
    username: String,
    name: Option<String>,
    #[serde(default)]
    raw: String,
    reply_to_post_number: Option<u64>,
    created_at: Timestamp,
    updated_at: Option<Timestamp>,
    /// Its author took it back: the text says so, and the post goes a day later.
    #[serde(default)]
    user_deleted: bool,
}

/// Checks and reads a delivery.
pub fn read(secret: &str, category: u64, delivery: &Delivery) -> Result<Received, Refusal> {
    if secret.is_empty() {
        return Err(Refusal::Unreadable(
            "this bridge has no webhook secret: set one here and over there".to_owned(),
        ));
    }
    let given = signature::header(&delivery.headers, "x-discourse-event-signature")?;
    let given = given.strip_prefix("sha256=").ok_or(Refusal::Forged)?;
    signature::check_hex(secret.as_bytes(), &[&delivery.body], given)?;

    let event = delivery
        .headers
        .get("x-discourse-event")
        .and_then(|event| event.to_str().ok())
        .unwrap_or_default();
    let id = signature::digest(&[event.as_bytes(), &delivery.body]);
    let arrivals = match event {
        "post_created" | "post_edited" | "post_destroyed" => {
            let body: Body = serde_json::from_slice(&delivery.body)
                .map_err(|error| Refusal::Unreadable(error.to_string()))?;
            let ours = body.post.filter(|post| is_mirrored(event, post, category));
            ours.map(|post| arrival(event, post)).into_iter().collect()
        }
        // A ping, a user, a tag; a topic says nothing that its posts do not.
        _ => vec![],
    };
    Ok(Received::Arrivals {
        id: Some(id),
        arrivals,
    })
}

fn is_mirrored(event: &str, post: &Post, category: u64) -> bool {
    let here = match post.category_id {
        // A topic that is gone has no category any more; nothing happens to a post that was never taken.
        None => event == "post_destroyed",
        Some(id) => id == category,
    };
    here && post.post_type == REGULAR && post.topic_archetype != "private_message"
}

fn arrival(event: &str, post: Post) -> Arrival {
    let at = post.updated_at.unwrap_or(post.created_at);
    let there = remote(post.topic_id, post.post_number);
    if event == "post_destroyed" || post.user_deleted {
        return Arrival::Deleted { post: there, at };
    }
    let author = author(&post);
    let markdown = quotes(&post.raw);
    match event {
        "post_created" => Arrival::Posted {
            opens: (post.post_number == 1).then_some(post.topic_title),
            reply_to: post
                .reply_to_post_number
                .map(|number| remote(post.topic_id, number)),
            post: there,
            author,
            markdown,
            at: post.created_at,
        },
        _ => Arrival::Edited {
            post: there,
            author,
            markdown,
            at,
        },
    }
}

fn author(post: &Post) -> RemoteAuthor {
    let name = post
        .name
        .as_deref()
        .map(str::trim)
        .filter(|name| !name.is_empty())
        .unwrap_or(&post.username);
    RemoteAuthor {
        id: post.user_id.to_string(),
        name: name.to_owned(),
        email: None,
        // The system and its helper have numbers below zero.
        bot: post.user_id < 0,
    }
}

/// `[quote="ana, post:3, topic:7"]…[/quote]` as Markdown has it.
fn quotes(raw: &str) -> String {
    let mut out: Vec<String> = Vec::new();
    let mut depth = 0_usize;
    for line in raw.lines() {
        let trimmed = line.trim();
        if let Some(inside) = trimmed.strip_prefix("[quote")
            && let Some(inside) = inside.strip_suffix(']')
            && (inside.is_empty() || inside.starts_with('='))
        {
            depth += 1;
            let who = inside
                .trim_start_matches('=')
                .trim_matches('"')
                .split(',')
                .next();
            match who.map(str::trim).filter(|who| !who.is_empty()) {
                Some(who) => out.push(format!("{}{who}:", "> ".repeat(depth.min(MAX_DEPTH)))),
                None => continue,
            }
        } else if trimmed == "[/quote]" && depth > 0 {
            depth -= 1;
            if depth == 0 {
                out.push(String::new());
            }
        } else if depth > 0 {
            out.push(format!("{}{line}", "> ".repeat(depth.min(MAX_DEPTH))));
        } else {
            out.push(line.to_owned());
        }
    }
    out.join("\n")
}

/// Quotes within quotes beyond this are shown at one depth, so that a text cannot grow with the square of its lines.
const MAX_DEPTH: usize = 4;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_become_markdown() {
        for (raw, expect) in [
            ("plain\ntext", "plain\ntext"),
            (
                "[quote=\"ana, post:3, topic:7, full:true\"]\nIt restarts\n[/quote]\n\nMine too",
                "> ana:\n> It restarts\n\n\nMine too",
            ),
            ("[quote]\nx\n[/quote]", "> x\n"),
            (
                "[quote=\"a\"]\n[quote=\"b\"]\nx\n[/quote]\n[/quote]\ny",
                "> a:\n> > b:\n> > x\n\ny",
            ),
            ("[quoted] x", "[quoted] x"),
            ("[/quote]", "[/quote]"),
        ] {
            assert_eq!(quotes(raw), expect, "{raw}");
        }
        let deep = "[quote]\n".repeat(20_000);
        assert!(quotes(&format!("{deep}x")).len() < 20);
    }
}
