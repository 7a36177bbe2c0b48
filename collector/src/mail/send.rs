//! Letters on their way out: read what may be told now, write it, hand it to the server, and note what it said.
//!
//! **Invariant: a letter ends only when a server took it, nobody may be told, or it was tried long enough**; a crash between the
//! server's yes and our note repeats the letter under the same Message-ID. A server that is not there costs no letter a try.

use jiff::{SignedDuration, Timestamp};
use lettre::AsyncTransport as _;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;
use weft_collector_store::control::{
    accounts::Account,
    letters::{Item, Letter, LetterKind, LetterState},
    replies::{Place, Reply},
};

use super::{
    Mail, MailError, ORIGIN,
    face::{self, Face, Foot},
    seal::Purpose,
    settings::Settings,
    tls::Encryption,
    told::{self, Told},
    write::{self, Headers},
};

/// Letters in one round: a minute's work of a server that takes half a second for each.
const MOST: u64 = 100;
/// Pauses between tries in minutes; a letter that failed them all, after three days, is given up.
const PAUSES: [i64; 10] = [1, 5, 15, 60, 180, 360, 720, 720, 1_080, 1_200];
/// While the server is not there: it is asked again after this.
const SERVER_PAUSE: SignedDuration = SignedDuration::from_secs(60);
/// A try that nothing was heard of is taken for lost with its process: longer than all time limits of one.
const LOST: SignedDuration = SignedDuration::from_mins(5);
/// Letters of an answer that are kept beside a failure.
const MOST_ERROR: usize = 500;

/// What became of a try.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// Not this server now: no letter of this round will do better.
    ServerGone,
    /// Later it may work.
    Later,
    /// Never; and the address does not exist or takes nothing any more.
    NoSuchAddress,
    Never,
}

/// What a failure means. `code`: the reply of the server, if it replied; `words`: the enhanced code stands in them.
pub fn fate(code: Option<u16>, words: &str) -> Fate {
    match code {
        None => Fate::ServerGone,
        // "Service not available": said to the connection, not to the letter.
        Some(421) => Fate::ServerGone,
        // Credentials: every letter would fare alike, and somebody will mend them.
        Some(530 | 534 | 535 | 538) => Fate::ServerGone,
        Some(400..=499) => Fate::Later,
        Some(_) if is_about_address(words) => Fate::NoSuchAddress,
        Some(_) => Fate::Never,
    }
}

/// RFC 3463: X.1.x is about the address, X.2.1 a mailbox that was switched off.
pub fn is_about_address(words: &str) -> bool {
    words
        .split(|c: char| !(c.is_ascii_digit() || c == '.'))
        .any(|word| {
            let mut parts = word.split('.');
            match (parts.next(), parts.next(), parts.next(), parts.next()) {
                // 5.1.8 is about the sender's domain.
                (Some("5"), Some("1"), Some(detail), None) => !matches!(detail, "7" | "8"),
                (Some("5"), Some("2"), Some("1"), None) => true,
                _ => false,
            }
        })
}

/// When to try again after this many tries; `None`: it is given up.
pub fn again(tries: u32, now: Timestamp) -> Option<Timestamp> {
    let pause = PAUSES.get(tries.saturating_sub(1) as usize)?;
    Some(now + SignedDuration::from_mins(*pause))
}

/// What a round did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sent {
    pub sent: usize,
    pub dropped: usize,
    pub failed: usize,
}

/// Asks the server whether it lets us in, and says in words what to do if not: what the doctor does.
pub async fn probe(settings: &Settings) -> Result<(), String> {
    let transport = super::transport(settings).map_err(|error| error.to_string())?;
    let error = match transport.test_connection().await {
        Ok(true) => return Ok(()),
        Ok(false) => return Err("it does not answer: look at its log".to_owned()),
        Err(error) => error,
    };
    let hint = match error.status().map(u16::from) {
        Some(530 | 534 | 535 | 538) => "look at user and password in mail.smtp",
        Some(_) => "the server says why",
        None if error.is_tls() => {
            "look at the certificate, or whether the port speaks TLS at once (smtps) or after STARTTLS (?tls=required)"
        }
        None if error.is_timeout() => "nothing answers: look at the firewall",
        None if settings.encryption == Encryption::AtOnce => {
            "look at name and port in mail.smtp, whether the server runs, and whether that port speaks TLS at once (else: smtp:// and ?tls=required)"
        }
        None => "look at name and port in mail.smtp, and whether the server runs",
    };
    Err(format!("{error}: {hint}"))
}

impl Mail {
    /// Sends what is due.
    pub async fn send(&self) -> Result<Sent, MailError> {
        self.send_until(&CancellationToken::new()).await
    }

    /// The same; `stop` ends it between two letters.
    pub async fn send_until(&self, stop: &CancellationToken) -> Result<Sent, MailError> {
        let mut done = Sent::default();
        if self.transport.is_none() {
            return Ok(done);
        }
        for letter in self.control.letters().due(self.clock.now(), MOST).await? {
            if stop.is_cancelled() {
                break;
            }
            match self.send_one(letter).await? {
                LetterState::Sent => done.sent += 1,
                LetterState::Dropped => done.dropped += 1,
                LetterState::Failed => done.failed += 1,
                // The server is gone: the others wait with it.
                LetterState::Sending => break,
                _ => {}
            }
        }
        Ok(done)
    }

    /// Gives where the letter is now; `Sending` means that there is no server.
    async fn send_one(&self, letter: Letter) -> Result<LetterState, MailError> {
        let letters = self.control.letters();
        let now = self.clock.now();
        // Noted before anything leaves the house.
        if !letters.begin(letter.id, now + LOST).await? {
            return Ok(LetterState::Waiting);
        }
        let Some((headers, face)) = self.prepare(&letter).await? else {
            letters
                .end(letter.id, LetterState::Dropped, "", now)
                .await?;
            return Ok(LetterState::Dropped);
        };
        let settings = self.on()?;
        let message = match write::message(settings, &headers, face, now) {
            Ok(message) => message,
            Err(error) => {
                letters
                    .end(letter.id, LetterState::Failed, &error.to_string(), now)
                    .await?;
                return Ok(LetterState::Failed);
            }
        };
        let Some(transport) = &self.transport else {
            return Ok(LetterState::Sending);
        };
        match transport.send(message).await {
            Ok(_) => {
                letters
                    .end(letter.id, LetterState::Sent, "", self.clock.now())
                    .await?;
                Ok(LetterState::Sent)
            }
            Err(error) => {
                let code = error.status().map(u16::from);
                let words: String = error.to_string().chars().take(MOST_ERROR).collect();
                self.judge(&letter, &headers.to, fate(code, &words), &words)
                    .await
            }
        }
    }

    async fn judge(
        &self,
        letter: &Letter,
        address: &str,
        fate: Fate,
        words: &str,
    ) -> Result<LetterState, MailError> {
        let letters = self.control.letters();
        let now = self.clock.now();
        let given_up = match fate {
            Fate::ServerGone => {
                tracing::warn!("mail: the server does not take letters: {words}");
                letters
                    .take_back(letter.id, now + SERVER_PAUSE, words)
                    .await?;
                return Ok(LetterState::Sending);
            }
            Fate::Later => match again(letter.tries + 1, now) {
                Some(until) => {
                    letters.postpone(letter.id, until, words).await?;
                    return Ok(LetterState::Waiting);
                }
                None => words,
            },
            Fate::NoSuchAddress => {
                if let Some(account) = letter.account {
                    self.control
                        .addresses()
                        .pause(account, address, words, now)
                        .await?;
                }
                words
            }
            Fate::Never => words,
        };
        tracing::warn!(letter = %letter.id, "mail: given up: {given_up}");
        letters
            .end(letter.id, LetterState::Failed, given_up, now)
            .await?;
        Ok(LetterState::Failed)
    }

    /// Headers and words, read now; `None`: there is nobody to tell, or nothing.
    async fn prepare(&self, letter: &Letter) -> Result<Option<(Headers, Face)>, MailError> {
        let account = match letter.account {
            None => None,
            Some(account) => match self.control.accounts().get(account).await? {
                Some(account) if !account.disabled && !account.system => Some(account),
                _ => return Ok(None),
            },
        };
        let to = match (&account, letter.address.is_empty()) {
            (_, false) => letter.address.clone(),
            (Some(account), true) => {
                match self.control.addresses().to_write_to(account.id).await? {
                    Some(address) => address,
                    None => return Ok(None),
                }
            }
            (None, true) => return Ok(None),
        };
        let headers = Headers {
            to,
            message_id: letter.message_id.clone(),
            bounce_to: Some(self.bounce_address(letter.id)),
            ..Headers::default()
        };
        match (letter.kind, account) {
            (LetterKind::Notice | LetterKind::Bundle, Some(account)) => {
                self.prepare_told(letter, &account, headers).await
            }
            (LetterKind::Digest, Some(account)) => {
                self.prepare_digest(letter, &account, headers).await
            }
            (LetterKind::Confirm, Some(account)) => Ok(self.prepare_confirm(&account, headers)),
            (LetterKind::Test, _) => {
                let reply = self
                    .on()?
                    .reply
                    .as_ref()
                    .map(|reply| reply.address("token"));
                Ok(Some((
                    headers,
                    face::test(&self.public_url, reply.as_deref()),
                )))
            }
            (LetterKind::Refusal, _) => Ok(Some(refusal(letter, headers))),
            _ => Ok(None),
        }
    }

    async fn prepare_told(
        &self,
        letter: &Letter,
        account: &Account,
        headers: Headers,
    ) -> Result<Option<(Headers, Face)>, MailError> {
        let items: Vec<Item> = serde_json::from_value(letter.content.clone())
            .map_err(|error| MailError::Write(format!("a letter's items: {error}")))?;
        let mut told = vec![];
        for item in items {
            let read = told::read(&self.control, account, item, &self.public_url).await?;
            told.extend(read);
        }
        let foot = self.foot(account.id, one_thread(&told)).await?;
        match told.as_slice() {
            [] => Ok(None),
            [one] => {
                let headers = self
                    .thread_headers(account, one, false, headers, &foot)
                    .await?;
                Ok(Some((headers, face::notice(one, &self.public_url, &foot))))
            }
            [first, ..] => {
                let headers = match one_thread(&told) {
                    Some(_) => {
                        // An answer to several is a whisper if one of them is.
                        let whispered = told
                            .iter()
                            .any(|one| one.post.as_ref().is_some_and(|words| words.post.whisper));
                        self.thread_headers(account, first, whispered, headers, &foot)
                            .await?
                    }
                    None => Headers {
                        unsubscribe: Some(foot.stop_all.clone()),
                        ..headers
                    },
                };
                let headers = Headers {
                    speaker: String::new(),
                    in_reply_to: None,
                    ..headers
                };
                Ok(Some((
                    headers,
                    face::bundle(&told, &self.public_url, &foot),
                )))
            }
        }
    }

    /// What ties a letter to its thread, for programs and for answers.
    async fn thread_headers(
        &self,
        account: &Account,
        told: &Told,
        whispered: bool,
        headers: Headers,
        foot: &Foot,
    ) -> Result<Headers, MailError> {
        let thread = told.thread.id;
        let root = self.root_of_thread(account.id, thread);
        let whispers = told.post.as_ref().is_some_and(|words| words.post.whisper);
        let place = match whispers || whispered {
            true => Place::Whisper,
            false => Place::Thread,
        };
        let parent = match told.post.as_ref().and_then(|words| words.post.reply_to) {
            Some(parent) => Some(self.message_of_post(account.id, parent).await?),
            None => self.last_own_mail(account.id, told).await?,
        };
        let mut references = vec![root.clone()];
        references.extend(parent.clone());
        Ok(Headers {
            speaker: match told.by_collector {
                true => String::new(),
                false => told.actor.clone(),
            },
            in_reply_to: Some(parent.unwrap_or(root)),
            references,
            reply_to: self.reply_address(account.id, place, thread).await?,
            list_id: Some(format!("{}.weft.{}", told.space_slug, self.on()?.domain())),
            archive: Some(format!("{}/threads/{thread}", self.public_url)),
            unsubscribe: Some(foot.stop_thread.clone()),
            ..headers
        })
    }

    /// The newest mail that this person wrote into the thread: an answer belongs under it.
    async fn last_own_mail(&self, account: Uuid, told: &Told) -> Result<Option<String>, MailError> {
        let before = told
            .post
            .as_ref()
            .map_or(told.item.at, |words| words.post.posted_at);
        let own = self
            .control
            .posts()
            .last_origin_ref(told.thread.id, ORIGIN, account, before)
            .await?;
        Ok(own.filter(|id| id.starts_with('<')))
    }

    /// The address to which this person's words for this place go; `None` where answers are not taken.
    pub async fn reply_address(
        &self,
        account: Uuid,
        place: Place,
        target: Uuid,
    ) -> Result<Option<String>, MailError> {
        let Some(template) = self.settings.as_ref().and_then(|on| on.reply.as_ref()) else {
            return Ok(None);
        };
        let purpose = match place {
            Place::Thread => Purpose::Thread,
            Place::Whisper => Purpose::Whisper,
            Place::Space => Purpose::Space,
        };
        let token = self.seal.token(purpose, account, target);
        let reply = Reply {
            account,
            place,
            target,
        };
        self.control
            .replies()
            .keep(&token, &reply, self.clock.now())
            .await?;
        Ok(Some(template.address(&token)))
    }

    /// Where this letter comes back to: an address of its own where answers are taken, ours otherwise.
    fn bounce_address(&self, letter: Uuid) -> String {
        let Some(on) = &self.settings else {
            return String::new();
        };
        match &on.reply {
            Some(template) => {
                let word = self.seal.seal(Purpose::Bounce, letter.as_bytes());
                template.address(&format!("b{word}"))
            }
            None => on.from.to_string(),
        }
    }

    /// The links below a letter.
    pub(super) async fn foot(
        &self,
        account: Uuid,
        thread: Option<Uuid>,
    ) -> Result<Foot, MailError> {
        let stop = |thread: Option<Uuid>| {
            let mut carried = account.as_bytes().to_vec();
            carried.extend(thread.iter().flat_map(|thread| *thread.as_bytes()));
            let word = self.seal.seal(Purpose::Stop, &carried);
            format!("{}/mail/stop/{word}", self.public_url)
        };
        Ok(Foot {
            can_reply: thread.is_some() && self.on()?.reply.is_some(),
            stop_thread: thread.map(|thread| stop(Some(thread))).unwrap_or_default(),
            stop_all: stop(None),
            settings: format!("{}/notices/settings", self.public_url),
        })
    }

    fn prepare_confirm(&self, account: &Account, headers: Headers) -> Option<(Headers, Face)> {
        let word = self.confirmation(account.id, &headers.to);
        let link = format!("{}/mail/confirm/{word}", self.public_url);
        let face = face::confirm(&account.name, &headers.to, &link);
        Some((headers, face))
    }
}

fn refusal(letter: &Letter, headers: Headers) -> (Headers, Face) {
    let text = |key: &str| letter.content[key].as_str().unwrap_or_default().to_owned();
    let answered = text("message_id");
    let headers = Headers {
        // An answer to a mail comes back to nobody, or two programs would talk for ever.
        bounce_to: None,
        replied: true,
        in_reply_to: (!answered.is_empty()).then(|| answered.clone()),
        references: match answered.is_empty() {
            true => vec![],
            false => vec![answered],
        },
        ..headers
    };
    let face = face::refusal(&text("subject"), &text("why"), &text("what_to_do"));
    (headers, face)
}

/// The thread that all of it is about.
fn one_thread(told: &[Told]) -> Option<Uuid> {
    let first = told.first()?.thread.id;
    told.iter()
        .all(|one| one.thread.id == first)
        .then_some(first)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn what_a_server_says_decides_what_is_done() {
        for (code, words, meant) in [
            (None, "Connection error: refused", Fate::ServerGone),
            (Some(421), "4.3.2 shutting down", Fate::ServerGone),
            (Some(535), "5.7.8 bad credentials", Fate::ServerGone),
            (Some(450), "4.2.0 greylisted", Fate::Later),
            (Some(452), "4.2.2 mailbox full", Fate::Later),
            (Some(550), "5.1.1 <x@y>: no such user", Fate::NoSuchAddress),
            (
                Some(550),
                "permanent error (550): 5.2.1 disabled",
                Fate::NoSuchAddress,
            ),
            (Some(550), "5.7.1 relay access denied", Fate::Never),
            (Some(554), "5.1.8 sender domain", Fate::Never),
            (Some(552), "message too large, host 15.1.10.3", Fate::Never),
            (Some(550), "no", Fate::Never),
        ] {
            assert_eq!(fate(code, words), meant, "{code:?} {words}");
        }
    }

    #[test]
    fn tries_grow_rare_and_end() {
        let now = Timestamp::UNIX_EPOCH;
        let mut last = now;
        for tries in 1..=PAUSES.len() as u32 {
            let next = again(tries, now).unwrap();
            assert!(next >= last);
            last = next;
        }
        assert_eq!(again(PAUSES.len() as u32 + 1, now), None);
        assert_eq!(PAUSES.iter().sum::<i64>() / 60 / 24, 3);
    }
}
