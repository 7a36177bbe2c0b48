//! The HTTP API under `/api/v1`: one operation, one file.
//!
//! **Invariant: a handler reads or writes only after [`guard`] said yes**, and every list, body and wait has a limit.
//! The console codes against the same shapes (`dashboards/console/src/api/types.ts`); the OpenAPI document at
//! `/api/v1/openapi.json` is made from the handlers, and a test compares it with `collector/openapi.json`.
//! Not here: files of the console, the listener, health checks.

use std::{collections::BTreeSet, ops::Deref, sync::Arc, time::Duration};

use axum::{Json, Router, extract::DefaultBodyLimit, http::StatusCode, middleware, routing::get};
use tower_http::{
    compression::{CompressionLayer, predicate::SizeAbove},
    timeout::TimeoutLayer,
};
use utoipa::OpenApi as _;
use utoipa_axum::router::OpenApiRouter;
use uuid::Uuid;
use weft_collector_core::{authority::Viewer, device::DeviceId, impact::Minutes};
use weft_collector_store::control::{Control, ControlError};

use crate::{
    accounts::Accounts,
    audit::Auditor,
    calls::Template,
    clock::Clock,
    connect::Connect,
    groups::{self, Telling},
    mail::Mail,
    pki::RevocationList,
    threads::{Threads, voice::Voice},
};

pub mod caller;
pub mod guard;
pub mod input;
pub mod page;
pub mod problem;
pub mod reads;
pub mod shell;
pub mod v1;

use self::{caller::Caller, reads::Reads};

/// Bytes of a request: a post of 64 KiB in JSON, where every byte may be escaped as six.
pub const MAX_BODY: usize = 512 * 1024;
/// An answer that takes longer than this is asked for again by hand, not waited for.
const TIMEOUT: Duration = Duration::from_secs(75);
/// Smaller answers do not get smaller.
const COMPRESS_ABOVE: u64 = 1024;

/// What the operations work with.
pub struct Parts {
    pub control: Control,
    pub clock: Clock,
    pub accounts: Accounts,
    pub threads: Threads,
    /// Talk that also lives elsewhere.
    pub connect: Connect,
    pub mail: Mail,
    /// The collector's own words in threads.
    pub voice: Voice,
    pub auditor: Auditor,
    pub revocations: RevocationList,
    pub reads: Arc<dyn Reads>,
    /// Where detection stands.
    pub rounds: Arc<dyn Fn() -> Rounds + Send + Sync>,
    /// `sqlite` or `postgres`, for people.
    pub control_kind: &'static str,
    /// True where the console is reached by https: then the cookie is never sent otherwise.
    pub secure: bool,
    /// How call links are made; `None`: calls are off.
    pub calls: Option<Template>,
    /// What one restart costs.
    pub minutes: Minutes,
}

/// Detection, as `GET /status` tells it.
#[derive(Clone, Copy, Debug, Default, serde::Serialize, utoipa::ToSchema)]
pub struct Rounds {
    #[schema(required)]
    pub last_round: Option<jiff::Timestamp>,
    #[schema(required)]
    pub took_seconds: Option<f64>,
    #[schema(required)]
    pub next_round: Option<jiff::Timestamp>,
}

/// The state that handlers share.
#[derive(Clone)]
pub struct Api(Arc<Inner>);

struct Inner {
    parts: Parts,
    /// Figures about groups are told one after the other.
    telling: Telling,
}

impl Api {
    pub fn new(parts: Parts) -> Self {
        let telling = Telling::default();
        Self(Arc::new(Inner { parts, telling }))
    }

    /// Of these laptops, those that a figure on `topic` may be about for this reader; `None`: it is not told.
    async fn tellable(
        &self,
        viewer: &Viewer,
        topic: Uuid,
        group: BTreeSet<DeviceId>,
    ) -> Result<Option<BTreeSet<DeviceId>>, ControlError> {
        let is_all_own = group.iter().all(|device| viewer.owns(*device));
        if viewer.is_staff() || is_all_own {
            return Ok(Some(group));
        }
        groups::tellable(
            &self.control,
            &self.clock,
            &self.0.telling,
            topic,
            group,
            &viewer.devices,
        )
        .await
    }

    /// Held while figures are chosen and remembered.
    async fn telling(&self) -> tokio::sync::MutexGuard<'_, ()> {
        self.0.telling.0.lock().await
    }

    /// Writes the audit log in the caller's name.
    async fn audit(&self, caller: &Caller, action: &str, object: &str, detail: &str) {
        self.auditor
            .ok(&caller.account.login, action, object, detail)
            .await;
    }
}

impl Deref for Api {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0.parts
    }
}

/// The routes under `/api/v1`, with everything that stands around them.
pub fn router(api: Api) -> Router {
    let (routes, document) = routes().split_for_parts();
    let document = Arc::new(document);
    let shell = middleware::from_fn_with_state(api.clone(), shell::shell);
    let v1 = routes
        .route(
            "/openapi.json",
            get(move || {
                let document = document.clone();
                async move { Json((*document).clone()) }
            }),
        )
        .fallback(async || StatusCode::NOT_FOUND)
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .layer(TimeoutLayer::with_status_code(
            StatusCode::GATEWAY_TIMEOUT,
            TIMEOUT,
        ))
        .layer(shell)
        .layer(
            CompressionLayer::new()
                .gzip(true)
                .compress_when(SizeAbove::new(COMPRESS_ABOVE)),
        )
        .with_state(api);
    Router::new().nest("/api/v1", v1)
}

/// The OpenAPI document.
pub fn document() -> utoipa::openapi::OpenApi {
    routes().into_openapi()
}

fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::with_openapi(Document::openapi()).merge(v1::routes())
}

#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "Weft",
        description = "What laptops show, what people say, and what ties the two. Lists are pages {items, next_cursor}; \
                       errors are application/problem+json. Unsafe methods need the header `x-weft-csrf: 1`.",
        license(name = "Apache-2.0", identifier = "Apache-2.0"),
    ),
    servers((url = "/api/v1")),
    components(schemas(problem::ProblemBody)),
)]
struct Document;

#[cfg(test)]
mod tests;
