//! A finding for people or for machines. The fields of the JSON are public interface (docs/replay.md).

use std::collections::BTreeMap;

use serde_json::{Value, json};
use weft_collector_core::{
    detect::process::daily::Line,
    device::{CohortBy, DeviceId},
    finding::{Finding, Severity, Subject},
};

use super::{record::Reader, sources::Sources};

/// Runs of one ranked line that are shown.
const RUNS: usize = 12;

/// One line of JSON, or a few of words.
pub fn line(
    finding: &Finding,
    names: &BTreeMap<DeviceId, &str>,
    as_json: bool,
) -> Result<String, serde_json::Error> {
    if as_json {
        return serde_json::to_string(&document(finding, names));
    }
    Ok(words(finding))
}

/// The same for a line of a device-day's ranking: with its day, its rank and each run as the file told it.
pub fn ranked(
    line: &Line,
    names: &BTreeMap<DeviceId, &str>,
    sources: &Sources,
    reader: &dyn Reader,
    as_json: bool,
) -> Result<String, serde_json::Error> {
    let name = names.get(&line.device).copied().unwrap_or("?");
    let finding = line.finding(name);
    let day = line.day.strftime("%F").to_string();
    if !as_json {
        return Ok(format!("{day} #{} {}", line.rank, words(&finding)));
    }
    let mut document = document(&finding, names);
    document["day"] = json!(day);
    document["rank"] = json!(line.rank);
    document["alert"] = json!(line.alert);
    document["evidence"] = line
        .runs
        .iter()
        .take(RUNS)
        .zip(&finding.evidence)
        .map(|(run, row)| {
            json!({
                "kind": "process",
                "device": name,
                "at": run.first,
                "to": run.last,
                "text": row.text,
                "name": run.executable_name,
                "path": run.executable_path,
                "sha256": run.executable_sha256,
                "parent": run.parent_executable_name,
                "user_class": run.user_class,
                "pid": run.pid,
                "starts": run.starts,
                "sources": sources.of(run, reader),
            })
        })
        .collect();
    serde_json::to_string(&document)
}

fn words(finding: &Finding) -> String {
    let why: String = finding
        .why
        .iter()
        .map(|sentence| format!("\n    {sentence}"))
        .collect();
    format!(
        "{} {} {}{why}",
        finding.severity.as_str(),
        finding.detector,
        finding.title
    )
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
        "alert": finding.severity > Severity::Info,
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
