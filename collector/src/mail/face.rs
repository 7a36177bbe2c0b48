//! How letters look: a subject, plain words that stand on their own, and the same as HTML.
//!
//! **Invariant: whatever a person wrote is escaped or sanitised before it stands in HTML**, and a mail loads nothing from
//! anywhere: no picture, no font, no style sheet. English only yet; `core::telling` keeps the wish for others.

use std::fmt::Write as _;

use weft_collector_store::control::notifications::NoticeKind;

use super::told::Told;

/// A letter, shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Face {
    pub subject: String,
    pub plain: String,
    pub html: String,
}

/// The links below a letter.
#[derive(Clone, Debug, Default)]
pub struct Foot {
    /// Answers become posts.
    pub can_reply: bool,
    /// Ends mail about this thread; empty: there is no one thread.
    pub stop_thread: String,
    pub stop_all: String,
    /// Where wishes are set.
    pub settings: String,
}

/// A line of a digest.
#[derive(Clone, Debug)]
pub struct Line {
    pub title: String,
    pub link: String,
    /// "3 new posts · Help".
    pub note: String,
    pub excerpt: String,
}

/// A part of a digest.
#[derive(Clone, Debug)]
pub struct Section {
    pub title: &'static str,
    pub lines: Vec<Line>,
}

/// What happened, as one sentence without its full stop.
pub fn sentence(told: &Told) -> String {
    let (who, title) = (&told.actor, &told.thread.title);
    match told.item.kind {
        NoticeKind::Mention => format!("{who} mentioned you in “{title}”"),
        NoticeKind::Reply => format!("{who} answered in “{title}”"),
        NoticeKind::Post => format!("{who} wrote in “{title}”"),
        NoticeKind::Accepted => format!("Your post is the answer in “{title}”"),
        NoticeKind::Solved => format!("“{title}” was solved"),
        NoticeKind::Reopened => format!("“{title}” is open again"),
        NoticeKind::Linked => format!("What laptops show fits “{title}”"),
        NoticeKind::Relapsed => format!("What “{title}” is about came back"),
        NoticeKind::Resolved => format!("What “{title}” is about has not been seen any more"),
        NoticeKind::Escalated => format!("{who} asks for your help in “{title}”"),
        NoticeKind::Invited => format!("{who} asked you into “{title}”"),
        NoticeKind::Moderated => format!("Staff changed what you wrote in “{title}”"),
    }
}

/// One happening.
pub fn notice(told: &Told, public_url: &str, foot: &Foot) -> Face {
    let first = told.post.as_ref().is_some_and(|post| post.first);
    let subject = match first {
        true => told.thread.title.clone(),
        false => format!("Re: {}", told.thread.title),
    };
    let link = link(told, public_url);
    let sentence = sentence(told);
    let mut plain = format!("{sentence}.\n\n");
    let mut html = format!("<p class=\"what\">{}.</p>", escaped(&sentence));
    said(&mut plain, &mut html, told);
    let _ = write!(plain, "\n\nIn the thread: {link}\n");
    html.push_str(&button(&link, "Open the thread"));
    plain.push_str(&plain_foot(foot));
    let place = format!("{} · {}", told.space, told.thread.title);
    Face {
        html: frame(&subject, &sentence, &place, &html, foot),
        subject,
        plain,
    }
}

/// Several happenings.
pub fn bundle(told: &[Told], public_url: &str, foot: &Foot) -> Face {
    let mut threads: Vec<&str> = told.iter().map(|one| one.thread.title.as_str()).collect();
    threads.dedup();
    threads.sort_unstable();
    threads.dedup();
    let subject = match threads.as_slice() {
        [one] => format!("{} news in {one}", told.len()),
        several => format!("{} news in {} threads", told.len(), several.len()),
    };
    let mut plain = String::new();
    let mut html = String::new();
    for one in told {
        let (sentence, link) = (sentence(one), link(one, public_url));
        let _ = write!(plain, "* {sentence}.\n  {link}\n\n");
        let _ = write!(
            html,
            "<p class=\"what\"><a href=\"{}\">{}</a></p>",
            escaped(&link),
            escaped(&sentence)
        );
        said(&mut plain, &mut html, one);
        plain.push_str("\n\n");
        html.push_str("<hr>");
    }
    plain.push_str(&plain_foot(foot));
    Face {
        html: frame(&subject, &subject, "What happened since", &html, foot),
        subject,
        plain,
    }
}

/// What is new, once a day or a week.
pub fn digest(subject: String, sections: &[Section], foot: &Foot) -> Face {
    let mut plain = format!("{subject}\n{}\n\n", "=".repeat(subject.chars().count()));
    let mut html = String::new();
    for section in sections {
        let _ = write!(
            plain,
            "{}\n{}\n\n",
            section.title,
            "-".repeat(section.title.len())
        );
        let _ = write!(html, "<h2>{}</h2>", escaped(section.title));
        for line in &section.lines {
            let _ = write!(plain, "* {}\n  {}\n", line.title, line.note);
            let _ = write!(
                html,
                "<p class=\"line\"><a href=\"{}\">{}</a><br><span class=\"note\">{}</span>",
                escaped(&line.link),
                escaped(&line.title),
                escaped(&line.note)
            );
            if !line.excerpt.is_empty() {
                let _ = writeln!(plain, "  {}", line.excerpt);
                let _ = write!(
                    html,
                    "<br><span class=\"excerpt\">{}</span>",
                    escaped(&line.excerpt)
                );
            }
            let _ = write!(plain, "  {}\n\n", line.link);
            html.push_str("</p>");
        }
    }
    plain.push_str(&plain_foot(foot));
    Face {
        html: frame(&subject, &subject, "Digest", &html, foot),
        subject,
        plain,
    }
}

/// "Is this address yours?"
pub fn confirm(name: &str, address: &str, link: &str) -> Face {
    let subject = "Is this your address?".to_owned();
    let ask = format!("{name} wants Weft to write to {address}.");
    let yes = "If that is you, say so. The link is good for three days.";
    let no = "If it is not, do nothing: nothing more will come.";
    let html = format!(
        "<p class=\"what\">{}</p><p>{yes}</p>{}<p class=\"note\">{no}</p>",
        escaped(&ask),
        button(link, "Yes, this is my address")
    );
    Face {
        plain: format!("{ask}\n\n{yes}\n\n{link}\n\n{no}\n"),
        html: frame(&subject, &ask, "Weft", &html, &Foot::default()),
        subject,
    }
}

/// "Does mail work?"
pub fn test(public_url: &str, reply: Option<&str>) -> Face {
    let subject = "Mail from Weft works".to_owned();
    let mut words = vec![
        "You read this, so mail goes out.".to_owned(),
        format!("The console is at {public_url}."),
    ];
    if let Some(reply) = reply {
        words.push(format!(
            "Answers to threads come in at addresses like {reply}."
        ));
    }
    let html: String = words
        .iter()
        .map(|line| format!("<p>{}</p>", escaped(line)))
        .collect();
    Face {
        plain: format!("{}\n", words.join("\n\n")),
        html: frame(&subject, &words[0], "Weft", &html, &Foot::default()),
        subject,
    }
}

/// "Your mail did not become a post."
pub fn refusal(subject: &str, why: &str, what_to_do: &str) -> Face {
    let head = "Your mail did not become a post.";
    let html = format!(
        "<p class=\"what\">{head}</p><p>{}</p><p>{}</p>",
        escaped(why),
        escaped(what_to_do)
    );
    let subject = match subject.is_empty() {
        true => "Your mail did not become a post".to_owned(),
        false => format!("Not posted: {subject}"),
    };
    Face {
        plain: format!("{head}\n\n{why}\n\n{what_to_do}\n"),
        html: frame(&subject, why, "Weft", &html, &Foot::default()),
        subject,
    }
}

/// Where it happened.
pub fn link(told: &Told, public_url: &str) -> String {
    match &told.post {
        Some(words) => format!(
            "{public_url}/threads/{}#post-{}",
            told.thread.id, words.post.id
        ),
        None => format!("{public_url}/threads/{}", told.thread.id),
    }
}

/// The words of the post, or of the notice.
fn said(plain: &mut String, html: &mut String, told: &Told) {
    if let Some(words) = &told.post {
        if words.post.whisper {
            plain.push_str("(a whisper: only staff read it)\n\n");
            html.push_str("<p class=\"note\">A whisper: only staff read it.</p>");
        }
        plain.push_str(&words.markdown);
        let _ = write!(html, "<div class=\"post\">{}</div>", words.html);
    } else if !told.item.words.is_empty() {
        plain.push_str(&told.item.words);
        let _ = write!(
            html,
            "<div class=\"post\"><p>{}</p></div>",
            escaped(&told.item.words)
        );
    }
}

fn plain_foot(foot: &Foot) -> String {
    let mut lines = vec!["-- ".to_owned()];
    if foot.can_reply {
        lines.push("Answer this mail to write in the thread.".to_owned());
    }
    if !foot.stop_thread.is_empty() {
        lines.push(format!("No mail about this thread: {}", foot.stop_thread));
    }
    if !foot.stop_all.is_empty() {
        lines.push(format!("No mail at all: {}", foot.stop_all));
    }
    if !foot.settings.is_empty() {
        lines.push(format!("What comes by mail, and when: {}", foot.settings));
    }
    format!("\n{}\n", lines.join("\n"))
}

fn button(link: &str, words: &str) -> String {
    format!(
        "<p><a class=\"go\" href=\"{}\">{}</a></p>",
        escaped(link),
        escaped(words)
    )
}

pub fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            other => out.push(other),
        }
    }
    out
}

/// The console's palette: undyed cloth, indigo to lead. Programs that know no style sheet still show a plain column.
const STYLE: &str = "\
body{margin:0;background:#f5f6f8;color:#131b29;font:16px/1.55 system-ui,-apple-system,'Segoe UI',Roboto,'Noto Sans',sans-serif}\
.cloth{padding:28px 12px}.card{max-width:600px;margin:0 auto;background:#fff;border:1px solid #d9dee6;border-radius:6px;padding:28px 32px}\
.place{margin:0 0 18px;color:#5a6678;font-size:13px;letter-spacing:.02em}.what{margin:0 0 14px;font:600 20px/1.35 Georgia,'Iowan Old Style',serif}\
h2{margin:26px 0 10px;font:600 17px/1.3 Georgia,'Iowan Old Style',serif;border-bottom:1px solid #d9dee6;padding-bottom:6px}\
p{margin:0 0 12px}a{color:#27407f}hr{border:0;border-top:1px solid #d9dee6;margin:22px 0}\
.post{border-left:3px solid #8ea2d3;padding:2px 0 2px 16px;margin:0 0 18px;overflow-wrap:anywhere}\
.post pre{background:#edeff3;padding:10px 12px;border-radius:4px;overflow:auto;white-space:pre-wrap;font-size:13.5px}\
.post code{font-size:.92em}.post blockquote{margin:0 0 12px;padding-left:12px;border-left:2px solid #d9dee6;color:#414c5e}\
.post table{border-collapse:collapse}.post th,.post td{border:1px solid #d9dee6;padding:4px 8px;text-align:left}\
.go{display:inline-block;background:#27407f;color:#fff;text-decoration:none;padding:10px 18px;border-radius:4px;font-weight:600}\
.line{margin:0 0 16px}.line a{font-weight:600}.note{color:#5a6678;font-size:14px}.excerpt{color:#414c5e}\
.foot{max-width:600px;margin:16px auto 0;padding:0 32px;color:#5a6678;font-size:13px;line-height:1.6}.foot a{color:#5a6678}\
@media(max-width:480px){.card{padding:22px 18px}.foot{padding:0 18px}}\
@media(prefers-color-scheme:dark){body{background:#0f141c;color:#e8ecf3}.card{background:#161d28;border-color:#29323f}a{color:#a9bbe8}\
h2,hr,.post th,.post td{border-color:#29323f}.place,.note,.foot,.foot a{color:#97a3b4}.excerpt,.post blockquote{color:#b7c0ce}\
.post pre{background:#1d2532}.go{background:#3c57a0;color:#fff}}";

fn frame(title: &str, preview: &str, place: &str, body: &str, foot: &Foot) -> String {
    let mut links = String::new();
    if foot.can_reply {
        links.push_str("Answer this mail to write in the thread.<br>");
    }
    for (link, words) in [
        (&foot.stop_thread, "No mail about this thread"),
        (&foot.stop_all, "No mail at all"),
        (&foot.settings, "What comes by mail, and when"),
    ] {
        if !link.is_empty() {
            let _ = write!(links, "<a href=\"{}\">{words}</a><br>", escaped(link));
        }
    }
    format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
<meta name=\"color-scheme\" content=\"light dark\"><meta name=\"supported-color-schemes\" content=\"light dark\">\
<title>{}</title><style>{STYLE}</style></head><body><div class=\"cloth\">\
<div style=\"display:none;max-height:0;overflow:hidden\">{}</div><div class=\"card\"><p class=\"place\">{}</p>{body}</div>\
<div class=\"foot\">{links}</div></div></body></html>\n",
        escaped(title),
        escaped(preview),
        escaped(place),
    )
}

#[cfg(test)]
mod tests;
