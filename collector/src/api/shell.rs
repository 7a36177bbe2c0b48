//! Around every operation: a request id, the cross-site check, problems in one shape, security headers, one log line.
//!
//! **Invariant: an unsafe method without the `x-weft-csrf` header never reaches a handler.** A form or a link on another
//! site cannot set a header of its own, and a script there is not let through by the browser, because nothing here
//! answers a preflight.

use std::time::Instant;

use axum::{
    extract::{MatchedPath, Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse as _, Response},
};

use super::{Api, problem::Problem};

/// The header that browsers refuse to other sites' forms.
pub const CSRF: &str = "x-weft-csrf";
/// The request's id, in the answer and in the log.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// For the console's pages and the API alike. No inline script, nothing from elsewhere, no frames. Inline styles stay
/// allowed because the console's components insert `<style>` elements; posts cannot, their sanitiser knows no styles.
pub const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
     font-src 'self'; connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

const SECURITY_HEADERS: [(HeaderName, &str); 6] = [
    (header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::REFERRER_POLICY, "same-origin"),
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        "same-origin",
    ),
    (
        HeaderName::from_static("permissions-policy"),
        "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
    ),
];

/// The shell of the API.
pub async fn shell(State(api): State<Api>, request: Request, next: Next) -> Response {
    let began = Instant::now();
    let id = api.clock.id().to_string();
    let method = request.method().clone();
    // The pattern, not the path: ids stay out of the log and of its labels.
    let route = request
        .extensions()
        .get::<MatchedPath>()
        .map(|path| path.as_str().to_owned());
    let mut response = match crosses_sites(&method, request.headers()) {
        true => Problem::forbidden(format!("send the header {CSRF}: 1 with every {method}"))
            .coded("csrf")
            .into_response(),
        false => next.run(request).await,
    };
    response = in_one_shape(response, &id);
    let status = response.status();
    let route = route.as_deref().unwrap_or("-");
    let took_ms = began.elapsed().as_millis();
    if status.is_server_error() {
        tracing::error!(%method, route, status = status.as_u16(), took_ms, request_id = id, "failed");
    } else {
        tracing::debug!(%method, route, status = status.as_u16(), took_ms, request_id = id, "answered");
    }
    let headers = response.headers_mut();
    if let Ok(value) = HeaderValue::from_str(&id) {
        headers.insert(REQUEST_ID, value);
    }
    // What the API says is for this reader, now.
    headers
        .entry(header::CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
    secure(headers);
    response
}

/// Sets the headers that tell browsers what not to do; the console's files get the same.
pub fn secure(headers: &mut HeaderMap) {
    for (name, value) in SECURITY_HEADERS {
        headers
            .entry(name)
            .or_insert(HeaderValue::from_static(value));
    }
}

fn crosses_sites(method: &Method, headers: &HeaderMap) -> bool {
    let is_safe = matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS);
    !is_safe && headers.get(CSRF).is_none_or(|value| value != "1")
}

/// A handler's problem gets its id; an error that axum made itself becomes a problem.
fn in_one_shape(mut response: Response, id: &str) -> Response {
    if let Some(problem) = response.extensions_mut().remove::<Problem>() {
        return problem.render(id);
    }
    let status = response.status();
    if !status.is_client_error() && !status.is_server_error() {
        return response;
    }
    let problem = match status {
        StatusCode::NOT_FOUND => Problem::http(status, "not_found", "there is no such operation"),
        StatusCode::METHOD_NOT_ALLOWED => Problem::http(
            status,
            "method_not_allowed",
            "this operation does not know this method",
        ),
        StatusCode::PAYLOAD_TOO_LARGE => Problem::http(
            status,
            "too_large",
            format!(
                "the body is larger than {} KiB: say it shorter, or upload the long part as a file",
                super::MAX_BODY / 1024
            ),
        ),
        StatusCode::REQUEST_TIMEOUT | StatusCode::GATEWAY_TIMEOUT => Problem::http(
            StatusCode::SERVICE_UNAVAILABLE,
            "timeout",
            "the answer took too long: try again",
        ),
        status if status.is_server_error() => {
            Problem::http(status, "internal", "the collector failed; its log says why")
        }
        status => Problem::http(status, "invalid", "the request was not understood"),
    };
    let mut rendered = problem.render(id);
    if let Some(allow) = response.headers().get(header::ALLOW) {
        rendered.headers_mut().insert(header::ALLOW, allow.clone());
    }
    rendered
}
