//! A stream that counts its bytes and remembers how it failed.
//!
//! Invariant: the first TLS error of a connection is kept until somebody asks. The layers above turn an alert such as
//! "unknown authority" into a bare "broken connection", and with TLS 1.3 that alert is the only word on why the collector
//! refused our certificate.

use std::{
    io,
    pin::Pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll},
};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::{Fault, Server};

/// Bytes through all connections of this agent, after compression, both directions.
#[derive(Clone, Default)]
pub struct Traffic(Arc<AtomicU64>);

impl Traffic {
    /// Since the agent started.
    pub fn bytes(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    fn add(&self, bytes: usize) {
        self.0.fetch_add(bytes as u64, Ordering::Relaxed);
    }
}

/// The first failure of a connection.
#[derive(Clone, Default)]
pub(crate) struct Slot(Arc<Mutex<Option<Noted>>>);

#[derive(Clone)]
struct Noted {
    tls: Option<rustls::Error>,
    words: String,
}

impl Slot {
    pub(crate) fn remember(&self, error: &io::Error) {
        let tls = error
            .get_ref()
            .and_then(|inner| inner.downcast_ref::<rustls::Error>())
            .cloned();
        let mut slot = self
            .0
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        // A TLS error says more than the reset that follows it.
        if slot.is_none()
            || (tls.is_some() && slot.as_ref().is_some_and(|noted| noted.tls.is_none()))
        {
            *slot = Some(Noted {
                tls,
                words: error.to_string(),
            });
        }
    }

    /// `None` when the connection itself never failed.
    pub(crate) fn take(&self, server: &Server, identified: bool) -> Option<Fault> {
        let noted = self
            .0
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .take()?;
        Some(match noted.tls {
            Some(error) => Fault::from_tls(server, &error, identified),
            None => Fault::unreachable(server, noted.words),
        })
    }
}

/// The wrapped stream.
pub(crate) struct Watched<S> {
    inner: S,
    slot: Slot,
    traffic: Traffic,
}

impl<S> Watched<S> {
    pub(crate) fn new(inner: S, slot: Slot, traffic: Traffic) -> Self {
        Self {
            inner,
            slot,
            traffic,
        }
    }

    fn noted<T>(&self, poll: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if let Poll::Ready(Err(error)) = &poll {
            self.slot.remember(error);
        }
        poll
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Watched<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let poll = Pin::new(&mut self.inner).poll_read(cx, buf);
        self.traffic.add(buf.filled().len() - before);
        self.noted(poll)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Watched<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let poll = Pin::new(&mut self.inner).poll_write(cx, bytes);
        if let Poll::Ready(Ok(written)) = &poll {
            self.traffic.add(*written);
        }
        // Not remembered: a write into a connection that the other side refused fails before the read that says why.
        poll
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}
