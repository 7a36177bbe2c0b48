//! Daily figures of disks, memory, heat and batteries.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Deserialize;
use weft_collector_core::{
    device::DeviceId,
    evidence::{DeviceCapacity, FilesystemDays},
};
use weft_dashboards::queries;

use crate::telemetry::{Error, Telemetry};

#[derive(Deserialize)]
struct VitalsDays {
    device: DeviceId,
    days: Vec<VitalsDay>,
}

/// day, pressure, throttled, temperature
#[derive(Deserialize)]
struct VitalsDay(i64, Option<f64>, Option<f64>, Option<f64>);

#[derive(Deserialize)]
struct DiskDays {
    device: DeviceId,
    mountpoint: String,
    limit: u64,
    usage: Vec<(i64, u64)>,
}

#[derive(Deserialize)]
struct BatteryDays {
    device: DeviceId,
    /// day, health, cycles
    days: Vec<(i64, f64, Option<u32>)>,
}

impl Telemetry {
    pub(super) async fn evidence_capacity(
        &self,
        from: Timestamp,
        now: Timestamp,
        among: Option<(DeviceId, DeviceId)>,
    ) -> Result<Vec<DeviceCapacity>, Error> {
        let (low, high) =
            among.unwrap_or((DeviceId(uuid::Uuid::nil()), DeviceId(uuid::Uuid::max())));
        let ask = |sql| {
            let asked = self.work(sql).at("from", from).at("now", now);
            asked.with("low", low).with("high", high)
        };
        let vitals: Vec<VitalsDays> = ask(queries::EVIDENCE_VITALS).all().await?;
        let disks: Vec<DiskDays> = ask(queries::EVIDENCE_FILESYSTEMS).all().await?;
        let batteries: Vec<BatteryDays> = ask(queries::EVIDENCE_BATTERIES).all().await?;
        let mut all: BTreeMap<DeviceId, DeviceCapacity> = BTreeMap::new();
        for VitalsDays { device, days } in vitals {
            let of = entry(&mut all, device);
            for VitalsDay(day, pressure, throttled, hottest) in days {
                let day = start(day);
                of.memory_pressure
                    .extend(pressure.map(|value| (day, value)));
                of.throttled.extend(throttled.map(|value| (day, value)));
                of.temperature_max.extend(hottest.map(|value| (day, value)));
            }
        }
        for DiskDays {
            device,
            mountpoint,
            limit,
            usage,
        } in disks
        {
            entry(&mut all, device).filesystems.push(FilesystemDays {
                mountpoint,
                limit,
                usage: usage
                    .into_iter()
                    .map(|(day, used)| (start(day), used))
                    .collect(),
            });
        }
        for BatteryDays { device, days } in batteries {
            entry(&mut all, device).battery = days
                .into_iter()
                .map(|(day, health, cycles)| (start(day), health, cycles))
                .collect();
        }
        Ok(all.into_values().collect())
    }
}

fn entry(all: &mut BTreeMap<DeviceId, DeviceCapacity>, device: DeviceId) -> &mut DeviceCapacity {
    all.entry(device).or_insert_with(|| DeviceCapacity {
        device,
        ..DeviceCapacity::default()
    })
}

/// A day's start; ClickHouse's days lie well within a timestamp's range.
fn start(seconds: i64) -> Timestamp {
    Timestamp::from_second(seconds).unwrap_or(Timestamp::UNIX_EPOCH)
}
