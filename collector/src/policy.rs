//! What IT asks agents to do: kept in SQL, told to each agent with the verdicts that concern its owner.
//!
//! **Invariant:** the version grows exactly when something that agents are told has changed, for all collectors alike:
//! the composed document itself is kept as a setting, and its version is the policy's.

mod wanted;

use std::sync::Arc;

use arc_swap::ArcSwap;
use jiff::Timestamp;
use serde_json::Value;
use tokio::sync::watch;
use tonic::{Request, Response, Status};
use weft_collector_core::verdict::{Judged, Verdict};
use weft_collector_store::control::{Control, ControlError};
use weft_proto::v1::{AppVerdict, FetchPolicyRequest, Policy, policies_server};

pub use wanted::Unfit;

use crate::{error::Fault, gate::Gate};

/// What IT set; and what agents were told last.
const WANTED: &str = "policy";
const TOLD: &str = "policy.told";

#[derive(Debug, thiserror::Error)]
pub enum PolicyError {
    #[error(transparent)]
    Control(#[from] ControlError),
    #[error("the policy that is kept cannot be read: {0}")]
    Kept(#[from] serde_json::Error),
    #[error(transparent)]
    Unfit(#[from] Unfit),
}

/// The policy in force. Cloning shares it.
#[derive(Clone)]
pub struct PolicyInForce {
    control: Control,
    policy: Arc<ArcSwap<Policy>>,
    version: watch::Sender<u64>,
}

impl PolicyInForce {
    pub async fn load(control: Control, now: Timestamp) -> Result<Self, PolicyError> {
        let in_force = Self {
            control,
            policy: Arc::default(),
            version: watch::Sender::new(0),
        };
        in_force.refresh(now).await?;
        Ok(in_force)
    }

    /// Composes it anew from what IT set and decided; watchers hear of a new version.
    pub async fn refresh(&self, now: Timestamp) -> Result<u64, PolicyError> {
        let settings = self.control.settings();
        let mut policy = match settings.get(WANTED).await? {
            Some(wanted) => serde_json::from_value(wanted.value)?,
            None => Policy::default(),
        };
        let given = self.control.verdicts().list().await?;
        policy.verdicts = told(given.into_iter().map(|given| given.verdict));
        policy.version = 0;
        let document = serde_json::to_value(&policy)?;
        policy.version = settings.set(TOLD, &document, "system", now).await?;
        let version = policy.version;
        self.policy.store(Arc::new(policy));
        self.version
            .send_if_modified(|old| std::mem::replace(old, version) != version);
        Ok(version)
    }

    pub fn current(&self) -> Arc<Policy> {
        self.policy.load_full()
    }

    pub fn version(&self) -> watch::Receiver<u64> {
        self.version.subscribe()
    }
}

/// Sets what IT wants, as the canonical JSON of `weft.v1.Policy`; `version` and `verdicts` in it are ignored.
pub async fn want(
    control: &Control,
    wanted: &Value,
    by: &str,
    now: Timestamp,
) -> Result<(), PolicyError> {
    let document = serde_json::to_value(wanted::read(wanted)?)?;
    control.settings().set(WANTED, &document, by, now).await?;
    Ok(())
}

/// Verdicts for everybody. One for a single team is not told: an agent does not know its owner's team, and what its
/// owner reads must not be wrong.
fn told(verdicts: impl Iterator<Item = Verdict>) -> Vec<AppVerdict> {
    let mut told: Vec<AppVerdict> = verdicts
        .filter(|verdict| verdict.team.is_none())
        .map(|verdict| AppVerdict {
            app: verdict.app,
            verdict: match verdict.verdict {
                Judged::Sanctioned => "sanctioned",
                Judged::Tolerated => "tolerated",
                Judged::Unsanctioned => "unsanctioned",
            }
            .to_owned(),
            until: verdict
                .until
                .map(|until| until.to_string())
                .unwrap_or_default(),
        })
        .collect();
    told.sort_by(|a, b| a.app.cmp(&b.app));
    told
}

/// The gRPC face.
#[derive(Clone)]
pub struct Policies {
    pub gate: Gate,
    pub in_force: PolicyInForce,
}

#[tonic::async_trait]
impl policies_server::Policies for Policies {
    async fn fetch(
        &self,
        request: Request<FetchPolicyRequest>,
    ) -> Result<Response<Policy>, Status> {
        self.gate
            .admit(request.extensions(), "policy")
            .await
            .map_err(Fault::into)
            .map(|_: crate::gate::Caller| Response::new(Policy::clone(&self.in_force.current())))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use serde_json::json;

    use super::*;

    #[tokio::test]
    async fn the_version_grows_with_what_agents_are_told() {
        let control = Control::connect("sqlite::memory:").await.unwrap();
        let now = Timestamp::UNIX_EPOCH;
        let policy = PolicyInForce::load(control.clone(), now).await.unwrap();
        let mut version = policy.version();
        let first = *version.borrow_and_update();
        assert_eq!(policy.refresh(now).await.unwrap(), first);
        assert!(!version.has_changed().unwrap());
        want(&control, &json!({"cadence": {"vitals": 30}}), "it", now)
            .await
            .unwrap();
        assert_eq!(policy.refresh(now).await.unwrap(), first + 1);
        assert!(version.has_changed().unwrap());
        assert_eq!(policy.current().cadence.as_ref().unwrap().vitals, 30);
        assert_eq!(policy.current().version, first + 1);
    }

    #[tokio::test]
    async fn nonsense_is_no_policy() {
        let control = Control::connect("sqlite::memory:").await.unwrap();
        let wanted = json!({"cadenze": {}});
        let refused = want(&control, &wanted, "it", Timestamp::UNIX_EPOCH).await;
        assert!(matches!(refused, Err(PolicyError::Unfit(_))));
        assert_eq!(control.settings().get(WANTED).await.unwrap(), None);
    }
}
