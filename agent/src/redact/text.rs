//! This machine's secrets, and how they are taken out of words.
//!
//! Invariant: matching errs towards removal, case does not matter, and a secret is replaced wherever it stands as a word of
//! its own (between characters that no account name contains).

use std::path::Path;

use super::path;

const USER: &str = "(user)";
const ADDRESS: &str = "(address)";

/// Names shorter than this would take ordinary words apart; an account of two letters is not found in free text.
const SHORTEST_NAME: usize = 3;

/// An account database larger than this belongs to a directory service, whose people do not work on this laptop.
const MAX_NAMES: usize = 4096;

/// The first ordinary account on Linux (login.defs UID_MIN); below are services, whose names are public.
const FIRST_PERSON: u32 = 1000;
const NOBODY: u32 = 65534;

/// What must not leave.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Secrets {
    /// Lower case.
    names: Vec<String>,
    homes: Vec<String>,
}

impl Secrets {
    /// Account names (and their parts) and home directories.
    pub fn new(
        names: impl IntoIterator<Item = String>,
        homes: impl IntoIterator<Item = String>,
    ) -> Self {
        let mut names: Vec<String> = names
            .into_iter()
            .map(|name| name.trim().to_lowercase())
            .filter(|name| name.len() >= SHORTEST_NAME)
            .take(MAX_NAMES)
            .collect();
        // Longer first, so that "anna.berg" goes before "anna".
        names.sort_by_key(|name| std::cmp::Reverse(name.len()));
        names.dedup();
        let mut homes: Vec<String> = homes
            .into_iter()
            .filter(|home| home.len() > 1)
            .take(MAX_NAMES)
            .collect();
        homes.sort_by_key(|home| std::cmp::Reverse(home.len()));
        homes.dedup();
        Self { names, homes }
    }

    /// From the account database and the homes that the system knows.
    pub fn of_machine(root: &Path) -> Self {
        let (mut names, mut homes) = (Vec::new(), Vec::new());
        let passwd = std::fs::read_to_string(root.join("etc/passwd")).unwrap_or_default();
        for line in passwd.lines().take(MAX_NAMES) {
            let fields: Vec<&str> = line.split(':').collect();
            let (Some(name), Some(uid), Some(home)) =
                (fields.first(), fields.get(2), fields.get(5))
            else {
                continue;
            };
            let Ok(uid) = uid.parse::<u32>() else {
                continue;
            };
            if uid >= FIRST_PERSON && uid != NOBODY {
                names.push((*name).to_owned());
                homes.push((*home).to_owned());
                // The full name, and its words.
                let full = fields
                    .get(4)
                    .and_then(|gecos| gecos.split(',').next())
                    .unwrap_or_default();
                names.extend(full.split_whitespace().map(str::to_owned));
            }
        }
        for home in weft_agent_sys::apps::homes(root) {
            names.extend(
                home.path
                    .file_name()
                    .and_then(|name| name.to_str())
                    .map(str::to_owned),
            );
            homes.push(home.path.to_string_lossy().into_owned());
        }
        // Named like a system's own folder, root's home is no secret, and "root" is a class.
        names.retain(|name| name != "root");
        Self::new(names, homes)
    }

    pub(super) fn homes(&self) -> &[String] {
        &self.homes
    }

    /// Replaces every secret that stands as a word.
    pub(super) fn replace_in(&self, text: &str) -> String {
        let mut kept = text.to_owned();
        for name in &self.names {
            kept = replace_word(&kept, name);
        }
        kept
    }
}

/// Free text: paths are cut, addresses and secrets replaced.
pub(super) fn scrub(text: &str, secrets: &Secrets, depth: u32) -> String {
    secrets.replace_in(&scrub_paths(text, secrets, depth))
}

/// Paths are cut, addresses replaced.
///
/// A personal path may hold blanks ("My Taxes 2025.pdf"), so everything from its beginning to the next quote, bracket, comma or
/// line end goes with it. What is lost that way is words of a sentence; what could be kept is somebody's file name.
pub(super) fn scrub_paths(text: &str, secrets: &Secrets, depth: u32) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut rest = text;
    while !rest.is_empty() {
        let end = rest.find(is_boundary).unwrap_or(rest.len());
        let (word, after) = rest.split_at(end);
        let Some(start) = path_start(word, &secrets.homes) else {
            kept.push_str(if is_address(word) { ADDRESS } else { word });
            let separator = after.chars().next().map_or(0, char::len_utf8);
            kept.push_str(&after[..separator]);
            rest = &after[separator..];
            continue;
        };
        let path_and_more = &rest[start..];
        let cut = path::cut(&word[start..], &secrets.homes, depth);
        kept.push_str(&word[..start]);
        kept.push_str(&cut);
        let is_public = cut == word[start..];
        let end = if is_public {
            word.len() - start
        } else {
            path_and_more
                .find(is_terminator)
                .unwrap_or(path_and_more.len())
        };
        rest = &path_and_more[end..];
    }
    kept
}

/// Ends a word.
fn is_boundary(c: char) -> bool {
    c.is_whitespace() || c == '=' || is_terminator(c)
}

/// Ends a path that may hold blanks.
fn is_terminator(c: char) -> bool {
    matches!(c, '"' | '\'' | '(' | ')' | ',' | ';' | '\n' | '\r')
}

/// Where a path begins in a word: behind a scheme or an option, perhaps.
fn path_start(word: &str, homes: &[String]) -> Option<usize> {
    let rooted = word
        .find(['/', '~'])
        .filter(|at| *at == 0 || is_path_like(word, *at, homes));
    let drive = word
        .find(":\\")
        .and_then(|at| at.checked_sub(1))
        .filter(|at| word.is_char_boundary(*at));
    rooted
        .into_iter()
        .chain(drive)
        .chain(word.find("\\\\"))
        .min()
}

/// A slash inside a word ("and/or", "dpkg:a/b") is a path only where it leads to a home or follows a colon or an equals sign.
fn is_path_like(word: &str, at: usize, homes: &[String]) -> bool {
    mentions_home(&word[at..], homes) || word[..at].ends_with([':', '=', '[', '<', '>', '|', '&'])
}

fn mentions_home(text: &str, homes: &[String]) -> bool {
    let lower = text.to_lowercase();
    let known = ["/home/", "/users/", "\\users\\", "/root/", "/var/root"];
    known.iter().any(|root| lower.contains(root))
        || homes
            .iter()
            .any(|home| lower.contains(&home.to_lowercase()))
}

/// local@domain.tld; a package "manager:name@1.2" has a colon before the at sign.
fn is_address(word: &str) -> bool {
    let Some((local, domain)) = word.split_once('@') else {
        return false;
    };
    let dotted = domain
        .split_once('.')
        .is_some_and(|(host, tld)| !host.is_empty() && tld.chars().any(char::is_alphabetic));
    !local.is_empty() && !local.contains(':') && dotted
}

fn replace_word(text: &str, name: &str) -> String {
    // ASCII lower-casing keeps byte positions; names with other letters are compared through it as they are.
    let lower = text.to_ascii_lowercase();
    let mut kept = String::with_capacity(text.len());
    let mut from = 0;
    while let Some(found) = lower.get(from..).and_then(|rest| rest.find(name)) {
        let (start, end) = (from + found, from + found + name.len());
        let before = text.get(..start).and_then(|head| head.chars().next_back());
        let after = text.get(end..).and_then(|tail| tail.chars().next());
        let is_word =
            !before.is_some_and(char::is_alphanumeric) && !after.is_some_and(char::is_alphanumeric);
        kept.push_str(text.get(from..start).unwrap_or_default());
        kept.push_str(if is_word {
            USER
        } else {
            text.get(start..end).unwrap_or_default()
        });
        from = end;
    }
    kept.push_str(text.get(from..).unwrap_or_default());
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expect: &str) {
        let secrets = Secrets::new(
            ["anna".into(), "Anna.Berg".into()],
            ["/srv/homes/anna".into()],
        );
        assert_eq!(scrub(text, &secrets, 0), expect);
    }

    #[test]
    fn secrets_leave_no_trace_in_text() {
        check("shutdown by Anna", "shutdown by (user)");
        check("ask anna.berg@example.org now", "ask (address) now");
        check("file /home/anna/taxes.pdf, gone", "file ~, gone");
        check("file '/home/anna/My Taxes.pdf' gone", "file '~' gone");
        check("wrote file:///home/anna/x", "wrote file:/");
        check("either/or stays", "either/or stays");
        check("--config=/srv/homes/anna/x", "--config=~");
        check("savannah stays", "savannah stays");
        check("package dpkg:dropbox@1.2.3", "package dpkg:dropbox@1.2.3");
        check(
            "systemd-shutdown wrote /usr/lib/x",
            "systemd-shutdown wrote /usr/lib/x",
        );
        check(r"C:\Users\Anna Berg\x.exe ran", "~");
    }
}
