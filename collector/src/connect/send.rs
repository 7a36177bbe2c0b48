//! Letters become posts over there.
//!
//! **Invariant: an attempt whose end nobody knows is looked up before it is made again**, unless the platform does the work
//! of one key once. **What is sent is read when it is sent**: a post that was deleted, hidden or moved out of the bridge
//! meanwhile does not leave, and of several edits the last one goes. Within a thread, letters go in the order of events;
//! one that waits holds up its thread and nobody else's, unless the platform itself asked for patience.

use std::time::Duration;

use jiff::SignedDuration;
use tokio::time::sleep;
use uuid::Uuid;
use weft_collector_store::control::{
    ControlError,
    accounts::SYSTEM,
    bridges::{
        letters::{Letter, LetterState, Step},
        ties::Tie,
    },
    posts::Post,
    threads::{Reader, Thread},
};

use super::{Connect, DATABASE_PAUSE, Ended, Point, Run, leave, words};
use crate::threads::connector::{Fault, Outgoing, RemotePost, RemoteThread};

/// A letter that is older than this is dead, whatever the platform says about coming again.
const MAX_AGE: SignedDuration = SignedDuration::from_hours(72);
/// While letters fail, others are tried no rarer than this.
const LONGEST_HOLD: Duration = Duration::from_secs(60);
/// Of a letter's end that could not be looked up.
const MAY_HAVE_ARRIVED: &str = "it may have arrived, and this platform cannot be asked: look there, then send it again or let it be";

/// How a letter went.
enum Went {
    /// Over there, or nothing is left to do.
    Through,
    /// Not; `sure`: surely nothing happened over there.
    Failed { fault: Fault, sure: bool },
}

impl From<Fault> for Went {
    /// A platform that names a time to come back did nothing.
    fn from(fault: Fault) -> Self {
        let sure = !matches!(fault, Fault::Later { after: None, .. });
        Self::Failed { fault, sure }
    }
}

/// A step that fails with a fault or with the database.
enum Stopped {
    Fault(Went),
    Ended(Ended),
}

impl From<Fault> for Stopped {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault.into())
    }
}

impl From<ControlError> for Stopped {
    fn from(error: ControlError) -> Self {
        Self::Ended(error.into())
    }
}

impl From<Ended> for Stopped {
    fn from(ended: Ended) -> Self {
        Self::Ended(ended)
    }
}

impl Connect {
    /// Carries what is said here, as long as the bridge runs.
    pub async fn carry(&self, run: &Run) -> Result<(), Ended> {
        let mut failures = 0;
        loop {
            let more = match self.collect(&run.bridge).await {
                Ok(more) => more,
                Err(error) => {
                    tracing::error!(bridge = %run.bridge.id, "events not read: {error}");
                    sleep(DATABASE_PAUSE).await;
                    continue;
                }
            };
            let hold = self.send_due(run, &mut failures).await?;
            match (hold, more) {
                (Some(hold), _) => sleep(hold).await,
                (None, true) => {}
                (None, false) => sleep(self.pace.look).await,
            }
        }
    }

    /// Sends what is due, in turn. Gives how long to hold everything, when the platform wants that.
    pub(super) async fn send_due(
        &self,
        run: &Run,
        failures: &mut u32,
    ) -> Result<Option<Duration>, Ended> {
        let bridges = self.control.bridges();
        let letters = bridges.letters(run.bridge.id);
        loop {
            let now = self.clock.now();
            let heads = letters.heads().await?;
            let due: Vec<Letter> = heads
                .into_iter()
                .filter(|letter| letter.due_at <= now)
                .collect();
            if due.is_empty() {
                return Ok(None);
            }
            for letter in due {
                // Another collector took it up: it thinks that the lease is its own.
                if !letters.begin(&letter).await? {
                    return Err(Ended::LeaseLost);
                }
                self.survives(Point::Begun)?;
                match self.deliver(run, &letter).await? {
                    Went::Through => {
                        *failures = 0;
                        run.health.works().await?;
                    }
                    Went::Failed { fault, sure } => {
                        *failures += 1;
                        if let Some(hold) =
                            self.failed(run, &letter, fault, sure, *failures).await?
                        {
                            return Ok(Some(hold));
                        }
                    }
                }
            }
        }
    }

    /// Notes how it failed: again later, or never. Gives how long everybody has to wait.
    async fn failed(
        &self,
        run: &Run,
        letter: &Letter,
        fault: Fault,
        sure: bool,
        failures: u32,
    ) -> Result<Option<Duration>, Ended> {
        let bridges = self.control.bridges();
        let letters = bridges.letters(run.bridge.id);
        let now = self.clock.now();
        let why = fault.to_string();
        let state = match sure {
            true => LetterState::Waiting,
            false => LetterState::Sending,
        };
        let (attempts, pause, hold) = match &fault {
            Fault::Never(_) => {
                letters
                    .failed(letter.id, LetterState::Dead, letter.attempts + 1, now, &why)
                    .await?;
                return Ok(None);
            }
            // Nobody's letter in particular: no attempt is counted.
            Fault::Locked(_) => {
                let pause = self.pause_after(&fault, failures);
                (letter.attempts, Duration::ZERO, Some(pause))
            }
            Fault::Later { after: Some(_), .. } => {
                let pause = self.pause_after(&fault, failures);
                (letter.attempts, pause, Some(pause))
            }
            Fault::Later { after: None, .. } => {
                let attempts = letter.attempts + 1;
                let pause = self.pace.pause(attempts, (self.chance)());
                let hold = self.pace.pause(failures, (self.chance)()).min(LONGEST_HOLD);
                (attempts, pause, Some(hold))
            }
        };
        let too_old = now.duration_since(letter.made_at) >= MAX_AGE;
        let state = match attempts >= self.pace.tries || too_old {
            true => LetterState::Dead,
            false => state,
        };
        let due = now.checked_add(pause).unwrap_or(now);
        letters
            .failed(letter.id, state, attempts, due, &why)
            .await?;
        run.health.fault(&fault).await?;
        Ok(hold)
    }

    async fn deliver(&self, run: &Run, letter: &Letter) -> Result<Went, Ended> {
        let delivered = match letter.step {
            Step::Say => self.say(run, letter).await,
            Step::Edit => self.edit(run, letter).await,
            Step::Delete => self.delete(run, letter).await,
            Step::Solved | Step::Reopened => self.tell_turn(run, letter).await,
            // Never on its way out: see `keep_arrival`.
            Step::Take => Ok(()),
        };
        match delivered {
            Ok(()) => {
                let bridges = self.control.bridges();
                bridges.letters(run.bridge.id).done(letter.id).await?;
                Ok(Went::Through)
            }
            Err(Stopped::Fault(went)) => Ok(went),
            Err(Stopped::Ended(ended)) => Err(ended),
        }
    }

    async fn say(&self, run: &Run, letter: &Letter) -> Result<(), Stopped> {
        let Some((thread, post)) = self.leaving(run, letter).await? else {
            return Ok(());
        };
        let bridges = self.control.bridges();
        let ties = bridges.ties(run.bridge.id);
        if ties.of_post(post.id).await?.is_some() {
            return Ok(());
        }
        let root = ties.thread_there(thread.id).await?.map(RemoteThread);
        let words = self.outgoing(run, letter, &thread, &post).await?;
        let there = match self.said_before(run, letter, root.as_ref()).await? {
            Some(there) => there,
            None => {
                let there = match &root {
                    Some(root) => run.platform.say(root, &words).await?,
                    None => run.platform.open(&words).await?,
                };
                self.survives(Point::Sent)?;
                there
            }
        };
        let tie = Tie {
            bridge: run.bridge.id,
            post: post.id,
            thread: thread.id,
            remote_thread: root.map_or(there.thread.0, |root| root.0),
            remote: there.id,
            author: String::new(),
            ours: true,
            words: words::hash(&words.author, &words.markdown),
            exact: words::exact(&words.markdown),
            at: self.clock.now(),
        };
        bridges.letters(run.bridge.id).said(letter.id, tie).await?;
        Ok(())
    }

    /// Where an attempt may have got through, the post that it became.
    async fn said_before(
        &self,
        run: &Run,
        letter: &Letter,
        root: Option<&RemoteThread>,
    ) -> Result<Option<RemotePost>, Stopped> {
        if letter.state != LetterState::Sending || run.platform.abilities().idempotent {
            return Ok(None);
        }
        match run.platform.find(root, &key(letter)).await {
            Ok(found) => Ok(found),
            Err(Fault::Never(_)) => Err(Fault::Never(MAY_HAVE_ARRIVED.to_owned()).into()),
            // Still nobody knows.
            Err(fault) => Err(Stopped::Fault(Went::Failed { fault, sure: false })),
        }
    }

    async fn edit(&self, run: &Run, letter: &Letter) -> Result<(), Stopped> {
        if !run.platform.abilities().edits {
            return Ok(());
        }
        let Some((thread, post)) = self.leaving(run, letter).await? else {
            return Ok(());
        };
        let bridges = self.control.bridges();
        let ties = bridges.ties(run.bridge.id);
        let Some(tie) = ties.of_post(post.id).await?.filter(|tie| tie.ours) else {
            return Ok(());
        };
        let words = self.outgoing(run, letter, &thread, &post).await?;
        let exact = words::exact(&words.markdown);
        // Of several edits the last one went with the first letter.
        if tie.exact == exact {
            return Ok(());
        }
        run.platform.edit(&there(&tie), &words).await?;
        self.survives(Point::Sent)?;
        let hash = words::hash(&words.author, &words.markdown);
        ties.set_words(post.id, &hash, &exact).await?;
        Ok(())
    }

    /// Ours go; of theirs, what was removed here is removed there where we may.
    async fn delete(&self, run: &Run, letter: &Letter) -> Result<(), Stopped> {
        let Some(post) = letter.post else {
            return Ok(());
        };
        let bridges = self.control.bridges();
        let ties = bridges.ties(run.bridge.id);
        let Some(tie) = ties.of_post(post).await? else {
            return Ok(());
        };
        if !run.platform.abilities().deletions || self.is_shown(run, letter, post).await? {
            return Ok(());
        }
        match run.platform.delete(&there(&tie), &key(letter)).await {
            Ok(()) => {}
            // Without the rights of a moderator over there it stays, as everybody sees.
            Err(Fault::Never(_) | Fault::Locked(_)) if !tie.ours => return Ok(()),
            Err(fault) => return Err(fault.into()),
        }
        self.survives(Point::Sent)?;
        ties.cut(post).await?;
        Ok(())
    }

    /// Was it brought back before its deletion got through?
    async fn is_shown(&self, run: &Run, letter: &Letter, post: Uuid) -> Result<bool, ControlError> {
        let Some(thread) = letter.thread else {
            return Ok(false);
        };
        let thread = leave::thread(&self.control, &run.bridge, thread).await?;
        let post = self.control.posts().get(post, Reader::COLLECTOR).await?;
        Ok(thread.is_some() && post.is_some_and(|post| !post.whisper))
    }

    /// The thread has its answer, or has it no more: a notice where the thread is known.
    async fn tell_turn(&self, run: &Run, letter: &Letter) -> Result<(), Stopped> {
        let Some(thread) = letter.thread else {
            return Ok(());
        };
        let Some(thread) = leave::thread(&self.control, &run.bridge, thread).await? else {
            return Ok(());
        };
        let solved = letter.step == Step::Solved;
        let bridges = self.control.bridges();
        let root = bridges.ties(run.bridge.id).thread_there(thread.id).await?;
        // It turned again meanwhile, or nobody over there knows it.
        let (Some(root), true) = (root.map(RemoteThread), thread.solved == solved) else {
            return Ok(());
        };
        if self.said_before(run, letter, Some(&root)).await?.is_some() {
            return Ok(());
        }
        let link = self.link(&thread, thread.accepted_post);
        let said = match solved {
            true => format!("This has an answer: [read it]({link})."),
            false => format!("This is open again: [read it]({link})."),
        };
        let words = Outgoing {
            key: key(letter),
            title: words::line(&thread.title),
            author: "Weft".to_owned(),
            html: words::html(&said, &self.console_url),
            markdown: said,
            link,
            reply_to: None,
            notice: true,
        };
        run.platform.say(&root, &words).await?;
        self.survives(Point::Sent)?;
        Ok(())
    }

    /// Thread and post of a letter, if they may leave now.
    async fn leaving(
        &self,
        run: &Run,
        letter: &Letter,
    ) -> Result<Option<(Thread, Post)>, ControlError> {
        let Some(post) = letter.post else {
            return Ok(None);
        };
        let Some(post) = leave::post(&self.control, &run.bridge, post).await? else {
            return Ok(None);
        };
        // Where it stands now: it may have been moved by a merge.
        let thread = leave::thread(&self.control, &run.bridge, post.thread).await?;
        Ok(thread.map(|thread| (thread, post)))
    }

    async fn outgoing(
        &self,
        run: &Run,
        letter: &Letter,
        thread: &Thread,
        post: &Post,
    ) -> Result<Outgoing, ControlError> {
        let author = self.control.accounts().get(post.author).await?;
        let author = author.map_or("somebody".to_owned(), |author| words::name(&author.name));
        let markdown = words::markdown(&post.markdown, &self.console_url);
        let bridges = self.control.bridges();
        let ties = bridges.ties(run.bridge.id);
        let reply_to = match post.reply_to {
            None => None,
            Some(answered) => ties.of_post(answered).await?.map(|tie| there(&tie)),
        };
        Ok(Outgoing {
            key: key(letter),
            title: words::line(&thread.title),
            author,
            html: words::html(&markdown, &self.console_url),
            markdown,
            link: self.link(thread, Some(post.id)),
            reply_to,
            notice: post.author == SYSTEM,
        })
    }

    fn link(&self, thread: &Thread, post: Option<Uuid>) -> String {
        let place = post.map_or(String::new(), |post| format!("#post-{post}"));
        format!("{}/threads/{}{place}", self.console_url, thread.id)
    }
}

fn there(tie: &Tie) -> RemotePost {
    RemotePost {
        thread: RemoteThread(tie.remote_thread.clone()),
        id: tie.remote.clone(),
    }
}

/// What names the attempt over there, the same at every try.
fn key(letter: &Letter) -> String {
    format!("weft-{}", letter.id.simple())
}
