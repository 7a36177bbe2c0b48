//! The console's files, out of the binary.
//!
//! **Invariant:** no file system is asked; a path is a name in the embedded table, or the console itself.

use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header};
use weft_dashboards::console::{self, Asset, CONTENT_SECURITY_POLICY};

/// A hashed name never changes its content; everything else is asked for anew, and answered with 304 when it is known.
const FOR_EVER: &str = "public, max-age=31536000, immutable";
const ASK_AGAIN: &str = "no-cache";

const SECURITY: [(HeaderName, &str); 5] = [
    (header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::REFERRER_POLICY, "same-origin"),
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        "same-origin",
    ),
];

/// The fallback of the whole router.
pub async fn page(method: Method, uri: Uri, headers: HeaderMap) -> Response {
    if method != Method::GET && method != Method::HEAD {
        return (
            StatusCode::METHOD_NOT_ALLOWED,
            [(header::ALLOW, "GET, HEAD")],
        )
            .into_response();
    }
    let mut response = match console::page(uri.path()) {
        Some(asset) => answer(asset, &headers),
        None => StatusCode::NOT_FOUND.into_response(),
    };
    for (name, value) in SECURITY {
        response
            .headers_mut()
            .insert(name, HeaderValue::from_static(value));
    }
    response
}

fn answer(asset: Asset, asked: &HeaderMap) -> Response {
    let cache = if asset.immutable { FOR_EVER } else { ASK_AGAIN };
    let known = asked
        .get_all(header::IF_NONE_MATCH)
        .iter()
        .filter_map(|tags| tags.to_str().ok())
        .any(|tags| {
            tags.split(',')
                .any(|tag| tag.trim().trim_start_matches("W/") == asset.etag)
        });
    let headers = [
        (header::CACHE_CONTROL, cache.to_owned()),
        (header::ETAG, asset.etag),
    ];
    if known {
        return (StatusCode::NOT_MODIFIED, headers).into_response();
    }
    let kind = [(header::CONTENT_TYPE, asset.content_type)];
    (headers, kind, asset.bytes).into_response()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    async fn get(method: Method, path: &'static str, tag: Option<&str>) -> Response {
        let mut headers = HeaderMap::new();
        if let Some(tag) = tag {
            headers.insert(header::IF_NONE_MATCH, tag.parse().unwrap());
        }
        page(method, Uri::from_static(path), headers).await
    }

    #[tokio::test]
    async fn the_consoles_own_addresses_give_the_console() {
        let response = get(Method::GET, "/devices/0190", None).await;
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(response.headers()[header::CACHE_CONTROL], ASK_AGAIN);
        assert!(
            response
                .headers()
                .contains_key(header::CONTENT_SECURITY_POLICY)
        );
        let tag = response.headers()[header::ETAG]
            .to_str()
            .unwrap()
            .to_owned();
        let again = get(Method::GET, "/", Some(&tag)).await;
        assert_eq!(again.status(), StatusCode::NOT_MODIFIED);
    }

    #[tokio::test]
    async fn what_names_a_missing_file_is_not_found() {
        for path in [
            "/assets/old-123.js",
            "/../../etc/passwd.txt",
            "/favicon.gif",
        ] {
            assert_eq!(
                get(Method::GET, path, None).await.status(),
                StatusCode::NOT_FOUND,
                "{path}"
            );
        }
        assert_eq!(
            get(Method::POST, "/", None).await.status(),
            StatusCode::METHOD_NOT_ALLOWED
        );
    }
}
