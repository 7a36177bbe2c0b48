//! Markdown in, HTML out: what must show, and what must never.

#![allow(clippy::unwrap_used)]

use proptest::prelude::*;

use super::*;

fn render(markdown: &str) -> String {
    html(markdown, &|login| login == "ana" || login == "j.doe")
}

#[test]
fn markdown_shows_as_written() {
    const REL: &str = "rel=\"noopener nofollow noreferrer\"";
    for (markdown, expect) in [
        (
            "**b** *i* ~~s~~ `c`",
            "<p><strong>b</strong> <em>i</em> <del>s</del> <code>c</code></p>".to_owned(),
        ),
        ("- a\n- b", "<ul>\n<li>a</li>\n<li>b</li>\n</ul>".to_owned()),
        ("3. a", "<ol start=\"3\">\n<li>a</li>\n</ol>".to_owned()),
        ("> q", "<blockquote>\n<p>q</p>\n</blockquote>".to_owned()),
        ("one\ntwo", "<p>one<br>\ntwo</p>".to_owned()),
        (
            "```sh\nls <x>\n```",
            "<pre tabindex=\"0\"><code>ls &lt;x&gt;\n</code></pre>".to_owned(),
        ),
        (
            "hi @ana.",
            format!("<p>hi <a class=\"mention\" href=\"/threads?q=%40ana\" {REL}>@ana</a>.</p>"),
        ),
        (
            "@J.Doe: see",
            format!(
                "<p><a class=\"mention\" href=\"/threads?q=%40j.doe\" {REL}>@J.Doe</a>: see</p>"
            ),
        ),
        (
            "@nobody ana@ana.org `@ana`",
            "<p>@nobody ana@ana.org <code>@ana</code></p>".to_owned(),
        ),
        (
            "see https://a.example/x_(y)?q=1&r=2).",
            format!(
                "<p>see <a href=\"https://a.example/x_(y)?q=1&amp;r=2\" {REL}>https://a.example/x_(y)?q=1&amp;r=2</a>).</p>"
            ),
        ),
        (
            "[x](https://a.example \"t\")",
            format!("<p><a href=\"https://a.example\" title=\"t\" {REL}>x</a></p>"),
        ),
        (
            "![a cat](https://a.example/cat.png)",
            format!("<p><a href=\"https://a.example/cat.png\" {REL}>a cat</a></p>"),
        ),
        (
            "[![p](https://a.example/p.png)](https://b.example)",
            format!("<p><a href=\"https://b.example\" {REL}>p</a></p>"),
        ),
    ] {
        assert_eq!(render(markdown).trim(), expect, "{markdown}");
    }
}

#[test]
fn mentions_are_found_once_and_not_in_code_or_links() {
    assert_eq!(
        mentions("@Ana and @ana, `@no` [@no](x) a@no.example @j.doe. \n\n```\n@no\n```"),
        ["ana", "j.doe"]
    );
}

/// Every one of these once was, somewhere, a hole.
#[test]
fn hostile_markdown_stays_text() {
    for markdown in [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "<svg><script>alert(1)</script></svg>",
        "<svg/onload=alert(1)>",
        "<iframe src=javascript:alert(1)>",
        "<math><mtext><table><mglyph><style><!--</style><img title=\"--&gt;&lt;img src=1 onerror=alert(1)&gt;\">",
        "<noscript><p title=\"</noscript><img src=x onerror=alert(1)>\">",
        "[x](javascript:alert(1))",
        "[x](JaVaScRiPt:alert(1))",
        "[x](java\nscript:alert(1))",
        "[x](&#106;avascript:alert(1))",
        "[x](javascript&colon;alert(1))",
        "[x](data:text/html;base64,PHNjcmlwdD4=)",
        "[x](vbscript:msgbox)",
        "[x](file:///etc/passwd)",
        "<javascript:alert(1)>",
        "![x](javascript:alert(1))",
        "![x\" onerror=\"alert(1)](https://a.example)",
        "[x](https://a.example \"a\\\" onmouseover=\\\"alert(1)\")",
        "[x]: javascript:alert(1)\n\n[x]",
        "<a href=\"javascript:alert(1)\">x</a>",
        "<form action=https://a.example><input name=password>",
        "<meta http-equiv=refresh content=0;url=https://a.example>",
        "<base href=https://a.example>",
        "<style>*{background:url(https://a.example)}</style>",
        "<div style=\"position:fixed;inset:0\">",
        "```\"><script>alert(1)</script>\nx\n```",
        "``` x\" onmouseover=\"alert(1)\nx\n```",
        "@ana\"><script>alert(1)</script>",
        "https://a.example/\"onmouseover=alert(1)",
        "https://a.example/<script>alert(1)</script>",
        "<!-- --><script>alert(1)</script> -->",
        "<![CDATA[<script>alert(1)</script>]]>",
        "<?php echo 1 ?><script>alert(1)</script>",
        "a | b\n--|--\n<script>alert(1)</script> | <img src=x onerror=alert(1)>",
    ] {
        let html = render(markdown);
        assert_harmless(markdown, &html);
    }
}

/// Looks at the tags alone: hostile words as escaped text are what we want.
fn assert_harmless(markdown: &str, html: &str) {
    const TAGS: &[&str] = &[
        "p",
        "br",
        "hr",
        "strong",
        "em",
        "del",
        "code",
        "pre",
        "ul",
        "ol",
        "li",
        "blockquote",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "table",
        "thead",
        "tbody",
        "tr",
        "th",
        "td",
        "a",
        "img",
    ];
    for tag in html.split('<').skip(1) {
        let inside = tag.split('>').next().unwrap();
        let name: String = inside
            .trim_start_matches('/')
            .chars()
            .take_while(char::is_ascii_alphanumeric)
            .collect();
        assert!(
            TAGS.contains(&name.as_str()),
            "tag {name} from {markdown:?}: {html}"
        );
        let attributes = inside.trim_start_matches('/')[name.len()..].trim();
        // Names of attributes stand outside quotes.
        for (index, part) in attributes.split('"').enumerate() {
            let word = part.trim().trim_end_matches('=');
            if index % 2 == 0 && !word.is_empty() {
                assert!(
                    [
                        "href", "title", "rel", "class", "start", "src", "alt", "loading",
                        "tabindex"
                    ]
                    .contains(&word),
                    "attribute {word} from {markdown:?}: {html}"
                );
            }
        }
        if let Some(href) = attributes.split("href=\"").nth(1) {
            let href = href.split('"').next().unwrap().to_lowercase();
            let scheme = href.split([':', '/', '?', '#']).next().unwrap();
            assert!(
                !href[scheme.len()..].starts_with(':')
                    || ["http", "https", "mailto"].contains(&scheme),
                "href {href} from {markdown:?}"
            );
        }
    }
}

#[test]
fn a_link_says_where_it_leads() {
    let at = |host: &str| format!("</a> ({host})");
    for (markdown, end) in [
        (
            "[https://bank.example](https://evil.example/x)",
            at("evil.example"),
        ),
        (
            "[bank.example/login](https://evil.example)",
            at("evil.example"),
        ),
        (
            "[click](https://\u{430}pple.example)",
            at("xn--pple-43d.example"),
        ),
        (
            "https://\u{430}pple.example/login",
            at("xn--pple-43d.example"),
        ),
        (
            "[x](https://bank.example@evil.example/)",
            at("evil.example"),
        ),
        ("[www.bank.example](//evil.example)", at("evil.example")),
        (
            "[**bank.example**](https://evil.example)",
            at("evil.example"),
        ),
        (
            "[bank.example](https://www.bank.example/a)",
            "</a>".to_owned(),
        ),
        ("[the bank](https://bank.example)", "</a>".to_owned()),
        ("[see 1.2 and e.g. this](/anomalies/x)", "</a>".to_owned()),
        ("https://bank.example", "</a>".to_owned()),
    ] {
        let html = render(markdown);
        assert!(
            html.trim().trim_end_matches("</p>").ends_with(&end),
            "{markdown}: {html}"
        );
        assert_harmless(markdown, &html);
    }
}

#[test]
fn only_files_of_the_post_are_shown() {
    let (own, other) = (Uuid::from_u128(1), Uuid::from_u128(2));
    let file = |id: Uuid| {
        (id == own).then(|| File {
            name: "a\"><script>.png".to_owned(),
            picture: true,
        })
    };
    let show = |markdown: &str| html_with(markdown, &|_| false, &file);
    let shown = show(&format!("![cap](attachment:{own})"));
    assert!(
        shown.contains(&format!(
            "<img src=\"/api/v1/attachments/{own}\" alt=\"ascript.png\" loading=\"lazy\">"
        )),
        "{shown}"
    );
    assert_harmless("own", &shown);
    for markdown in [
        format!("![cap](attachment:{other})"),
        "![cap](attachment:nonsense)".to_owned(),
        "<img src=\"/api/v1/attachments/00000000-0000-0000-0000-000000000001\">".to_owned(),
        "![x](/api/v1/session)".to_owned(),
    ] {
        let shown = show(&markdown);
        assert!(!shown.contains("<img"), "{shown}");
        assert_harmless(&markdown, &shown);
    }
}

#[test]
fn deep_nesting_is_shown_flat_and_fast() {
    for bomb in [
        ">".repeat(60_000),
        "- ".repeat(30_000),
        "*a **a ".repeat(8_000),
        "[".repeat(60_000),
        "![".repeat(30_000),
        "`".repeat(60_000),
        "<a ".repeat(20_000),
        "|-".repeat(30_000),
        "@".repeat(60_000),
        "https://(".repeat(7_000),
        format!("https://a.example/{}", ")".repeat(60_000)),
    ] {
        let started = std::time::Instant::now();
        let html = render(&format!("{bomb} end"));
        assert!(
            started.elapsed().as_secs() < 5,
            "{} took {:?}",
            &bomb[..10],
            started.elapsed()
        );
        let quotes = html.matches("<blockquote>").count();
        assert!(quotes <= MAX_DEPTH, "{quotes}");
    }
}

proptest! {
    #[test]
    fn anything_renders_harmless(markdown in r#"[ -~\n<>"'&;:/()\[\]!*_`|@#-]{0,200}"#) {
        assert_harmless(&markdown, &render(&markdown));
    }
}
