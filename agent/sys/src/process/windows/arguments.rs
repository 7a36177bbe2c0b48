//! A Windows command line, split as its programs split it.
//!
//! Invariant: pure. Source: Microsoft Learn, "Parsing C++ command-line arguments": quotes group, 2n backslashes before a
//! quote are n, 2n+1 are n and a literal quote.

/// The arguments; the first is the program.
pub fn split(line: &str) -> Vec<String> {
    let mut out = Vec::new();
    let mut word = String::new();
    let (mut is_open, mut is_quoted, mut slashes) = (false, false, 0_usize);
    for letter in line.chars() {
        match letter {
            '\\' => {
                slashes += 1;
                is_open = true;
                continue;
            }
            '"' => {
                word.extend(std::iter::repeat_n('\\', slashes / 2));
                if slashes % 2 == 1 {
                    word.push('"');
                } else {
                    is_quoted = !is_quoted;
                }
                is_open = true;
            }
            ' ' | '\t' if !is_quoted => {
                word.extend(std::iter::repeat_n('\\', slashes));
                if is_open {
                    out.push(std::mem::take(&mut word));
                }
                is_open = false;
            }
            _ => {
                word.extend(std::iter::repeat_n('\\', slashes));
                word.push(letter);
                is_open = true;
            }
        }
        slashes = 0;
    }
    word.extend(std::iter::repeat_n('\\', slashes));
    if is_open {
        out.push(word);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_the_documentation_says() {
        for (line, expected) in [
            (
                r#""C:\Program Files\Python\python.exe" -u C:\x\a.py"#,
                vec![r"C:\Program Files\Python\python.exe", "-u", r"C:\x\a.py"],
            ),
            (r#""abc" d e"#, vec!["abc", "d", "e"]),
            (r#"a\\\b d"e f"g h"#, vec![r"a\\\b", "de fg", "h"]),
            (r#"a\\\"b c d"#, vec![r#"a\"b"#, "c", "d"]),
            (r#"a\\\\"b c" d e"#, vec![r"a\\b c", "d", "e"]),
            ("", vec![]),
            (r#"x """#, vec!["x", ""]),
        ] {
            assert_eq!(split(line), expected, "{line}");
        }
    }
}
