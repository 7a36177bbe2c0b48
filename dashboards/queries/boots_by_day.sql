-- Ends of boots per day, oldest first, days without any included.
SELECT
    toDate(at) AS day,
    countIf(boot_end IN ('clean_restart', 'clean_poweroff')) AS clean,
    countIf(boot_end = 'update') AS update,
    countIf(unexpected) AS unexpected
FROM boots
WHERE ({everything:Bool} OR device IN {devices:Array(UUID)})
  AND boot_end != 'running'
  AND at >= toStartOfDay(fromUnixTimestamp64Micro({from:Int64}, 'UTC'))
  AND at <= fromUnixTimestamp64Micro({to:Int64}, 'UTC')
GROUP BY day
ORDER BY day WITH FILL
    FROM toDate(fromUnixTimestamp64Micro({from:Int64}, 'UTC'))
    TO toDate(fromUnixTimestamp64Micro({to:Int64}, 'UTC')) + 1
