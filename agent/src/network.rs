//! What the settings say about the way to the collector, joined with an identity into a [`Target`].
//!
//! Invariant: settings only add trust and a proxy; they never replace what enrolment pinned. Order for the proxy: `WEFT_PROXY`,
//! `proxy` in the settings file, what `enroll --proxy` kept, then HTTPS_PROXY and ALL_PROXY.

use rustls_pki_types::CertificateDer;

use crate::{
    identity::Identity,
    transport::{
        Proxies, Target,
        proxy::{BadProxy, exceptions},
        way::Choice,
    },
};

/// The settings of the way.
#[derive(Clone, Debug, Default)]
pub struct Network {
    /// From `WEFT_PROXY` or the file; outranks everything.
    pub explicit: Option<Proxies>,
    /// From HTTPS_PROXY and its kin.
    pub environment: Proxies,
    /// A variable that names no proxy that can be used: for `doctor`, it stops nobody.
    pub bad_environment: Option<BadProxy>,
    /// Collectors that are reached without the proxy that enrolment kept.
    pub exceptions: String,
    /// More authorities.
    pub anchors: Vec<CertificateDer<'static>>,
    /// The operating system's authorities count too.
    pub trust_system: bool,
    /// HTTP/2 or the plain way.
    pub choice: Choice,
}

impl Network {
    /// What the environment says.
    pub fn from_env(env: impl Fn(&str) -> Option<String>) -> Self {
        let (environment, bad_environment) = match Proxies::from_env(&env) {
            Ok(proxies) => (proxies, None),
            Err(bad) => (Proxies::default(), Some(bad)),
        };
        Self {
            environment,
            bad_environment,
            exceptions: exceptions(&env),
            ..Self::default()
        }
    }

    /// The proxies in force; `enrolled`: what enrolment kept.
    pub fn proxies(&self, enrolled: Option<&str>) -> Proxies {
        if let Some(explicit) = &self.explicit {
            return explicit.clone();
        }
        // Checked when it was kept.
        let kept =
            enrolled.and_then(|proxy| Proxies::new(proxy, &self.exceptions, "enrolment").ok());
        kept.unwrap_or_else(|| self.environment.clone())
    }

    /// How to connect as this device.
    pub fn target(&self, identity: &Identity) -> Target {
        let mut target = identity.target();
        target.proxies = self.proxies(identity.proxy.as_ref().map(|proxy| proxy.as_str()));
        target.anchors.extend(self.anchors.iter().cloned());
        target.trust_system = self.trust_system;
        target
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn explicit_outranks_enrolment_outranks_environment() {
        let env = |name: &str| (name == "HTTPS_PROXY").then(|| "http://env:1".to_owned());
        let mut network = Network::from_env(env);
        assert_eq!(network.proxies(None).to_string(), "http://env:1");
        assert_eq!(
            network.proxies(Some("http://kept:1")).to_string(),
            "http://kept:1"
        );
        network.explicit = Some(Proxies::new("none", "", "proxy").unwrap());
        assert!(!network.proxies(Some("http://kept:1")).is_set());
    }
}
