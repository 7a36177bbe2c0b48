//! `weft-collector import FILE.jsonl`: brings accounts and a forum's history.
//!
//! One JSON object per line, in this order of need: accounts before the threads they write in.
//!
//! ```jsonl
//! {"account": {"login": "ana", "name": "Ana B", "team": "Sales", "roles": ["user"], "password": "at least ten", "simulated": false}}
//! {"thread": {"space": "help", "title": "Restarts", "author": "ana", "at": "2026-03-01T09:00:00Z", "solved_by": 1,
//!   "posts": [{"author": "ana", "at": "2026-03-01T09:00:00Z", "markdown": "Mine too?"}, {"author": "ben", "at": "...", "markdown": "..."}]}}
//! ```
//!
//! `team`, `roles` (default `["user"]`), `password` and `simulated` may be left out. `space` is a slug; `at` of a thread
//! and of its first post may differ, the thread's counts. `solved_by` is the index of the accepted answer, from 0.
//!
//! **Invariant: running it twice changes nothing.** An account is known by its login (its properties are brought in line,
//! its password only when one is given), a thread by space, title and moment. A line that cannot be taken is reported
//! with its number and the rest goes on. Texts pass the same door as people's posts.

use std::{
    collections::HashMap,
    io::{self, BufRead},
};

use jiff::Timestamp;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use weft_collector_core::authority::Role;
use weft_collector_store::control::{
    Control, accounts::Account, posts::NewPost, threads::NewThread,
};

use crate::{
    accounts::{Accounts, Described},
    clock::Clock,
    threads::{MAX_POSTS, source},
};

/// Bytes of one line: a thread of [`MAX_POSTS`] long posts does not fit into memory by accident.
const MAX_LINE: usize = 8 * 1024 * 1024;
/// Reported lines; a file of the wrong kind has as many errors as lines.
const MAX_ERRORS: usize = 100;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum Line {
    Account(AccountLine),
    Thread(ThreadLine),
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct AccountLine {
    login: String,
    name: String,
    #[serde(default)]
    team: String,
    #[serde(default = "user")]
    roles: Vec<Role>,
    #[serde(default)]
    password: Option<SecretString>,
    #[serde(default)]
    simulated: bool,
}

fn user() -> Vec<Role> {
    vec![Role::User]
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ThreadLine {
    space: String,
    title: String,
    author: String,
    at: Timestamp,
    posts: Vec<PostLine>,
    #[serde(default)]
    solved_by: Option<usize>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct PostLine {
    author: String,
    at: Timestamp,
    markdown: String,
}

/// What came of it. Lines that were not taken stand in `errors`, the first [`MAX_ERRORS`] of `refused`.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
pub struct Imported {
    pub accounts: usize,
    pub threads: usize,
    pub posts: usize,
    /// Threads that were there already.
    pub known: usize,
    pub refused: usize,
    pub errors: Vec<LineError>,
}

#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct LineError {
    /// From 1.
    pub line: usize,
    pub error: String,
}

/// Reads lines to the end. Only a failing reader or database ends it early.
pub async fn import(control: &Control, clock: &Clock, lines: impl BufRead) -> io::Result<Imported> {
    let mut importer = Importer {
        control,
        clock,
        accounts: Accounts::new(control.clone(), clock.clone()),
        people: HashMap::new(),
        done: Imported::default(),
    };
    let mut lines = lines;
    let mut number = 0;
    let mut buffer = Vec::new();
    while read_line(&mut lines, &mut buffer)? {
        number += 1;
        if buffer.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        if let Err(error) = importer.take(&buffer).await {
            importer.done.refused += 1;
            if importer.done.errors.len() < MAX_ERRORS {
                importer.done.errors.push(LineError {
                    line: number,
                    error,
                });
            }
        }
    }
    Ok(importer.done)
}

/// Reads one line, at most [`MAX_LINE`] and one bytes of it: what is longer is refused as too long and skipped.
fn read_line(lines: &mut impl BufRead, line: &mut Vec<u8>) -> io::Result<bool> {
    line.clear();
    let mut any = false;
    loop {
        let chunk = lines.fill_buf()?;
        if chunk.is_empty() {
            return Ok(any);
        }
        any = true;
        let end = chunk.iter().position(|byte| *byte == b'\n');
        let part = &chunk[..end.unwrap_or(chunk.len())];
        let room = (MAX_LINE + 1).saturating_sub(line.len());
        line.extend_from_slice(&part[..part.len().min(room)]);
        let used = part.len() + usize::from(end.is_some());
        lines.consume(used);
        if end.is_some() {
            return Ok(true);
        }
    }
}

struct Importer<'a> {
    control: &'a Control,
    clock: &'a Clock,
    accounts: Accounts,
    /// By login.
    people: HashMap<String, Account>,
    done: Imported,
}

impl Importer<'_> {
    async fn take(&mut self, line: &[u8]) -> Result<(), String> {
        if line.len() > MAX_LINE {
            return Err(format!(
                "the line is longer than {} MiB",
                MAX_LINE / 1024 / 1024
            ));
        }
        match serde_json::from_slice(line).map_err(|error| error.to_string())? {
            Line::Account(account) => self.account(account).await,
            Line::Thread(thread) => self.thread(thread).await,
        }
    }

    async fn account(&mut self, line: AccountLine) -> Result<(), String> {
        let described = Described {
            login: line.login,
            name: line.name,
            team: line.team,
            roles: line.roles,
            password: line.password,
            simulated: line.simulated,
        };
        let account = self
            .accounts
            .bring(described)
            .await
            .map_err(|error| error.to_string())?;
        self.people.insert(account.login.clone(), account);
        self.done.accounts += 1;
        Ok(())
    }

    async fn thread(&mut self, line: ThreadLine) -> Result<(), String> {
        let fails = |error: &dyn std::fmt::Display| error.to_string();
        let space = self
            .control
            .spaces()
            .find(&line.space)
            .await
            .map_err(|error| fails(&error))?;
        let space = space.ok_or_else(|| format!("there is no space {:?}", line.space))?;
        let title = source::title(&line.title).map_err(|error| fails(&error))?;
        if line.posts.is_empty() || line.posts.len() > MAX_POSTS as usize {
            return Err(format!(
                "a thread has 1 to {MAX_POSTS} posts, this one {}",
                line.posts.len()
            ));
        }
        if line
            .solved_by
            .is_some_and(|index| index >= line.posts.len())
        {
            return Err(format!(
                "solved_by names post {}, there are {}",
                line.solved_by.unwrap_or(0),
                line.posts.len()
            ));
        }
        let known = self
            .control
            .threads()
            .opened(space.id, &title, line.at)
            .await;
        if known.map_err(|error| fails(&error))?.is_some() {
            self.done.known += 1;
            return Ok(());
        }
        let author = self.person(&line.author).await?;
        let id = self.clock.id();
        // Everything is checked before anything is written.
        let mut posts = Vec::with_capacity(line.posts.len());
        for (index, post) in line.posts.iter().enumerate() {
            let markdown = source::markdown(&post.markdown)
                .map_err(|error| format!("post {index}: {error}"))?;
            posts.push(NewPost {
                id: self.clock.id(),
                thread: id,
                author: self.person(&post.author).await?.id,
                at: post.at,
                markdown,
                ..NewPost::default()
            });
        }
        let answer: Option<Uuid> = line.solved_by.map(|index| posts[index].id);
        let thread = NewThread {
            id,
            space: space.id,
            title,
            author: author.id,
            at: line.at,
            simulated: author.simulated,
        };
        let count = posts.len();
        let brought = self.control.threads().bring(thread, posts, answer).await;
        brought.map_err(|error| fails(&error))?;
        self.done.threads += 1;
        self.done.posts += count;
        Ok(())
    }

    async fn person(&mut self, login: &str) -> Result<Account, String> {
        let login = login.to_lowercase();
        if let Some(account) = self.people.get(&login) {
            return Ok(account.clone());
        }
        let known = self
            .control
            .accounts()
            .by_login(&login)
            .await
            .map_err(|error| error.to_string())?;
        let account =
            known.ok_or_else(|| format!("there is no account with the login {login:?}"))?;
        self.people.insert(login, account.clone());
        Ok(account)
    }
}

#[cfg(test)]
mod tests;
