//! A laptop that IT prepared enrols by itself: server and token lie in the environment, in a policy or with the installer, and
//! the service keeps trying until the collector answers.
//!
//! Invariant: nothing here overrules an enrolment, and no failure ends the service: an image is often installed where the
//! collector cannot be reached yet. A refused token is asked again at the slow pace, because IT may renew it under the same name.
//!
//! Not here: how an enrolment works (`enroll`), where settings come from (`config`).

use std::{fmt, time::Duration};

use jiff::Timestamp;
use zeroize::Zeroizing;

use crate::{
    config::{Config, ConfigError},
    enroll::{self, EnrollOptions, Trust},
    identity::{self, Identity},
    sdnotify::Manager,
    transport::Server,
};

/// After the first failure: a network that comes up with the laptop is there by then.
const FIRST_WAIT: Duration = Duration::from_secs(30);
/// A collector that is away for days is asked once an hour.
const LONGEST_WAIT: Duration = Duration::from_secs(3600);
/// While waiting the service manager hears a sign this often.
const SIGN: Duration = Duration::from_secs(20);

/// What IT left for a laptop that is not enrolled yet.
#[derive(Clone)]
pub struct Offer {
    server: Server,
    token: Zeroizing<String>,
}

/// A token is a secret until it is used up.
impl fmt::Debug for Offer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Offer({})", self.server)
    }
}

impl Offer {
    /// `WEFT_SERVER` and `WEFT_TOKEN`; nothing unless both are there.
    ///
    /// # Errors
    /// When the server's address cannot be read.
    pub fn from_env(env: impl Fn(&str) -> Option<String>) -> Result<Option<Self>, ConfigError> {
        let said = |name: &str| env(name).map(|value| value.trim().to_owned());
        let (Some(server), Some(token)) = (
            said("WEFT_SERVER").filter(|server| !server.is_empty()),
            said("WEFT_TOKEN").filter(|token| !token.is_empty()),
        ) else {
            return Ok(None);
        };
        let server = server.parse().map_err(|error| ConfigError::Server {
            found: server.clone(),
            reason: format!("{error}"),
        })?;
        Ok(Some(Self {
            server,
            token: Zeroizing::new(token),
        }))
    }
}

/// Enrols, however long it takes, and saves the identity.
///
/// # Errors
/// When the state directory cannot be written: trying again would use up tokens.
pub async fn join(
    offer: &Offer,
    config: &Config,
    manager: &Manager,
    clock: fn() -> Timestamp,
) -> std::io::Result<Identity> {
    let installation_id = identity::installation_id(&config.state, rand::random())?;
    let inventory = weft_agent_sys::inventory::read(&config.root);
    let mut wait = FIRST_WAIT;
    loop {
        let trust = match config.network.anchors.as_slice() {
            [] => Trust::System,
            anchors => Trust::Anchors(anchors.to_vec()),
        };
        let options = EnrollOptions {
            server: offer.server.clone(),
            token: offer.token.to_string(),
            trust,
            proxies: config.network.proxies(None),
            proxy: None,
            installation_id,
            os_type: inventory.os_type.clone(),
            device_model_name: inventory.device_model_name.clone(),
            now: clock(),
        };
        match enroll::enroll(options).await {
            Ok(enrolled) => {
                enrolled.save(&config.state)?;
                tracing::info!(device = enrolled.device_id, collector = %enrolled.server, "enrolled by itself as {}", enrolled.device_name);
                return Ok(enrolled);
            }
            Err(error) => {
                tracing::warn!(
                    "not enrolled yet: {error}. Next try in about {} s",
                    wait.as_secs()
                );
                manager.status(&format!("not enrolled yet: {error}"));
            }
        }
        pause(wait, manager).await;
        wait = (wait * 2).min(LONGEST_WAIT);
    }
}

/// Half to the whole of `wait`: laptops that were imaged together do not ask together.
async fn pause(wait: Duration, manager: &Manager) {
    let mut left = wait.mul_f64(0.5 + 0.5 * rand::random::<f64>());
    while !left.is_zero() {
        let slice = left.min(SIGN);
        tokio::time::sleep(slice).await;
        manager.beat();
        left -= slice;
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn an_offer_needs_both_and_hides_its_token() {
        let env = |name: &str| match name {
            "WEFT_SERVER" => Some("https://weft.example.org".to_owned()),
            "WEFT_TOKEN" => Some(" secret-token ".to_owned()),
            _ => None,
        };
        let offer = Offer::from_env(env).unwrap().unwrap();
        assert_eq!(offer.token.as_str(), "secret-token");
        assert!(!format!("{offer:?}").contains("secret"));
        let alone = |name: &str| env(name).filter(|_| name == "WEFT_SERVER");
        assert!(Offer::from_env(alone).unwrap().is_none());
        let empty = |name: &str| env(name).map(|_| " ".to_owned());
        assert!(Offer::from_env(empty).unwrap().is_none());
    }

    #[test]
    fn a_wrong_address_is_said() {
        let env = |name: &str| {
            Some(
                if name == "WEFT_SERVER" {
                    "not a url"
                } else {
                    "t"
                }
                .to_owned(),
            )
        };
        let error = Offer::from_env(env).unwrap_err().to_string();
        assert!(
            error.contains("WEFT_SERVER") && error.contains("not a url"),
            "{error}"
        );
    }
}
