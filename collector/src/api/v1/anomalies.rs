//! Anomalies: what lists and pages show, and what people say about them.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;
use weft_collector_core::{
    anomaly::{Judgement, Scope as RuleScope, State},
    authority::{Action, Decision, Object, allows},
    device::{CohortBy, DeviceId},
    finding::{Finding, Kind, Severity, Subject},
    link::LinkState,
};
use weft_collector_store::control::{anomalies::Kept, devices::Device};

use super::{
    links::{self, Link},
    shape::{Named, Names},
};
use crate::api::{Api, Caller, guard, problem::Problem};

pub mod acknowledge;
pub mod evidence;
pub mod judge;
pub mod list;
pub mod preview;
pub mod read;
pub mod resolve;
pub mod thread;

/// Laptops whose ledger is written when a page names them. One of more is read as a number, and a row for each would take seconds.
const MOST_NOTED: usize = 500;

/// Reading what is unusual about laptops is a look at each of them.
async fn note_named(
    api: &Api,
    caller: &Caller,
    place: &str,
    devices: impl Iterator<Item = DeviceId>,
) -> Result<(), Problem> {
    let must_be_told = |device: &DeviceId| {
        allows(&caller.viewer, Action::See, &Object::Device(*device)).must_be_logged()
    };
    let seen: BTreeMap<DeviceId, BTreeSet<String>> = devices
        .filter(must_be_told)
        .take(MOST_NOTED)
        .map(|device| (device, BTreeSet::from(["what was found".to_owned()])))
        .collect();
    let now = api.clock.now();
    Ok(api
        .control
        .looks()
        .note_seen(caller.account.id, place, "anomaly", &seen, now)
        .await?)
}

#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct AnomalySummary {
    pub id: Uuid,
    #[schema(value_type = String)]
    pub kind: Kind,
    /// Machine word of the rule, e.g. `reboot.rate`.
    pub detector: String,
    #[schema(value_type = String)]
    pub severity: Severity,
    /// How sure, 0..1.
    pub confidence: f64,
    pub score: f64,
    #[schema(value_type = String)]
    pub state: State,
    #[schema(required, value_type = Option<String>)]
    pub judgement: Option<Judgement>,
    pub title: String,
    pub from: Timestamp,
    pub to: Timestamp,
    pub opened_at: Timestamp,
    pub updated_at: Timestamp,
    #[schema(required)]
    pub resolved_at: Option<Timestamp>,
    pub relapses: u32,
    #[schema(required)]
    pub device: Option<DeviceRef>,
    #[schema(required)]
    pub cohort: Option<CohortRef>,
    pub devices: usize,
    pub at_risk: usize,
    pub simulated: bool,
    /// The best link.
    #[schema(required)]
    pub thread: Option<ThreadRef>,
}

#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct DeviceRef {
    pub id: Uuid,
    pub name: String,
    pub simulated: bool,
}

#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct CohortRef {
    #[schema(value_type = String)]
    pub by: CohortBy,
    pub value: String,
}

#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ThreadRef {
    pub id: Uuid,
    pub title: String,
    #[schema(value_type = String)]
    pub state: LinkState,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct Anomaly {
    #[serde(flatten)]
    pub summary: AnomalySummary,
    /// Sentences with numbers, most telling first.
    pub why: Vec<String>,
    pub evidence: Vec<Evidence>,
    pub affected: Vec<Affected>,
    /// Share the cause but are not hit yet.
    pub at_risk_devices: Vec<Affected>,
    pub links: Vec<Link>,
    /// The events behind it, oldest first.
    pub timeline: Vec<Moment>,
    #[schema(required)]
    pub rule: Option<RuleRef>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct Evidence {
    pub kind: String,
    #[schema(required)]
    pub device: Option<Named>,
    pub at: Timestamp,
    pub text: String,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct Affected {
    pub id: Uuid,
    pub name: String,
    pub model: String,
    pub team: String,
    pub simulated: bool,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct Moment {
    pub at: Timestamp,
    /// Its name.
    pub device: String,
    pub text: String,
    pub kind: String,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct RuleRef {
    pub id: Uuid,
    #[schema(value_type = String)]
    pub judgement: Judgement,
    /// `device`, `cohort`, `fleet`.
    pub scope: &'static str,
    #[schema(required)]
    pub until: Option<Timestamp>,
    pub by: String,
    pub at: Timestamp,
}

/// The anomaly, when the caller may see it.
pub(super) async fn find(api: &Api, caller: &Caller, id: Uuid) -> Result<Kept, Problem> {
    let kept = api.control.anomalies().get(id).await?;
    kept.filter(|kept| guard::sees(caller, &kept.anomaly).is_allowed())
        .ok_or_else(|| Problem::missing("anomaly"))
}

/// Anomalies as a list shows them, in the order given.
pub(super) async fn summaries(
    api: &Api,
    caller: &Caller,
    anomalies: Vec<Kept>,
) -> Result<Vec<AnomalySummary>, Problem> {
    let subjects = anomalies
        .iter()
        .filter_map(|kept| subject(&kept.anomaly.finding));
    let devices = Devices::of(api, subjects).await?;
    let mut threads: HashMap<Uuid, ThreadRef> = HashMap::new();
    for link in links::of_anomalies(api, caller, &anomalies).await? {
        if link.state != LinkState::Rejected {
            // Strongest first, so the first stays.
            threads.entry(link.anomaly.id).or_insert(ThreadRef {
                id: link.thread.id,
                title: link.thread.title,
                state: link.state,
            });
        }
    }
    Ok(anomalies
        .into_iter()
        .map(|kept| {
            let thread = threads.remove(&kept.anomaly.id);
            summary(kept, &devices, thread)
        })
        .collect())
}

fn summary(kept: Kept, devices: &Devices, thread: Option<ThreadRef>) -> AnomalySummary {
    let Kept { anomaly, simulated } = kept;
    let finding = anomaly.finding;
    AnomalySummary {
        device: subject(&finding).map(|device| devices.reference(device)),
        cohort: match &finding.subject {
            Subject::Cohort(cohort) => Some(CohortRef {
                by: cohort.by,
                value: cohort.value.clone(),
            }),
            Subject::Device(_) => None,
        },
        id: anomaly.id,
        kind: finding.kind,
        severity: finding.severity,
        confidence: finding.confidence,
        score: finding.score,
        state: anomaly.state,
        judgement: anomaly.judgement,
        from: finding.from,
        to: finding.to,
        opened_at: anomaly.opened_at,
        updated_at: anomaly.updated_at,
        resolved_at: anomaly.resolved_at,
        relapses: anomaly.relapses,
        devices: finding.devices.len(),
        at_risk: finding.at_risk.len(),
        simulated,
        thread,
        detector: finding.detector,
        title: finding.title,
    }
}

/// The whole anomaly as the caller may see it.
pub(super) async fn whole(api: &Api, caller: &Caller, kept: Kept) -> Result<Anomaly, Problem> {
    let finding = kept.anomaly.finding.clone();
    let everything = guard::sees(caller, &kept.anomaly) != Decision::AllowWithoutOthers;
    let shown = |device: DeviceId| everything || caller.viewer.owns(device);
    let named: BTreeSet<DeviceId> = finding
        .devices
        .iter()
        .chain(&finding.at_risk)
        .copied()
        .chain(finding.evidence.iter().filter_map(|row| row.device))
        .chain(subject(&finding))
        .collect();
    let devices = Devices::of(api, named.iter().copied()).await?;
    let hidden: Vec<String> = named
        .iter()
        .filter(|device| !shown(**device))
        .map(|device| devices.name(*device))
        .collect();
    let names_others = |text: &str| {
        hidden
            .iter()
            .any(|name| !name.is_empty() && text.contains(name.as_str()))
    };

    let affected = |ids: &[DeviceId]| -> Vec<Affected> {
        ids.iter()
            .filter(|id| shown(**id))
            .map(|id| devices.affected(*id))
            .collect()
    };
    let rows = || {
        finding
            .evidence
            .iter()
            .filter(|row| row.device.is_none_or(shown) && !names_others(&row.text))
    };
    let mut timeline: Vec<Moment> = rows()
        .map(|row| Moment {
            at: row.at,
            device: row
                .device
                .map(|device| devices.name(device))
                .unwrap_or_default(),
            text: row.text.clone(),
            kind: row.kind.clone(),
        })
        .collect();
    timeline.sort_by_key(|moment| moment.at);
    let evidence = rows()
        .map(|row| Evidence {
            kind: row.kind.clone(),
            device: row.device.map(|device| Named {
                id: device.0,
                name: devices.name(device),
            }),
            at: row.at,
            text: row.text.clone(),
        })
        .collect();
    let links = links::of_anomalies(api, caller, std::slice::from_ref(&kept)).await?;
    let rule = rule(api, kept.anomaly.id).await?;
    let summary = summaries(api, caller, vec![kept]).await?.pop();
    Ok(Anomaly {
        summary: summary.ok_or_else(|| Problem::missing("anomaly"))?,
        why: finding
            .why
            .iter()
            .filter(|sentence| !names_others(sentence))
            .cloned()
            .collect(),
        evidence,
        affected: affected(&finding.devices),
        at_risk_devices: affected(&finding.at_risk),
        links,
        timeline,
        rule,
    })
}

async fn rule(api: &Api, anomaly: Uuid) -> Result<Option<RuleRef>, Problem> {
    let Some(said) = api
        .control
        .judgements()
        .of_anomaly(anomaly, api.clock.now())
        .await?
    else {
        return Ok(None);
    };
    let names = Names::of(api, [said.by]).await?;
    Ok(Some(RuleRef {
        id: said.rule.id,
        judgement: said.rule.judgement,
        scope: match said.rule.scope {
            RuleScope::Device(_) => "device",
            RuleScope::Cohort(_) => "cohort",
            RuleScope::Fleet => "fleet",
        },
        until: said.rule.until,
        by: names.name(said.by),
        at: said.rule.from,
    }))
}

fn subject(finding: &Finding) -> Option<DeviceId> {
    match finding.subject {
        Subject::Device(device) => Some(device),
        Subject::Cohort(_) => None,
    }
}

/// Devices by id, for putting names to ids.
pub(super) struct Devices(HashMap<DeviceId, Device>);

impl Devices {
    pub async fn of(api: &Api, ids: impl IntoIterator<Item = DeviceId>) -> Result<Self, Problem> {
        let ids: BTreeSet<DeviceId> = ids.into_iter().collect();
        let found = api.control.devices().all_of(ids).await?;
        Ok(Self(
            found
                .into_iter()
                .map(|device| (device.id, device))
                .collect(),
        ))
    }

    pub fn name(&self, id: DeviceId) -> String {
        self.0
            .get(&id)
            .map(|device| device.traits.name.clone())
            .unwrap_or_default()
    }

    fn reference(&self, id: DeviceId) -> DeviceRef {
        DeviceRef {
            id: id.0,
            name: self.name(id),
            simulated: self
                .0
                .get(&id)
                .is_some_and(|device| device.traits.simulated),
        }
    }

    fn affected(&self, id: DeviceId) -> Affected {
        let traits = self
            .0
            .get(&id)
            .map(|device| device.traits.clone())
            .unwrap_or_default();
        Affected {
            id: id.0,
            name: traits.name,
            model: traits.model,
            team: traits.team,
            simulated: traits.simulated,
        }
    }
}
