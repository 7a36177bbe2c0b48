//! What a person typed, made fit to keep: limits, line ends, and no characters that deceive the eye.
//!
//! **Invariant: what is stored has passed [`markdown`] or [`title`].** This is not a renderer and knows no HTML; the
//! Markdown stays as typed, so that a better renderer can show it better tomorrow.

use thiserror::Error;
use unicode_normalization::char::is_combining_mark;

/// A post in bytes. The longest useful log excerpt fits; a thread of a hundred posts still loads on a phone.
pub const MAX_POST: usize = 64 * 1024;
/// Marks over one letter: Vietnamese needs two, pointed Hebrew four; more is drawn over the neighbours ("zalgo").
const MAX_MARKS: usize = 4;
/// A title in characters: two lines in the list.
pub const MAX_TITLE: usize = 200;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Unfit {
    #[error("the post is empty")]
    EmptyPost,
    #[error("the post has {0} bytes; at most {MAX_POST} are kept: put the long part into a file")]
    LongPost(usize),
    #[error("the reason has {0} characters; at most {1} are kept")]
    LongReason(usize, usize),
    #[error("the title is empty")]
    EmptyTitle,
    #[error("the title has {0} characters; at most {MAX_TITLE} are kept: say the rest in the post")]
    LongTitle(usize),
}

/// A post's Markdown as it is kept.
pub fn markdown(typed: &str) -> Result<String, Unfit> {
    // Judged before cleaning, so that the work is bounded whatever was sent.
    if typed.len() > MAX_POST {
        return Err(Unfit::LongPost(typed.len()));
    }
    let kept: String = typed
        .replace("\r\n", "\n")
        .chars()
        .filter(|c| *c == '\n' || *c == '\t' || !deceives(*c))
        .collect();
    let kept = calm(&kept);
    let kept = kept.trim_end();
    match kept.trim().is_empty() {
        true => Err(Unfit::EmptyPost),
        false => Ok(kept.to_owned()),
    }
}

/// A title as it is kept: one line, single spaces.
pub fn title(typed: &str) -> Result<String, Unfit> {
    if typed.len() > MAX_POST {
        return Err(Unfit::LongTitle(typed.chars().count()));
    }
    let visible: String = typed
        .chars()
        .map(|c| if c.is_whitespace() { ' ' } else { c })
        .filter(|c| !deceives(*c))
        .collect();
    let kept = calm(&visible.split_whitespace().collect::<Vec<_>>().join(" "));
    match kept.chars().count() {
        0 => Err(Unfit::EmptyTitle),
        long if long > MAX_TITLE => Err(Unfit::LongTitle(long)),
        _ => Ok(kept),
    }
}

/// A reason as it is kept: one line, which may be empty.
pub fn reason(typed: &str, most: usize) -> Result<String, Unfit> {
    if typed.len() > MAX_POST {
        return Err(Unfit::LongReason(typed.chars().count(), most));
    }
    match title(typed) {
        Ok(kept) => Ok(kept),
        Err(Unfit::EmptyTitle) => Ok(String::new()),
        // Longer than a title may still be short enough.
        Err(_) => {
            let visible: String = typed
                .chars()
                .map(|c| if c.is_whitespace() { ' ' } else { c })
                .filter(|c| !deceives(*c))
                .collect();
            let kept = calm(visible.trim());
            match kept.chars().count() {
                long if long > most => Err(Unfit::LongReason(long, most)),
                _ => Ok(kept),
            }
        }
    }
}

/// No letter carries more than [`MAX_MARKS`] marks.
fn calm(text: &str) -> String {
    let mut marks = 0;
    text.chars()
        .filter(|c| {
            marks = if is_combining_mark(*c) { marks + 1 } else { 0 };
            marks <= MAX_MARKS
        })
        .collect()
}

/// Characters that show nothing and change what is read: controls, direction overrides ("Trojan Source"), invisible
/// spaces, tag characters. The joiners U+200C and U+200D and the marks U+200E and U+200F stay: Persian, emoji, Hebrew
/// and Arabic need them.
fn deceives(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{00AD}'                  // soft hyphen
            | '\u{061C}'                // Arabic letter mark
            | '\u{115F}' | '\u{1160}' | '\u{3164}' | '\u{FFA0}' // Hangul fillers: letters that show nothing
            | '\u{180E}'
            | '\u{200B}'                // zero width space
            | '\u{2028}' | '\u{2029}'   // line and paragraph separators
            | '\u{202A}'..='\u{202E}'   // embeddings and overrides
            | '\u{2060}'..='\u{206F}'   // word joiner, invisible operators, isolates, deprecated formats
            | '\u{FEFF}'                // byte order mark
            | '\u{FFF0}'..='\u{FFFB}'   // interlinear annotation
            | '\u{E0000}'..='\u{E0FFF}' // tags, variation selectors supplement
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markdown_is_kept_as_typed_without_what_deceives() {
        for (typed, kept) in [
            ("hello", "hello"),
            ("a\r\nb\r\n\r\n", "a\nb"),
            ("    indented code\n\tx", "    indented code\n\tx"),
            ("user\u{202E}gpj.exe", "usergpj.exe"),
            ("pay\u{200B}pal \u{2066}x\u{2069}", "paypal x"),
            ("bell\u{7} esc\u{1b}[31m nul\0", "bell esc[31m nul"),
            ("c1\u{9b}31m", "c131m"),
            ("tag\u{E0041}\u{E007F}", "tag"),
            (
                "z\u{0301}\u{0302}\u{0303}\u{0304}\u{0305}\u{0306}\u{0307}a",
                "z\u{0301}\u{0302}\u{0303}\u{0304}a",
            ),
            (
                "می\u{200C}خواهم 👩\u{200D}💻",
                "می\u{200C}خواهم 👩\u{200D}💻",
            ),
        ] {
            assert_eq!(markdown(typed).as_deref(), Ok(kept), "{typed:?}");
        }
    }

    #[test]
    fn empty_and_long_posts_are_refused_with_the_number() {
        assert_eq!(markdown(""), Err(Unfit::EmptyPost));
        assert_eq!(markdown(" \n\u{200B}\t "), Err(Unfit::EmptyPost));
        assert!(markdown(&"x".repeat(MAX_POST)).is_ok());
        assert_eq!(
            markdown(&"x".repeat(MAX_POST + 1)),
            Err(Unfit::LongPost(MAX_POST + 1))
        );
    }

    #[test]
    fn a_title_is_one_line() {
        assert_eq!(
            title("  my\nlaptop \u{202E} restarts\t"),
            Ok("my laptop restarts".to_owned())
        );
        assert_eq!(title("\u{2060}"), Err(Unfit::EmptyTitle));
        assert!(title(&"é".repeat(MAX_TITLE)).is_ok());
        assert_eq!(
            title(&"é".repeat(MAX_TITLE + 1)),
            Err(Unfit::LongTitle(MAX_TITLE + 1))
        );
    }
}
