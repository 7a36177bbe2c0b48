//! What a file is that could not be read as the format that was named: an error that says what to do.

use super::Format;

/// In words, for a file of which not one line could be read.
pub fn hint(asked: Format, sample: &[String]) -> String {
    let asked_word = word(asked);
    let advice = match looks_like(sample) {
        Some(Looks::Format(format)) if format != asked => {
            format!("it looks like {0}: try --format {0}", word(format))
        }
        Some(Looks::Format(_)) => "the lines look like that format, but what is said of each above is missing".to_owned(),
        Some(Looks::Pretty) => "it looks like JSON spread over several lines: write one object per line (jq -c . FILE, or jq -c '.[]' FILE for an array)".to_owned(),
        Some(Looks::Evtx) => "it looks like a binary event log (.evtx): convert it to JSON lines first".to_owned(),
        Some(Looks::Table) => "it looks like a table (CSV): JSON lines are needed".to_owned(),
        None => "weft, sysmon and osquery are known; docs/replay.md shows a line of each".to_owned(),
    };
    format!("not one line could be read as {asked_word}; {advice}")
}

#[derive(Debug, PartialEq, Eq)]
enum Looks {
    Format(Format),
    Pretty,
    Evtx,
    Table,
}

fn looks_like(sample: &[String]) -> Option<Looks> {
    let has = |words: &[&str]| {
        sample
            .iter()
            .any(|line| words.iter().all(|word| line.contains(word)))
    };
    let first = sample.first().map_or("", |line| line.trim());
    if first.starts_with("ElfFile") {
        Some(Looks::Evtx)
    } else if has(&["hostIdentifier"]) {
        Some(Looks::Format(Format::Osquery))
    } else if has(&["\"device\"", "\"at\""]) {
        Some(Looks::Format(Format::Weft))
    } else if matches!(first, "{" | "[") || first == "[{" {
        Some(Looks::Pretty)
    } else if has(&["UtcTime"]) || has(&["EventID"]) || has(&["winlog"]) || has(&["<Event"]) {
        Some(Looks::Format(Format::Sysmon))
    } else if !first.starts_with(['{', '[', '<']) && first.matches([',', ';', '\t']).count() >= 3 {
        Some(Looks::Table)
    } else {
        None
    }
}

fn word(format: Format) -> &'static str {
    match format {
        Format::Weft => "weft",
        Format::Sysmon => "sysmon",
        Format::Osquery => "osquery",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_right_format_is_named() {
        let check = |line: &str, expect: &str| {
            let told = hint(Format::Weft, &[line.to_owned()]);
            assert!(told.contains(expect), "{told}");
        };
        check(r#"{"EventID":1,"UtcTime":"x"}"#, "--format sysmon");
        check(r#"{"hostIdentifier":"h"}"#, "--format osquery");
        check("[", "jq");
        check("a,b,c,d", "CSV");
        check("hello", "docs/replay.md");
    }
}
