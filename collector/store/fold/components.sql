-- Components: since when and until when each version was told.
INSERT INTO component_lives
SELECT device, component.name AS name, component.version AS version, min(observed_at) AS first, max(observed_at) AS last
FROM observations
ARRAY JOIN components AS component
WHERE outcome = 'stored' AND kind = 'inventory' AND device BETWEEN {low:UUID} AND {high:UUID}
              AND (stored_at >= fromUnixTimestamp64Micro({stored_from:Int64}, 'UTC') OR observed_at > fromUnixTimestamp64Micro({known_until:Int64}, 'UTC'))
              AND observed_at <= fromUnixTimestamp64Micro({until:Int64}, 'UTC')
GROUP BY device, name, version
