//! `catalog match` and `catalog list`.
//!
//! Invariant: one line in, one line out, in order, empty lines included; a line that cannot be read is answered with the same
//! fields and an `error` in words, and the rest goes on. Memory is bounded by the longest line that is read.

use std::io::{self, BufRead, Write};

use clap::Subcommand;
use weft_proto_catalog::{Answer, Catalog as Apps, Os, Query, answer};

use super::output;

/// A line longer than this is no evidence: the longest path of any system is 32,767 characters.
const LONGEST_LINE: usize = 1024 * 1024;

/// `catalog ...`
#[derive(Debug, Subcommand)]
pub(super) enum Catalog {
    /// Reads evidence as JSON lines from stdin, {"kind","value","context"}, and answers each with the app or null
    #[command(after_help = MATCH_HELP)]
    Match {
        /// linux, macos or windows
        #[arg(long)]
        os: Os,
    },
    /// Every app that can be recognised, and how
    List {
        /// JSON lines: the whole catalog
        #[arg(long)]
        json: bool,
    },
}

const MATCH_HELP: &str = "Kinds: process, path, package, bundle_id, app_path, desktop_id, flatpak, snap, installed_software, mount, domain.\n\
    Each line of the input has one line of the answer, in order; a line that cannot be read gets an \"error\".\n\
    Exit codes: 0 every line was answered (how many could not be read stands on stderr), 1 input or output failed, 2 wrong use.";

pub(super) fn run(arguments: Catalog) -> u8 {
    match arguments {
        Catalog::Match { os } => output::print(|out| {
            let unread = match_lines(os, io::stdin().lock(), out)?;
            if unread > 0 {
                eprintln!("weft-agent: {unread} lines could not be read; their answers say why");
            }
            Ok(())
        }),
        Catalog::List { json } => output::print(|out| list(json, out)),
    }
}

/// An answer of the published shape that says why there is none.
#[derive(serde::Serialize)]
struct Refusal {
    #[serde(flatten)]
    answer: Answer,
    error: String,
}

/// Returns how many lines could not be read.
fn match_lines(os: Os, mut input: impl BufRead, out: &mut dyn Write) -> io::Result<u64> {
    let catalog = Apps::builtin();
    let mut line = Vec::new();
    let mut number = 0_u64;
    let mut unread = 0;
    while let Some(whole) = next_line(&mut input, &mut line)? {
        number += 1;
        match question(&line, whole) {
            Ok(query) => output::line(out, &answer(catalog, os, &query))?,
            Err(problem) => {
                unread += 1;
                let error = format!("line {number}: {problem}");
                let answer = Answer {
                    why: "the line could not be read".to_owned(),
                    ..Answer::from(None)
                };
                output::line(out, &Refusal { answer, error })?;
            }
        }
        // A caller that waits for each answer must get it.
        out.flush()?;
    }
    Ok(unread)
}

/// Reads up to the line's end and keeps at most the longest line; `Some(false)` when there was more, `None` at the end.
fn next_line(input: &mut impl BufRead, line: &mut Vec<u8>) -> io::Result<Option<bool>> {
    line.clear();
    let mut begun = false;
    let mut whole = true;
    loop {
        let chunk = input.fill_buf()?;
        if chunk.is_empty() {
            return Ok(begun.then_some(whole));
        }
        begun = true;
        let end = chunk.iter().position(|byte| *byte == b'\n');
        let part = chunk.get(..end.unwrap_or(chunk.len())).unwrap_or_default();
        let room = LONGEST_LINE - line.len();
        whole &= part.len() <= room;
        line.extend_from_slice(part.get(..room).unwrap_or(part));
        let used = end.map_or(chunk.len(), |end| end + 1);
        input.consume(used);
        if end.is_some() {
            return Ok(Some(whole));
        }
    }
}

/// The question on a line, or what is wrong with it.
fn question(line: &[u8], whole: bool) -> Result<Query, String> {
    const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";
    if !whole {
        return Err(format!(
            "longer than {LONGEST_LINE} bytes: no evidence is that long"
        ));
    }
    if line.contains(&0) {
        return Err("holds NUL bytes: write the list as UTF-8, not UTF-16".to_owned());
    }
    let line = line.strip_prefix(BYTE_ORDER_MARK).unwrap_or(line);
    let text = std::str::from_utf8(line.trim_ascii())
        .map_err(|error| format!("not UTF-8 from byte {}", error.valid_up_to() + 1))?;
    if text.is_empty() {
        return Err("empty: expected {\"kind\": ..., \"value\": ...}".to_owned());
    }
    serde_json::from_str(text).map_err(|error| {
        // The parser sees one line only: its column is all that helps.
        let words = error.to_string();
        let words = words.split(" at line ").next().unwrap_or(&words);
        format!("{words} (column {})", error.column())
    })
}

fn list(json: bool, out: &mut dyn Write) -> io::Result<()> {
    for app in Apps::builtin().apps() {
        if json {
            output::line(out, app)?;
            continue;
        }
        let systems: Vec<String> = app
            .systems()
            .map(|os| format!("{os:?}").to_lowercase())
            .collect();
        writeln!(
            out,
            "{:<24} {:<28} {:?} on {}",
            app.id,
            app.name,
            app.category,
            systems.join(", ")
        )?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn answers(input: &[u8]) -> Vec<serde_json::Value> {
        let mut out = Vec::new();
        match_lines(Os::Linux, input, &mut out).unwrap();
        String::from_utf8(out)
            .unwrap()
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }

    #[test]
    fn answers_line_for_line_and_survives_bad_lines() {
        let long = vec![b'x'; LONGEST_LINE + 1];
        let lines: &[(&[u8], &str)] = &[
            (
                b"\xEF\xBB\xBF{\"kind\":\"process\",\"value\":\"no-such-app\"}",
                "",
            ),
            (b"not json", "line 2: expected"),
            (
                b"{\"kind\":\"nonsense\",\"value\":\"x\"}",
                "unknown variant `nonsense`",
            ),
            (b"", "empty"),
            (&long, "longer than"),
            (
                b"{\"kind\":\"process\",\"value\":\"\xFF\"}",
                "not UTF-8 from byte 28",
            ),
            (b"{\0}", "UTF-16"),
            (b"{\"kind\":\"process\"}", "missing field `value`"),
            (b"[]", "line 9: "),
            (
                b"{\"kind\":\"process\",\"value\":\"dropbox\",\"context\":null}\r",
                "",
            ),
        ];
        let input = lines
            .iter()
            .map(|(line, _)| *line)
            .collect::<Vec<_>>()
            .join(&b'\n');
        let answers = answers(&input);
        assert_eq!(answers.len(), lines.len());
        for ((_, expect), answer) in lines.iter().zip(&answers) {
            let error = answer["error"].as_str().unwrap_or_default();
            assert_eq!(error.is_empty(), expect.is_empty(), "{answer}");
            assert!(error.contains(expect), "{error} / {expect}");
            // The shape is the published one in any case.
            for key in ["app", "name", "category", "confidence", "flags", "why"] {
                assert!(answer.get(key).is_some(), "{key}: {answer}");
            }
        }
        assert_eq!(answers.last().unwrap()["app"], "dropbox");
    }

    /// Event logs name a thing twice, and write numbers and null where a text is meant.
    #[test]
    fn contexts_are_read_as_logs_write_them() {
        let line = br#"{"kind":"process","value":"x.exe","context":{"description":5,"file_description":null,"product":"AnyDesk","product_name":"x","image":null,"path":"C:\\x.exe","signed":"maybe","cgroup":["a"]}}"#;
        assert_eq!(answers(line)[0]["app"], "anydesk");
    }
}
