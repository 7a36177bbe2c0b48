//! The *shape* of a command line: marks and a form, never its words.
//!
//! **Invariant: nothing that a person typed leaves.** What comes out is a few fixed words ([`Shape::marks`]) and a number
//! of the form ([`Shape::form`]): the same switches with other names, paths and numbers have the same number. Whether a
//! form is rare is for [`super::daily`] to say.

use super::{
    identity::normalised_path,
    roles::{Role, role},
};

/// Beyond, a line is longer than people type or installers write.
const LONG: usize = 1_000;
/// A run of that many letters of the base64 alphabet, mixed as random bytes are, is data and no word.
const BLOB: usize = 60;
/// A form looks at that many words; the rest only lengthens it.
const WORDS: usize = 24;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shape {
    pub marks: Vec<&'static str>,
    /// Eight hex digits of the form; empty without arguments.
    pub form: String,
}

/// `line` begins with the program itself, as systems record it.
pub fn shape(name: &str, line: &str) -> Shape {
    let words = words(line);
    let arguments = words.get(1..).unwrap_or(&[]);
    let rest = arguments.join(" ");
    let kind = role(&super::normalised_name(name));
    let mut marks = Vec::new();
    if arguments.is_empty() {
        // A loader has nothing to load: others use it as a shell for their own code.
        if kind == Role::Loader && !line.trim().is_empty() {
            marks.push("arguments_none");
        }
        return Shape {
            marks,
            form: String::new(),
        };
    }
    if rest.len() > LONG {
        marks.push("arguments_long");
    }
    if arguments.iter().any(|word| is_blob(word)) {
        marks.push("arguments_encoded");
    }
    if has_address(&rest) {
        marks.push("arguments_address");
    }
    if is_obscured(&rest) {
        marks.push("arguments_obscured");
    }
    if kind.is_tool()
        && let Some(place) = code_place(arguments)
    {
        marks.push(place);
    }
    if rest.contains("&&")
        || rest.contains(" & ")
        || rest.contains(" | ")
        || rest.contains(" > ")
        || rest.contains(">>")
    {
        marks.push("arguments_chained");
    }
    Shape {
        marks,
        form: form(arguments),
    }
}

/// Splits at spaces outside of double quotes.
fn words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut quoted = false;
    for c in line.trim().chars() {
        match c {
            '"' => quoted = !quoted,
            c if c.is_whitespace() && !quoted => {
                if !word.is_empty() {
                    words.push(std::mem::take(&mut word));
                }
            }
            c => word.push(c),
        }
    }
    if !word.is_empty() {
        words.push(word);
    }
    words
}

/// A long run of base64 letters that mixes cases and digits, or a long run of hex.
fn is_blob(word: &str) -> bool {
    word.split(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '=')))
        .filter(|run| run.len() >= BLOB)
        .any(|run| {
            let count = |test: fn(&char) -> bool| run.chars().filter(test).count() * 20 / run.len();
            let (upper, lower, digit) = (
                count(char::is_ascii_uppercase),
                count(char::is_ascii_lowercase),
                count(char::is_ascii_digit),
            );
            let slashes = run.matches('/').count() * 20 / run.len();
            // UTF-16 in base64 is mostly capitals; hex is mostly digits.
            slashes < 2
                && ((upper >= 2 && lower + digit >= 2) || (digit >= 4 && upper + lower >= 3))
        })
}

/// An address of the network: a URL, a share of another machine, a bare IPv4 address.
fn has_address(rest: &str) -> bool {
    let lower = rest.to_lowercase();
    lower.contains("http://")
        || lower.contains("https://")
        || lower.contains("ftp://")
        || lower.contains("\\\\")
            && lower.split_whitespace().any(|word| {
                word.trim_start_matches(|c: char| !c.is_alphanumeric() && c != '\\')
                    .strip_prefix("\\\\")
                    .is_some_and(|host| host.starts_with(|c: char| c.is_ascii_alphanumeric()))
            })
}

/// Marks between letters where no language needs them: c^m^d, 'a'+'b', `n, %x:~3,1%.
fn is_obscured(rest: &str) -> bool {
    let letters = rest.chars().filter(|c| c.is_alphanumeric()).count().max(1);
    let odd = rest
        .chars()
        .filter(|c| {
            matches!(
                c,
                '^' | '`' | '\'' | '+' | '{' | '}' | '%' | '~' | '$' | '[' | ']'
            )
        })
        .count();
    let carets = rest.matches('^').count();
    carets >= 4 || (odd >= 12 && odd * 5 >= letters)
}

/// Where the code lies that an interpreter is told to run, when that is a place where anybody writes.
fn code_place(arguments: &[String]) -> Option<&'static str> {
    const CODE: [&str; 22] = [
        ".ps1", ".psm1", ".vbs", ".vbe", ".js", ".jse", ".wsf", ".wsh", ".hta", ".bat", ".cmd",
        ".dll", ".ocx", ".cpl", ".sct", ".xsl", ".inf", ".msi", ".exe", ".py", ".sh", ".xml",
    ];
    let mut found = None;
    for word in arguments {
        let lower = word.to_lowercase().replace('\\', "/");
        let named = CODE.iter().any(|end| lower.contains(end))
            || lower.contains("/tmp/")
            || lower.contains("/dev/shm/");
        if !named {
            continue;
        }
        if lower.contains("/temp/")
            || lower.contains("%temp%")
            || lower.contains("/tmp/")
            || lower.contains("/dev/shm/")
        {
            return Some("code_in_temp");
        }
        if super::place::is_open(&lower) || super::place::open_inside(&lower) {
            found = Some("code_in_open");
        } else if lower.contains("/users/")
            || lower.contains("%appdata%")
            || lower.contains("/home/")
            || lower.starts_with("~/")
        {
            found = found.or(Some("code_in_home"));
        }
    }
    found
}

/// The form: switches as they are, everything else by its class.
fn form(arguments: &[String]) -> String {
    let mut text = String::new();
    for word in arguments.iter().take(WORDS) {
        let lower = word.to_lowercase();
        let class = if is_blob(word) {
            "{data}".to_owned()
        } else if lower.contains("://") {
            "{address}".to_owned()
        } else if lower.starts_with(['-', '/'])
            && lower.len() <= 40
            && !lower[1..].contains(['/', '\\'])
        {
            let head = lower.split([':', '=', ',']).next().unwrap_or(&lower);
            normalised_path(head)
        } else if lower.contains(['/', '\\']) {
            let path = normalised_path(&lower);
            // The folder tells; the file's name is a person's own.
            let (folder, file) = path.rsplit_once('/').unwrap_or(("", &path));
            let extension = file.rsplit_once('.').map_or("", |(_, extension)| extension);
            format!(
                "{}/*.{extension}",
                folder.split('/').take(4).collect::<Vec<_>>().join("/")
            )
        } else if lower.len() <= 24
            && lower
                .chars()
                .all(|c| c.is_ascii_alphabetic() || matches!(c, '.' | '_' | '-'))
        {
            // The verbs of tools ("query", "start"): short words without digits.
            lower
        } else {
            "{word}".to_owned()
        };
        text.push_str(&class);
        text.push(' ');
    }
    super::daily::number(&[&text])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_speak_of_shape_only() {
        let check = |name: &str, line: &str, expect: &[&str]| {
            assert_eq!(shape(name, line).marks, expect, "{line}");
        };
        check("rundll32.exe", "rundll32.exe", &["arguments_none"]);
        check("notepad.exe", "notepad.exe", &[]);
        check(
            "powershell.exe",
            &format!("powershell -enc {}", "SQBFAFgAIAAoAE4AZQB3AC0A".repeat(6)),
            &["arguments_encoded"],
        );
        check(
            "cmd.exe",
            "cmd /c p^o^w^e^r^s^h^e^l^l",
            &["arguments_obscured"],
        );
        check(
            "regsvr32.exe",
            r#"regsvr32 /s "C:\Users\Public\x.dll""#,
            &["code_in_open"],
        );
        check(
            "wscript.exe",
            r"wscript C:\Users\a\AppData\Local\Temp\a.js",
            &["code_in_temp"],
        );
        check("curl", "curl http://example.org/x", &["arguments_address"]);
        check("code.exe", r"code.exe C:\Users\a\src\a.js", &[]);
    }

    #[test]
    fn other_names_and_numbers_have_the_same_form() {
        let form = |line: &str| shape("x.exe", line).form;
        assert_eq!(
            form(r"x -k netsvcs C:\Users\anna\a.txt"),
            form(r"x -k netsvcs C:\Users\ben\b.txt")
        );
        assert_eq!(
            form("chrome --type=renderer --id=17"),
            form("chrome --type=gpu --id=99")
        );
        assert_ne!(form("net user"), form("net view"));
        assert_eq!(form("x"), "");
    }

    #[test]
    fn no_line_breaks_it() {
        for line in [
            "",
            " ",
            "\"",
            "\"\"\"",
            "ä ö 'ü",
            "x /",
            "x -",
            "x \u{0}\u{fffd}",
            "/é/ö",
        ] {
            let _ = shape("", line);
        }
    }
}
