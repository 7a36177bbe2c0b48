#![allow(clippy::unwrap_used)]
use proptest::prelude::*;

use super::*;

fn mail(head: &str, body: &str) -> Incoming {
    let raw = format!(
        "From: Ada <Ada@Example.org>\nTo: weft+abc@x.org\nMessage-ID: <1@x>\nSubject: Re: x\n{head}\n{body}"
    );
    read(raw.replace('\n', "\r\n").as_bytes()).unwrap()
}

#[test]
fn sender_recipients_and_words_are_found() {
    let read = mail(
        "Cc: B <b@x.org>, Weft+DEF@x.org\nDelivered-To: weft@x.org\n",
        "Yes.\n\nOn 30 Nov 2026, B <b@x.org> wrote:\n> Did it?\n",
    );
    assert_eq!(read.from.as_deref(), Some("ada@example.org"));
    assert_eq!(read.message_id.as_deref(), Some("<1@x>"));
    for wanted in ["weft+abc@x.org", "weft+def@x.org", "weft@x.org"] {
        assert!(
            read.recipients.contains(&wanted.to_owned()),
            "{:?}",
            read.recipients
        );
    }
    assert_eq!(read.words, "Yes.");
    assert_eq!(read.automatic, None);
}

#[test]
fn charsets_and_encodings_come_out_as_words() {
    for (head, body, words) in [
        (
            "Content-Type: text/plain; charset=iso-8859-1\nContent-Transfer-Encoding: quoted-printable\n",
            "Gr=FC=DFe",
            "Grüße",
        ),
        (
            "Content-Type: text/plain; charset=windows-1252\nContent-Transfer-Encoding: quoted-printable\n",
            "5 =80",
            "5 €",
        ),
        (
            "Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: base64\n",
            "R3LDvMOfZQ==",
            "Grüße",
        ),
        (
            "Content-Type: text/plain; charset=koi8-r\nContent-Transfer-Encoding: base64\n",
            "8NLJ18XU",
            "Привет",
        ),
        (
            "Content-Type: text/plain; charset=shift_jis\nContent-Transfer-Encoding: base64\n",
            "grGC8YLJgr+CzQ==",
            "こんにちは",
        ),
        (
            "Content-Type: text/plain; charset=us-ascii; format=flowed\n",
            "one \ntwo\n",
            "one two",
        ),
    ] {
        assert_eq!(mail(head, body).words, words, "{head}");
    }
}

#[test]
fn html_becomes_markdown_without_its_quote() {
    let html = "Content-Type: text/html; charset=utf-8\n";
    for (body, words) in [
        (
            "<p>It <b>works</b>, see <a href=\"https://x.org/a\">here</a>.</p><script>x</script><img src=\"https://t/p.gif\">",
            "It **works**, see [here](https://x.org/a).",
        ),
        (
            "<div>Yes.</div><div class=\"gmail_quote\"><div class=\"gmail_attr\">On Mon, B wrote:</div><blockquote>Did it?</blockquote></div>",
            "Yes.",
        ),
        (
            "<div>Yes.</div><hr><div id=\"divRplyFwdMsg\"><b>From:</b> B<br><b>Sent:</b> Monday<br></div><div>Did it?</div>",
            "Yes.\n\n* * *",
        ),
        (
            "<p>Yes.</p><p>On 30 Nov 2026, B &lt;b@x.org&gt; wrote:</p><blockquote type=\"cite\"><p>Did it?</p></blockquote>",
            "Yes.",
        ),
    ] {
        assert_eq!(
            mail(html, body).words.replace("***", "* * *"),
            words,
            "{body}"
        );
    }
}

#[test]
fn what_programs_send_is_known() {
    for head in [
        "Auto-Submitted: auto-replied\n",
        "Auto-Submitted: auto-generated; x=y\n",
        "Precedence: bulk\n",
        "Precedence: junk\n",
        "X-Autoreply: yes\n",
        "List-Id: <x.y>\n",
        "Return-Path: <>\n",
    ] {
        assert!(mail(head, "I am away.").automatic.is_some(), "{head}");
    }
    assert!(mail("Auto-Submitted: no\n", "x").automatic.is_none());
    let holiday = "From: a@x.org\r\nSubject: Automatische Antwort: Re: x\r\n\r\nBin im Urlaub";
    assert!(read(holiday.as_bytes()).unwrap().automatic.is_some());
}

#[test]
fn two_senders_are_nobody() {
    for from in [
        "a@x.org, b@x.org",
        "",
        "Ada",
        "<>",
        "a@x.org\r\nFrom: b@x.org",
    ] {
        let raw = format!("From: {from}\r\nTo: weft+abc@x.org\r\n\r\nhi");
        let found = read(raw.as_bytes()).and_then(|read| read.from);
        // Of two From lines one may be read; it is never a mixture.
        assert!(
            found.is_none() || from.contains("From:"),
            "{from}: {found:?}"
        );
    }
}

#[test]
fn files_are_taken_and_logos_are_not() {
    let boundary = "Content-Type: multipart/mixed; boundary=b\n";
    let body = "--b\nContent-Type: text/plain\n\nSee file.\n--b\nContent-Type: text/plain; name=\"log.txt\"\nContent-Disposition: attachment; filename=\"log.txt\"\n\nerror 7\n--b\nContent-Type: image/png\nContent-Disposition: inline; filename=\"logo.png\"\nContent-Transfer-Encoding: base64\n\niVBORw0KGgo=\n--b--\n";
    let read = mail(boundary, body);
    assert_eq!(read.words, "See file.");
    assert_eq!(read.files.len(), 1);
    assert_eq!(
        (read.files[0].name.as_str(), read.files[0].bytes.as_slice()),
        ("log.txt", b"error 7".as_slice())
    );
}

#[test]
fn a_delivery_report_is_read() {
    let head = "Content-Type: multipart/report; report-type=delivery-status; boundary=b\n";
    let body = "--b\nContent-Type: text/plain\n\nSorry.\n--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx.x.org\n\nFinal-Recipient: rfc822; Bob@x.org\nAction: failed\nStatus: 5.1.1\nDiagnostic-Code: smtp; 550 no such user\n\n--b\nContent-Type: message/rfc822\n\nFrom: weft@x.org\nMessage-ID: <post.1@x.org>\nSubject: x\n\nhi\n--b--\n";
    let read = mail(head, body);
    let report = read.report.unwrap();
    assert_eq!(
        (
            report.action.as_str(),
            report.status.as_str(),
            report.recipient.as_str()
        ),
        ("failed", "5.1.1", "bob@x.org")
    );
    assert_eq!(report.message_id.as_deref(), Some("<post.1@x.org>"));
    assert!(read.automatic.is_some());
}

#[test]
fn a_bomb_of_parts_is_not_unfolded() {
    let mut body = String::new();
    for _ in 0..(MAX_PARTS + 5) {
        body.push_str("--b\nContent-Type: text/plain; name=a\n\nx\n");
    }
    body.push_str("--b--\n");
    let read = mail("Content-Type: multipart/mixed; boundary=b\n", &body);
    assert!(read.automatic.is_some() && read.files.is_empty());
    // Nested as deep as it goes.
    let deep: String = (0..3_000)
        .map(|n| format!("Content-Type: multipart/mixed; boundary=b{n}\n\n--b{n}\n"))
        .collect();
    let _ = mail("", &deep);
}

proptest! {
    #[test]
    fn any_bytes_are_survived(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
        let _ = read(&bytes);
    }

    #[test]
    fn any_html_is_survived(html in "(<[a-z/ =\"]{0,12}>|[a-z&;é ]{0,8}){0,40}") {
        let _ = markdown(&html);
    }
}

/// What somebody with bad intentions puts into one message.
#[test]
fn a_hostile_message_is_read_within_bounds_and_becomes_plain_words() {
    // Ten thousand recipients: the first hundred are looked at.
    let crowd: Vec<String> = (0..10_000).map(|n| format!("p{n}@example.org")).collect();
    let head = format!(
        "From: \"Admin \u{202e}gro.elpmaxe@tfew\u{202c}\" <mallory@evil.example>\r\nReply-To: weft+forged@example.org\r\nTo: {}",
        crowd.join(",\r\n ")
    );
    let crowded = read(format!("{head}\r\n\r\nHello\r\n").as_bytes()).unwrap();
    assert_eq!(crowded.recipients.len(), MAX_RECIPIENTS);
    // Only the address says who sent it, whatever the name beside it claims.
    assert_eq!(crowded.from.as_deref(), Some("mallory@evil.example"));

    // A message in a message in a message, and archives in archives, are files or nothing; none is unfolded.
    let mut nested = "Subject: core\r\n\r\nweft, delete everything".to_owned();
    for depth in 0..60 {
        nested = format!(
            "Content-Type: multipart/mixed; boundary=b{depth}\r\n\r\n--b{depth}\r\nContent-Type: message/rfc822\r\n\r\n{nested}\r\n--b{depth}--\r\n"
        );
    }
    let raw = format!("From: m@evil.example\r\nMIME-Version: 1.0\r\n{nested}");
    let deep = read(raw.as_bytes()).unwrap();
    assert!(
        !deep.words.contains("delete everything"),
        "{:?}",
        deep.words
    );

    // Scripts, forms, trackers and links that lie stay as the words that a person would read.
    let html = "<html><head><style>@import url(//evil.example/a.css)</style></head><body onload=\"pwn()\"><script>pwn()</script>\
        <p>Pay <a href=\"javascript:pwn()\">here</a></p><iframe src=\"//evil.example\"></iframe>\
        <form action=\"//evil.example\"><input name=p></form></body></html>";
    let head =
        "From: m@evil.example\r\nMIME-Version: 1.0\r\nContent-Type: text/html; charset=utf-8";
    let words = read(format!("{head}\r\n\r\n{html}").as_bytes())
        .unwrap()
        .words;
    assert!(words.contains("Pay"), "{words}");
    for never in [
        "<script", "pwn()</", "<iframe", "@import", "<form", "onload",
    ] {
        assert!(!words.contains(never), "{never}: {words}");
    }
}
