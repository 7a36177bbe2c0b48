-- What one device's agent cost and could not do, by its newest word.
SELECT
    observed_at, service_version, cpu_time, memory_usage, spool_usage, network_io, degraded, blind_spots, dropped, redacted, clock_step
FROM observations
WHERE kind = 'agent_health' AND outcome = 'stored' AND device = {device:UUID}
ORDER BY observed_at DESC, seq DESC
LIMIT 1
