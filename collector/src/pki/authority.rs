//! The generations of the authority: one usually, two while a rotation runs.

use std::path::Path;

use jiff::{SignedDuration, Timestamp};
use rcgen::{
    BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    PKCS_ECDSA_P256_SHA256,
};
use rustls_pki_types::{CertificateDer, pem::PemObject as _};

use super::{PkiError, files, issue::set_life};

/// An authority is the fleet's trust: changing it touches every laptop, so it lives long.
const VALIDITY: SignedDuration = SignedDuration::from_hours(10 * 365 * 24);
/// Laptops' clocks are seldom exact; a certificate is good a little before it was made.
pub const BACKDATE: SignedDuration = SignedDuration::from_mins(5);

/// One key pair of the authority.
pub struct Generation {
    pub number: u32,
    pub certificate: CertificateDer<'static>,
    pub(super) issuer: Issuer<'static, KeyPair>,
}

/// Everything that signs and everything that is trusted.
pub struct Authority {
    generations: Vec<Generation>,
    serving: u32,
}

impl Authority {
    /// Reads the authority's files; makes the first generation when there is none.
    pub fn open(dir: &Path, now: Timestamp) -> Result<Self, PkiError> {
        let mut numbers = files::generations(dir)?;
        if numbers.is_empty() {
            files::prepare(dir)?;
            make(dir, 1, now)?;
            numbers.push(1);
        }
        let generations = numbers
            .iter()
            .map(|number| load(dir, *number))
            .collect::<Result<Vec<_>, _>>()?;
        // The first of `numbers` is there: it was made above at the latest.
        let serving = files::serving(dir)?.unwrap_or(numbers[0]);
        if !numbers.contains(&serving) {
            return Err(PkiError::Damaged {
                path: files::certificate(dir, serving),
                reason: "it should sign the collector's certificate but is missing".to_owned(),
            });
        }
        let authority = Self {
            generations,
            serving,
        };
        files::export(dir, &authority.export())?;
        Ok(authority)
    }

    /// Says whether the files differ from what is loaded.
    pub fn is_stale(&self, dir: &Path) -> Result<bool, PkiError> {
        let numbers = files::generations(dir)?;
        let loaded = self.generations.iter().map(|generation| generation.number);
        let serving = files::serving(dir)?;
        Ok(!loaded.eq(numbers.iter().copied())
            || serving.is_some_and(|number| number != self.serving))
    }

    /// What agents and this collector trust, oldest first.
    pub fn trust_anchors(&self) -> Vec<CertificateDer<'static>> {
        self.generations
            .iter()
            .map(|generation| generation.certificate.clone())
            .collect()
    }

    /// The first moment at which one of the anchors ends.
    pub fn first_end(&self) -> Timestamp {
        self.generations
            .iter()
            .filter_map(|generation| not_after(&generation.certificate))
            .min()
            .unwrap_or(Timestamp::MAX)
    }

    /// True while two anchors are trusted.
    pub fn is_rotating(&self) -> bool {
        self.generations.len() > 1
    }

    /// Devices get their certificates from the newest generation.
    pub(super) fn for_devices(&self) -> &Generation {
        // `open` refuses an empty list.
        &self.generations[self.generations.len() - 1]
    }

    /// The collector's certificate comes from a generation that every agent already trusts.
    pub(super) fn for_server(&self) -> &Generation {
        self.generations
            .iter()
            .find(|generation| generation.number == self.serving)
            .unwrap_or(&self.generations[0])
    }

    /// The anchors as one PEM file.
    pub fn export(&self) -> String {
        self.generations
            .iter()
            .map(|generation| to_pem(&generation.certificate))
            .collect()
    }

    /// Makes the next generation.
    pub fn rotate(dir: &Path, now: Timestamp) -> Result<u32, PkiError> {
        let authority = Self::open(dir, now)?;
        if authority.is_rotating() {
            return Err(PkiError::Rotation(
                "a rotation is already running: `ca finish`, then `ca retire`, end it",
            ));
        }
        files::set_serving(dir, authority.serving)?;
        let number = authority.serving + 1;
        make(dir, number, now)?;
        Ok(number)
    }

    /// Lets the newest generation sign the collector's certificate: every agent should have renewed by now.
    pub fn finish(dir: &Path, now: Timestamp) -> Result<u32, PkiError> {
        let authority = Self::open(dir, now)?;
        let number = authority.for_devices().number;
        if number == authority.serving {
            return Err(PkiError::Rotation(
                "no rotation is running: `ca rotate` begins one",
            ));
        }
        files::set_serving(dir, number)?;
        Ok(number)
    }

    /// Ends trust in every generation but the serving one.
    pub fn retire(dir: &Path, now: Timestamp) -> Result<Vec<u32>, PkiError> {
        let authority = Self::open(dir, now)?;
        if authority.for_devices().number != authority.serving {
            return Err(PkiError::Rotation(
                "the new authority does not serve yet: `ca finish` first",
            ));
        }
        let old: Vec<u32> = authority
            .generations
            .iter()
            .map(|generation| generation.number)
            .filter(|number| *number != authority.serving)
            .collect();
        for number in &old {
            files::remove(&files::certificate(dir, *number))?;
            files::remove(&files::key(dir, *number))?;
        }
        Ok(old)
    }
}

fn make(dir: &Path, number: u32, now: Timestamp) -> Result<(), PkiError> {
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
    let mut params = CertificateParams::default();
    set_life(&mut params, now - BACKDATE, now + VALIDITY);
    params.distinguished_name = rcgen::DistinguishedName::new();
    // Two collectors' authorities must not have the same name: whoever trusts both could not tell them apart.
    let apart = hex::encode(rand::random::<[u8; 4]>());
    params.distinguished_name.push(
        DnType::CommonName,
        format!("Weft authority {number} {apart}"),
    );
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let certificate = params.self_signed(&key)?;
    files::write(&files::key(dir, number), key.serialize_pem().as_bytes())?;
    files::write(
        &files::certificate(dir, number),
        certificate.pem().as_bytes(),
    )
}

fn load(dir: &Path, number: u32) -> Result<Generation, PkiError> {
    let path = files::certificate(dir, number);
    let damaged = |reason: String| PkiError::Damaged {
        path: path.clone(),
        reason,
    };
    let certificate = CertificateDer::from_pem_slice(files::read(&path)?.as_bytes())
        .map_err(|error| damaged(error.to_string()))?;
    let key = KeyPair::from_pem(&files::read(&files::key(dir, number))?)
        .map_err(|error| damaged(format!("its key: {error}")))?;
    let issuer =
        Issuer::from_ca_cert_der(&certificate, key).map_err(|error| damaged(error.to_string()))?;
    Ok(Generation {
        number,
        certificate,
        issuer,
    })
}

fn not_after(der: &CertificateDer<'_>) -> Option<Timestamp> {
    let (_, certificate) = x509_parser::parse_x509_certificate(der).ok()?;
    Timestamp::from_second(certificate.validity().not_after.timestamp()).ok()
}

/// RFC 7468: base64 in lines of 64.
fn to_pem(der: &CertificateDer<'_>) -> String {
    use base64::{Engine as _, prelude::BASE64_STANDARD};
    let body = BASE64_STANDARD.encode(der);
    let mut pem = String::from("-----BEGIN CERTIFICATE-----\n");
    for line in body.as_bytes().chunks(64) {
        pem.push_str(&String::from_utf8_lossy(line));
        pem.push('\n');
    }
    pem.push_str("-----END CERTIFICATE-----\n");
    pem
}
