//! What a letter may tell, read when it is sent.
//!
//! **Invariant: everything here was asked for with the reader's own eyes** ([`Reader`]): a post that was hidden, a thread that was
//! moved, a role that was lost since take their words with them; whispers are told to staff only.

use weft_collector_store::control::{
    Control, ControlError,
    accounts::{Account, SYSTEM},
    letters::Item,
    notifications::NoticeKind,
    posts::Post,
    threads::{Reader, Thread},
};

use crate::threads::{
    files, reader,
    render::{self, File},
};

/// Letters of one post that a mail carries; the rest is read in the thread.
const MOST_WORDS: usize = 20_000;

/// One happening, ready to be shown.
#[derive(Clone, Debug)]
pub struct Told {
    pub item: Item,
    pub thread: Thread,
    pub space: String,
    pub space_slug: String,
    /// Who did it, as people know them.
    pub actor: String,
    /// Did the collector do it, and no person?
    pub by_collector: bool,
    pub post: Option<Words>,
}

/// What was said.
#[derive(Clone, Debug)]
pub struct Words {
    pub post: Post,
    pub markdown: String,
    pub html: String,
    /// It opened its thread.
    pub first: bool,
}

/// `None`: there is nothing left that this person may be told of.
pub async fn read(
    control: &Control,
    account: &Account,
    item: Item,
    public_url: &str,
) -> Result<Option<Told>, ControlError> {
    let reader = reader(account);
    let moderated = item.kind == NoticeKind::Moderated;
    let post = match item.post {
        None => None,
        Some(post) => control.posts().get(post, reader).await?,
    };
    // Why one's own words are gone is told although they are gone.
    if item.post.is_some() && post.is_none() && !moderated {
        return Ok(None);
    }
    // A post may stand in another thread by now.
    let thread = post.as_ref().map_or(item.thread, |post| post.thread);
    let Some(thread) = control.threads().get(thread, reader).await? else {
        return Ok(None);
    };
    if thread.hidden.is_some() && !moderated {
        return Ok(None);
    }
    let Some(space) = control.spaces().find(&thread.space.to_string()).await? else {
        return Ok(None);
    };
    let actor = match item.actor {
        Some(actor) if actor != SYSTEM => control.accounts().get(actor).await?,
        _ => None,
    };
    let post = match post {
        None => None,
        Some(post) => Some(words(control, post, &thread, public_url).await?),
    };
    Ok(Some(Told {
        by_collector: actor.is_none(),
        actor: actor.map_or_else(|| "Weft".to_owned(), |actor| actor.name),
        item,
        thread,
        space: space.name,
        space_slug: space.slug,
        post,
    }))
}

/// The words of a post for a mail: links lead to the console, files are links.
pub async fn words(
    control: &Control,
    post: Post,
    thread: &Thread,
    public_url: &str,
) -> Result<Words, ControlError> {
    let kept = control.attachments().of_posts(vec![post.id]).await?;
    let file = |id| {
        kept.iter().find(|file| file.id == id).map(|file| File {
            name: file.name.clone(),
            // A mail program would ask for it without a session.
            picture: false,
        })
    };
    let (markdown, cut) = shortened(&post.markdown);
    let mut html = absolute(&render::html_with(markdown, &|_| false, &file), public_url);
    let mut markdown = absolute_files(markdown, public_url);
    if cut {
        let link = format!("{public_url}/threads/{}#post-{}", thread.id, post.id);
        html.push_str(&format!(
            "<p><a href=\"{link}\">Read the rest in the thread</a></p>"
        ));
        markdown.push_str(&format!("\n\n[...] The rest: {link}"));
    }
    Ok(Words {
        first: post.posted_at == thread.opened_at,
        markdown,
        html,
        post,
    })
}

/// An excerpt of a post for a digest: the first words, on one line.
pub fn excerpt(markdown: &str, most: usize) -> String {
    let plain: String = markdown
        .lines()
        .map(|line| line.trim_start_matches(['>', '#', ' ', '-', '*']))
        .filter(|line| !line.is_empty() && !line.starts_with("```"))
        .collect::<Vec<_>>()
        .join(" ");
    let short: String = plain.chars().take(most).collect();
    match short.len() < plain.len() {
        true => format!("{}…", short.trim_end()),
        false => short,
    }
}

/// May this reader see the newest post of a thread, and which is it?
pub async fn newest(
    control: &Control,
    thread: &Thread,
    reader: Reader,
) -> Result<Option<Post>, ControlError> {
    let page = control
        .posts()
        .page(thread.id, reader, None, true, 1)
        .await?;
    Ok(page.into_iter().next())
}

fn shortened(markdown: &str) -> (&str, bool) {
    match markdown.char_indices().nth(MOST_WORDS) {
        Some((end, _)) => (&markdown[..end], true),
        None => (markdown, false),
    }
}

/// Our own addresses begin with a slash: in a mail they need their host.
fn absolute(html: &str, public_url: &str) -> String {
    html.replace("href=\"/", &format!("href=\"{public_url}/"))
}

fn absolute_files(markdown: &str, public_url: &str) -> String {
    markdown.replace(files::SCHEME, &format!("{public_url}/api/v1/attachments/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_excerpt_is_one_line_of_words() {
        assert_eq!(
            excerpt("# Title\n\n> quoted\n- a *b*", 100),
            "Title quoted a *b*"
        );
        assert_eq!(excerpt("one two three", 7), "one two…");
        assert_eq!(excerpt("ééé", 2), "éé…");
    }

    #[test]
    fn links_of_ours_lead_to_the_console() {
        assert_eq!(
            absolute(
                "<a href=\"/threads/1\">x</a><a href=\"https://x\">y</a>",
                "https://w"
            ),
            "<a href=\"https://w/threads/1\">x</a><a href=\"https://x\">y</a>"
        );
    }
}
