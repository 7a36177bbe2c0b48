//! `format=flowed` (RFC 3676): paragraphs that a mail program broke into lines, made whole again.
//!
//! **Invariant: a fixed line stays a line**: only a line that ends in a space goes on in the next one of the same quote depth.

/// The text with its paragraphs whole; quote marks stay at the start of each line. `delsp`: the trailing space was only the mark.
pub fn unfold(text: &str, delsp: bool) -> String {
    let mut out = String::with_capacity(text.len());
    // The paragraph that may go on, with its depth.
    let mut open: Option<(usize, String)> = None;
    for line in text.lines() {
        let depth = line.bytes().take_while(|byte| *byte == b'>').count();
        let words = &line[depth..];
        // Stuffed, so that the line's own start is not mistaken for a quote mark.
        let words = words.strip_prefix(' ').unwrap_or(words);
        let signature = words == "-- ";
        let goes_on = words.ends_with(' ') && !signature;
        let words = match goes_on && delsp {
            true => &words[..words.len() - 1],
            false => words,
        };
        let joins = open.as_ref().is_some_and(|(known, _)| *known == depth) && !signature;
        match (&mut open, joins) {
            (Some((_, paragraph)), true) => paragraph.push_str(words),
            _ => {
                close(&mut out, open.take());
                open = Some((depth, words.to_owned()));
            }
        }
        if !goes_on {
            close(&mut out, open.take());
        }
    }
    close(&mut out, open);
    out
}

fn close(out: &mut String, paragraph: Option<(usize, String)>) {
    let Some((depth, words)) = paragraph else {
        return;
    };
    out.push_str(&">".repeat(depth));
    if depth > 0 && !words.is_empty() {
        out.push(' ');
    }
    // The signature's mark is known by its space.
    out.push_str(if words == "-- " {
        "-- "
    } else {
        words.trim_end()
    });
    out.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paragraphs_are_whole_again() {
        for (folded, delsp, whole) in [
            (
                "one \ntwo \nthree\n\nfour",
                false,
                "one two three\n\nfour\n",
            ),
            ("in \nter\n", true, "inter\n"),
            ("> a \n> b\n> c\nmine", false, "> a b\n> c\nmine\n"),
            (">> deep \n> less", false, ">> deep\n> less\n"),
            (
                " >not a quote\n From here",
                false,
                ">not a quote\nFrom here\n",
            ),
            ("end \n-- \nAda", false, "end\n-- \nAda\n"),
            ("", false, ""),
        ] {
            assert_eq!(unfold(folded, delsp), whole, "{folded:?}");
        }
    }
}
