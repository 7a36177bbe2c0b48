-- Boots: the newest word about each.
INSERT INTO boot_states
SELECT
    device, boot_id,
    argMaxState((started_at, ended_at, toString(boot_end), confidence, toString(initiator), toString(stop_code), CAST(tags, 'Array(String)'),
                 toString(os_version), observed_at, simulated, evidence), (received_at, seq)) AS newest
FROM observations
WHERE outcome = 'stored' AND kind = 'boot' AND device BETWEEN {low:UUID} AND {high:UUID}
              AND (stored_at >= fromUnixTimestamp64Micro({stored_from:Int64}, 'UTC') OR observed_at > fromUnixTimestamp64Micro({known_until:Int64}, 'UTC'))
              AND observed_at <= fromUnixTimestamp64Micro({until:Int64}, 'UTC')
GROUP BY device, boot_id
