-- One view per kind, for people who write SQL and for dashboards. A row stands once however often it was sent.

-- The newest observation of (device, boot_id) supersedes the older ones.
CREATE OR REPLACE VIEW boots AS
SELECT
    device,
    boot_id,
    newest.1 AS started_at,
    newest.2 AS ended_at,
    newest.3 AS boot_end,
    newest.4 AS confidence,
    newest.5 AS initiator,
    newest.6 AS stop_code,
    newest.7 AS evidence,
    newest.8 AS tags,
    newest.9 AS os_version,
    newest.10 AS observed_at,
    newest.11 AS simulated,
    boot_end IN ('crash', 'forced_off', 'power_loss_or_hang', 'failed_boot') AS unexpected,
    coalesce(ended_at, started_at, observed_at) AS at
FROM
(
    SELECT
        device,
        boot_id,
        argMax(
            (started_at, ended_at, boot_end, confidence, initiator, stop_code, evidence, tags, os_version, observed_at, simulated),
            (received_at, seq)
        ) AS newest
    FROM observations
    WHERE kind = 'boot' AND outcome = 'stored'
    GROUP BY device, boot_id
);

CREATE OR REPLACE VIEW resumes AS
SELECT device, observed_at, received_at, simulated, boot_id, resumed_from, evidence
FROM observations FINAL
WHERE kind = 'resume' AND outcome = 'stored';

CREATE OR REPLACE VIEW processes AS
SELECT
    device, observed_at, received_at, simulated,
    executable_name, executable_path, executable_sha256, package, signer, original_file_name, parent_executable_name, parent_package,
    user_class, place, first_seen, starts, running, cpu_time, memory_usage, disk_io, traits, script, command_line, pid
FROM observations FINAL
WHERE kind = 'process' AND outcome = 'stored';

CREATE OR REPLACE VIEW apps AS
SELECT
    device, observed_at, received_at, simulated,
    app, app_name, category, state, confidence, evidence, flags, account, account_domain, app_version,
    sync_folders, files_changed, bytes_changed, change_incomplete
FROM observations FINAL
WHERE kind = 'app' AND outcome = 'stored';

CREATE OR REPLACE VIEW vitals AS
SELECT
    device, observed_at, received_at, simulated,
    sample_window, cpu_utilization, cpu_utilization_max, memory_usage, memory_limit, paging_usage, memory_pressure, io_pressure,
    filesystems, temperature_max, throttled, battery_charge, on_battery, uptime, process_count, boot_id
FROM observations FINAL
WHERE kind = 'vitals' AND outcome = 'stored';

CREATE OR REPLACE VIEW inventories AS
SELECT
    device, observed_at, received_at, simulated,
    device_manufacturer, device_model_name, device_model_identifier, host_arch, host_name, os_type, os_name, os_version, os_build_id,
    os_kernel, cpu_model_name, cpu_logical_count, memory_limit, disks, batteries, bios_version, components, chassis
FROM observations FINAL
WHERE kind = 'inventory' AND outcome = 'stored';

CREATE OR REPLACE VIEW agent_health AS
SELECT
    device, observed_at, received_at, simulated,
    service_version, cpu_time, memory_usage, spool_usage, network_io, dropped, redacted, degraded, blind_spots, policy_version, clock_step
FROM observations FINAL
WHERE kind = 'agent_health' AND outcome = 'stored';
