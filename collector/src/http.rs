//! The HTTP side: health, metrics, the API, and the console's files for everything else.
//!
//! **Invariant:** `/healthz` says that the process lives, `/readyz` that it can take reports and answer people; neither
//! needs an account nor tells a secret.

mod pages;

use std::{sync::Arc, time::Duration};

use axum::{Json, Router, extract::State, routing::get};
use http::{StatusCode, header};
use serde::Serialize;
use tokio::{net::TcpListener, time::timeout};
use tokio_util::sync::CancellationToken;
use weft_collector_store::{control::Control, telemetry::Telemetry};

use crate::{
    feeds,
    mail::{self, Mail},
    metrics::Metrics,
};

/// A probe that waits longer has its answer.
const READY_TIMEOUT: Duration = Duration::from_secs(2);
/// After the signal to stop: how long requests under way may still take.
const FAREWELL: Duration = Duration::from_secs(5);

/// What health and metrics ask.
#[derive(Clone)]
pub struct Health {
    pub control: Control,
    pub telemetry: Telemetry,
    pub metrics: Arc<Metrics>,
}

#[derive(Serialize)]
struct Ready {
    ready: bool,
    control: bool,
    telemetry: bool,
}

/// Health, metrics, the pages behind links in mails, feeds, and the console's files; the caller brings the API.
pub fn router(health: Health, api: Router, mail: Mail) -> Router {
    let own = Router::new()
        .route("/healthz", get(async || "ok\n"))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics))
        .with_state(health);
    own.merge(api)
        .merge(mail::pages::router(mail.clone()))
        .merge(feeds::router(mail))
        .fallback(pages::page)
}

/// Serves until `stop`.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    let service = router.into_make_service_with_connect_info::<std::net::SocketAddr>();
    let server =
        axum::serve(listener, service).with_graceful_shutdown(stop.clone().cancelled_owned());
    tokio::select! {
        served = server => served?,
        () = async { stop.cancelled().await; tokio::time::sleep(FAREWELL).await } => {
            tracing::warn!("HTTP requests were cut off at shutdown");
        }
    }
    Ok(())
}

async fn ready(State(health): State<Health>) -> (StatusCode, Json<Ready>) {
    let (control, telemetry) = tokio::join!(
        timeout(READY_TIMEOUT, health.control.ping()),
        timeout(READY_TIMEOUT, health.telemetry.answers()),
    );
    let (control, telemetry) = (matches!(control, Ok(Ok(()))), matches!(telemetry, Ok(true)));
    let ready = control && telemetry;
    let status = if ready {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    (
        status,
        Json(Ready {
            ready,
            control,
            telemetry,
        }),
    )
}

async fn metrics(
    State(health): State<Health>,
) -> ([(header::HeaderName, &'static str); 1], String) {
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    ([(header::CONTENT_TYPE, kind)], health.metrics.render())
}
