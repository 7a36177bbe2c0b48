//! Telemetry that answers from memory: enough to see that the right question is asked about the right laptops.

#![allow(clippy::unwrap_used)]

use std::{collections::BTreeMap, sync::Mutex};

use futures::FutureExt as _;
use jiff::Timestamp;
use weft_collector_core::{
    books::Books,
    device::{DeviceId, Traits},
    evidence::AppUse,
};
use weft_collector_store::telemetry::{EndsOfMonth, Restarts};

use crate::api::reads::*;

#[derive(Default)]
pub struct Fake {
    pub restarts: Mutex<Restarts>,
    pub uses: Mutex<Vec<AppUse>>,
    pub months: Mutex<Vec<EndsOfMonth>>,
}

fn devices(who: Who<'_>) -> Vec<DeviceId> {
    match who {
        Who::Everybody => vec![],
        Who::These(devices) => devices.to_vec(),
    }
}

fn ready<'a, T: Send + 'a>(value: T) -> Answer<'a, T> {
    async move { Ok(value) }.boxed()
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap_or_default()
}

impl Reads for Fake {
    fn engine(&self) -> Answer<'_, String> {
        ready("26.7.3.1".to_owned())
    }

    /// 100 for the fleet, 7 per laptop.
    fn observation_counts<'a>(&'a self, who: Who<'a>) -> Answer<'a, BTreeMap<String, u64>> {
        let count = match who {
            Who::Everybody => 100,
            Who::These(devices) => 7 * devices.len() as u64,
        };
        ready(BTreeMap::from([("boot".to_owned(), count)]))
    }

    fn books<'a>(&'a self, who: Who<'a>) -> Answer<'a, BTreeMap<DeviceId, Books>> {
        let books = Books {
            stored: 5,
            ..Books::default()
        };
        ready(
            devices(who)
                .into_iter()
                .map(|device| (device, books))
                .collect(),
        )
    }

    /// One row that names every laptop asked about.
    fn behind<'a>(
        &'a self,
        _: &'a weft_collector_core::finding::Finding,
        devices: &'a [DeviceId],
    ) -> Answer<'a, weft_collector_store::telemetry::Behind> {
        let named: Vec<String> = devices.iter().map(ToString::to_string).collect();
        ready(weft_collector_store::telemetry::Behind {
            sql: "SELECT 1",
            parameters: serde_json::Map::new(),
            rows: vec![serde_json::Map::from_iter([(
                "devices".to_owned(),
                serde_json::Value::from(named),
            )])],
        })
    }

    fn losses(&self, _: DeviceId) -> Answer<'_, Vec<Loss>> {
        ready(vec![])
    }

    fn boots_by_day<'a>(&'a self, _: Who<'a>, _: Timestamp, _: u32) -> Answer<'a, Vec<BootsOfDay>> {
        ready(vec![])
    }

    fn boots_by_device_day<'a>(
        &'a self,
        devices: &'a [DeviceId],
        _: Timestamp,
        _: u32,
    ) -> Answer<'a, Vec<DeviceDay>> {
        let day = |device: &DeviceId| DeviceDay {
            device: *device,
            day: "2026-03-09".to_owned(),
            expected: 1,
            unexpected: 4,
        };
        ready(devices.iter().map(day).collect())
    }

    fn models<'a>(&'a self, _: Who<'a>, _: Timestamp, _: u32) -> Answer<'a, Vec<ModelRow>> {
        ready(vec![])
    }

    fn apps_by_week<'a>(&'a self, _: Who<'a>, _: Timestamp, _: u32) -> Answer<'a, Vec<AppWeek>> {
        ready(vec![])
    }

    fn os_builds<'a>(&'a self, _: Who<'a>) -> Answer<'a, Vec<OsBuild>> {
        ready(vec![])
    }

    fn unexpected<'a>(
        &'a self,
        who: Who<'a>,
        _: Timestamp,
        _: u32,
    ) -> Answer<'a, BTreeMap<DeviceId, u64>> {
        ready(devices(who).into_iter().map(|device| (device, 4)).collect())
    }

    fn inventory(&self, _: DeviceId) -> Answer<'_, Option<Inventory>> {
        ready(Some(Inventory {
            observed_at: at("2026-03-10T00:00:00Z"),
            device_manufacturer: "Lenovo".to_owned(),
            device_model_name: "ThinkPad T14".to_owned(),
            host_arch: "amd64".to_owned(),
            host_name: "lt-1".to_owned(),
            os_type: "linux".to_owned(),
            os_name: "Debian".to_owned(),
            os_version: "12".to_owned(),
            os_build_id: "12.9".to_owned(),
            os_kernel: "6.1".to_owned(),
            cpu_model_name: "x".to_owned(),
            cpu_logical_count: 8,
            memory_limit: 1,
            bios_version: "1".to_owned(),
            chassis: "notebook".to_owned(),
            disks: vec![],
            batteries: vec![Battery {
                model: "b".to_owned(),
                health: 0.55,
                cycles: Some(700),
                chemistry: "li".to_owned(),
            }],
            components: vec![],
        }))
    }

    fn health(&self, _: DeviceId) -> Answer<'_, Option<Health>> {
        ready(None)
    }

    /// Five boots, two of them at the same moment, so that pages have to cut there.
    fn boots(&self, _: DeviceId, span: Span, limit: u64, offset: u64) -> Answer<'_, Vec<Boot>> {
        let boot = |id: &str, started_at: &str, end: &str| Boot {
            boot_id: id.to_owned(),
            started_at: at(started_at),
            ended_at: None,
            end: end.to_owned(),
            confidence: 1.0,
            initiator: String::new(),
            stop_code: String::new(),
            evidence: vec![],
            tags: vec![],
            os_version: String::new(),
        };
        let all = [
            boot("e", "2026-03-09T09:00:00Z", "running"),
            boot("d", "2026-03-08T09:00:00Z", "crash"),
            boot("c", "2026-03-08T09:00:00Z", "crash"),
            boot("b", "2026-03-08T09:00:00Z", "crash"),
            boot("a", "2026-03-07T09:00:00Z", "update"),
        ];
        let inside = all
            .into_iter()
            .filter(|boot| boot.started_at >= span.from && boot.started_at < span.to);
        ready(inside.skip(offset as usize).take(limit as usize).collect())
    }

    fn processes(&self, _: DeviceId, limit: u64, offset: u64) -> Answer<'_, Vec<Process>> {
        let process = |number: u64| Process {
            executable_name: format!("p{number}"),
            executable_path: String::new(),
            executable_sha256: String::new(),
            package: String::new(),
            signer: String::new(),
            parent_executable_name: String::new(),
            user_class: "person".to_owned(),
            place: String::new(),
            first_seen: None,
            last_seen: at("2026-03-10T00:00:00Z"),
            starts: 1,
            cpu_time: 1.0,
            memory_usage: 1,
            traits: vec![],
            devices_in_fleet: 1,
        };
        ready((offset..5.min(offset + limit)).map(process).collect())
    }

    fn device_apps(&self, _: DeviceId) -> Answer<'_, Vec<DeviceApp>> {
        ready(vec![DeviceApp {
            app: "dropbox".to_owned(),
            name: "Dropbox".to_owned(),
            category: "cloud_sync".to_owned(),
            state: "running_now".to_owned(),
            confidence: 0.9,
            flags: vec![],
            account: String::new(),
            account_domain: String::new(),
            first_seen: at("2026-03-01T00:00:00Z"),
            last_seen: at("2026-03-10T00:00:00Z"),
            files_changed: 1,
            bytes_changed: 1,
            evidence: vec![],
        }])
    }

    fn vitals(&self, _: DeviceId, _: Span) -> Answer<'_, VitalsSeries> {
        ready(VitalsSeries {
            at: vec![at("2026-03-10T00:00:00Z")],
            cpu_utilization: vec![0.1],
            memory_usage: vec![1],
            memory_limit: vec![2],
            disk_usage_ratio: vec![Some(0.97)],
            temperature_max: vec![None],
            battery_charge: vec![None],
        })
    }

    fn observations<'a>(
        &'a self,
        _: DeviceId,
        _: &'a str,
        _: Span,
        _: Option<ObservationPlace>,
        _: u64,
    ) -> Answer<'a, Vec<SentRecord>> {
        ready(vec![])
    }

    fn apps(&self, _: Timestamp) -> Answer<'_, Vec<FleetApp>> {
        ready(vec![])
    }

    /// What a test put here, of the laptops that were asked about.
    fn restarts(
        &self,
        devices: BTreeMap<DeviceId, Traits>,
        _: Timestamp,
        _: Timestamp,
    ) -> Answer<'_, Restarts> {
        let mut found = self.restarts.lock().unwrap().clone();
        found
            .devices
            .retain(|device, _| devices.contains_key(device));
        for (device, known) in &mut found.devices {
            known.traits = devices[device].clone();
        }
        ready(found)
    }

    fn app_uses(&self, _: Timestamp, _: Timestamp) -> Answer<'_, Vec<AppUse>> {
        ready(self.uses.lock().unwrap().clone())
    }

    fn ends_by_month(&self, _: Timestamp, _: Timestamp) -> Answer<'_, Vec<EndsOfMonth>> {
        ready(self.months.lock().unwrap().clone())
    }
}
