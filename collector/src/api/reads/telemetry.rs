//! Telemetry answers the API's questions. Row for row; nothing is computed here.

use std::collections::BTreeMap;

use futures::FutureExt as _;
use jiff::Timestamp;
use weft_collector_core::{
    books::Books,
    device::{DeviceId, Traits},
    evidence::AppUse,
    finding::Finding,
};
use weft_collector_store::telemetry::{self, Behind, EndsOfMonth, Of, Restarts, Slice, Telemetry};

use super::{
    Answer, AppWeek, Battery, Boot, BootsOfDay, Component, DeviceApp, DeviceDay, Disk, FleetApp,
    Health, Inventory, Loss, ModelRow, ObservationPlace, OsBuild, Process, ReadError, Reads,
    SentRecord, Span, VitalsSeries, Who,
};

/// A struct from another with the same fields.
macro_rules! same {
    ($from:expr => $to:ident { $($field:ident),* $(,)? }) => {{
        let from = $from;
        $to { $($field: from.$field),* }
    }};
}

impl From<telemetry::Error> for ReadError {
    fn from(error: telemetry::Error) -> Self {
        Self {
            words: error.to_string(),
            passing: error.is_transient(),
        }
    }
}

impl<'a> From<Who<'a>> for Of<'a> {
    fn from(who: Who<'a>) -> Self {
        match who {
            Who::Everybody => Self::Fleet,
            Who::These(devices) => Self::Devices(devices),
        }
    }
}

/// A page far beyond 32 bits is an empty page.
fn slice(limit: u64, offset: u64) -> Slice {
    let cut = |number: u64| u32::try_from(number).unwrap_or(u32::MAX);
    Slice {
        limit: cut(limit),
        offset: cut(offset),
    }
}

fn each<T, U>(rows: Vec<T>, show: impl FnMut(T) -> U) -> Vec<U> {
    rows.into_iter().map(show).collect()
}

impl Reads for Telemetry {
    fn engine(&self) -> Answer<'_, String> {
        async { Ok(self.version().await?) }.boxed()
    }

    fn observation_counts<'a>(&'a self, who: Who<'a>) -> Answer<'a, BTreeMap<String, u64>> {
        async move {
            let counts = Telemetry::observation_counts(self, who.into()).await?;
            let named = [
                ("boot", counts.boot),
                ("process", counts.process),
                ("app", counts.app),
                ("vitals", counts.vitals),
                ("inventory", counts.inventory),
                ("resume", counts.resume),
                ("agent_health", counts.agent_health),
            ];
            Ok(named
                .into_iter()
                .map(|(kind, count)| (kind.to_owned(), count))
                .collect())
        }
        .boxed()
    }

    fn books<'a>(&'a self, who: Who<'a>) -> Answer<'a, BTreeMap<DeviceId, Books>> {
        async move {
            Ok(match who {
                Who::Everybody => self.books_all().await?,
                Who::These([]) => BTreeMap::new(),
                Who::These(several) => self.books_of(several).await?,
            })
        }
        .boxed()
    }

    fn losses(&self, device: DeviceId) -> Answer<'_, Vec<Loss>> {
        async move {
            let rows = Telemetry::losses(self, device).await?;
            Ok(each(
                rows,
                |row| same!(row => Loss { at, reason, count, kind }),
            ))
        }
        .boxed()
    }

    fn boots_by_day<'a>(
        &'a self,
        who: Who<'a>,
        now: Timestamp,
        days: u32,
    ) -> Answer<'a, Vec<BootsOfDay>> {
        async move {
            let rows = Telemetry::boots_by_day(self, who.into(), now, days).await?;
            Ok(each(
                rows,
                |row| same!(row => BootsOfDay { day, clean, update, unexpected }),
            ))
        }
        .boxed()
    }

    fn boots_by_device_day<'a>(
        &'a self,
        devices: &'a [DeviceId],
        now: Timestamp,
        days: u32,
    ) -> Answer<'a, Vec<DeviceDay>> {
        async move {
            let rows = Telemetry::boots_by_device_day(self, devices, now, days).await?;
            Ok(each(
                rows,
                |row| same!(row => DeviceDay { device, day, expected, unexpected }),
            ))
        }
        .boxed()
    }

    fn models<'a>(&'a self, who: Who<'a>, now: Timestamp, days: u32) -> Answer<'a, Vec<ModelRow>> {
        async move {
            let rows = self.unexpected_by_model(who.into(), now, days).await?;
            Ok(each(
                rows,
                |row| same!(row => ModelRow { model, devices, unexpected, per_device_week }),
            ))
        }
        .boxed()
    }

    fn apps_by_week<'a>(
        &'a self,
        who: Who<'a>,
        now: Timestamp,
        weeks: u32,
    ) -> Answer<'a, Vec<AppWeek>> {
        async move {
            let rows = Telemetry::apps_by_week(self, who.into(), now, weeks).await?;
            Ok(each(
                rows,
                |row| same!(row => AppWeek { week, app, name, devices }),
            ))
        }
        .boxed()
    }

    fn os_builds<'a>(&'a self, who: Who<'a>) -> Answer<'a, Vec<OsBuild>> {
        async move {
            let rows = Telemetry::os_builds(self, who.into()).await?;
            Ok(each(
                rows,
                |row| same!(row => OsBuild { os_build, os_type, devices }),
            ))
        }
        .boxed()
    }

    fn unexpected<'a>(
        &'a self,
        who: Who<'a>,
        now: Timestamp,
        days: u32,
    ) -> Answer<'a, BTreeMap<DeviceId, u64>> {
        async move { Ok(self.unexpected_by_device(who.into(), now, days).await?) }.boxed()
    }

    fn inventory(&self, device: DeviceId) -> Answer<'_, Option<Inventory>> {
        async move { Ok(self.device_inventory(device).await?.map(inventory)) }.boxed()
    }

    fn health(&self, device: DeviceId) -> Answer<'_, Option<Health>> {
        async move {
            let row = self.device_health(device).await?;
            Ok(row.map(|row| {
                same!(row => Health {
                    observed_at, service_version, cpu_time, memory_usage, spool_usage, network_io, degraded, blind_spots,
                    dropped, redacted, clock_step,
                })
            }))
        }
        .boxed()
    }

    fn boots(
        &self,
        device: DeviceId,
        span: Span,
        limit: u64,
        offset: u64,
    ) -> Answer<'_, Vec<Boot>> {
        async move {
            let rows = self
                .device_boots(device, span.from, span.to, slice(limit, offset))
                .await?;
            Ok(each(rows, |row| Boot {
                end: row.end.as_str().to_owned(),
                boot_id: row.boot_id,
                started_at: row.started_at,
                ended_at: row.ended_at,
                confidence: row.confidence,
                initiator: row.initiator,
                stop_code: row.stop_code,
                evidence: row.evidence,
                tags: row.tags,
                os_version: row.os_version,
            }))
        }
        .boxed()
    }

    fn processes(&self, device: DeviceId, limit: u64, offset: u64) -> Answer<'_, Vec<Process>> {
        async move {
            let rows = self.device_processes(device, slice(limit, offset)).await?;
            Ok(each(rows, |row| {
                same!(row => Process {
                    executable_name, executable_path, executable_sha256, package, signer, parent_executable_name,
                    user_class, place, first_seen, last_seen, starts, cpu_time, memory_usage, traits, devices_in_fleet,
                })
            }))
        }
        .boxed()
    }

    fn device_apps(&self, device: DeviceId) -> Answer<'_, Vec<DeviceApp>> {
        async move {
            let rows = Telemetry::device_apps(self, device).await?;
            Ok(each(rows, |row| {
                same!(row => DeviceApp {
                    app, name, category, state, confidence, flags, account, account_domain, first_seen, last_seen,
                    files_changed, bytes_changed, evidence,
                })
            }))
        }
        .boxed()
    }

    fn vitals(&self, device: DeviceId, span: Span) -> Answer<'_, VitalsSeries> {
        async move {
            let series = self.device_vitals(device, span.from, span.to).await?;
            Ok(same!(series => VitalsSeries {
                at, cpu_utilization, memory_usage, memory_limit, disk_usage_ratio, temperature_max, battery_charge,
            }))
        }
        .boxed()
    }

    fn observations<'a>(
        &'a self,
        device: DeviceId,
        kind: &'a str,
        span: Span,
        after: Option<ObservationPlace>,
        limit: u64,
    ) -> Answer<'a, Vec<SentRecord>> {
        async move {
            let wanted = telemetry::Wanted {
                kind: kind.to_owned(),
                from: span.from,
                to: span.to,
                after: after.map(|(observed_at, epoch, seq)| telemetry::After {
                    observed_at,
                    epoch,
                    seq,
                }),
                limit: u32::try_from(limit).unwrap_or(u32::MAX),
            };
            let rows = self.device_observations(device, &wanted).await?;
            Ok(each(
                rows,
                |row| same!(row => SentRecord { seq, epoch, observed_at, kind, observation }),
            ))
        }
        .boxed()
    }

    fn behind<'a>(&'a self, finding: &'a Finding, devices: &'a [DeviceId]) -> Answer<'a, Behind> {
        async move { Ok(Telemetry::behind(self, finding, devices).await?) }.boxed()
    }

    fn apps(&self, now: Timestamp) -> Answer<'_, Vec<FleetApp>> {
        async move {
            let rows = Telemetry::apps(self, now).await?;
            Ok(each(rows, |row| {
                same!(row => FleetApp {
                    app, name, category, first_seen, last_seen, bytes_changed_30d, running, devices, trend,
                })
            }))
        }
        .boxed()
    }

    fn restarts(
        &self,
        devices: BTreeMap<DeviceId, Traits>,
        from: Timestamp,
        now: Timestamp,
    ) -> Answer<'_, Restarts> {
        async move { Ok(Telemetry::restarts(self, from, now, &devices).await?) }.boxed()
    }

    fn app_uses(&self, from: Timestamp, now: Timestamp) -> Answer<'_, Vec<AppUse>> {
        async move { Ok(Telemetry::app_uses(self, from, now).await?) }.boxed()
    }

    fn ends_by_month(&self, from: Timestamp, now: Timestamp) -> Answer<'_, Vec<EndsOfMonth>> {
        async move { Ok(Telemetry::ends_by_month(self, from, now).await?) }.boxed()
    }
}

fn inventory(row: telemetry::Inventory) -> Inventory {
    let disks = each(row.disks, |disk| Disk {
        disk_type: disk.r#type,
        name: disk.name,
        model: disk.model,
        size: disk.size,
        endurance_utilization: disk.endurance_utilization,
        health: disk.health,
    });
    Inventory {
        disks,
        batteries: each(
            row.batteries,
            |battery| same!(battery => Battery { model, health, cycles, chemistry }),
        ),
        components: each(
            row.components,
            |component| same!(component => Component { name, version }),
        ),
        observed_at: row.observed_at,
        device_manufacturer: row.device_manufacturer,
        device_model_name: row.device_model_name,
        host_arch: row.host_arch,
        host_name: row.host_name,
        os_type: row.os_type,
        os_name: row.os_name,
        os_version: row.os_version,
        os_build_id: row.os_build_id,
        os_kernel: row.os_kernel,
        cpu_model_name: row.cpu_model_name,
        cpu_logical_count: row.cpu_logical_count,
        memory_limit: row.memory_limit,
        bios_version: row.bios_version,
        chassis: row.chassis,
    }
}
