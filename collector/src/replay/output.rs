//! A finding for people or for machines. The fields of the JSON are public interface.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use weft_collector_core::{
    device::{CohortBy, DeviceId},
    finding::{Finding, Subject},
};

/// One line of JSON, or a few of words.
pub fn line(
    finding: &Finding,
    names: &BTreeMap<DeviceId, &str>,
    as_json: bool,
) -> Result<String, serde_json::Error> {
    if as_json {
        return serde_json::to_string(&document(finding, names));
    }
    let why: String = finding
        .why
        .iter()
        .map(|sentence| format!("\n    {sentence}"))
        .collect();
    Ok(format!(
        "{} {} {}{why}",
        finding.severity.as_str(),
        finding.detector,
        finding.title
    ))
}

fn document(finding: &Finding, names: &BTreeMap<DeviceId, &str>) -> Value {
    let name = |device: &DeviceId| {
        names
            .get(device)
            .map_or_else(|| device.to_string(), |name| (*name).to_owned())
    };
    let all = |devices: &[DeviceId]| devices.iter().map(name).collect::<Vec<_>>();
    let evidence: Vec<Value> = finding
        .evidence
        .iter()
        .map(|row| json!({"kind": row.kind, "device": row.device.as_ref().map(name), "at": row.at, "text": row.text}))
        .collect();
    let mut document = json!({
        "kind": finding.kind,
        "detector": finding.detector,
        "severity": finding.severity,
        "confidence": finding.confidence,
        "score": finding.score,
        "from": finding.from,
        "to": finding.to,
        "title": finding.title,
        "why": finding.why,
        "evidence": evidence,
        "devices": all(&finding.devices),
        "at_risk": all(&finding.at_risk),
        "cause": finding.cause,
    });
    match &finding.subject {
        Subject::Device(device) => document["device"] = Value::from(name(device)),
        Subject::Cohort(cohort) if cohort.by == CohortBy::Fleet => {
            document["cohort"] = json!({"by": "fleet", "value": ""})
        }
        Subject::Cohort(cohort) => document["cohort"] = json!(cohort),
    }
    document
}
