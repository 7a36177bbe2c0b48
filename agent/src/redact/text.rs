//! This machine's secrets, and how they are taken out of words.
//!
//! Invariant: matching errs towards removal, case does not matter, and a secret is replaced wherever it stands as a word of
//! its own (between characters that no account name contains).

use std::path::Path;

use super::path;

const USER: &str = "(user)";
const HOST: &str = "(host)";
const ADDRESS: &str = "(address)";

/// Names shorter than this would take ordinary words apart; an account of two letters is not found in free text.
const SHORTEST_NAME: usize = 3;

/// Names of this length are found inside other words as well: few words hold them by chance.
const UNMISTAKABLE_NAME: usize = 6;

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
    /// Lower case.
    hosts: Vec<String>,
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
        Self {
            names,
            homes,
            hosts: Vec::new(),
        }
    }

    /// With this machine's own names. Those that systems give to every machine are no secret.
    #[must_use]
    pub fn with_hosts(mut self, hosts: impl IntoIterator<Item = String>) -> Self {
        const GENERIC: [&str; 9] = [
            "localhost",
            "localhost.localdomain",
            "ubuntu",
            "debian",
            "fedora",
            "linux",
            "archlinux",
            "windows",
            "kernel",
        ];
        self.hosts = hosts
            .into_iter()
            .map(|name| name.trim().to_lowercase())
            .filter(|name| name.len() >= SHORTEST_NAME && !GENERIC.contains(&name.as_str()))
            .collect();
        self
    }

    /// From the account database and the homes that the system knows.
    pub fn of_machine(root: &Path) -> Self {
        let (mut names, mut homes) = (Vec::new(), Vec::new());
        let passwd = weft_agent_sys::account::database(root);
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
        let host = weft_agent_sys::host::name(root);
        let short = host.split('.').next().unwrap_or_default().to_owned();
        Self::new(names, homes).with_hosts([host, short])
    }

    pub(super) fn homes(&self) -> &[String] {
        &self.homes
    }

    /// Replaces every name that stands as a word.
    pub(super) fn replace_in(&self, text: &str) -> String {
        self.names.iter().fold(text.to_owned(), |kept, name| {
            replace(&kept, name, USER, stands_alone)
        })
    }

    /// Replaces every name, a long one inside a word too: for programs that a person named.
    pub(super) fn replace_inside(&self, text: &str) -> String {
        self.names.iter().fold(text.to_owned(), |kept, name| {
            let anywhere = name.chars().count() >= UNMISTAKABLE_NAME;
            replace(&kept, name, USER, |before, found, after| {
                anywhere || stands_alone(before, found, after)
            })
        })
    }

    /// Replaces this machine's names.
    pub(super) fn replace_host(&self, text: &str) -> String {
        self.hosts.iter().fold(text.to_owned(), |kept, name| {
            replace(&kept, name, HOST, stands_alone)
        })
    }
}

/// The domain of an account as systems write it: `a@domain`, `a%40domain`, `DOMAIN\a`, a URL. Empty where it is none, so that
/// the part before the at sign cannot stay.
pub(super) fn domain(account: &str) -> String {
    let lower = account.trim().to_lowercase().replace("%40", "@");
    let host = lower.split_once("://").map_or(&*lower, |(_, rest)| rest);
    let host = host.split(['/', '?', '#']).next().unwrap_or_default();
    let (behind, domain) = match host.rsplit_once('@') {
        Some((_, domain)) => (true, domain),
        None => (false, host),
    };
    let (windows, domain) = match domain.split_once('\\') {
        Some((domain, _)) => (true, domain),
        None => (behind, domain),
    };
    let domain = domain.split(':').next().unwrap_or_default();
    let proper = domain
        .chars()
        .all(|c| c.is_alphanumeric() || matches!(c, '.' | '-'));
    // A word without a dot is a domain only where the spelling says so: alone it is an account's name.
    if proper && (windows || domain.contains('.')) && domain.len() <= 253 {
        domain.to_owned()
    } else {
        String::new()
    }
}

/// Free text: paths are cut, addresses and secrets replaced.
pub(super) fn scrub(text: &str, secrets: &Secrets, depth: u32) -> String {
    secrets.replace_in(&scrub_paths(text, secrets, depth))
}

/// Paths are cut, addresses replaced.
///
/// A personal path may hold blanks, commas, brackets and quotes ("Anna's taxes (2025), final.pdf"), so everything from its
/// beginning goes with it: to the last bracket or quote that closes the one it stands in, else to the line's end. What is lost
/// that way is words of a sentence; what could be kept is somebody's file name.
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
        let opener = kept.chars().next_back();
        kept.push_str(&cut);
        let is_public = cut == word[start..];
        let end = if is_public {
            word.len() - start
        } else {
            end_of_personal(path_and_more, opener)
        };
        rest = &path_and_more[end..];
    }
    kept
}

/// Ends a word.
fn is_boundary(c: char) -> bool {
    c.is_whitespace() || matches!(c, '=' | '"' | '\'' | '(' | ')' | ',' | ';')
}

/// Where a personal path ends that begins behind `opener`.
fn end_of_personal(text: &str, opener: Option<char>) -> usize {
    let line = text.find(['\n', '\r']).unwrap_or(text.len());
    let closer = match opener {
        Some('"') => '"',
        Some('\'') => '\'',
        Some('(') => ')',
        Some('[') => ']',
        Some('<') => '>',
        _ => return line,
    };
    text[..line].rfind(closer).unwrap_or(line)
}

/// Where a path begins in a word: behind a scheme or an option, perhaps.
fn path_start(word: &str, homes: &[String]) -> Option<usize> {
    let rooted = word
        .find(['/', '~'])
        .filter(|at| *at == 0 || is_path_like(word, *at, homes));
    // Nothing but a path has a backslash; what stands before it may be a domain (`CORP\anna`).
    rooted
        .into_iter()
        .chain(drive_start(word))
        .chain(word.find('\\'))
        .min()
}

/// Where `C:\` or `C:/` begins; in `https://` more than one letter stands before the colon.
fn drive_start(word: &str) -> Option<usize> {
    let bytes = word.as_bytes();
    bytes.windows(3).enumerate().find_map(|(at, three)| {
        let drive = matches!(three, [letter, b':', b'\\' | b'/'] if letter.is_ascii_alphabetic());
        let alone = at == 0 || !bytes[at - 1].is_ascii_alphanumeric();
        (drive && alone && word.is_char_boundary(at)).then_some(at)
    })
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

/// local@domain.tld, user:password@host; in a package "manager:name@1.2" a version follows the at sign.
fn is_address(word: &str) -> bool {
    let Some((local, domain)) = word.split_once('@') else {
        return false;
    };
    let dotted = domain
        .split_once('.')
        .is_some_and(|(host, tld)| !host.is_empty() && tld.chars().any(char::is_alphabetic));
    let package = local.contains(':') && domain.starts_with(|c: char| c.is_ascii_digit());
    !local.is_empty() && dotted && !package
}

/// Replaces `name` (lower case) in `text` where `accept` agrees with what stands before and after.
fn replace(
    text: &str,
    name: &str,
    with: &str,
    accept: impl Fn(&str, &str, &str) -> bool,
) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((start, end)) = find_folded(rest, name) {
        let (before, found, after) = (&rest[..start], &rest[start..end], &rest[end..]);
        kept.push_str(before);
        let whole = &text[..text.len() - rest.len() + start];
        kept.push_str(if accept(whole, found, after) {
            with
        } else {
            found
        });
        rest = after;
    }
    kept.push_str(rest);
    kept
}

/// The first place where `text` says `name`, which is in lower case, whatever its own case: in any script, not ASCII only.
fn find_folded(text: &str, name: &str) -> Option<(usize, usize)> {
    let first = name.chars().next()?;
    text.char_indices().find_map(|(start, c)| {
        if c.to_lowercase().next() != Some(first) {
            return None;
        }
        let mut wanted = name.chars();
        for (at, c) in text[start..].char_indices() {
            let mut folded = c.to_lowercase();
            if !folded.all(|c| wanted.next() == Some(c)) {
                return None;
            }
            if wanted.as_str().is_empty() {
                return Some((start, start + at + c.len_utf8()));
            }
        }
        None
    })
}

/// Whether a name stands as a word: no letter touches it, or the case changes there (`AnnaBackup`). Digits are no letters:
/// `anna2024` is Anna's.
fn stands_alone(before: &str, found: &str, after: &str) -> bool {
    let hump = |left: Option<char>, right: Option<char>| {
        left.is_some_and(char::is_lowercase) && right.is_some_and(char::is_uppercase)
    };
    let (left, right) = (before.chars().next_back(), after.chars().next());
    let (first, last) = (found.chars().next(), found.chars().next_back());
    let begins = !left.is_some_and(char::is_alphabetic) || hump(left, first);
    let ends = !right.is_some_and(char::is_alphabetic) || hump(last, right);
    begins && ends
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
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
        check("file /home/anna/taxes.pdf, gone", "file ~");
        check("file /home/anna/Anna's taxes (2025), final.pdf", "file ~");
        check("(/home/anna/taxes (final).pdf) gone", "(~) gone");
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
        check("curl anna:hunter2@host.example now", "curl (address) now");
        check("anna2024 and AnnaBackup", "(user)2024 and (user)Backup");
        check("Susanna stays, hannah too", "Susanna stays, hannah too");
        check(r"copied \\server\share\taxes.pdf, done", r"copied \\");
    }

    #[test]
    fn of_an_account_only_the_domain_stays() {
        for (account, expect) in [
            ("anna.berg@corp.example", "corp.example"),
            ("anna.berg%40Corp.example", "corp.example"),
            (r"CORP\anna.berg", "corp"),
            (
                "https://anna:hunter2@corp.example:8443/anna",
                "corp.example",
            ),
            ("corp.example", "corp.example"),
            ("anna", ""),
            ("anna berg", ""),
            ("müller.example", "müller.example"),
        ] {
            assert_eq!(domain(account), expect, "{account}");
        }
    }

    #[test]
    fn names_are_found_in_every_script() {
        let secrets = Secrets::new(["özlem".into(), "мария".into(), "李小龙".into()], []);
        assert_eq!(
            secrets.replace_in("ÖZLEM, Мария und 李小龙"),
            "(user), (user) und (user)"
        );
    }

    #[test]
    fn programs_named_after_their_maker_lose_the_name() {
        let secrets = Secrets::new(["annaberg".into(), "max".into()], []);
        assert_eq!(secrets.replace_inside("toolannabergv2"), "tool(user)v2");
        assert_eq!(secrets.replace_inside("maximum"), "maximum");
        assert_eq!(secrets.replace_inside("max3000.exe"), "(user)3000.exe");
    }

    #[test]
    fn the_machine_is_not_named() {
        let secrets = Secrets::default().with_hosts(["ANNA-PC".into(), "localhost".into()]);
        assert_eq!(secrets.replace_host("anna-pc:8"), "(host):8");
        assert_eq!(secrets.replace_host("localhost:8"), "localhost:8");
    }

    /// Names of an older encoding are not UTF-8; the others in the file are secrets all the same.
    #[test]
    fn one_odd_name_hides_no_other() {
        let root = tempfile::tempdir().unwrap();
        std::fs::create_dir(root.path().join("etc")).unwrap();
        let passwd = b"jorg:x:1000:1000:J\xf6rg Mayer:/home/jorg:/bin/sh\nanna:x:1001:1001::/home/anna:/bin/sh\n";
        std::fs::write(root.path().join("etc/passwd"), passwd).unwrap();
        let secrets = Secrets::of_machine(root.path());
        assert_eq!(
            scrub("anna and jorg met mayer", &secrets, 0),
            "(user) and (user) met (user)"
        );
    }
}
