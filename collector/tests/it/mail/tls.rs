//! TLS on both ways of mail, against real servers with a certificate of a test's own authority: the right one is believed, a
//! stranger's, one for another name, and a server that offers no TLS are refused, each with its cause.

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use weft_collector::{
    config::Config,
    mail::{postbox, send, settings::Settings},
};

use super::servers::{Servers, Shown};

/// An authority of the test's own.
struct Authority {
    pem: String,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    fn new() -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let pem = params.self_signed(&key).unwrap().pem();
        Self {
            pem,
            issuer: Issuer::new(params, key),
        }
    }

    fn vouch_for(&self, name: &str) -> Shown {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        Shown {
            certificate: params.signed_by(&key, &self.issuer).unwrap().pem(),
            key: key.serialize_pem(),
        }
    }
}

/// The settings of a collector that is configured so.
fn settings(smtp: &str, imap: &str, ca: Option<&Authority>) -> (Settings, tempfile::TempDir) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("ca.pem");
    let ca = match ca {
        Some(authority) => {
            std::fs::write(&path, &authority.pem).unwrap();
            path.display().to_string()
        }
        None => String::new(),
    };
    let variables = [
        ("MAIL__SMTP", smtp.to_owned()),
        ("MAIL__FROM", "weft@weft.test".to_owned()),
        ("MAIL__REPLY", "weft+{token}@weft.test".to_owned()),
        ("MAIL__IMAP", imap.to_owned()),
        ("MAIL__CA", ca),
    ];
    let variables = variables.map(|(name, value)| (format!("WEFT_COLLECTOR__{name}"), value));
    let config = Config::load(None, variables).unwrap();
    (config.mail_settings().unwrap().unwrap(), dir)
}

/// What both ways say, out and in; empty: they work.
async fn asked(smtp: &str, imap: &str, ca: Option<&Authority>) -> [String; 2] {
    let (settings, _dir) = settings(smtp, imap, ca);
    let out = send::probe(&settings).await.err().unwrap_or_default();
    let opened = postbox::open(settings.mailbox.as_ref().unwrap()).await;
    let inward = opened.err().map(|error| error.to_string());
    [out, inward.unwrap_or_default()]
}

/// The addresses of these servers: TLS at once, and STARTTLS.
fn ways(servers: &Servers) -> [(String, String); 2] {
    let Servers {
        smtp,
        smtps,
        imap,
        imaps,
        ..
    } = servers;
    [
        (
            format!("smtps://localhost:{smtps}"),
            format!("imaps://weft:secret@localhost:{imaps}/INBOX"),
        ),
        (
            format!("smtp://localhost:{smtp}?tls=required"),
            format!("imap://weft:secret@localhost:{imap}/INBOX?tls=required"),
        ),
    ]
}

#[tokio::test]
async fn an_authority_of_ones_own_is_believed_and_no_other() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let (ours, theirs) = (Authority::new(), Authority::new());
    let servers = Servers::showing(Some(ours.vouch_for("localhost")));
    for (smtp, imap) in ways(&servers) {
        let works = asked(&smtp, &imap, Some(&ours)).await;
        assert_eq!(works, ["", ""], "{smtp}: {}", servers.logs());
        for ca in [Some(&theirs), None] {
            for words in asked(&smtp, &imap, ca).await {
                assert!(words.contains("certificate"), "{smtp}: {words}");
            }
        }
    }
}

#[tokio::test]
async fn a_certificate_for_another_name_is_refused() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let ours = Authority::new();
    let servers = Servers::showing(Some(ours.vouch_for("mail.example")));
    for (smtp, imap) in ways(&servers) {
        for words in asked(&smtp, &imap, Some(&ours)).await {
            assert!(
                words.contains("certificate") && words.to_lowercase().contains("name"),
                "{smtp}: {words}"
            );
        }
    }
}

/// Whoever sits in between takes the offer of TLS out: nothing is said to such a server.
#[tokio::test]
async fn a_server_without_tls_is_not_spoken_to() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let servers = Servers::start();
    let [_, (smtp, imap)] = ways(&servers);
    let [out, inward] = asked(&smtp, &imap, None).await;
    assert!(out.contains("STARTTLS"), "{out}");
    assert!(inward.contains("STARTTLS"), "{inward}");
    let logs = servers.logs();
    assert!(!logs.contains("Login"), "{logs}");
    // A port that speaks in the clear where TLS is wanted at once.
    let [out, inward] = asked(
        &format!("smtps://localhost:{}", servers.smtp),
        &format!("imaps://weft:secret@localhost:{}/INBOX", servers.imap),
        None,
    )
    .await;
    assert!(out.contains("at once"), "{out}");
    assert!(inward.contains("at once"), "{inward}");
}
