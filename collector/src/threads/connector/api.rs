//! Requests to a platform's API: one address, the headers that open it, and paths whose parts cannot leave their place.
//!
//! **Invariant: a secret is a header marked as such, or a part of the address; neither is ever printed.** The way out of
//! the house is [`Line`]'s, what an answer means is the platform's.

use std::collections::BTreeMap;

use http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use reqwest::RequestBuilder;
use serde::Serialize;
use url::{Url, form_urlencoded};

use super::{Answer, Fault, Line, Unopened};

/// People a platform told us of, kept so that each is asked for once.
const MAX_KNOWN: usize = 2_000;

/// A platform's API.
pub struct Api {
    line: Line,
    base: Url,
    headers: HeaderMap,
}

impl Api {
    /// `address` as it was set up; everything is asked below it.
    pub fn at(address: &str, line: Line) -> Result<Self, Unopened> {
        let unfit = |why: &str| {
            Unopened::Unfit(format!(
                "the address {why}: write it as https://chat.example.org"
            ))
        };
        let base = Url::parse(address).map_err(|_| unfit("cannot be read"))?;
        if !matches!(base.scheme(), "https" | "http") || base.cannot_be_a_base() {
            return Err(unfit("is no web address"));
        }
        if !base.username().is_empty() || base.password().is_some() || base.query().is_some() {
            return Err(unfit("holds more than a host and a path"));
        }
        Ok(Self {
            line,
            base,
            headers: HeaderMap::new(),
        })
    }

    /// A header that goes with every request. `label` names it to whoever typed its value.
    pub fn with_secret(
        mut self,
        header: HeaderName,
        label: &str,
        value: &str,
    ) -> Result<Self, Unopened> {
        let mut value = HeaderValue::from_str(value.trim()).map_err(|_| {
            Unopened::Unfit(format!(
                "{label} has characters that no header takes: copy it again"
            ))
        })?;
        value.set_sensitive(true);
        self.headers.insert(header, value);
        Ok(self)
    }

    /// Asks `path`, given in parts that are escaped here.
    pub async fn get(&self, path: &[&str], query: &[(&str, &str)]) -> Result<Answer, Fault> {
        self.send(self.request(Method::GET, path, query)?).await
    }

    pub async fn json(
        &self,
        method: Method,
        path: &[&str],
        body: &(impl Serialize + Sync),
    ) -> Result<Answer, Fault> {
        self.send(self.request(method, path, &[])?.json(body)).await
    }

    pub async fn form(
        &self,
        method: Method,
        path: &[&str],
        pairs: &[(&str, &str)],
    ) -> Result<Answer, Fault> {
        let request = self
            .request(method, path, &[])?
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(encoded(pairs));
        self.send(request).await
    }

    pub fn request(
        &self,
        method: Method,
        path: &[&str],
        query: &[(&str, &str)],
    ) -> Result<RequestBuilder, Fault> {
        let url = self.url(path, query);
        let request = self.line.request(method, url.as_str())?;
        Ok(request
            .headers(self.headers.clone())
            .header(header::ACCEPT, "application/json"))
    }

    pub async fn send(&self, request: RequestBuilder) -> Result<Answer, Fault> {
        self.line.send(request).await
    }

    /// Where `path` is read below the address.
    pub fn url(&self, path: &[&str], query: &[(&str, &str)]) -> Url {
        let mut url = self.base.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(path);
        }
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        url
    }
}

fn encoded(pairs: &[(&str, &str)]) -> String {
    let mut body = form_urlencoded::Serializer::new(String::new());
    body.extend_pairs(pairs).finish()
}

/// What is known of people over there, by their id: the oldest half is forgotten when there are too many.
pub struct Known<T>(std::sync::Mutex<BTreeMap<String, (u64, T)>>);

impl<T> Default for Known<T> {
    fn default() -> Self {
        Self(std::sync::Mutex::default())
    }
}

impl<T: Clone> Known<T> {
    pub fn get(&self, id: &str) -> Option<T> {
        self.locked().get(id).map(|(_, known)| known.clone())
    }

    pub fn learn(&self, id: &str, what: T) {
        let mut known = self.locked();
        let newest = known.values().map(|(age, _)| *age).max().unwrap_or(0);
        if known.len() >= MAX_KNOWN {
            let mut ages: Vec<u64> = known.values().map(|(age, _)| *age).collect();
            ages.sort_unstable();
            let middle = ages[ages.len() / 2];
            known.retain(|_, (age, _)| *age > middle);
        }
        known.insert(id.to_owned(), (newest + 1, what));
    }

    pub fn forget(&self, id: &str) {
        self.locked().remove(id);
    }

    fn locked(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, (u64, T)>> {
        // What is kept is whole at every moment: a panic elsewhere does not spoil it.
        self.0
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::threads::connector::Reach;

    fn line() -> Line {
        let _ = rustls::crypto::ring::default_provider().install_default();
        Line::new(Reach::default(), "").unwrap()
    }

    #[test]
    fn an_address_is_a_host_and_a_path() {
        for (address, fits) in [
            ("https://forum.example.org", true),
            ("https://example.org/forum", true),
            ("http://127.0.0.1:8065", true),
            ("https://ana:secret@example.org", false),
            ("https://example.org/?a=b", false),
            ("chat.example.org", false),
            ("mailto:a@example.org", false),
            ("file:///etc/passwd", false),
        ] {
            assert_eq!(Api::at(address, line()).is_ok(), fits, "{address}");
        }
    }

    #[test]
    fn parts_of_a_path_stay_in_their_place() {
        for (address, expect) in [
            (
                "https://a.example",
                "https://a.example/posts/..%2F..%2Fadmin%3Fx=1%23y?a=b%26c",
            ),
            (
                "https://a.example/f/",
                "https://a.example/f/posts/..%2F..%2Fadmin%3Fx=1%23y?a=b%26c",
            ),
        ] {
            let api = Api::at(address, line()).unwrap();
            let url = api.url(&["posts", "../../admin?x=1#y"], &[("a", "b&c")]);
            assert_eq!(url.as_str(), expect);
        }
    }

    #[test]
    fn a_secret_with_a_line_end_is_refused() {
        let api = Api::at("https://a.example", line()).unwrap();
        let name = HeaderName::from_static("api-key");
        let refused = api.with_secret(name, "the API key", "x\r\nHost: evil");
        assert!(matches!(refused, Err(Unopened::Unfit(_))));
    }

    #[test]
    fn what_is_known_has_an_end() {
        let known = Known::default();
        for n in 0..5_000_u32 {
            known.learn(&n.to_string(), n);
        }
        assert!(known.locked().len() <= MAX_KNOWN);
        assert_eq!(known.get("4999"), Some(4999));
        assert_eq!(known.get("1"), None);
    }
}
