-- Ends of boots per device and day, for context cards. Days without any are left out.
SELECT device, toDate(at) AS day, countIf(NOT unexpected) AS expected, countIf(unexpected) AS unexpected
FROM boots
WHERE device IN {devices:Array(UUID)}
  AND boot_end NOT IN ('running', 'unknown')
  AND at >= toStartOfDay(fromUnixTimestamp64Micro({from:Int64}, 'UTC'))
  AND at <= fromUnixTimestamp64Micro({to:Int64}, 'UTC')
GROUP BY device, day
ORDER BY device, day
