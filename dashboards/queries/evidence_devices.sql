-- Signs of life per device. Boots are history that an agent may find later, so they do not tell when it was watching.
WITH
    fromUnixTimestamp64Micro({from:Int64}, 'UTC') AS since,
    fromUnixTimestamp64Micro({now:Int64}, 'UTC') + INTERVAL 1 HOUR AS until
SELECT
    device,
    toBool(countIf(live) > 0) AS watched,
    minIf(observed_at, live) AS first_live,
    maxIf(observed_at, live) AS last_live,
    min(observed_at) AS first_any,
    max(observed_at) AS last_any,
    min(least(observed_at, if(started_at >= since, started_at, observed_at))) AS history
FROM
(
    SELECT device, observed_at, started_at, kind != 'boot' AS live
    FROM observations
    WHERE outcome = 'stored' AND observed_at >= since AND observed_at <= until
)
GROUP BY device
ORDER BY device
