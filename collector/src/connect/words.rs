//! Words on their way out, made harmless: nobody over there is called, every address is whole, names are one line.
//!
//! **Invariant: what leaves has passed [`mentions`]**, words, titles and names alike, and leads to no place that only we know.

use sha2::{Digest as _, Sha256};

use super::mentions;
use crate::threads::{files, render};

/// Characters of a name: more is no name.
const MAX_NAME: usize = 80;

/// Markdown for elsewhere. `base` is where the console is reached.
pub fn markdown(source: &str, base: &str) -> String {
    let mut out = String::with_capacity(source.len() + 64);
    let mut fence: Option<&str> = None;
    for (number, line) in source.split('\n').enumerate() {
        if number > 0 {
            out.push('\n');
        }
        let marker = ["```", "~~~"]
            .into_iter()
            .find(|marker| line.trim_start().starts_with(marker));
        match (fence, marker) {
            (None, Some(marker)) => {
                fence = Some(marker);
                out.push_str(line);
            }
            (Some(open), Some(marker)) if open == marker => {
                fence = None;
                out.push_str(line);
            }
            (Some(_), _) => out.push_str(line),
            (None, None) => outside_fences(line, base, &mut out),
        }
    }
    mentions::defuse(&out)
}

/// The sanitised HTML of the same words.
pub fn html(markdown: &str, base: &str) -> String {
    let rendered = render::html(markdown, &|_| false);
    // The sanitiser writes attributes in this one form; in text a quote is harmless either way.
    rendered
        .replace("href=\"/", &format!("href=\"{base}/"))
        .replace("src=\"/", &format!("src=\"{base}/"))
}

/// One line of text: a title.
pub fn line(text: &str) -> String {
    mentions::defuse_plain(&one_line(text))
}

/// A person's name.
pub fn name(name: &str) -> String {
    let one = one_line(name);
    let cut: String = one.trim().chars().take(MAX_NAME).collect();
    match cut.is_empty() {
        true => "somebody".to_owned(),
        // Only now is it known what stands at its end.
        false => mentions::defuse_plain(&cut),
    }
}

fn one_line(text: &str) -> String {
    let visible = text.chars().map(|c| if c.is_control() { ' ' } else { c });
    visible.collect()
}

/// Who said what, whatever marks it is written with: equal for words that came back by another way.
pub fn hash(author: &str, text: &str) -> String {
    let mut hash = Sha256::new();
    for c in author.chars().chain(text.chars()) {
        if c.is_alphanumeric() {
            let mut bytes = [0; 4];
            hash.update(c.encode_utf8(&mut bytes));
        }
    }
    hex::encode(&hash.finalize()[..16])
}

/// Exactly what was said.
pub fn exact(text: &str) -> String {
    hex::encode(&Sha256::digest(text.as_bytes())[..16])
}

/// A line outside fences: code spans are left to be copied, the rest leads to whole addresses.
fn outside_fences(line: &str, base: &str, out: &mut String) {
    for (index, part) in line.split('`').enumerate() {
        if index > 0 {
            out.push('`');
        }
        match index % 2 {
            1 => out.push_str(part),
            _ => out.push_str(&whole(part, base)),
        }
    }
}

/// Addresses inside this house begin with its name; files are read there.
fn whole(text: &str, base: &str) -> String {
    text.replace("](/", &format!("]({base}/")).replace(
        &format!("]({}", files::SCHEME),
        &format!("]({base}/api/v1/attachments/"),
    )
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const BASE: &str = "https://weft.example";

    #[test]
    fn nobody_is_called_and_addresses_are_whole() {
        for (source, sent) in [
            ("hi @everyone", "hi @\u{2060}everyone"),
            (
                "(@ana) and \u{FF20}all",
                "(@\u{2060}ana) and \u{FF20}\u{2060}all",
            ),
            ("ana@example.org", "ana@example.org"),
            (
                "https://social.example/@ana @ana",
                "https://social.example/%40ana @\u{2060}ana",
            ),
            (
                "`npm i @scope/x @channel`",
                "`npm i @scope/x @\u{2060}channel`",
            ),
            (
                "```\n@room @x\n```\n@x",
                "```\n@\u{2060}room @x\n```\n@\u{2060}x",
            ),
            (
                "[it](/anomalies/7)",
                "[it](https://weft.example/anomalies/7)",
            ),
            (
                "[log](attachment:0198)",
                "[log](https://weft.example/api/v1/attachments/0198)",
            ),
            ("<!channel>", "<!\u{2060}channel>"),
        ] {
            assert_eq!(markdown(source, BASE), sent, "{source}");
        }
        assert_eq!(name(" @here\r\nX-Evil: 1 "), "@\u{2060}here  X-Evil: 1");
        assert_eq!(name("\u{7}"), "somebody");
        assert_eq!(name("Ana @ "), "Ana @\u{2060}");
    }

    #[test]
    fn html_leads_to_whole_addresses() {
        let html = html("[it](/anomalies/7) <script>alert(1)</script>", BASE);
        assert!(
            html.contains("href=\"https://weft.example/anomalies/7\""),
            "{html}"
        );
        assert!(!html.contains("<script"), "{html}");
    }

    #[test]
    fn the_same_words_have_the_same_hash_by_whatever_way() {
        assert_eq!(
            hash("Ana", "It **restarts**, @\u{2060}ben."),
            hash("", "**Ana**: It restarts @ben")
        );
        assert_ne!(hash("Ana", "yes"), hash("Ben", "yes"));
    }
}
