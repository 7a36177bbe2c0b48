-- What one device is made of, by its newest inventory.
SELECT
    observed_at, device_manufacturer, device_model_name, host_arch, host_name, os_type, os_name, os_version, os_build_id, os_kernel,
    cpu_model_name, cpu_logical_count, memory_limit, bios_version, chassis, disks, batteries, components
FROM observations
WHERE kind = 'inventory' AND outcome = 'stored' AND device = {device:UUID}
ORDER BY observed_at DESC, seq DESC
LIMIT 1
