//! Cutting what is longer than a platform takes.
//!
//! **Invariant: the result has at most as many characters as allowed**, closes the code block that it cuts, and says
//! where the rest is read. It counts characters, as the platforms' documents do.

/// A cut at a line's end is kinder than one in a word, unless it costs more than a quarter of the room.
const WORTH_A_LINE: usize = 4;

/// The text, or its start with a link to the rest.
pub fn cut(markdown: &str, most: usize, link: &str) -> String {
    if markdown.chars().count() <= most {
        return markdown.to_owned();
    }
    let rest = match link.is_empty() {
        true => "\n\n…".to_owned(),
        false => format!("\n\n… [the rest]({link})"),
    };
    // The longest fence that could have to be closed, on its own line.
    let fence_room = MAX_FENCE + 1;
    let room = most.saturating_sub(rest.chars().count() + fence_room);
    if room == 0 {
        return markdown.chars().take(most).collect();
    }
    let kept = at_a_line(markdown, room);
    match open_fence(kept) {
        None => format!("{kept}{rest}"),
        Some(fence) => format!("{kept}\n{fence}{rest}"),
    }
}

/// A fence longer than this is cut into the text as it is: nobody writes one.
const MAX_FENCE: usize = 16;

fn at_a_line(text: &str, room: usize) -> &str {
    let end = text
        .char_indices()
        .nth(room)
        .map_or(text.len(), |(at, _)| at);
    let kept = &text[..end];
    match kept.rfind('\n') {
        Some(line) if line > end - end / WORTH_A_LINE => &kept[..line],
        _ => kept,
    }
}

/// The fence of a code block that is still open at the end (CommonMark 4.5).
fn open_fence(text: &str) -> Option<String> {
    let mut open: Option<(char, usize)> = None;
    for line in text.lines() {
        let trimmed = line.trim_start_matches(' ');
        let Some(mark) = trimmed.chars().next().filter(|c| matches!(c, '`' | '~')) else {
            continue;
        };
        let length = trimmed.chars().take_while(|c| *c == mark).count();
        let indented = line.len() - trimmed.len() > 3;
        if length < 3 || indented {
            continue;
        }
        open = match open {
            None if length <= MAX_FENCE => Some((mark, length)),
            Some((same, least)) if same == mark && length >= least => None,
            other => other,
        };
    }
    open.map(|(mark, length)| mark.to_string().repeat(length))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_fits_stays_and_what_does_not_says_where_the_rest_is() {
        assert_eq!(cut("short", 5, "https://w.example/t"), "short");
        let long = format!("first line\n{}", "x".repeat(200));
        let kept = cut(&long, 100, "https://w.example/t");
        assert!(kept.starts_with("first line\nxxx"), "{kept}");
        assert!(
            kept.ends_with("… [the rest](https://w.example/t)"),
            "{kept}"
        );
    }

    #[test]
    fn an_open_code_block_is_closed() {
        let long = format!("~~~~\n{}", "code\n".repeat(100));
        let kept = cut(&long, 120, "");
        assert!(kept.ends_with("code\n~~~~\n\n…"), "{kept}");
        let closed = format!("```\ncode\n```\n{}", "words\n".repeat(100));
        assert!(cut(&closed, 120, "").ends_with("words\n\n…"));
    }

    proptest! {
        #[test]
        fn never_longer_than_allowed(text in "(?s).{0,300}", most in 0_usize..200, link in "(https://w\\.example/[a-z]{0,9})?") {
            let kept = cut(&text, most, &link);
            prop_assert!(kept.chars().count() <= most || kept == text);
        }
    }
}
