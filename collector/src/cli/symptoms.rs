//! `symptoms`: what texts complain of; one text per line in, one JSON object per line out.

use std::io::{BufRead, Write};

use anyhow::{Context as _, Result};
use weft_collector_core::symptoms;

/// Longest line: a post of the forum is at most 64 kB, and its escapes may triple it.
const MAX_LINE: usize = 256 * 1024;

/// Line for line: a text that is too long is cut, an empty one gets an answer too.
pub fn run(mut texts: impl BufRead, mut answers: impl Write) -> Result<()> {
    let mut line = Vec::new();
    while read_line(&mut texts, &mut line).context("cannot read standard input")? {
        let text = String::from_utf8_lossy(&line);
        serde_json::to_writer(&mut answers, &symptoms::read(text.trim_end()))?;
        writeln!(answers)?;
    }
    Ok(answers.flush()?)
}

/// The next line without its end, at most [`MAX_LINE`] bytes of it; false at the end of input.
fn read_line(from: &mut impl BufRead, line: &mut Vec<u8>) -> std::io::Result<bool> {
    line.clear();
    let mut any = false;
    loop {
        let chunk = from.fill_buf()?;
        if chunk.is_empty() {
            return Ok(any);
        }
        any = true;
        let end = chunk.iter().position(|byte| *byte == b'\n');
        let part = &chunk[..end.unwrap_or(chunk.len())];
        let room = MAX_LINE - line.len();
        line.extend_from_slice(&part[..part.len().min(room)]);
        let used = part.len() + usize::from(end.is_some());
        from.consume(used);
        if end.is_some() {
            return Ok(true);
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn every_line_gets_one_answer() {
        let long = "x".repeat(MAX_LINE * 2);
        let texts = format!("my laptop restarts by itself\n\n{long}\n\u{fffd}\nlast without end");
        let mut answers = Vec::new();
        run(texts.as_bytes(), &mut answers).unwrap();
        let answers: Vec<serde_json::Value> = String::from_utf8(answers)
            .unwrap()
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        assert_eq!(answers.len(), 5);
        assert_eq!(answers[0]["symptoms"][0]["name"], "unexpected_restart");
    }
}
