//! What a wrapper runs: the script, jar, bundle or sandboxed app behind `python3`, `electron`, `java`, `flatpak`.
//!
//! Invariant: only the program a wrapper is told to run is looked at; its other arguments are the person's business.
//! Not here: the wrapper's own name (`process`).

/// Tokens looked at: the program stands among the first, and the rest may be long.
const MAX_TOKENS: usize = 24;

/// What the command line names as its program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Target {
    /// A path or name of a script or program.
    Program(String),
    Flatpak(String),
    Snap(String),
}

/// Whether a process of this name runs other people's programs. The name is in its system's normal form.
pub(super) fn is_wrapper(name: &str) -> bool {
    const WORDS: [&str; 33] = [
        "electron",
        "java",
        "javaw",
        "node",
        "nodejs",
        "mono",
        "mono-sgen",
        "dotnet",
        "bwrap",
        "flatpak",
        "snap",
        "sh",
        "bash",
        "dash",
        "zsh",
        "perl",
        "ruby",
        "wine",
        "wine64",
        "wine-preloader",
        "wine64-preloader",
        "env",
        "apprun",
        "nw",
        "gjs",
        "php",
        "sudo",
        "nohup",
        "setsid",
        "main",
        "npm",
        "deno",
        "bun",
    ];
    let lower = name.to_lowercase();
    let stem = lower.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.');
    WORDS.contains(&lower.as_str())
        || [
            "python",
            "pythonw",
            "electron",
            "perl",
            "ruby",
            "ld-linux-x86-64.so",
        ]
        .contains(&stem)
}

/// The program in `line`, whose first word is the wrapper itself.
pub(super) fn target(line: &str) -> Option<Target> {
    let tokens = tokens(line);
    let mut rest = tokens.as_slice();
    // A wrapper may run a wrapper: `sudo env X=1 python3 tool`.
    for _ in 0..4 {
        let (first, after) = rest.split_first()?;
        let name = base(first).to_lowercase();
        let name = name.strip_suffix(".exe").unwrap_or(&name);
        match name {
            "flatpak" => return after_run(after).map(Target::Flatpak),
            "snap" => return after_run(after).map(Target::Snap),
            _ if !is_wrapper(name) => return Some(Target::Program(first.clone())),
            _ => rest = skip_options(name, after),
        }
    }
    None
}

/// The Windows program on a command line of Wine, which writes its path without quotes.
pub(super) fn behind_wine(line: &str) -> Option<Target> {
    let (before, _) = line.split_once(":\\")?;
    let path = line.get(before.len().checked_sub(1)?..)?;
    let end = path.to_ascii_lowercase().find(".exe")? + ".exe".len();
    path.get(..end).map(|path| Target::Program(path.to_owned()))
}

/// The name the process was started under, without regard to what it is.
pub(super) fn first_word(line: &str) -> Option<String> {
    tokens(line).into_iter().next()
}

fn after_run(tokens: &[String]) -> Option<String> {
    let run = tokens.iter().position(|token| token == "run")?;
    tokens
        .get(run + 1..)?
        .iter()
        .find(|token| !token.starts_with('-'))
        .cloned()
}

fn skip_options<'t>(wrapper: &str, tokens: &'t [String]) -> &'t [String] {
    let mut rest = tokens;
    while let Some((first, after)) = rest.split_first() {
        let takes_value = matches!(
            first.as_str(),
            "-cp" | "-classpath" | "--class-path" | "-u" | "-W" | "-X"
        );
        if first == "-jar" || first == "-m" || first == "--" {
            return after;
        }
        let takes_value = takes_value && !(wrapper.starts_with("python") && first == "-u");
        if takes_value {
            rest = after.get(1..).unwrap_or_default();
        } else if first.starts_with('-') || (wrapper == "env" && first.contains('=')) {
            rest = after;
        } else {
            return rest;
        }
    }
    rest
}

fn base(text: &str) -> &str {
    text.rsplit(['/', '\\']).next().unwrap_or(text)
}

/// Words of a command line; double and single quotes keep spaces together.
fn tokens(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut quote = None;
    for c in line.chars() {
        match (quote, c) {
            (None, '"' | '\'') => quote = Some(c),
            (Some(open), c) if c == open => quote = None,
            (None, c) if c.is_whitespace() || c == '\0' => {
                if !word.is_empty() {
                    words.push(std::mem::take(&mut word));
                    if words.len() == MAX_TOKENS {
                        return words;
                    }
                }
            }
            (_, c) => word.push(c),
        }
    }
    if !word.is_empty() {
        words.push(word);
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_program_is_found_behind_the_wrapper() {
        let program = |text: &str| Some(Target::Program(text.to_owned()));
        assert_eq!(
            target("/usr/bin/python3 -u /usr/bin/maestral gui"),
            program("/usr/bin/maestral")
        );
        assert_eq!(target("python3 -m maestral start"), program("maestral"));
        assert_eq!(
            target("java -Xmx1g -cp a.jar:b.jar -jar /opt/biglybt/BiglyBT.jar"),
            program("/opt/biglybt/BiglyBT.jar")
        );
        assert_eq!(
            target("flatpak run --branch=stable com.slack.Slack"),
            Some(Target::Flatpak("com.slack.Slack".to_owned()))
        );
        assert_eq!(
            target("snap run slack"),
            Some(Target::Snap("slack".to_owned()))
        );
        assert_eq!(
            target("env A=1 electron28 /usr/lib/element/app.asar"),
            program("/usr/lib/element/app.asar")
        );
        assert_eq!(
            target(r#""C:\Program Files\Java\javaw.exe" -jar "C:\x y\z.jar""#),
            program(r"C:\x y\z.jar")
        );
        assert_eq!(target("vim /usr/bin/maestral"), program("vim"));
        assert_eq!(target("python3"), None);
        assert_eq!(
            behind_wine(r"/opt/wine/bin/wine C:\Program Files\x\Chat.exe /start"),
            program(r"C:\Program Files\x\Chat.exe")
        );
        assert_eq!(behind_wine(r":\x.exe"), None);
    }
}
