//! Mail against a real exim and a real dovecot: a talk that goes on half in the console and half by mail.
//!
//! **Invariant:** nothing here waits for a time to pass; what must not happen is looked at after something later did.

mod servers;
mod tls;

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering::Relaxed},
};

use jiff::{SignedDuration, Timestamp};
use lettre::{AsyncTransport as _, address::Envelope};
use tempfile::TempDir;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;
use weft_collector::{
    clock::Clock,
    config::Config,
    mail::{Mail, seal::Purpose, take},
    threads::{Threads, Words},
    vault::Vault,
};
use weft_collector_core::{
    authority::Role,
    telling::{Preferences, Quiet, Rhythm},
};
use weft_collector_store::control::{
    Control,
    accounts::{Account, NewAccount},
    follows::Level,
    letters::LetterState,
    posts::Post,
    threads::Reader,
};

use self::servers::Servers;
use super::house::eventually;

/// The mail side of a collector: its database, its room, its two tasks.
struct Office {
    dir: TempDir,
    control: Control,
    mail: Mail,
    threads: Threads,
    stop: CancellationToken,
    tasks: Vec<JoinHandle<()>>,
    /// Seconds by which this office's clock is ahead.
    ahead: Arc<AtomicI64>,
}

impl Office {
    async fn open(servers: &Servers) -> Self {
        Self::open_in(TempDir::new().unwrap(), servers, Arc::default()).await
    }

    async fn open_in(dir: TempDir, servers: &Servers, ahead: Arc<AtomicI64>) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let variables = [
            ("DATA__DIR", dir.path().display().to_string()),
            ("HTTP__PUBLIC_URL", "https://weft.weft.test".to_owned()),
            ("MAIL__SMTP", format!("smtp://127.0.0.1:{}", servers.smtp)),
            ("MAIL__FROM", "weft@weft.test".to_owned()),
            ("MAIL__REPLY", "weft+{token}@weft.test".to_owned()),
            (
                "MAIL__IMAP",
                format!("imap://weft:secret@127.0.0.1:{}/INBOX", servers.imap),
            ),
            ("MAIL__DONE", "Done".to_owned()),
        ];
        let variables = variables.map(|(name, value)| (format!("WEFT_COLLECTOR__{name}"), value));
        let config = Config::load(None, variables).unwrap();
        let control = Control::connect(&config.control_url()).await.unwrap();
        let clock = Clock::from_fn({
            let ahead = ahead.clone();
            move || Timestamp::now() + SignedDuration::from_secs(ahead.load(Relaxed))
        });
        let threads = Threads::new(control.clone(), clock.clone());
        let mail = Mail::open(
            config.mail_settings().unwrap(),
            config.public_url(),
            control.clone(),
            clock,
            threads.clone(),
            &Vault::of_house(&config, &control, Timestamp::now())
                .await
                .unwrap(),
            rand::random(),
        )
        .await
        .unwrap();
        Self {
            dir,
            control,
            mail,
            threads,
            stop: CancellationToken::new(),
            tasks: vec![],
            ahead,
        }
    }

    fn run(&mut self) {
        for out in [true, false] {
            let (mail, stop) = (self.mail.clone(), self.stop.clone());
            self.tasks.push(tokio::spawn(async move {
                match out {
                    true => mail.run_out(stop).await,
                    false => mail.run_in(stop).await,
                }
            }));
        }
    }

    /// An orderly end, and a new start on the same data.
    async fn restart(mut self, servers: &Servers) -> Self {
        self.stop.cancel();
        for task in self.tasks.drain(..) {
            task.await.unwrap();
        }
        let mut office = Self::open_in(self.dir, servers, self.ahead).await;
        office.run();
        office
    }

    /// The process is gone in the middle of whatever it did; its leases stay until they end.
    async fn crash(mut self, servers: &Servers) -> Self {
        for task in self.tasks.drain(..) {
            task.abort();
        }
        // Longer than any lease and than the time after which a try is taken for lost.
        self.ahead.fetch_add(600, Relaxed);
        let mut office = Self::open_in(self.dir, servers, self.ahead).await;
        office.run();
        office
    }

    async fn person(&self, login: &str, roles: Vec<Role>) -> Account {
        let new = NewAccount {
            id: Uuid::now_v7(),
            login: login.to_owned(),
            name: format!("{} Example", login),
            team: String::new(),
            roles,
            password: None,
            simulated: false,
            at: self.mail.clock.now(),
        };
        let account = self.control.accounts().insert(new).await.unwrap().unwrap();
        let address = format!("{login}@weft.test");
        let at = self.mail.clock.now();
        assert!(
            self.control
                .addresses()
                .assign(account.id, &address, at)
                .await
                .unwrap()
        );
        account
    }

    async fn say(&self, who: &Account, thread: Uuid, markdown: &str) -> Uuid {
        let words = Words {
            markdown,
            ..Words::default()
        };
        self.threads.post(who, thread, words).await.unwrap()
    }

    async fn posts(&self, thread: Uuid) -> Vec<Post> {
        self.control
            .posts()
            .of_thread(thread, Reader::COLLECTOR, 1000)
            .await
            .unwrap()
    }

    async fn watch(&self, who: &Account, thread: Uuid) {
        self.threads
            .set_level(who, thread, Level::Watching)
            .await
            .unwrap();
    }
}

/// What a mail program sends as an answer.
fn answer(to: &servers::Mail, from: &str, id: &str, words: &str) -> String {
    let quote: String = to
        .text
        .lines()
        .map(|line| format!("> {line}\r\n"))
        .collect();
    format!(
        "From: {from}\r\nTo: {}\r\nSubject: {}\r\nMessage-ID: <{id}@home.test>\r\nIn-Reply-To: <{}>\r\nDate: Mon, 30 Nov 2026 10:00:00 +0000\r\n\
         Content-Type: text/plain; charset=utf-8\r\n\r\n{words}\r\n\r\nOn Mon, 30 Nov 2026 at 10:00, Weft <{}> wrote:\r\n{quote}",
        to.reply_to, to.subject, to.message_id, to.reply_to
    )
}

/// Hands a message to exim as somebody's mail program does.
async fn hand_in(servers: &Servers, from: &str, to: &str, raw: &str) {
    let transport =
        lettre::AsyncSmtpTransport::<lettre::Tokio1Executor>::builder_dangerous("127.0.0.1")
            .port(servers.smtp)
            .build();
    let from = (!from.is_empty()).then(|| from.parse().unwrap());
    let envelope = Envelope::new(from, vec![to.parse().unwrap()]).unwrap();
    transport.send_raw(&envelope, raw.as_bytes()).await.unwrap();
}

async fn mailbox_of(servers: &Servers, name: &str, count: usize) -> Vec<servers::Mail> {
    eventually(&format!("{count} mails for {name}"), async || {
        let mails = servers.mailbox(name);
        (mails.len() >= count).then_some(mails)
    })
    .await
}

async fn posts_of(office: &Office, thread: Uuid, count: usize) -> Vec<Post> {
    eventually(&format!("{count} posts"), async || {
        let posts = office.posts(thread).await;
        (posts.len() >= count).then_some(posts)
    })
    .await
}

#[tokio::test]
async fn a_talk_goes_both_ways_across_restarts_and_crashes() {
    let servers = Servers::start();
    let mut office = Office::open(&servers).await;
    let ada = office.person("ada", vec![Role::User]).await;
    let bob = office.person("bob", vec![Role::User]).await;
    let cyd = office.person("cyd", vec![Role::User]).await;
    office.run();
    let thread = office
        .threads
        .open(&ada, "help", "Laptop restarts", "Every two hours.")
        .await
        .unwrap();
    for person in [&bob, &cyd] {
        office.watch(person, thread).await;
    }
    let asked = office
        .say(&ada, thread, "Does *anybody* else see it?")
        .await;

    // Out: the others are told, the author is not.
    let first = mailbox_of(&servers, "bob", 1).await.remove(0);
    mailbox_of(&servers, "cyd", 1).await;
    assert_eq!(first.subject, "Re: Laptop restarts");
    assert_eq!(first.from_name, "ada Example (Weft)");
    assert!(
        first.text.contains("Does *anybody* else see it?"),
        "{}",
        first.text
    );
    assert!(first.html.contains("<em>anybody</em>"), "{}", first.html);
    assert!(first.reply_to.starts_with("weft+"), "{}", first.reply_to);
    assert!(
        first
            .message_id
            .starts_with(&format!("post.{}", asked.simple()))
    );

    // In: Bob answers by mail, and the others hear of it. His program sends it twice.
    let reply = answer(
        &first,
        "Bob <bob@weft.test>",
        "b1",
        "Mine **too**, since Tuesday.\r\n-- \r\nBob",
    );
    for _ in 0..2 {
        hand_in(&servers, "bob@weft.test", &first.reply_to, &reply).await;
    }
    let posts = posts_of(&office, thread, 3).await;
    assert_eq!(
        (
            posts[2].author,
            posts[2].markdown.as_str(),
            posts[2].origin.as_str()
        ),
        (bob.id, "Mine **too**, since Tuesday.", "mail")
    );
    let for_ada = mailbox_of(&servers, "ada", 1).await.remove(0);
    assert!(for_ada.text.contains("Mine **too**"), "{}", for_ada.text);
    // In Ada's program both are one talk.
    let for_cyd = mailbox_of(&servers, "cyd", 2).await;
    assert_eq!(for_cyd[0].references[0], for_cyd[1].references[0]);

    // While nobody is there, an answer waits in the mailbox and a post in the database.
    office.stop.cancel();
    let reply = answer(&for_cyd[1], "cyd@weft.test", "c1", "Update the firmware.");
    hand_in(&servers, "cyd@weft.test", &for_cyd[1].reply_to, &reply).await;
    office
        .say(&ada, thread, "While the collector is away.")
        .await;
    let office = office.restart(&servers).await;
    posts_of(&office, thread, 5).await;
    let for_bob = mailbox_of(&servers, "bob", 3).await;
    assert!(
        for_bob
            .iter()
            .any(|mail| mail.text.contains("Update the firmware."))
    );
    // Ada's next post stands below Bob's own mail in his program.
    let later = for_bob
        .iter()
        .find(|mail| mail.text.contains("While the"))
        .unwrap();
    assert_eq!(later.in_reply_to, "b1@home.test");

    // The process dies: a letter that was being sent is repeated under the same name, one that was sent is not.
    office.say(&bob, thread, "From the console again.").await;
    mailbox_of(&servers, "cyd", 4).await;
    let office = office.crash(&servers).await;
    let reply = answer(&for_ada, "ada@weft.test", "a1", "That was it. Thank you!");
    hand_in(&servers, "ada@weft.test", &for_ada.reply_to, &reply).await;
    posts_of(&office, thread, 7).await;
    let last = mailbox_of(&servers, "bob", 4).await;
    mailbox_of(&servers, "cyd", 5).await;

    // No loop, no loss, no duplicate: everybody has each of the others' posts once.
    let posts = office.posts(thread).await;
    assert_eq!(posts.len(), 7, "{posts:#?}");
    for (name, person, since) in [("ada", &ada, 0), ("bob", &bob, 1), ("cyd", &cyd, 1)] {
        let of_others = posts[since..]
            .iter()
            .filter(|post| post.author != person.id)
            .count();
        let mails = mailbox_of(&servers, name, of_others).await;
        let mut ids: Vec<&str> = mails.iter().map(|mail| mail.message_id.as_str()).collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(
            (ids.len(), mails.len()),
            (of_others, of_others),
            "{name}: {}",
            servers.logs()
        );
    }
    assert!(last.iter().any(|mail| mail.text.contains("That was it")));
    // What was taken was put away.
    eventually("the mailbox is empty", async || {
        servers.mailbox("weft").is_empty().then_some(())
    })
    .await;
}

#[tokio::test]
async fn what_is_not_a_persons_answer_becomes_no_post() {
    let servers = Servers::start();
    let mut office = Office::open(&servers).await;
    let ada = office.person("ada", vec![Role::User]).await;
    let bob = office.person("bob", vec![Role::User]).await;
    office.person("cyd", vec![Role::User]).await;
    office.run();
    let thread = office
        .threads
        .open(&ada, "help", "Title", "Words.")
        .await
        .unwrap();
    office.watch(&bob, thread).await;
    office.say(&ada, thread, "Hello?").await;
    let mail = mailbox_of(&servers, "bob", 1).await.remove(0);
    let to = mail.reply_to.clone();
    let own = String::from_utf8(mail.raw.clone()).unwrap();
    let with = |header: &str, id: &str| {
        answer(&mail, "bob@weft.test", id, "I am away.").replacen(
            "Subject:",
            &format!("{header}\r\nSubject:"),
            1,
        )
    };
    let silent = [
        with("Auto-Submitted: auto-replied", "s1"),
        with("Precedence: bulk", "s2"),
        with("List-Id: <help.weft.weft.test>", "s3"),
        // Our own mail, sent back by some rule.
        own,
        answer(&mail, "bob@weft.test, eve@weft.test", "s5", "two senders"),
    ];
    for raw in &silent {
        hand_in(&servers, "bob@weft.test", &to, raw).await;
    }
    // A stranger who guesses an address.
    let guess = "weft+abcdefghijklmnopqrstuvwx@weft.test";
    let raw = format!("From: eve@weft.test\r\nTo: {guess}\r\nMessage-ID: <s4@x>\r\n\r\nhi");
    hand_in(&servers, "eve@weft.test", guess, &raw).await;
    // The null sender, whatever the head says.
    hand_in(
        &servers,
        "",
        &to,
        &answer(&mail, "bob@weft.test", "s6", "null"),
    )
    .await;
    // Cyd got Bob's mail and answers it: her words must not stand under his name.
    hand_in(
        &servers,
        "cyd@weft.test",
        &to,
        &answer(&mail, "cyd@weft.test", "f1", "I am Bob."),
    )
    .await;
    // Only the quote.
    hand_in(
        &servers,
        "bob@weft.test",
        &to,
        &answer(&mail, "bob@weft.test", "f2", ""),
    )
    .await;
    let cyd_told = mailbox_of(&servers, "cyd", 1).await.remove(0);
    assert!(
        cyd_told.text.contains("did not become a post"),
        "{}",
        cyd_told.text
    );
    assert_eq!(cyd_told.in_reply_to, "f1@home.test");
    let told = mailbox_of(&servers, "bob", 2).await;
    assert!(
        told[1].text.contains("no words of your own"),
        "{}",
        told[1].text
    );
    let head = String::from_utf8_lossy(&told[1].raw).into_owned();
    assert!(
        head.contains("Auto-Submitted: auto-replied") && head.contains("Return-path: <>"),
        "{head}"
    );

    // And then a good one, after all of them.
    hand_in(
        &servers,
        "bob@weft.test",
        &to,
        &answer(&mail, "bob@weft.test", "good", "Yes?"),
    )
    .await;
    let posts = posts_of(&office, thread, 3).await;
    assert_eq!(posts.len(), 3, "{posts:#?}");
    assert_eq!(posts[2].markdown, "Yes?");
    assert!(servers.mailbox("eve").is_empty(), "a stranger was answered");
    assert_eq!(servers.mailbox("bob").len(), 2);
}

#[tokio::test]
async fn addresses_that_take_nothing_are_paused_and_slow_ones_tried_again() {
    let servers = Servers::start();
    let mut office = Office::open(&servers).await;
    let ada = office.person("ada", vec![Role::User]).await;
    let nobody = office.person("nobody", vec![Role::User]).await;
    let gone = office.person("gone", vec![Role::User]).await;
    let slow = office.person("slow", vec![Role::User]).await;
    let thread = office
        .threads
        .open(&ada, "help", "Title", "Words.")
        .await
        .unwrap();
    for person in [&nobody, &gone, &slow] {
        office.watch(person, thread).await;
    }
    office.say(&ada, thread, "Hello?").await;
    office.run();
    let paused = async |person: &Account| {
        let found = office.control.addresses().of(person.id).await.unwrap();
        found[0].paused_at.map(|_| found[0].paused_why.clone())
    };
    // Refused at the door.
    let why = eventually("nobody is paused", async || paused(&nobody).await).await;
    assert!(why.contains("5.1.1"), "{why}");
    // Taken, and returned by a delivery report to the letter's own address.
    eventually("gone is paused", async || paused(&gone).await).await;
    let letters = office.control.letters();
    eventually("slow waits", async || {
        let counts = letters.counts().await.unwrap();
        let waiting = counts
            .iter()
            .any(|(state, count)| state == "waiting" && *count == 1);
        waiting.then_some(())
    })
    .await;
    assert_eq!(paused(&slow).await, None);
    // Nothing is written for them any more.
    office.say(&ada, thread, "Still there?").await;
    assert!(letters.items(nobody.id, 10).await.unwrap().is_empty());
    assert!(letters.items(gone.id, 10).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_server_that_is_away_costs_no_letter() {
    let servers = Servers::start();
    let office = Office::open(&servers).await;
    let ada = office.person("ada", vec![Role::User]).await;
    let bob = office.person("bob", vec![Role::User]).await;
    let thread = office
        .threads
        .open(&ada, "help", "Title", "Words.")
        .await
        .unwrap();
    office.watch(&bob, thread).await;
    office.say(&ada, thread, "Hello?").await;
    assert_eq!(office.mail.compose().await.unwrap(), 1);
    let letter = office
        .control
        .letters()
        .due(office.mail.clock.now(), 1)
        .await
        .unwrap()
        .remove(0);
    // The server takes it, and the process dies before it could note that.
    let later = office.mail.clock.now() + SignedDuration::from_mins(5);
    assert!(
        office
            .control
            .letters()
            .begin(letter.id, later)
            .await
            .unwrap()
    );
    assert_eq!(office.mail.send().await.unwrap().sent, 0);
    office.ahead.fetch_add(301, Relaxed);
    assert_eq!(office.mail.send().await.unwrap().sent, 1);
    let mail = mailbox_of(&servers, "bob", 1).await.remove(0);
    assert_eq!(format!("<{}>", mail.message_id), letter.message_id);
    assert_eq!(office.mail.send().await.unwrap().sent, 0);

    // No server at all: the letter waits, and its tries are not used up.
    office.say(&ada, thread, "And now?").await;
    office.mail.compose().await.unwrap();
    drop(servers);
    office.mail.send().await.unwrap();
    let now = office.mail.clock.now();
    let waiting = office
        .control
        .letters()
        .due(now + SignedDuration::from_hours(1), 9)
        .await
        .unwrap();
    assert_eq!(waiting.len(), 1);
    assert_eq!(
        (waiting[0].state, waiting[0].tries),
        (LetterState::Waiting, 0)
    );
}

#[tokio::test]
async fn sight_quiet_hours_and_limits_hold() {
    let servers = Servers::start();
    let office = Office::open(&servers).await;
    let tech = office
        .person("ada", vec![Role::User, Role::Technician])
        .await;
    let user = office.person("bob", vec![Role::User]).await;
    let thread = office
        .threads
        .open(&user, "help", "Title", "Words.")
        .await
        .unwrap();
    office.watch(&tech, thread).await;
    // A whisper is for staff.
    let whisper = Words {
        markdown: "Between us: known defect.",
        whisper: true,
        ..Words::default()
    };
    let cyd = office
        .person("cyd", vec![Role::User, Role::Technician])
        .await;
    office.threads.post(&cyd, thread, whisper).await.unwrap();
    office.mail.compose().await.unwrap();
    office.mail.send().await.unwrap();
    let mail = mailbox_of(&servers, "ada", 1).await.remove(0);
    assert!(mail.text.contains("Between us"), "{}", mail.text);
    assert!(servers.mailbox("bob").is_empty());
    // And so is the answer to it.
    let raw = answer(&mail, "ada@weft.test", "w1", "I know.");
    let taken = office
        .mail
        .take(raw.as_bytes(), &take::Envelope::default())
        .await
        .unwrap();
    let take::Outcome::Posted { post, .. } = taken else {
        panic!("{taken:?}");
    };
    let said = office
        .control
        .posts()
        .get(post, Reader::COLLECTOR)
        .await
        .unwrap()
        .unwrap();
    assert!(said.whisper);

    // What was taken out of sight while it waited is not told.
    let hidden = office.say(&tech, thread, "Oops, a secret.").await;
    office.mail.compose().await.unwrap();
    let now = office.mail.clock.now();
    office
        .control
        .posts()
        .delete(hidden, tech.id, now)
        .await
        .unwrap();
    assert_eq!(office.mail.send().await.unwrap().dropped, 1);

    // Quiet hours hold everything, and the morning brings it as one.
    let quiet = Preferences {
        quiet: Some(Quiet {
            from: 0,
            until: 1439,
        }),
        ..Preferences::default()
    };
    office.mail.save_wishes(user.id, quiet).await.unwrap();
    for n in 0..7 {
        office.say(&tech, thread, &format!("News {n}")).await;
    }
    // The one minute of the day that is not quiet may just be passing.
    if office.mail.compose().await.unwrap() == 0 {
        assert_eq!(
            office
                .control
                .letters()
                .items(user.id, 99)
                .await
                .unwrap()
                .len(),
            7
        );
    }
    office
        .mail
        .save_wishes(user.id, Preferences::default())
        .await
        .unwrap();
    office.mail.compose().await.unwrap();
    office.mail.send().await.unwrap();
    let bundle = mailbox_of(&servers, "bob", 1).await.remove(0);
    for n in 0..7 {
        assert!(
            bundle.text.contains(&format!("News {n}")),
            "{}",
            bundle.text
        );
    }
    assert_eq!(servers.mailbox("bob").len(), 1);
}

#[tokio::test]
async fn a_digest_tells_what_is_new_once() {
    let servers = Servers::start();
    let office = Office::open(&servers).await;
    let ada = office.person("ada", vec![Role::User]).await;
    let bob = office.person("bob", vec![Role::User]).await;
    let daily = Preferences {
        digest: Rhythm::Daily,
        ..Preferences::default()
    };
    office.mail.save_wishes(bob.id, daily).await.unwrap();
    office.mail.stop_all(ada.id).await.unwrap();
    let day = || office.ahead.fetch_add(24 * 3600, Relaxed);
    // Nothing new: no mail.
    day();
    assert_eq!(office.mail.digest().await.unwrap(), 0);
    let thread = office
        .threads
        .open(&bob, "help", "Fan is loud", "Since Monday.")
        .await
        .unwrap();
    let fix = office.say(&ada, thread, "Clean *it*.").await;
    office.threads.accept(&bob, thread, fix).await.unwrap();
    day();
    assert_eq!(office.mail.digest().await.unwrap(), 1);
    assert_eq!(office.mail.digest().await.unwrap(), 0);
    office.mail.send().await.unwrap();
    let digest = mailbox_of(&servers, "bob", 1).await;
    let digest = digest
        .iter()
        .find(|mail| mail.subject.starts_with("Your day"))
        .unwrap();
    assert!(
        digest.text.contains("Fan is loud") && digest.text.contains("Solved"),
        "{}",
        digest.text
    );
    day();
    assert_eq!(office.mail.digest().await.unwrap(), 0);
}

#[tokio::test]
async fn a_thread_is_opened_by_mail_with_its_files() {
    let servers = Servers::start();
    let mut office = Office::open(&servers).await;
    let ada = office.person("ada", vec![Role::User]).await;
    office.run();
    let help = office.control.spaces().find("help").await.unwrap().unwrap();
    use weft_collector_store::control::replies::Place;
    let to = office
        .mail
        .reply_address(ada.id, Place::Space, help.id)
        .await
        .unwrap()
        .unwrap();
    assert!(to.contains(&office.mail.seal.token(Purpose::Space, ada.id, help.id)));
    let raw = format!(
        "From: ada@weft.test\r\nTo: {to}\r\nSubject: Fwd: Blue screen\r\nMessage-ID: <n1@home.test>\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n\
         --b\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<p>It says <b>STOP</b>.</p><script>alert(1)</script>\r\n--b\r\n\
         Content-Type: application/octet-stream; name=\"../../etc/dump.txt\"\r\nContent-Disposition: attachment; filename=\"../../etc/dump.txt\"\r\n\r\n0x7e\r\n--b--\r\n"
    );
    hand_in(&servers, "ada@weft.test", &to, &raw).await;
    let thread = eventually("the thread is there", async || {
        let wanted = Default::default();
        let threads = office
            .control
            .threads()
            .list(&wanted, Reader::COLLECTOR, None, 9)
            .await
            .unwrap();
        threads
            .into_iter()
            .find(|thread| thread.title == "Blue screen")
    })
    .await;
    assert_eq!((thread.author, thread.space), (ada.id, help.id));
    let posts = office.posts(thread.id).await;
    assert!(
        posts[0].markdown.starts_with("It says **STOP**."),
        "{}",
        posts[0].markdown
    );
    let files = eventually("its file is there", async || {
        let files = office
            .control
            .attachments()
            .of_posts(vec![posts[0].id])
            .await
            .unwrap();
        (!files.is_empty()).then_some(files)
    })
    .await;
    assert_eq!(files[0].name, "dump.txt");
}
