//! Search: words and linked facts, over what the reader may read.
//!
//! Each post is a document (the first one carries the title too), and what is known about a thread (models, apps,
//! codes, symptoms, titles of linked anomalies) is one document per audience. SQLite indexes them with FTS5, PostgreSQL
//! with a `tsvector`; both get tokens that [`words`] made, so they agree on what a word is and neither ever parses what
//! a person typed. This is the one file of `control` with statements for one database each ([`Dialect`]).
//!
//! **Invariant: authority is in the query.** A document that the reader may not read is no hit, moves no rank and is
//! not counted. **The work is bounded**: the newest [`SCAN`] hits and the newest [`SCAN_TITLES`] hits in titles are
//! ranked; a word that stands in half of all posts costs no more than a rare one.

use std::collections::HashMap;

use jiff::Timestamp;
use sea_orm::{
    ConnectionTrait, DatabaseConnection, DbBackend, DbErr, QueryResult, Statement, Value,
};
use uuid::Uuid;

use super::{Control, Result, anomalies, micros::Micros, threads::Reader};

pub mod words;

pub use words::{Asked, Segment, Term};

/// Hits that are ranked, newest first. Reading one takes about 10 µs, so this is 20 ms at most.
const SCAN: u64 = 1_500;
/// Hits in titles that are ranked beside them: an old thread with the word in its title is worth more than an old post.
const SCAN_TITLES: u64 = 500;
/// PostgreSQL finds the words of a phrase fast and must read each document to see whether they stand in order: this many of
/// the newest that have all the words, 40 ms at most.
const SCAN_PHRASES: u64 = 10_000;
/// Threads that filters alone find.
const SCAN_FILTERED: u64 = 500;

/// Who may read a document of a thread that they may read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum For {
    Everybody = 0,
    Staff = 1,
    Reviewers = 2,
}

/// A fact about a thread that search and filters find.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fact {
    /// `model`, `app`, `code`, `symptom`, `process`, `build`, or `anomaly` for the title of a linked one.
    pub kind: String,
    pub value: String,
    pub audience: i32,
}

/// What is asked for.
#[derive(Clone, Debug, Default)]
pub struct Query {
    pub asked: Asked,
    pub space: Option<Uuid>,
    pub author: Option<Uuid>,
    pub solved: Option<bool>,
    /// Only threads with a linked anomaly that this reader may see.
    pub anomalies: Option<anomalies::Scope>,
}

/// A thread that meets the query.
#[derive(Clone, Debug, PartialEq)]
pub struct Hit {
    pub thread: Uuid,
    /// The post that meets it best; `None` when the title or a fact does.
    pub post: Option<Uuid>,
    pub score: f64,
    pub in_title: bool,
    pub in_facts: bool,
    /// Posts that meet it, among those that were ranked.
    pub posts: u32,
}

/// Ranked hits, best first.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Found {
    pub hits: Vec<Hit>,
    /// There were more than could be ranked: the oldest were left out.
    pub cut: bool,
}

impl Control {
    pub fn search(&self) -> Search<'_> {
        Search {
            control: self,
            db: self.db(),
        }
    }
}

/// The way to the index.
pub struct Search<'a> {
    control: &'a Control,
    db: &'a DatabaseConnection,
}

impl Search<'_> {
    /// Ranks what meets the query; the caller takes its page of it.
    pub async fn find(&self, query: &Query, reader: Reader, now: Timestamp) -> Result<Found> {
        if query.asked.empty {
            return Ok(Found::default());
        }
        let mut rows = Vec::new();
        let mut cut = false;
        if query.asked.all.is_empty() {
            let found = self.rows(filtered(self.dialect(), query, reader)).await?;
            cut = found.len() as u64 >= SCAN_FILTERED;
            rows.extend(found);
        } else {
            for (titles, most) in [(false, SCAN), (true, SCAN_TITLES)] {
                let found = self
                    .rows(matching(self.dialect(), query, reader, titles, most))
                    .await?;
                cut |= found.len() as u64 >= most;
                rows.extend(found);
            }
        }
        Ok(Found {
            hits: rank(rows, &query.asked, now),
            cut,
        })
    }

    /// Ids of threads with a document that meets the words, newest hits first: for lists in another order.
    pub async fn threads(&self, asked: &Asked, reader: Reader) -> Result<Vec<Uuid>> {
        let query = Query {
            asked: asked.clone(),
            ..Query::default()
        };
        let found = self.find(&query, reader, Timestamp::UNIX_EPOCH).await?;
        Ok(found.hits.into_iter().map(|hit| hit.thread).collect())
    }

    /// Replaces what is known about a thread from one source (`text`, `anomaly`).
    pub async fn set_facts(&self, thread: Uuid, source: &str, facts: &[Fact]) -> Result<()> {
        let on = self.control.begin().await?;
        let dialect = Dialect::of(&on);
        let mut sql = Sql::new(dialect, "DELETE FROM thread_facts WHERE thread = ");
        sql.bind(thread)
            .say(" AND source = ")
            .bind(source.to_owned());
        on.execute_raw(sql.done()).await?;
        let mut rows: Vec<(String, String, i32)> = Vec::new();
        for fact in facts {
            let value = words::folded(&fact.value);
            let tokens: Vec<&str> = value.split(' ').filter(|word| !word.is_empty()).collect();
            // "thinkpad t14" is found by "t14" too: the ends of the value are values.
            for from in 0..tokens.len().min(ENDS) {
                let row = (fact.kind.clone(), tokens[from..].join(" "), fact.audience);
                match rows
                    .iter_mut()
                    .find(|known| (&known.0, &known.1) == (&row.0, &row.1))
                {
                    // Known twice: for the wider audience.
                    Some(known) => known.2 = known.2.min(row.2),
                    None => rows.push(row),
                }
            }
        }
        for (kind, value, audience) in rows.into_iter().take(MAX_FACTS) {
            let mut sql = Sql::new(
                dialect,
                "INSERT INTO thread_facts (thread, kind, value, source, audience) VALUES (",
            );
            sql.bind(thread)
                .say(", ")
                .bind(kind)
                .say(", ")
                .bind(value)
                .say(", ");
            sql.bind(source.to_owned())
                .say(", ")
                .bind(audience)
                .say(")");
            on.execute_raw(sql.done()).await?;
        }
        write_facts(&on, thread).await?;
        on.commit().await?;
        Ok(())
    }

    async fn rows(&self, sql: Statement) -> Result<Vec<Row>> {
        let rows = self.db.query_all_raw(sql).await?;
        Ok(rows.iter().map(Row::read).collect::<Result<_, _>>()?)
    }

    fn dialect(&self) -> Dialect {
        Dialect::of(self.db)
    }
}

/// Ends of one value that are values too.
const ENDS: usize = 4;
/// Rows of facts per thread and source.
const MAX_FACTS: usize = 200;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Dialect {
    Sqlite,
    Postgres,
}

impl Dialect {
    fn of(on: &impl ConnectionTrait) -> Self {
        match on.get_database_backend() {
            DbBackend::Postgres => Self::Postgres,
            _ => Self::Sqlite,
        }
    }
}

/// A statement with bound values; nothing that anybody typed is ever part of its text.
struct Sql {
    dialect: Dialect,
    text: String,
    values: Vec<Value>,
}

impl Sql {
    fn new(dialect: Dialect, text: &str) -> Self {
        Self {
            dialect,
            text: text.to_owned(),
            values: Vec::new(),
        }
    }

    fn say(&mut self, text: &str) -> &mut Self {
        self.text.push_str(text);
        self
    }

    fn bind(&mut self, value: impl Into<Value>) -> &mut Self {
        self.values.push(value.into());
        match self.dialect {
            Dialect::Sqlite => self.text.push('?'),
            Dialect::Postgres => self.text.push_str(&format!("${}", self.values.len())),
        }
        self
    }

    fn list<T: Into<Value>>(&mut self, values: impl IntoIterator<Item = T>) -> &mut Self {
        self.say("(");
        let mut any = false;
        for value in values {
            if any {
                self.say(", ");
            }
            self.bind(value);
            any = true;
        }
        if !any {
            self.say("NULL");
        }
        self.say(")")
    }

    fn done(self) -> Statement {
        let backend = match self.dialect {
            Dialect::Sqlite => DbBackend::Sqlite,
            Dialect::Postgres => DbBackend::Postgres,
        };
        Statement::from_sql_and_values(backend, self.text, self.values)
    }
}

const READ: &str =
    "t.id AS thread, t.title AS title, t.last_post_at AS last_post_at, t.solved AS solved";

fn matching(dialect: Dialect, query: &Query, reader: Reader, titles: bool, most: u64) -> Statement {
    let mut sql = Sql::new(dialect, "SELECT d.post AS post, ");
    sql.say(READ);
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    match dialect {
        Dialect::Sqlite => {
            sql.say(" FROM (SELECT rowid AS doc FROM search_index WHERE search_index MATCH ");
            sql.bind(fts5(query, titles))
                .say(" ORDER BY rowid DESC LIMIT ")
                .bind(most);
            sql.say(") h JOIN search_docs d ON d.id = h.doc");
        }
        Dialect::Postgres => {
            newest_of_postgres(&mut sql, query, titles, most);
        }
    }
    // Thread by thread: joined as sets, PostgreSQL reads all threads for these few.
    sql.say(match dialect {
        Dialect::Sqlite => " JOIN threads t ON t.id = d.thread WHERE ",
        Dialect::Postgres => {
            " JOIN LATERAL (SELECT * FROM threads WHERE threads.id = d.thread LIMIT 1) t ON TRUE WHERE "
        }
    });
    sql.say("(d.audience <= ")
        .bind(level(reader))
        .say(" OR d.author = ")
        .bind(reader.account)
        .say(")");
    narrow(&mut sql, query, reader);
    sql.done()
}

/// Without words: the newest threads that the filters let through.
fn filtered(dialect: Dialect, query: &Query, reader: Reader) -> Statement {
    let mut sql = Sql::new(dialect, "SELECT NULL AS post, ");
    if dialect == Dialect::Postgres {
        sql = Sql::new(dialect, "SELECT NULL::uuid AS post, ");
    }
    sql.say(READ).say(" FROM threads t WHERE ");
    // The same in both databases.
    sql.say("1 = 1");
    if let Some(space) = query.space {
        sql.say(" AND t.space = ").bind(space);
    }
    if let Some(author) = query.author {
        sql.say(" AND t.author = ").bind(author);
    }
    narrow(&mut sql, query, reader);
    sql.say(" ORDER BY t.last_post_at DESC LIMIT ")
        .bind(i64::try_from(SCAN_FILTERED).unwrap_or(i64::MAX));
    sql.done()
}

/// What the reader may see of threads, and the filters that are about threads.
fn narrow(sql: &mut Sql, query: &Query, reader: Reader) {
    sql.say(" AND t.hidden_at IS NULL");
    if !reader.reviews {
        let audiences: Vec<String> = reader
            .audiences()
            .iter()
            .map(|word| (*word).to_owned())
            .collect();
        sql.say(" AND (t.space IN (SELECT id FROM spaces WHERE audience IN ")
            .list(audiences);
        sql.say(") OR t.id IN (SELECT thread FROM thread_members WHERE account = ")
            .bind(reader.account)
            .say("))");
    }
    if let Some(solved) = query.solved {
        sql.say(" AND t.solved = ").bind(solved);
    }
    for (kind, value) in &query.asked.filters {
        if matches!(*kind, "space" | "author" | "is" | "has") {
            continue;
        }
        let value = words::folded(value);
        sql.say(" AND t.id IN (SELECT thread FROM thread_facts WHERE kind = ")
            .bind((*kind).to_owned());
        sql.say(" AND value >= ").bind(value.clone());
        sql.say(" AND value < ").bind(format!("{value}\u{10FFFF}"));
        sql.say(" AND audience <= ").bind(level(reader)).say(")");
    }
    if let Some(scope) = &query.anomalies {
        let own: Vec<Uuid> = scope.own.iter().map(|device| device.0).collect();
        let words = |kinds: &[weft_collector_core::finding::Kind]| {
            kinds
                .iter()
                .map(|kind| kind.as_str().to_owned())
                .collect::<Vec<_>>()
        };
        sql.say(" AND t.id IN (SELECT l.thread FROM links l JOIN anomalies a ON a.id = l.anomaly WHERE l.state <> 'rejected' AND (a.kind IN ");
        sql.list(words(&scope.kinds))
            .say(" OR a.device IN ")
            .list(own.clone());
        sql.say(" OR (a.device IS NULL AND a.kind IN ")
            .list(words(&scope.shared));
        sql.say(" AND a.id IN (SELECT anomaly FROM anomaly_devices WHERE device IN ")
            .list(own)
            .say("))))");
    }
}

fn level(reader: Reader) -> i32 {
    match (reader.staff, reader.reviews) {
        (_, true) => For::Reviewers as i32,
        (true, false) => For::Staff as i32,
        (false, false) => For::Everybody as i32,
    }
}

/// Tokens that stand for a space and an author inside the index. No word has a `_`.
fn tags(space: Option<Uuid>, author: Option<Uuid>) -> Vec<String> {
    let space = space.map(|space| format!("s_{}", space.simple()));
    let author = author.map(|author| format!("a_{}", author.simple()));
    space.into_iter().chain(author).collect()
}

fn fts5(query: &Query, titles: bool) -> String {
    let phrase = |term: &Term| {
        let star = if term.prefix { "*" } else { "" };
        format!("\"{}\"{star}", term.tokens.join(" "))
    };
    let all: Vec<String> = query.asked.all.iter().map(phrase).collect();
    let columns = if titles { "title" } else { "{title body}" };
    let mut text = format!("({columns} : ({}))", all.join(" AND "));
    for tag in tags(query.space, query.author) {
        text.push_str(&format!(" AND (tags : \"{tag}\")"));
    }
    for term in &query.asked.none {
        text = format!("({text}) NOT ({{title body}} : {})", phrase(term));
    }
    text
}

/// The words of a query, each as `join` ties its tokens: a phrase in order, or all of them anywhere.
fn tswords(query: &Query, join: &str) -> String {
    let all: Vec<String> = query
        .asked
        .all
        .iter()
        .map(|term| tsterm(term, join))
        .collect();
    all.join(" & ")
}

/// What else a document must have and must not have: its space, its author, words that were ruled out.
fn tsrest(query: &Query) -> String {
    let tags = tags(query.space, query.author);
    let must = tags.iter().map(|tag| format!("'{tag}'"));
    let none = &query.asked.none;
    let must_not = none.iter().map(|term| format!("!{}", tsterm(term, PHRASE)));
    must.chain(must_not).collect::<Vec<_>>().join(" & ")
}

const PHRASE: &str = " <-> ";
const ANYWHERE: &str = " & ";

fn tsterm(term: &Term, join: &str) -> String {
    let last = term.tokens.len() - 1;
    let tokens: Vec<String> = term
        .tokens
        .iter()
        .enumerate()
        .map(|(index, token)| match term.prefix && index == last {
            true => format!("'{token}':*"),
            false => format!("'{token}'"),
        })
        .collect();
    format!("({})", tokens.join(join))
}

/// The newest documents that meet the query, as `d`. Titles have a column and an index of their own: how common a word is
/// in titles says little of how common it is in posts, and the planner must know both.
fn newest_of_postgres(sql: &mut Sql, query: &Query, titles: bool, most: i64) {
    let rest = tsrest(query);
    let both = |words: String, rest: &str| match rest.is_empty() {
        true => words,
        false => format!("{words} & {rest}"),
    };
    sql.say(" FROM (SELECT id, thread, post, audience, author FROM ");
    if titles {
        sql.say("search_docs WHERE titles @@ ")
            .bind(tswords(query, PHRASE))
            .say("::text::tsquery");
        if !rest.is_empty() {
            sql.say(" AND terms @@ ").bind(rest).say("::text::tsquery");
        }
    } else if query.asked.all.iter().any(|term| term.tokens.len() > 1) {
        sql.say("(SELECT * FROM search_docs WHERE terms @@ ")
            .bind(both(tswords(query, ANYWHERE), &rest))
            .say("::text::tsquery ORDER BY id DESC LIMIT ")
            .bind(i64::try_from(SCAN_PHRASES).unwrap_or(i64::MAX));
        sql.say(") newest WHERE terms @@ ")
            .bind(tswords(query, PHRASE))
            .say("::text::tsquery");
    } else {
        sql.say("search_docs WHERE terms @@ ")
            .bind(both(tswords(query, PHRASE), &rest))
            .say("::text::tsquery");
    }
    sql.say(" ORDER BY id DESC LIMIT ").bind(most).say(") d");
}

/// A hit as the database gives it.
struct Row {
    thread: Uuid,
    post: Option<Uuid>,
    title: String,
    last_post_at: Timestamp,
    solved: bool,
}

impl Row {
    fn read(row: &QueryResult) -> Result<Self, DbErr> {
        Ok(Self {
            thread: row.try_get("", "thread")?,
            post: row.try_get("", "post")?,
            title: row.try_get("", "title")?,
            last_post_at: row.try_get::<Micros>("", "last_post_at")?.into(),
            solved: row.try_get("", "solved")?,
        })
    }
}

/// Days after which a thread is half as fresh.
const FRESH_DAYS: f64 = 60.0;

/// One line per thread, best first. The score is a sum that can be said in words: the title meets the query (up to 4),
/// several posts do (0.5 ln), what is known about it does (0.7), it is fresh (up to 1), it has an answer (0.2).
fn rank(rows: Vec<Row>, asked: &Asked, now: Timestamp) -> Vec<Hit> {
    let mut by_thread: HashMap<Uuid, (Hit, Row)> = HashMap::new();
    for row in rows {
        let (hit, _) = by_thread.entry(row.thread).or_insert_with(|| {
            let hit = Hit {
                thread: row.thread,
                post: row.post,
                score: 0.0,
                in_title: false,
                in_facts: false,
                posts: 0,
            };
            let row = Row {
                title: row.title.clone(),
                ..row
            };
            (hit, row)
        });
        match row.post {
            Some(post) => {
                hit.posts += 1;
                hit.post = hit.post.or(Some(post));
            }
            None => hit.in_facts = !asked.all.is_empty(),
        }
    }
    let mut hits: Vec<(Hit, Timestamp)> = by_thread
        .into_values()
        .map(|(mut hit, row)| {
            let share = in_title(&row.title, asked);
            hit.in_title = share >= 1.0;
            let days = now.duration_since(row.last_post_at).as_secs_f64().max(0.0) / 86_400.0;
            hit.score = 3.0 * share
                + f64::from(u8::from(hit.in_title))
                + 0.5 * f64::from(hit.posts).ln_1p()
                + 0.7 * f64::from(u8::from(hit.in_facts))
                + FRESH_DAYS / (FRESH_DAYS + days)
                + 0.2 * f64::from(u8::from(row.solved));
            (hit, row.last_post_at)
        })
        .collect();
    hits.sort_by(|(a, a_at), (b, b_at)| {
        b.score
            .total_cmp(&a.score)
            .then_with(|| b_at.cmp(a_at))
            .then_with(|| a.thread.cmp(&b.thread))
    });
    hits.into_iter().map(|(hit, _)| hit).collect()
}

/// The share of the query's words that stand in the title.
fn in_title(title: &str, asked: &Asked) -> f64 {
    if asked.all.is_empty() {
        return 0.0;
    }
    let words = words::tokens(title);
    let stands = |term: &&Term| {
        let last = term.tokens.len() - 1;
        term.tokens.iter().enumerate().all(|(index, token)| {
            words.iter().any(|word| {
                word.word == *token
                    || (term.prefix && index == last && word.word.starts_with(token.as_str()))
            })
        })
    };
    asked.all.iter().filter(stands).count() as f64 / asked.all.len() as f64
}

/// One document.
pub(super) struct Doc<'a> {
    pub thread: Uuid,
    pub space: Uuid,
    /// `None`: what is known about the thread.
    pub post: Option<Uuid>,
    pub audience: i32,
    pub author: Option<Uuid>,
    /// Only the first post's document has one.
    pub title: &'a str,
    pub body: &'a str,
}

pub(super) async fn add(on: &impl ConnectionTrait, doc: Doc<'_>) -> Result<(), DbErr> {
    let dialect = Dialect::of(on);
    let title = words::tokens(doc.title);
    let body = words::tokens(doc.body);
    let tags = tags(Some(doc.space), doc.author);
    let mut sql = Sql::new(
        dialect,
        "INSERT INTO search_docs (thread, post, audience, author",
    );
    sql.say(if dialect == Dialect::Postgres {
        ", terms"
    } else {
        ""
    })
    .say(") VALUES (");
    sql.bind(doc.thread)
        .say(", ")
        .bind(doc.post)
        .say(", ")
        .bind(doc.audience)
        .say(", ")
        .bind(doc.author);
    if dialect == Dialect::Postgres {
        sql.say(", ")
            .bind(vector(&title, &body, &tags))
            .say("::text::tsvector");
    }
    sql.say(") RETURNING id");
    let row = on.query_one_raw(sql.done()).await?;
    let Some(row) = row else {
        return Err(DbErr::RecordNotInserted);
    };
    if dialect == Dialect::Sqlite {
        let id: i64 = row.try_get("", "id")?;
        let join = |tokens: Vec<words::Token>| {
            tokens
                .into_iter()
                .map(|token| token.word)
                .collect::<Vec<_>>()
                .join(" ")
        };
        let mut sql = Sql::new(
            dialect,
            "INSERT INTO search_index (rowid, title, body, tags) VALUES (",
        );
        sql.bind(id)
            .say(", ")
            .bind(join(title))
            .say(", ")
            .bind(join(body))
            .say(", ")
            .bind(tags.join(" "))
            .say(")");
        on.execute_raw(sql.done()).await?;
    }
    Ok(())
}

/// A `tsvector` written out: the database parses no words of its own. The title's words have weight A.
fn vector(title: &[words::Token], body: &[words::Token], tags: &[String]) -> String {
    let mut places: std::collections::BTreeMap<&str, Vec<String>> =
        std::collections::BTreeMap::new();
    for (at, (token, weight)) in (1_usize..).zip(
        title
            .iter()
            .map(|token| (token, "A"))
            .chain(body.iter().map(|token| (token, ""))),
    ) {
        let places = places.entry(&token.word).or_default();
        // What PostgreSQL itself keeps of a word's places.
        if places.len() < 255 {
            places.push(format!("{at}{weight}"));
        }
    }
    let mut text: Vec<String> = places
        .into_iter()
        .map(|(word, places)| format!("'{word}':{}", places.join(",")))
        .collect();
    text.extend(tags.iter().map(|tag| format!("'{tag}'")));
    text.join(" ")
}

/// Takes documents out of the index.
#[derive(Clone, Copy, Debug)]
pub(super) enum Which {
    Post(Uuid),
    Thread(Uuid),
    FactsOf(Uuid),
}

pub(super) async fn remove(on: &impl ConnectionTrait, which: Which) -> Result<(), DbErr> {
    let dialect = Dialect::of(on);
    let filter = |sql: &mut Sql| {
        match which {
            Which::Post(post) => sql.say(" WHERE post = ").bind(post),
            Which::Thread(thread) => sql.say(" WHERE thread = ").bind(thread),
            Which::FactsOf(thread) => sql.say(" WHERE post IS NULL AND thread = ").bind(thread),
        };
    };
    if dialect == Dialect::Sqlite {
        let mut sql = Sql::new(
            dialect,
            "DELETE FROM search_index WHERE rowid IN (SELECT id FROM search_docs",
        );
        filter(&mut sql);
        sql.say(")");
        on.execute_raw(sql.done()).await?;
    }
    let mut sql = Sql::new(dialect, "DELETE FROM search_docs");
    filter(&mut sql);
    on.execute_raw(sql.done()).await?;
    Ok(())
}

/// Indexes a thread anew, from its rows: after a move, a merge, a deletion that reached the first post.
pub(super) async fn index_thread(on: &impl ConnectionTrait, thread: Uuid) -> Result<(), DbErr> {
    remove(on, Which::Thread(thread)).await?;
    let dialect = Dialect::of(on);
    let mut sql = Sql::new(dialect, "SELECT space, title FROM threads WHERE id = ");
    sql.bind(thread);
    let Some(row) = on.query_one_raw(sql.done()).await? else {
        return Ok(());
    };
    let (space, title): (Uuid, String) = (row.try_get("", "space")?, row.try_get("", "title")?);
    let mut sql = Sql::new(
        dialect,
        "SELECT id, author, markdown, whisper FROM posts WHERE deleted_at IS NULL AND thread = ",
    );
    sql.bind(thread).say(" ORDER BY posted_at, id");
    let mut title = title.as_str();
    for row in on.query_all_raw(sql.done()).await? {
        let whisper: bool = row.try_get("", "whisper")?;
        let markdown: String = row.try_get("", "markdown")?;
        let doc = Doc {
            thread,
            space,
            post: Some(row.try_get("", "id")?),
            audience: audience(whisper),
            author: Some(row.try_get("", "author")?),
            // The title is everybody's: it rides on the first post that everybody reads.
            title: if whisper {
                ""
            } else {
                std::mem::take(&mut title)
            },
            body: &markdown,
        };
        add(on, doc).await?;
    }
    write_facts(on, thread).await
}

pub(super) fn audience(whisper: bool) -> i32 {
    match whisper {
        true => For::Staff as i32,
        false => For::Everybody as i32,
    }
}

/// The documents of facts, one per audience.
async fn write_facts(on: &impl ConnectionTrait, thread: Uuid) -> Result<(), DbErr> {
    remove(on, Which::FactsOf(thread)).await?;
    let dialect = Dialect::of(on);
    let mut sql = Sql::new(dialect, "SELECT space FROM threads WHERE id = ");
    sql.bind(thread);
    let Some(row) = on.query_one_raw(sql.done()).await? else {
        return Ok(());
    };
    let space: Uuid = row.try_get("", "space")?;
    let mut sql = Sql::new(
        dialect,
        "SELECT value, audience FROM thread_facts WHERE thread = ",
    );
    sql.bind(thread).say(" ORDER BY kind, value");
    let mut by_audience: std::collections::BTreeMap<i32, String> =
        std::collections::BTreeMap::new();
    for row in on.query_all_raw(sql.done()).await? {
        let text = by_audience.entry(row.try_get("", "audience")?).or_default();
        let value: String = row.try_get("", "value")?;
        text.push_str(&value);
        text.push('\n');
    }
    for (audience, body) in by_audience {
        let doc = Doc {
            thread,
            space,
            post: None,
            audience,
            author: None,
            title: "",
            body: &body,
        };
        add(on, doc).await?;
    }
    Ok(())
}

/// Threads indexed at a time by [`fill`].
const FILL: i64 = 200;

/// Indexes everything that is there: for the migration that brings the index. Reads only columns that it knows, because
/// later migrations add others to the entities.
pub(super) async fn fill(on: &impl ConnectionTrait) -> Result<(), DbErr> {
    let dialect = Dialect::of(on);
    let mut after = Uuid::nil();
    loop {
        let mut sql = Sql::new(dialect, "SELECT id FROM threads WHERE id > ");
        sql.bind(after).say(" ORDER BY id LIMIT ").bind(FILL);
        let rows = on.query_all_raw(sql.done()).await?;
        for row in &rows {
            after = row.try_get("", "id")?;
            index_thread(on, after).await?;
        }
        if (rows.len() as i64) < FILL {
            return Ok(());
        }
    }
}

#[cfg(test)]
mod tests;
