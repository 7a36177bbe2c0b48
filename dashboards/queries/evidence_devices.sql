-- Signs of life per device. Boots are history that an agent may find later, so they do not tell when it was watching.
WITH fromUnixTimestamp64Micro({from:Int64}, 'UTC') AS since
SELECT
    device,
    toBool(max(last_live) IS NOT NULL) AS watched,
    assumeNotNull(coalesce(min(first_live), min(first_any))) AS first_live_,
    assumeNotNull(coalesce(max(last_live), max(last_any))) AS last_live_,
    assumeNotNull(min(first_any)) AS first_any_,
    assumeNotNull(max(last_any)) AS last_any_,
    assumeNotNull(least(min(first_any), coalesce(minIf(started, started >= since), min(first_any)))) AS history
FROM device_days
WHERE day >= toInt32(intDiv({from:Int64}, 86400000000))
GROUP BY device
HAVING min(first_any) IS NOT NULL
ORDER BY device
