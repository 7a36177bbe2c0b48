//! The console as bytes: what `npm run build` made of `dashboards/console`, embedded into the binary.
//!
//! **Invariant:** a path is only ever looked up in a fixed table of embedded names; no path reaches a file system.
//! Not here: HTTP. The collector answers, compresses and sets headers; it takes [`CONTENT_SECURITY_POLICY`] from here
//! because only the console knows what it needs.

use std::borrow::Cow;

/// Sent with every page. No inline script and no inline style element anywhere: styles that change at run time go
/// through the CSSOM, which this policy allows. `data:` images are the small marks inside Mantine's style sheet.
pub const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
    img-src 'self' data:; font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

/// The page that starts the console; it holds the names of the current assets and so must never be cached for long.
const INDEX: &str = "index.html";
/// Vite puts a content hash into the names of everything below this folder.
const HASHED: &str = "assets/";

/// One embedded file, ready to be answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asset {
    pub bytes: Cow<'static, [u8]>,
    pub content_type: &'static str,
    /// True when the name holds a content hash: `Cache-Control: public, max-age=31536000, immutable`; else `no-cache`.
    pub immutable: bool,
    /// Strong validator with its quotes.
    pub etag: String,
}

/// True when the real console is embedded; false in a debug build made before `npm run build`.
pub const fn is_built() -> bool {
    cfg!(console_built)
}

/// The file of exactly this name; a leading slash is ignored.
pub fn asset(path: &str) -> Option<Asset> {
    let name = path.trim_start_matches('/');
    let (bytes, etag) = embedded::get(name)?;
    Some(Asset {
        bytes,
        content_type: content_type(name),
        immutable: name.starts_with(HASHED),
        etag,
    })
}

/// What to answer to a browser that asks for `path`: the file if there is one, else the console itself, which knows
/// its own addresses (`/devices/...`). `None` (404) for a path that can only mean a file: an old hashed asset must not
/// come back as HTML.
pub fn page(path: &str) -> Option<Asset> {
    asset(path).or_else(|| {
        if names_a_file(path) {
            None
        } else {
            asset(INDEX)
        }
    })
}

/// Below the assets folder, or with an extension in its last part. Ids of the console's addresses hold no dots.
fn names_a_file(path: &str) -> bool {
    let name = path.trim_start_matches('/');
    name.starts_with(HASHED)
        || name
            .rsplit('/')
            .next()
            .is_some_and(|last| last.contains('.'))
}

/// The few kinds of files that the build makes.
fn content_type(name: &str) -> &'static str {
    match name.rsplit_once('.').map(|(_, extension)| extension) {
        Some("html") => "text/html; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("woff2") => "font/woff2",
        Some("png") => "image/png",
        Some("json") => "application/json",
        Some("txt") => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

#[cfg(console_built)]
mod embedded {
    use std::borrow::Cow;

    use rust_embed::RustEmbed;

    #[derive(RustEmbed)]
    #[folder = "console/dist/"]
    struct Dist;

    /// Enough of a SHA-256 to tell two builds apart.
    const ETAG_BYTES: usize = 16;

    pub(super) fn get(name: &str) -> Option<(Cow<'static, [u8]>, String)> {
        let file = Dist::get(name)?;
        let hash = file.metadata.sha256_hash();
        let hex: String = hash[..ETAG_BYTES]
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        Some((file.data, format!("\"{hex}\"")))
    }
}

#[cfg(not(console_built))]
mod embedded {
    use std::borrow::Cow;

    const UNBUILT: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/unbuilt.html"));

    pub(super) fn get(name: &str) -> Option<(Cow<'static, [u8]>, String)> {
        (name == super::INDEX).then(|| (Cow::Borrowed(UNBUILT), "\"unbuilt\"".to_owned()))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn addresses_of_the_console_give_its_page() {
        for path in ["", "/", "/devices", "/threads/0193-aa?x", "/a/b/c"] {
            let page = page(path).unwrap();
            assert_eq!(page.content_type, "text/html; charset=utf-8", "{path}");
            assert!(!page.immutable, "{path}");
            assert!(
                page.etag.starts_with('"') && page.etag.ends_with('"'),
                "{path}"
            );
        }
    }

    #[test]
    fn a_missing_file_is_not_a_page() {
        for path in [
            "/assets/index-old.js",
            "/assets/",
            "/robots.txt",
            "/../Cargo.toml",
            "/a/..%2fx.js",
        ] {
            assert_eq!(page(path), None, "{path}");
        }
    }

    #[test]
    fn a_folder_above_is_not_served() {
        assert_eq!(asset("/../package.json"), None);
        assert_eq!(asset("//etc/passwd"), None);
    }

    /// Everything that the page names is embedded, with a type that browsers accept under `nosniff`.
    #[cfg(console_built)]
    #[test]
    fn the_page_finds_its_assets() {
        let index = String::from_utf8(asset("index.html").unwrap().bytes.into_owned()).unwrap();
        let names: Vec<&str> = index
            .split('"')
            .filter(|part| part.starts_with("/assets/"))
            .collect();
        assert!(!names.is_empty());
        for name in names {
            let found = asset(name).unwrap();
            assert!(found.immutable);
            assert_ne!(found.content_type, "application/octet-stream", "{name}");
        }
        assert!(
            !index.contains("<style"),
            "the policy forbids inline styles"
        );
    }
}
