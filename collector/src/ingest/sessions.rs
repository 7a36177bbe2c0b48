//! Which stream is a device's present one, and whether two machines share a device's key.
//!
//! **Invariant:** at most one session per device is current; the newest wins, because a laptop that changed its network
//! cannot end its old connection.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use jiff::{SignedDuration, Timestamp};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;
use weft_collector_core::device::DeviceId;

/// Take-overs between different spools at different addresses, within the span, after which a device counts as cloned.
/// One happens when a laptop is set up anew; three within an hour only when two machines push each other out.
const CLONE_TAKEOVERS: usize = 3;
const CLONE_SPAN: SignedDuration = SignedDuration::from_hours(1);

#[derive(Clone, Default)]
pub struct Sessions(Arc<Mutex<HashMap<DeviceId, Seat>>>);

/// A device's seat; kept when nobody sits on it, so that a late report of an ended session is still known as such.
#[derive(Default)]
struct Seat {
    newest: u64,
    live: Option<Live>,
    suspicious: Vec<Timestamp>,
}

struct Live {
    epoch: Uuid,
    address: IpAddr,
    ended: CancellationToken,
}

/// A stream's hold on its device. Dropping it leaves the seat free.
pub struct Session {
    pub device: DeviceId,
    pub number: u64,
    /// Cancelled when a newer stream takes over.
    pub superseded: CancellationToken,
    /// Two machines use this device's key.
    pub cloned: bool,
    sessions: Sessions,
}

impl Sessions {
    /// Takes the device's seat; whoever sat there is told to leave.
    pub fn open(&self, device: DeviceId, epoch: Uuid, address: IpAddr, now: Timestamp) -> Session {
        let superseded = CancellationToken::new();
        let live = Live {
            epoch,
            address,
            ended: superseded.clone(),
        };
        let mut seats = self.lock();
        let seat = seats.entry(device).or_default();
        seat.newest += 1;
        if let Some(old) = seat.live.replace(live) {
            old.ended.cancel();
            if old.epoch != epoch && old.address != address {
                seat.suspicious.push(now);
            }
        }
        seat.suspicious
            .retain(|at| now.duration_since(*at) < CLONE_SPAN);
        Session {
            device,
            number: seat.newest,
            superseded,
            cloned: seat.suspicious.len() >= CLONE_TAKEOVERS,
            sessions: self.clone(),
        }
    }

    /// False once a newer session has begun: what the older one still has in the queue must not be inserted.
    pub fn is_newest(&self, device: DeviceId, number: u64) -> bool {
        self.lock()
            .get(&device)
            .is_some_and(|seat| seat.newest == number)
    }

    /// Ends a session without a successor: nothing more of it may become durable.
    pub fn expel(&self, device: DeviceId, number: u64) {
        if let Some(seat) = self.lock().get_mut(&device)
            && seat.newest == number
        {
            seat.newest += 1;
            seat.live = None;
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<DeviceId, Seat>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        if let Some(seat) = self.sessions.lock().get_mut(&self.device)
            && seat.newest == self.number
        {
            seat.live = None;
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const DEVICE: DeviceId = DeviceId(Uuid::from_u128(1));

    fn open(sessions: &Sessions, epoch: u128, host: u8, second: i64) -> Session {
        let now = Timestamp::from_second(second).unwrap();
        sessions.open(DEVICE, Uuid::from_u128(epoch), [10, 0, 0, host].into(), now)
    }

    #[test]
    fn the_newer_stream_takes_over() {
        let sessions = Sessions::default();
        let old = open(&sessions, 1, 1, 0);
        let new = open(&sessions, 1, 2, 1);
        assert!(old.superseded.is_cancelled() && !new.superseded.is_cancelled());
        assert!(!sessions.is_newest(DEVICE, old.number) && sessions.is_newest(DEVICE, new.number));
        drop(old);
        assert!(!new.superseded.is_cancelled());
        let number = new.number;
        drop(new);
        assert!(
            sessions.is_newest(DEVICE, number),
            "what it queued still counts"
        );
    }

    #[test]
    fn two_machines_that_push_each_other_out_are_clones() {
        let sessions = Sessions::default();
        let mut held = vec![open(&sessions, 0, 1, 0)];
        for round in 1..=4 {
            let which = u8::try_from(round % 2).unwrap();
            held.push(open(&sessions, u128::from(which), which + 1, round));
        }
        let cloned: Vec<bool> = held.iter().map(|session| session.cloned).collect();
        assert_eq!(cloned, [false, false, false, true, true]);
    }

    #[test]
    fn a_laptop_that_moves_is_no_clone() {
        let sessions = Sessions::default();
        let held: Vec<_> = (0..20)
            .map(|round| open(&sessions, 1, round % 2, round.into()))
            .collect();
        assert!(held.iter().all(|session| !session.cloned));
    }

    #[test]
    fn old_takeovers_are_forgotten() {
        let sessions = Sessions::default();
        let mut held = Vec::new();
        for round in 0..6 {
            held.push(open(
                &sessions,
                round,
                u8::try_from(round).unwrap(),
                i64::try_from(round).unwrap() * 2000,
            ));
        }
        assert!(held.iter().all(|session| !session.cloned));
    }
}
