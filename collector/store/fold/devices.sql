-- Signs of life.
INSERT INTO device_days
SELECT
    device, day,
    minIf(told, live) AS first_live,
    maxIf(told, live) AS last_live,
    min(told) AS first_any,
    max(told) AS last_any,
    min(booted) AS started
FROM
(
    SELECT device, toInt32(intDiv(toUnixTimestamp64Micro(observed_at), 86400000000)) AS day, toNullable(observed_at) AS told, kind != 'boot' AS live, CAST(NULL, 'Nullable(DateTime64(6, \'UTC\'))') AS booted
    FROM observations
    WHERE outcome = 'stored' AND device BETWEEN {low:UUID} AND {high:UUID}
      AND (stored_at >= fromUnixTimestamp64Micro({stored_from:Int64}, 'UTC') OR observed_at > fromUnixTimestamp64Micro({known_until:Int64}, 'UTC'))
      AND observed_at <= fromUnixTimestamp64Micro({until:Int64}, 'UTC')
    UNION ALL
    SELECT device, toInt32(intDiv(toUnixTimestamp64Micro(assumeNotNull(started_at)), 86400000000)) AS day, CAST(NULL, 'Nullable(DateTime64(6, \'UTC\'))') AS told, false AS live, started_at AS booted
    FROM observations
    WHERE kind = 'boot' AND started_at IS NOT NULL AND outcome = 'stored' AND device BETWEEN {low:UUID} AND {high:UUID}
      AND (stored_at >= fromUnixTimestamp64Micro({stored_from:Int64}, 'UTC') OR observed_at > fromUnixTimestamp64Micro({known_until:Int64}, 'UTC'))
      AND observed_at <= fromUnixTimestamp64Micro({until:Int64}, 'UTC')
)
GROUP BY device, day
