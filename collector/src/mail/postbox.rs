//! The mailbox that is asked for answers, over IMAP.
//!
//! **Invariant: a message is marked only after it was taken**, and one that was taken is known by itself: a crash, a renumbered
//! mailbox or a second collector takes nothing twice and loses nothing. Waiting costs one idle connection.

use std::{collections::BTreeSet, time::Duration};

use async_imap::{Client, Session, extensions::idle::IdleResponse};
use futures::TryStreamExt as _;
use jiff::SignedDuration;
use secrecy::ExposeSecret as _;
use serde::{Deserialize, Serialize};
use thiserror::Error;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    time::timeout,
};

use super::{
    Mail, MailError, reading::MAX_BYTES, settings::Mailbox, take::Envelope, tls::Encryption,
};
use crate::jobs::Lease;

/// A server that does not answer within this time does not answer.
const PATIENCE: Duration = Duration::from_secs(30);
/// A message of 10 MB over a slow line.
const FETCH: Duration = Duration::from_secs(180);
/// How long to wait for news before looking anyway: servers without IDLE are asked this often, and the lease is prolonged.
const LOOK: Duration = Duration::from_secs(45);
/// How long the others wait for a collector that died.
pub const LEASE: SignedDuration = SignedDuration::from_mins(4);
/// Messages taken in one look; the next look goes on.
const MOST: usize = 200;

/// Why the mailbox could not be asked, each with what to look at.
#[derive(Debug, Error)]
pub enum PostboxError {
    #[error(
        "{host}:{port} cannot be reached ({why}): look at the name, the port, and the firewall"
    )]
    Reach {
        host: String,
        port: u16,
        why: String,
    },
    #[error(
        "TLS with {host} failed ({why}): look at the server's certificate, or whether the port speaks TLS at once"
    )]
    Tls { host: String, why: String },
    #[error(
        "{host} does not begin TLS ({why}): nothing was said to it; look whether it offers STARTTLS, or write imaps://"
    )]
    NoStartTls { host: String, why: String },
    #[error("the server does not let {user} in ({why}): look at user and password")]
    Login { user: String, why: String },
    #[error("there is no folder {folder:?} ({why}): name one at the end of mail.imap")]
    Folder { folder: String, why: String },
    #[error("the mailbox answered wrongly: {0}")]
    Imap(#[from] async_imap::error::Error),
    #[error("the mailbox did not answer in time")]
    Slow,
    #[error(transparent)]
    Mail(#[from] MailError),
}

/// A line to a server, with or without TLS.
pub trait Line: AsyncRead + AsyncWrite + Unpin + Send + std::fmt::Debug {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send + std::fmt::Debug> Line for T {}

type Open = Session<Box<dyn Line>>;

/// Up to where a mailbox was looked through.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
struct Place {
    validity: u32,
    uid: u32,
}

/// Connects, signs in and opens the folder: also what the doctor does.
pub async fn open(mailbox: &Mailbox) -> Result<(Open, u32), PostboxError> {
    let reach = |why: String| PostboxError::Reach {
        host: mailbox.host.clone(),
        port: mailbox.port,
        why,
    };
    let address = (mailbox.host.as_str(), mailbox.port);
    let stream = timeout(PATIENCE, TcpStream::connect(address))
        .await
        .map_err(|_| reach("no answer".to_owned()))?
        .map_err(|error| reach(error.to_string()))?;
    let client = match mailbox.encryption {
        Encryption::None => {
            let line: Box<dyn Line> = Box::new(stream);
            greeted(mailbox, line).await?
        }
        Encryption::AtOnce => greeted(mailbox, encrypted(mailbox, stream).await?).await?,
        Encryption::StartTls => {
            let stream = upgraded(mailbox, stream).await?;
            Client::new(encrypted(mailbox, stream).await?)
        }
    };
    let login = client.login(&mailbox.user, mailbox.password.expose_secret());
    let mut session = timeout(PATIENCE, login)
        .await
        .map_err(|_| PostboxError::Slow)?
        .map_err(|(error, _)| PostboxError::Login {
            user: mailbox.user.clone(),
            why: error.to_string(),
        })?;
    let selected = timeout(PATIENCE, session.select(&mailbox.folder))
        .await
        .map_err(|_| PostboxError::Slow)?
        .map_err(|error| PostboxError::Folder {
            folder: mailbox.folder.clone(),
            why: error.to_string(),
        })?;
    Ok((session, selected.uid_validity.unwrap_or(0)))
}

/// A client that has heard the server's first word.
async fn greeted<L: Line>(mailbox: &Mailbox, line: L) -> Result<Client<L>, PostboxError> {
    let mut client = Client::new(line);
    let greeting = timeout(PATIENCE, client.read_response())
        .await
        .map_err(|_| PostboxError::Slow)?;
    match greeting {
        Ok(Some(_)) => Ok(client),
        _ => Err(PostboxError::Reach {
            host: mailbox.host.clone(),
            port: mailbox.port,
            why: "it sends no IMAP greeting".to_owned(),
        }),
    }
}

/// Asks for TLS on a line in the clear. What the server said beyond its answer is thrown away: nobody vouches for it.
async fn upgraded(mailbox: &Mailbox, stream: TcpStream) -> Result<TcpStream, PostboxError> {
    let mut client = greeted(mailbox, stream).await?;
    let asked = timeout(PATIENCE, client.run_command_and_check_ok("STARTTLS", None)).await;
    match asked {
        Ok(Ok(())) => Ok(client.into_inner()),
        Ok(Err(error)) => Err(PostboxError::NoStartTls {
            host: mailbox.host.clone(),
            why: error.to_string(),
        }),
        Err(_) => Err(PostboxError::Slow),
    }
}

async fn encrypted(mailbox: &Mailbox, stream: TcpStream) -> Result<Box<dyn Line>, PostboxError> {
    let failed = |why: String| PostboxError::Tls {
        host: mailbox.host.clone(),
        why,
    };
    let config = mailbox
        .authorities
        .client()
        .map_err(|e| failed(e.to_string()))?;
    let connector = tokio_rustls::TlsConnector::from(std::sync::Arc::new(config));
    let name = rustls_pki_types::ServerName::try_from(mailbox.host.clone())
        .map_err(|e| failed(e.to_string()))?;
    let stream = timeout(PATIENCE, connector.connect(name, stream))
        .await
        .map_err(|_| failed("no answer".to_owned()))?
        .map_err(|e| failed(e.to_string()))?;
    Ok(Box::new(stream))
}

/// Looks, and waits for news, while the lease is ours. Returns when it is not any more; the caller comes again.
pub async fn watch(mail: &Mail, mailbox: &Mailbox, lease: &Lease) -> Result<(), PostboxError> {
    if !lease.take().await {
        return Ok(());
    }
    let (mut session, validity) = open(mailbox).await?;
    let can_idle = within(session.capabilities()).await?.has_str("IDLE");
    loop {
        let more = look(mail, mailbox, &mut session, validity).await?;
        if !lease.take().await {
            let _ = timeout(PATIENCE, session.logout()).await;
            return Ok(());
        }
        if more {
            continue;
        }
        session = match can_idle {
            true => idle(session).await?,
            false => {
                tokio::time::sleep(LOOK).await;
                session
            }
        };
        // Hears of new messages where the server does not push them.
        within(session.noop()).await?;
    }
}

async fn idle(session: Open) -> Result<Open, PostboxError> {
    let mut handle = session.idle();
    within(handle.init()).await?;
    let (waiting, interrupt) = handle.wait_with_timeout(LOOK);
    let woken = waiting.await?;
    drop(interrupt);
    if let IdleResponse::ManualInterrupt = woken {
        // The line broke.
        return Err(PostboxError::Slow);
    }
    within(handle.done()).await
}

/// Takes what is new. True: there is more.
pub async fn look(
    mail: &Mail,
    mailbox: &Mailbox,
    session: &mut Open,
    validity: u32,
) -> Result<bool, PostboxError> {
    let document = format!(
        "mail.box.{}@{}/{}",
        mailbox.user, mailbox.host, mailbox.folder
    );
    let known = mail
        .control
        .settings()
        .get(&document)
        .await
        .map_err(MailError::from)?;
    let known: Place = known
        .and_then(|known| serde_json::from_value(known.value).ok())
        .unwrap_or_default();
    // Not read yet, and whatever came since, even if somebody read it meanwhile.
    let mut new: BTreeSet<u32> = within(session.uid_search("UNSEEN"))
        .await?
        .into_iter()
        .collect();
    if known.validity == validity {
        let since = known.uid.saturating_add(1);
        let found = within(session.uid_search(format!("UID {since}:*"))).await?;
        // "n:*" names the last message even when it is older.
        new.extend(found.into_iter().filter(|uid| *uid >= since));
    }
    let more = new.len() > MOST;
    let mut uid_now = match known.validity == validity {
        true => known.uid,
        false => 0,
    };
    for uid in new.into_iter().take(MOST) {
        if let Some((raw, envelope)) = fetch(session, uid).await? {
            mail.take(&raw, &envelope).await?;
        }
        uid_now = uid_now.max(uid);
        let place = serde_json::json!(Place {
            validity,
            uid: uid_now
        });
        mail.control
            .settings()
            .set(&document, &place, "mail", mail.clock.now())
            .await
            .map_err(MailError::from)?;
        put_away(session, uid, &mailbox.done).await?;
    }
    Ok(more)
}

/// The message, or the head of one that is too large. `None`: it is gone.
async fn fetch(session: &mut Open, uid: u32) -> Result<Option<(Vec<u8>, Envelope)>, PostboxError> {
    let one = async |session: &mut Open, what: &str| {
        let fetched: Vec<_> = timeout(FETCH, async {
            session
                .uid_fetch(uid.to_string(), what)
                .await?
                .try_collect::<Vec<_>>()
                .await
        })
        .await
        .map_err(|_| PostboxError::Slow)??;
        Ok::<_, PostboxError>(fetched.into_iter().find(|message| message.uid == Some(uid)))
    };
    let Some(sized) = one(session, "(UID RFC822.SIZE)").await? else {
        return Ok(None);
    };
    let size = sized.size.unwrap_or(0) as usize;
    let whole = size <= MAX_BYTES;
    let what = match whole {
        true => "(UID BODY.PEEK[])",
        false => "(UID BODY.PEEK[HEADER])",
    };
    let Some(message) = one(session, what).await? else {
        return Ok(None);
    };
    let bytes = match whole {
        true => message.body(),
        false => message.header(),
    };
    let envelope = Envelope {
        cut_from: (!whole).then_some(size),
        ..Envelope::default()
    };
    Ok(bytes.map(|bytes| (bytes.to_vec(), envelope)))
}

async fn put_away(session: &mut Open, uid: u32, done: &str) -> Result<(), PostboxError> {
    let marked = timeout(PATIENCE, async {
        session
            .uid_store(uid.to_string(), "+FLAGS.SILENT (\\Seen)")
            .await?
            .try_collect::<Vec<_>>()
            .await
    });
    marked.await.map_err(|_| PostboxError::Slow)??;
    if done.is_empty() {
        return Ok(());
    }
    if let Err(error) = within(session.uid_mv(uid.to_string(), done)).await {
        // It stays, marked as read: nothing is lost.
        tracing::warn!("mail: a message cannot be moved to {done:?}: {error}");
    }
    Ok(())
}

async fn within<T>(
    asked: impl Future<Output = Result<T, async_imap::error::Error>>,
) -> Result<T, PostboxError> {
    Ok(timeout(PATIENCE, asked)
        .await
        .map_err(|_| PostboxError::Slow)??)
}
