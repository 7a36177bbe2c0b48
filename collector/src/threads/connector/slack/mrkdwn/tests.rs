//! The two markups against each other: examples of "Formatting message text", and whatever else people type.

use proptest::prelude::*;

use super::*;

#[test]
fn markdown_becomes_what_slack_shows() {
    for (markdown, expect) in [
        ("**bold** *it* ~~gone~~ `code`", "*bold* _it_ ~gone~ `code`"),
        ("# Title **x**\n\ntext", "*Title x*\n\ntext"),
        ("a\nb\n\nc", "a\nb\n\nc"),
        (
            "- a\n- b\n  - c\n\n1. x\n2. y",
            "• a\n• b\n    • c\n\n1. x\n2. y",
        ),
        ("> said\n> more\n\nanswer", "> said\n> more\n\nanswer"),
        ("```rust\nfn a<T>() {}\n```", "```\nfn a&lt;T&gt;() {}\n```"),
        (
            "[log](https://a.example/?a=1&b=2)",
            "<https://a.example/?a=1&amp;b=2|log>",
        ),
        ("<https://a.example>", "<https://a.example>"),
        (
            "![pic](https://a.example/p.png)",
            "<https://a.example/p.png|pic>",
        ),
        ("[x](javascript:alert)", "x (javascript:alert)"),
        (
            "[a|b>](https://a.example/|>)",
            "<https://a.example/%7C%3E|a|b&gt;>",
        ),
        (
            "<!channel> <@U012AB3CD> a < b & c",
            "&lt;!channel&gt; &lt;@U012AB3CD&gt; a &lt; b &amp; c",
        ),
        ("&lt;!here&gt;", "&lt;!here&gt;"),
        ("<b>html</b>", "&lt;b&gt;html&lt;/b&gt;"),
        ("| a | b |\n|---|---|\n| 1 | 2 |", "a | b\n1 | 2"),
        ("a\n\n---\n\nb", "a\n\n———\n\nb"),
        ("``a`b``", "a`b"),
    ] {
        assert_eq!(from_markdown(markdown), expect, "{markdown}");
    }
}

#[test]
fn what_slack_sends_becomes_markdown() {
    for (mrkdwn, expect) in [
        ("*bold* _it_ ~gone~ `code`", "**bold** _it_ ~~gone~~ `code`"),
        ("a &lt; b &amp;&amp; c &gt; d", "a \\< b && c > d"),
        ("&amp;lt;", "\\&lt;"),
        ("&gt; said\nanswer", "> said\nanswer"),
        (
            "<https://a.example/?a=1&amp;b=2|the log>",
            "[the log](https://a.example/?a=1&b=2)",
        ),
        ("<https://a.example>", "<https://a.example>"),
        ("<mailto:ana@a.example|ana@a.example>", "ana@a.example"),
        (
            "<@U012AB3CD> <@U012AB3CD|ana> <#C024BE7LR|general>",
            "@U012AB3CD @ana \\#general",
        ),
        (
            "<!here> <!subteam^SAZ94GDB8|@desk> <!date^1392734382^{date}|Feb 18, 2014>",
            "@here @desk Feb 18, 2014",
        ),
        (
            "```a &lt; b\n<https://x.example>```",
            "\n```\na < b\nhttps://x.example\n```",
        ),
        ("# no title\n- a\n• b", "\\# no title\n- a\n- b"),
        (
            "[no](link) snake_case 2*3*4 _",
            "\\[no\\](link) snake_case 2\\*3\\*4 \\_",
        ),
        ("a\n---", "a\n\\---"),
        ("<unclosed *x", "\\<unclosed \\*x"),
        ("<javascript:alert(1)|x>", "x"),
        ("*a b*, (*c*)", "**a b**, (**c**)"),
        ("`a` and ``", "`a` and \\`\\`"),
    ] {
        assert_eq!(to_markdown(mrkdwn), expect, "{mrkdwn}");
    }
}

#[test]
fn people_get_their_names() {
    let text = to_markdown("<@U012AB3CD> ask <@W9876543210> or @U1, <@U012AB3CD>");
    assert_eq!(mentioned(&text, 10), ["U012AB3CD", "W9876543210"]);
    assert_eq!(mentioned(&text, 1), ["U012AB3CD"]);
    assert_eq!(
        name(&text, "U012AB3CD", "Ana [x](y)"),
        "@Ana \\[x\\](y) ask @W9876543210 or @U1, @Ana \\[x\\](y)"
    );
}

#[test]
fn deep_nesting_costs_no_more_than_its_length() {
    let quotes = ">".repeat(60_000);
    assert!(from_markdown(&quotes).len() < 1_000);
    let lists = (0..2_000)
        .map(|n| format!("{}- x\n", " ".repeat(2 * n)))
        .collect::<String>();
    assert!(from_markdown(&lists).len() < lists.len() + 40_000);
    let stars = "*a".repeat(100_000);
    assert!(to_markdown(&stars).len() <= 2 * stars.len());
    let open = "<".repeat(100_000);
    assert_eq!(to_markdown(&open).len(), 2 * open.len());
}

fn letters(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).collect()
}

/// What a reader of Markdown sees.
fn shown(markdown: &str) -> String {
    let options = Options::ENABLE_STRIKETHROUGH | Options::ENABLE_TABLES;
    let mut seen = String::new();
    for event in Parser::new_ext(markdown, options) {
        match event {
            Event::Text(text) | Event::Code(text) | Event::Html(text) | Event::InlineHtml(text) => {
                seen.push_str(&text)
            }
            _ => {}
        }
    }
    seen
}

fn typed() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        "[a-z0-9 ]{1,6}",
        prop::sample::select(vec![
            "*",
            "_",
            "~",
            "`",
            "```",
            "<",
            ">",
            "&",
            "|",
            "!",
            "@",
            "#",
            "\\",
            "[",
            "]",
            "(",
            ")",
            "\n",
            "- ",
            "1. ",
            "> ",
            "<!channel>",
            "<!here|x>",
            "<@U012AB3CD>",
            "&lt;",
            "&gt;",
            "&amp;",
            "&#60;",
            "é",
            "\u{2060}",
            "•",
            "=",
            "+",
            "\t",
        ])
        .prop_map(str::to_owned),
    ];
    prop::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

proptest! {
    /// Nothing that a person types is a command of Slack's: no `<` but before a web address.
    #[test]
    fn nobody_is_called(markdown in typed()) {
        let sent = from_markdown(&markdown);
        for (at, _) in sent.match_indices('<') {
            let behind = &sent[at + 1..];
            prop_assert!(["http://", "https://", "mailto:"].iter().any(|scheme| behind.to_lowercase().starts_with(scheme)), "{markdown:?} became {sent:?}");
        }
    }

    #[test]
    fn words_are_kept_on_the_way_out(words in "[a-zA-Z .,;:é]{0,80}") {
        prop_assert_eq!(letters(&from_markdown(&words)), letters(&shown(&words)));
    }

    /// What Slack shows as text, Markdown shows as the same text.
    #[test]
    fn words_are_kept_on_the_way_in(text in "[a-z *_~`\\[\\]()<>&#!|\\\\+=.-]{0,60}") {
        let text = text.trim();
        let arrived = to_markdown(&escaped(text));
        prop_assert_eq!(letters(&shown(&arrived)), letters(text), "{:?} became {:?}", text, arrived);
    }

    #[test]
    fn anything_is_taken(text in "(?s).{0,200}", pieces in typed()) {
        let _ = (to_markdown(&text), from_markdown(&text), to_markdown(&pieces), from_markdown(&pieces));
        let _ = name(&to_markdown(&pieces), "U012AB3CD", &text);
    }
}
