//! How mail is encrypted on its way: at once, by STARTTLS, or not at all on this machine.
//!
//! **Invariant: a password and a letter leave this machine only encrypted**, to a server whose certificate an authority vouches for:
//! the system's, or those of `mail.ca`. There is no "encrypted if the server offers it": whoever sits in between would take the
//! offer out.

use std::{fs, net::IpAddr, path::Path, sync::Arc};

use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use rustls::ClientConfig;
use rustls_pki_types::{CertificateDer, pem::PemObject as _};
use url::Url;

/// Whether and when a line is encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encryption {
    /// From the first byte on.
    AtOnce,
    /// After a few words in the clear; without it nothing is sent.
    StartTls,
    /// Only to this machine.
    None,
}

/// Authorities beside the system's.
#[derive(Clone, Debug, Default)]
pub struct Authorities(Vec<CertificateDer<'static>>);

impl Authorities {
    /// A PEM file; empty: none.
    pub fn read(path: &str) -> Result<Self, String> {
        if path.is_empty() {
            return Ok(Self::default());
        }
        let pem = fs::read(Path::new(path)).map_err(|error| error.to_string())?;
        let all: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
        match all {
            Ok(all) if !all.is_empty() => Ok(Self(all)),
            Ok(_) => Err("it holds no certificate in PEM".to_owned()),
            Err(error) => Err(error.to_string()),
        }
    }

    /// For lines of our own.
    pub fn client(&self) -> Result<ClientConfig, rustls::Error> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let verifier = rustls_platform_verifier::Verifier::new_with_extra_roots(
            self.0.iter().cloned(),
            provider.clone(),
        )?;
        Ok(ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier))
            .with_no_client_auth())
    }

    /// For the library that sends letters.
    pub fn smtp(
        &self,
        host: &str,
        encryption: Encryption,
    ) -> Result<Tls, lettre::transport::smtp::Error> {
        let mut parameters = TlsParameters::builder(host.to_owned());
        for certificate in &self.0 {
            parameters =
                parameters.add_root_certificate(Certificate::from_der(certificate.to_vec())?);
        }
        Ok(match encryption {
            Encryption::AtOnce => Tls::Wrapper(parameters.build_rustls()?),
            Encryption::StartTls => Tls::Required(parameters.build_rustls()?),
            Encryption::None => Tls::None,
        })
    }
}

impl Encryption {
    /// As an address says it: `plain` and `secure` are its two schemes.
    pub fn read(url: &Url, plain: &str, secure: &str) -> Result<Self, String> {
        let asked = url.query_pairs().find(|(key, _)| key == "tls");
        let asked = asked.map(|(_, value)| value.into_owned());
        match (url.scheme(), asked.as_deref()) {
            (scheme, None) if scheme == secure => Ok(Self::AtOnce),
            (scheme, Some("required")) if scheme == plain => Ok(Self::StartTls),
            (scheme, None) if scheme == plain && is_here(url) => Ok(Self::None),
            (scheme, None) if scheme == plain => Err(format!(
                "without TLS only this machine is spoken to: write {secure}://, or {plain}://…?tls=required for STARTTLS"
            )),
            (scheme, Some(other)) if scheme == plain || scheme == secure => Err(format!(
                "tls={other} is not known: {secure}:// is TLS at once, {plain}://…?tls=required is STARTTLS, and TLS only if the server offers it would be none for whoever sits in between"
            )),
            (scheme, _) => Err(format!("the scheme is {scheme:?}")),
        }
    }
}

fn is_here(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let bare = host.trim_matches(['[', ']']);
    host == "localhost"
        || bare
            .parse()
            .is_ok_and(|address: IpAddr| address.is_loopback())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn nothing_leaves_the_machine_in_the_clear() {
        for (url, expect) in [
            ("smtps://mail.example", Ok(Encryption::AtOnce)),
            ("smtp://mail.example?tls=required", Ok(Encryption::StartTls)),
            ("smtp://127.0.0.1:25", Ok(Encryption::None)),
            ("smtp://[::1]:25", Ok(Encryption::None)),
            ("smtp://localhost", Ok(Encryption::None)),
            ("smtp://mail.example:25", Err("only this machine")),
            ("smtp://127.0.0.1.example", Err("only this machine")),
            (
                "smtp://mail.example?tls=opportunistic",
                Err("sits in between"),
            ),
            ("smtps://mail.example?tls=none", Err("sits in between")),
            ("http://mail.example", Err("scheme")),
        ] {
            let read = Encryption::read(&url.parse().unwrap(), "smtp", "smtps");
            match (read, expect) {
                (Ok(read), Ok(expect)) => assert_eq!(read, expect, "{url}"),
                (Err(why), Err(words)) => assert!(why.contains(words), "{url}: {why}"),
                (read, expect) => panic!("{url}: {read:?}, not {expect:?}"),
            }
        }
    }

    #[test]
    fn a_file_without_a_certificate_says_so() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("ca.pem");
        let read = || Authorities::read(&path.display().to_string());
        assert!(read().is_err());
        fs::write(&path, "hello").unwrap();
        assert!(read().unwrap_err().contains("no certificate"));
        assert!(Authorities::read("").is_ok());
    }
}
