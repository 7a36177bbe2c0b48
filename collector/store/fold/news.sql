-- Of whom something new was told: by when it was stored, or because its time has come.
SELECT device, count() AS rows, min(toUnixTimestamp64Micro(observed_at)) AS `from`, min(toUnixTimestamp64Micro(received_at)) AS received
FROM observations
WHERE (stored_at >= fromUnixTimestamp64Micro({stored_from:Int64}, 'UTC') OR observed_at > fromUnixTimestamp64Micro({known_until:Int64}, 'UTC'))
  AND (observed_at <= fromUnixTimestamp64Micro({until:Int64}, 'UTC') OR stored_at >= fromUnixTimestamp64Micro({stored_from:Int64}, 'UTC'))
GROUP BY device
ORDER BY device
