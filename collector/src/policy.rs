//! What IT asks agents to do: kept in SQL, told to each agent with the verdicts that concern its owner.
//!
//! **Invariant:** the version grows exactly when something that agents are told has changed, for all collectors alike:
//! the composed document itself is kept as a setting, and its version is the policy's.

mod wanted;

use std::{collections::BTreeSet, sync::Arc};

use arc_swap::ArcSwap;
use jiff::Timestamp;
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use tokio::sync::watch;
use tonic::{Request, Response, Status};
use weft_collector_core::{
    device::DeviceId,
    verdict::{Verdict, chosen},
};
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
    /// Of every scope.
    verdicts: Arc<ArcSwap<Vec<Verdict>>>,
    version: watch::Sender<u64>,
    /// Where notices lead when IT does not say.
    console_url: Arc<str>,
}

impl PolicyInForce {
    pub async fn load(
        control: Control,
        console_url: &str,
        now: Timestamp,
    ) -> Result<Self, PolicyError> {
        let in_force = Self {
            control,
            console_url: console_url.trim_end_matches('/').into(),
            policy: Arc::default(),
            verdicts: Arc::default(),
            version: watch::Sender::new(0),
        };
        in_force.refresh(now).await?;
        Ok(in_force)
    }

    /// Composes it anew from what IT set and decided; watchers hear of a new version.
    pub async fn refresh(&self, now: Timestamp) -> Result<u64, PolicyError> {
        let settings = self.control.settings();
        let mut policy: Policy = match settings.get(WANTED).await? {
            Some(wanted) => serde_json::from_value(wanted.value)?,
            None => Policy::default(),
        };
        let given = self.control.verdicts().list().await?;
        let verdicts: Vec<Verdict> = given.into_iter().map(|given| given.verdict).collect();
        policy.verdicts = told(&verdicts, "", None);
        let notices = policy.notices.get_or_insert_default();
        if notices.console_url.is_empty() {
            notices.console_url = self.console_url.as_ref().to_owned();
        }
        policy.version = 0;
        let mut document = serde_json::to_value(&policy)?;
        let narrow: Vec<&Verdict> = verdicts
            .iter()
            .filter(|verdict| verdict.team.is_some() || verdict.device.is_some())
            .collect();
        if !narrow.is_empty() {
            document["narrow"] = serde_json::to_value(&narrow)?;
            document["teams"] = teams_told(&self.control, &verdicts).await?;
        }
        policy.version = settings.set(TOLD, &document, "system", now).await?;
        let version = policy.version;
        self.policy.store(Arc::new(policy));
        self.verdicts.store(Arc::new(verdicts));
        self.version
            .send_if_modified(|old| std::mem::replace(old, version) != version);
        Ok(version)
    }

    /// As a device of no team is told it.
    pub fn current(&self) -> Arc<Policy> {
        self.policy.load_full()
    }

    /// As this device of this team is told it: its own verdicts before its team's before everybody's.
    pub fn of_device(&self, device: DeviceId, team: &str) -> Policy {
        let mut policy = Policy::clone(&self.policy.load());
        policy.verdicts = told(&self.verdicts.load(), team, Some(device));
        policy
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

/// What one device is told: of each app the verdict that concerns it.
fn told(verdicts: &[Verdict], team: &str, device: Option<DeviceId>) -> Vec<AppVerdict> {
    let apps: BTreeSet<&str> = verdicts
        .iter()
        .map(|verdict| verdict.app.as_str())
        .collect();
    apps.into_iter()
        .filter_map(|app| chosen(verdicts, app, team, device))
        .map(|verdict| AppVerdict {
            app: verdict.app.clone(),
            verdict: verdict.verdict.as_str().to_owned(),
            until: verdict
                .until
                .map(|until| until.to_string())
                .unwrap_or_default(),
            replace_by: verdict.replace_by.clone(),
        })
        .collect()
}

/// Which device belongs to which team, where it matters: so that moving a laptop makes a new version, too.
async fn teams_told(control: &Control, verdicts: &[Verdict]) -> Result<Value, ControlError> {
    let judged: BTreeSet<&str> = verdicts
        .iter()
        .filter_map(|verdict| verdict.team.as_deref())
        .collect();
    if judged.is_empty() {
        return Ok(Value::Null);
    }
    let teams = control.devices().teams().await?;
    let mut hash = Sha256::new();
    for (device, team) in teams
        .iter()
        .filter(|(_, team)| judged.contains(team.as_str()))
    {
        hash.update(device.0.as_bytes());
        hash.update(team.as_bytes());
        hash.update([0]);
    }
    Ok(Value::String(hex::encode(hash.finalize())))
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
            .map(|caller: crate::gate::Caller| {
                let device = caller.device;
                Response::new(self.in_force.of_device(device.id, &device.traits.team))
            })
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
        let policy = PolicyInForce::load(control.clone(), "", now).await.unwrap();
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
    async fn each_device_is_told_the_verdict_that_concerns_it() {
        use weft_collector_core::verdict::Judged;
        let control = Control::connect("sqlite::memory:").await.unwrap();
        let now = Timestamp::UNIX_EPOCH;
        let policy = PolicyInForce::load(control.clone(), "", now).await.unwrap();
        let first = *policy.version().borrow();
        let own = DeviceId(uuid::Uuid::from_u128(1));
        let other = DeviceId(uuid::Uuid::from_u128(2));
        let verdict = |verdict, team: Option<&str>, device| Verdict {
            app: "dropbox".to_owned(),
            verdict,
            team: team.map(str::to_owned),
            device,
            until: None,
            reason: String::new(),
            replace_by: "OneDrive".to_owned(),
        };
        let by = uuid::Uuid::nil();
        let given = [
            verdict(Judged::Unsanctioned, None, None),
            verdict(Judged::Sanctioned, Some("Design"), None),
            verdict(Judged::Tolerated, None, Some(own)),
        ];
        for (number, verdict) in (1..).zip(&given) {
            control.verdicts().put(verdict, by, now).await.unwrap();
            assert_eq!(policy.refresh(now).await.unwrap(), first + number);
        }
        for (device, team, expect) in [
            (own, "Design", "tolerated"),
            (other, "Design", "sanctioned"),
            (other, "Sales", "unsanctioned"),
            (other, "", "unsanctioned"),
        ] {
            let told = policy.of_device(device, team).verdicts;
            assert_eq!(told.len(), 1);
            assert_eq!(
                (told[0].verdict.as_str(), told[0].replace_by.as_str()),
                (expect, "OneDrive")
            );
        }
        assert!(
            control
                .verdicts()
                .remove_for_device("dropbox", own)
                .await
                .unwrap()
        );
        assert_eq!(policy.refresh(now).await.unwrap(), first + 4);
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
