//! The door: `POST /hooks/{bridge}`, where platforms bring what happened.
//!
//! **Invariant: a delivery is measured, then its signature is checked, then it is read**; forged ones are in the audit log
//! and slow their sender down. **A delivery that comes again does nothing again** and is answered as the first one was, so
//! that a platform whose answer was lost stops asking. It is noted after its work is done. Any collector takes it.

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    num::NonZeroU32,
    sync::Arc,
};

use axum::{
    Json, Router,
    extract::{ConnectInfo, DefaultBodyLimit, Path, Request, State},
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Response},
    routing::any,
};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use http_body_util::{BodyExt as _, Limited};
use serde_json::json;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;
use weft_collector_store::control::bridges::Bridge;

use super::{
    Connect,
    take::{Taken, Untaken},
};
use crate::{
    api::{problem::Problem, shell},
    audit::Refusals,
    error::Code,
    threads::connector::{Arrival, Delivery, Platform, Received, Refusal, Unopened},
};

/// Bytes of a delivery: the largest post of any platform is 64 KB, in JSON and with the thread around it a few times that.
pub const MAX_DELIVERY: usize = 1024 * 1024;
/// Deliveries of one bridge in a minute: a busy room; more are asked to come again.
const PER_MINUTE: NonZeroU32 = NonZeroU32::new(300).expect("300 is not zero");
/// Refusals of one address in a minute before it is turned away unread.
const REFUSALS: u32 = 30;
/// Of those, how many are written down.
const WRITTEN: u32 = 5;
/// Seconds after which whoever was too fast may come again.
const COME_AGAIN: u64 = 10;
/// Arrivals of one delivery: platforms send one.
const MOST_ARRIVALS: usize = 100;

#[derive(Clone)]
struct Door {
    connect: Connect,
    pace: Arc<DefaultKeyedRateLimiter<Uuid>>,
    refusals: Refusals,
}

/// The routes, to be merged beside the API.
pub fn router(connect: Connect) -> Router {
    let door = Door {
        connect,
        pace: Arc::new(RateLimiter::keyed(Quota::per_minute(PER_MINUTE))),
        refusals: Refusals::default(),
    };
    Router::new()
        .route("/hooks/{bridge}", any(knock))
        // Read here, by our own limit and with our own words.
        .layer(DefaultBodyLimit::disable())
        .with_state(door)
}

async fn knock(State(door): State<Door>, Path(bridge): Path<String>, request: Request) -> Response {
    let peer = request
        .extensions()
        .get::<ConnectInfo<SocketAddr>>()
        .map_or(IpAddr::V4(Ipv4Addr::LOCALHOST), |peer| peer.0.ip());
    let id = door.connect.clock.id().to_string();
    let mut response = match door.answer(&bridge, peer, request).await {
        Ok(response) => response,
        Err(problem) => problem.render(&id),
    };
    if let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(shell::REQUEST_ID, value);
    }
    shell::secure(response.headers_mut());
    response
}

impl Door {
    async fn answer(
        &self,
        bridge: &str,
        peer: IpAddr,
        request: Request,
    ) -> Result<Response, Problem> {
        let now = self.connect.clock.now();
        if self.refusals.so_far(peer, now) >= REFUSALS {
            return Err(too_many(
                "too many deliveries of yours were refused: look at the signing secret",
            ));
        }
        let (bridge, platform) = self.open(bridge, peer).await?;
        if self.pace.check_key(&bridge.id).is_err() {
            return Err(too_many("too many deliveries at once: come again"));
        }
        let delivery = read(request).await?;
        match platform.receive(&delivery, now) {
            Ok(Received::Answer { content_type, body }) => {
                Ok(([(header::CONTENT_TYPE, content_type)], body).into_response())
            }
            Ok(Received::Arrivals { id, arrivals }) => {
                self.take(&bridge, platform.as_ref(), &delivery, id, &arrivals)
                    .await
            }
            Err(refusal) => Err(self.refuse(&bridge, peer, &refusal).await),
        }
    }

    /// The bridge that is meant, if it takes deliveries now. All others are simply not there.
    async fn open(
        &self,
        bridge: &str,
        peer: IpAddr,
    ) -> Result<(Bridge, Arc<dyn Platform>), Problem> {
        let missing = || Problem::missing("bridge");
        let found = match bridge.parse::<Uuid>() {
            Ok(id) => self.connect.control.bridges().get(id).await?,
            Err(_) => None,
        };
        let Some(bridge) = found.filter(|bridge| bridge.enabled && bridge.inward) else {
            // Who tries addresses is slowed down as who tries signatures.
            self.refusals.count(peer, self.connect.clock.now());
            return Err(missing());
        };
        let platform = match self.connect.open(&bridge) {
            Ok(platform) => platform,
            // The platform brings it again; what it signed cannot be looked at now.
            Err(Unopened::Sealed(..)) => return Err(send_again()),
            Err(_) => return Err(missing()),
        };
        match platform.abilities().deliveries {
            true => Ok((bridge, platform)),
            false => Err(missing()),
        }
    }

    async fn take(
        &self,
        bridge: &Bridge,
        platform: &dyn Platform,
        delivery: &Delivery,
        id: Option<String>,
        arrivals: &[Arrival],
    ) -> Result<Response, Problem> {
        let connect = &self.connect;
        let id =
            id.unwrap_or_else(|| format!("sha256:{}", hex::encode(Sha256::digest(&delivery.body))));
        let bridges = connect.control.bridges();
        if bridges.was_delivered(bridge.id, &id).await? {
            return Ok(Json(json!({"taken": 0, "repeated": true})).into_response());
        }
        if arrivals.len() > MOST_ARRIVALS {
            return Err(Problem::invalid(
                "more than 100 posts in one delivery: send several",
            ));
        }
        let mut taken = 0;
        for arrival in arrivals {
            match connect.take(bridge, platform, arrival).await {
                Ok(Taken::Echo | Taken::Passed) => {}
                Ok(Taken::Posted | Taken::Edited | Taken::Deleted | Taken::Linked) => taken += 1,
                Err(Untaken::Refused(why)) => connect.keep(bridge, arrival, &why).await?,
                Err(Untaken::Later(fault)) => {
                    tracing::warn!(bridge = %bridge.id, "a delivery was not taken: {fault}");
                    return Err(send_again());
                }
                Err(Untaken::Ended(ended)) => {
                    tracing::error!(bridge = %bridge.id, "a delivery was not taken: {ended}");
                    return Err(send_again());
                }
            }
        }
        bridges
            .note_delivery(bridge.id, &id, connect.clock.now())
            .await?;
        Ok(match platform.receipt() {
            Some((content_type, body)) => {
                ([(header::CONTENT_TYPE, content_type)], body).into_response()
            }
            None => Json(json!({"taken": taken, "repeated": false})).into_response(),
        })
    }

    /// Counts and writes down what was turned away.
    async fn refuse(&self, bridge: &Bridge, peer: IpAddr, refusal: &Refusal) -> Problem {
        let now = self.connect.clock.now();
        if self.refusals.count(peer, now) <= WRITTEN {
            tracing::warn!(bridge = %bridge.id, %peer, "a delivery was refused: {refusal}");
            self.connect
                .auditor
                .refused(
                    &format!("peer:{peer}"),
                    "bridge.deliver",
                    &bridge.id.to_string(),
                    &refusal.to_string(),
                )
                .await;
        }
        let unsigned = |code| Problem::http(StatusCode::UNAUTHORIZED, code, refusal.to_string());
        match refusal {
            Refusal::Unsigned => unsigned("unsigned"),
            Refusal::Forged => unsigned("forged"),
            Refusal::Stale(_) => unsigned("stale"),
            Refusal::Unreadable(_) => Problem::invalid(refusal.to_string()).coded("unreadable"),
        }
    }
}

/// The whole request, or what is wrong with its size.
async fn read(request: Request) -> Result<Delivery, Problem> {
    let (parts, body) = request.into_parts();
    let body = match Limited::new(body, MAX_DELIVERY).collect().await {
        Ok(body) => body.to_bytes(),
        Err(error) if error.is::<http_body_util::LengthLimitError>() => {
            return Err(Problem::http(
                StatusCode::PAYLOAD_TOO_LARGE,
                "too_large",
                format!("a delivery has at most {} KiB", MAX_DELIVERY / 1024),
            ));
        }
        Err(_) => return Err(Problem::invalid("the delivery broke off")),
    };
    Ok(Delivery {
        method: parts.method,
        uri: parts.uri,
        headers: parts.headers,
        body,
    })
}

fn send_again() -> Problem {
    Problem::new(
        Code::Unavailable,
        "it could not be taken just now: send it again",
    )
}

fn too_many(words: &'static str) -> Problem {
    Problem {
        retry_after: Some(COME_AGAIN),
        ..Problem::new(Code::Exhausted, words)
    }
}

/// Deliveries are known this long: no signature is good for longer, and what has none cannot come again by itself.
pub const KNOWN: jiff::SignedDuration = jiff::SignedDuration::from_hours(24 * 7);
