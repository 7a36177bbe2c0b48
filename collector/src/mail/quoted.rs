//! What somebody wrote, out of a mail that also carries what they answer and who they are.
//!
//! **Invariant: when in doubt, words stay**: only what is recognised as a quote's head, a quote below or above the answer, or a
//! signature is taken away. Answers between the lines keep the lines that they answer. Pure, and linear in the text but for a
//! window of [`WINDOW`] lines.

/// Lines that one attribution may be broken into ("On Monday, ...\n<ada@...>\nwrote:").
const WINDOW: usize = 4;
/// A signature is short; below "-- " there may also be a second half of the mail.
const SIGNATURE: usize = 15;
/// Letters of what a phone puts below, with a link; a sentence of a person is longer.
const MAX_PHONE: usize = 90;
/// Heads of an Outlook block needed to believe in one.
const HEADS: usize = 2;

/// How attributions begin and end in the languages that mail programs speak: English, German, French, Spanish, Italian,
/// Dutch, Portuguese.
const ATTRIBUTIONS: [(&[&str], &[&str]); 7] = [
    (&["on "], &["wrote", "writes"]),
    (&["am ", "um "], &["schrieb", "geschrieben"]),
    (&["le "], &["a écrit", "a ecrit"]),
    (&["el "], &["escribió", "escribio"]),
    (&["il ", "in data "], &["ha scritto"]),
    (&["op "], &["schreef"]),
    (&["em ", "a "], &["escreveu"]),
];

/// Attributions that begin with the writer ("Ada <ada@...> schrieb am 1. Mai:"), known by how they go on.
const BY_WRITER: [&str; 8] = [
    " schrieb am ",
    " wrote on ",
    " a écrit le ",
    " escribió el ",
    " ha scritto il ",
    " schreef op ",
    " escreveu em ",
    " wrote:",
];

/// "-----Original Message-----" in the same languages.
const ORIGINAL: [&str; 11] = [
    "original message",
    "ursprüngliche nachricht",
    "originalnachricht",
    "message d'origine",
    "message original",
    "mensaje original",
    "messaggio originale",
    "oorspronkelijk bericht",
    "mensagem original",
    "reply message",
    "original appointment",
];

/// The heads of an Outlook block: who, when, to whom, what.
const FROM: [&str; 7] = ["from:", "von:", "de:", "da:", "van:", "de :", "from :"];
const OTHER_HEADS: [&str; 26] = [
    "sent:",
    "date:",
    "to:",
    "cc:",
    "subject:",
    "gesendet:",
    "datum:",
    "an:",
    "betreff:",
    "envoyé:",
    "envoyé :",
    "à:",
    "à :",
    "objet:",
    "objet :",
    "enviado:",
    "enviado el:",
    "para:",
    "asunto:",
    "inviato:",
    "a:",
    "oggetto:",
    "verzonden:",
    "aan:",
    "onderwerp:",
    "assunto:",
];

/// What phones put below every mail.
const PHONES: [&str; 22] = [
    "sent from my ",
    "sent from outlook",
    "sent from mail for",
    "sent from yahoo mail",
    "sent from proton mail",
    "sent with proton mail",
    "sent via ",
    "get outlook for ",
    "von meinem ",
    "gesendet von ",
    "gesendet mit ",
    "diese nachricht wurde von meinem ",
    "outlook für ",
    "envoyé de mon ",
    "envoyé depuis ",
    "télécharger outlook pour ",
    "enviado desde ",
    "enviado do meu ",
    "enviado de mi ",
    "obtener outlook para ",
    "inviato da ",
    "verstuurd vanaf ",
];

/// The words that the sender wrote, as Markdown. Empty when there are none.
pub fn own_words(text: &str) -> String {
    let text = text.replace("\r\n", "\n").replace('\u{a0}', " ");
    let lines: Vec<&str> = text.lines().collect();
    let lines = &lines[..end_of_own(&lines)];
    let lines = without_attributions(lines);
    let lines = without_outer_quotes(lines);
    let lines = without_signature(lines);
    without_phone(lines)
        .join("\n")
        .trim_matches('\n')
        .trim_end()
        .to_owned()
}

/// Where everything below is somebody else's: an original message, an Outlook block, or an attribution whose quote carries no
/// marks.
fn end_of_own(lines: &[&str]) -> usize {
    (0..lines.len())
        .find(|at| {
            is_original(lines[*at])
                || is_outlook_block(lines, *at)
                || attribution(lines, *at)
                    .is_some_and(|length| heads_unmarked_quote(lines, *at, length))
        })
        .unwrap_or(lines.len())
}

/// An attribution without `>` lines below it: the program quoted in its own way. Programs name an address or a time of day;
/// a person who writes "On 3 May I wrote:" does neither.
fn heads_unmarked_quote(lines: &[&str], at: usize, length: usize) -> bool {
    let end = (at + length).min(lines.len());
    let head = lines[at..end].join(" ");
    let sure = head.contains('@') || names_time(&head);
    sure && !lines[end..].iter().any(|line| is_quoted(line))
}

/// "10:00" somewhere.
fn names_time(text: &str) -> bool {
    let is_time = |w: &[u8]| {
        let digit = |at: usize| w[at].is_ascii_digit();
        digit(0) && w[1] == b':' && digit(2) && digit(3)
    };
    text.as_bytes().windows(4).any(is_time)
}

fn is_original(line: &str) -> bool {
    let bare = bare(line);
    let words = bare.trim_matches(['-', '_', ' ', '—', '–']);
    let dashed = bare.starts_with("--") || bare.starts_with("__") || bare.starts_with("——");
    dashed && ORIGINAL.contains(&words.to_lowercase().replace('’', "'").as_str())
}

/// "From: ..." with at least one more head right below; a rule above it goes with it.
fn is_outlook_block(lines: &[&str], at: usize) -> bool {
    let rule = is_rule(lines[at]);
    let mut heads = lines[at + usize::from(rule)..]
        .iter()
        .map(|line| bare(line).to_lowercase())
        .filter(|line| !line.is_empty())
        .take(2 * HEADS);
    let Some(first) = heads.next() else {
        return false;
    };
    let begins = |line: &str, words: &[&str]| words.iter().any(|word| line.starts_with(word));
    begins(&first, &FROM) && heads.filter(|line| begins(line, &OTHER_HEADS)).count() + 1 >= HEADS
}

fn is_rule(line: &str) -> bool {
    let bare = line.trim();
    bare.len() >= 5
        && (bare.bytes().all(|byte| byte == b'_') || bare.bytes().all(|byte| byte == b'-'))
}

/// Without the emphasis that HTML mails give their heads.
fn bare(line: &str) -> String {
    line.trim().replace(['*', '\\'], "")
}

fn is_quoted(line: &str) -> bool {
    line.trim_start().starts_with('>')
}

/// How many lines the attribution that begins here takes.
fn attribution(lines: &[&str], at: usize) -> Option<usize> {
    if is_quoted(lines[at]) || lines[at].trim().is_empty() {
        return None;
    }
    let mut whole = String::new();
    for (more, line) in lines[at..].iter().take(WINDOW).enumerate() {
        if line.trim().is_empty() || is_quoted(line) {
            return None;
        }
        whole.push_str(&bare(line).to_lowercase());
        whole.push(' ');
        if is_attribution(whole.trim()) {
            return Some(more + 1);
        }
    }
    None
}

fn is_attribution(line: &str) -> bool {
    // Words of a person end in a colon too; the head of a quote names a day or an address.
    let tells = line.bytes().any(|byte| byte.is_ascii_digit()) || line.contains('@');
    if !line.ends_with(':') || !tells {
        return false;
    }
    let by_language = ATTRIBUTIONS.iter().any(|(begins, ends)| {
        begins.iter().any(|begin| line.starts_with(begin))
            && ends.iter().any(|end| line.contains(end))
    });
    by_language || (line.contains('@') && BY_WRITER.iter().any(|words| line.contains(words)))
}

/// Attributions right above a marked quote.
fn without_attributions<'a>(lines: &[&'a str]) -> Vec<&'a str> {
    let mut kept = Vec::with_capacity(lines.len());
    let mut at = 0;
    while at < lines.len() {
        let length = attribution(lines, at).filter(|length| {
            let below = lines[at + length..].iter();
            below
                .clone()
                .find(|line| !line.trim().is_empty())
                .is_some_and(|line| is_quoted(line))
        });
        match length {
            Some(length) => at += length,
            None => {
                kept.push(lines[at]);
                at += 1;
            }
        }
    }
    kept
}

/// Runs of lines of one sort; blank lines belong to the run above them.
fn runs<'a>(lines: &[&'a str]) -> Vec<(bool, Vec<&'a str>)> {
    let mut runs: Vec<(bool, Vec<&str>)> = vec![];
    for line in lines {
        let quoted = is_quoted(line);
        match runs.last_mut() {
            Some((known, run)) if *known == quoted || line.trim().is_empty() => run.push(line),
            None if line.trim().is_empty() => {}
            _ => runs.push((quoted, vec![line])),
        }
    }
    runs
}

/// Without the quote below the answer, and without one whole quote above it. Several quotes with answers between them are a
/// talk, and stay.
fn without_outer_quotes(lines: Vec<&str>) -> Vec<&str> {
    let mut runs = runs(&lines);
    while runs.last().is_some_and(|(quoted, _)| *quoted) {
        runs.pop();
    }
    let quotes = runs.iter().filter(|(quoted, _)| *quoted).count();
    if quotes == 1 && runs.first().is_some_and(|(quoted, _)| *quoted) {
        runs.remove(0);
    }
    runs.into_iter().flat_map(|(_, run)| run).collect()
}

fn without_signature(mut lines: Vec<&str>) -> Vec<&str> {
    let mark = lines
        .iter()
        .rposition(|line| matches!(*line, "-- " | "--" | "— " | "\\--" | "\\-- "));
    if let Some(mark) = mark
        && lines.len() - mark - 1 <= SIGNATURE
        && !lines[mark..].iter().any(|line| is_quoted(line))
    {
        lines.truncate(mark);
    }
    lines
}

/// What a phone put below, which is the last paragraph of one or two lines.
fn without_phone(mut lines: Vec<&str>) -> Vec<&str> {
    let blank = |line: &&str| line.trim().is_empty();
    while lines.last().is_some_and(blank) {
        lines.pop();
    }
    let start = lines.iter().rposition(blank).map_or(0, |at| at + 1);
    for from in [start, lines.len().saturating_sub(1)] {
        let last = bare(lines.get(from).copied().unwrap_or_default()).to_lowercase();
        // A link around the words, as HTML mails have it.
        let last = last.replace(['[', ']'], "");
        let last = last.trim_start_matches(['(', '<']);
        let short = lines.len() - from <= 2 && last.len() < MAX_PHONE;
        if short && PHONES.iter().any(|words| last.starts_with(words)) {
            lines.truncate(from);
            return lines;
        }
    }
    lines
}

#[cfg(test)]
mod tests;
