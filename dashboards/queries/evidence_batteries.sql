-- Wear of the first battery at the end of each day.
SELECT device, arraySort(groupArray((toUnixTimestamp(toDateTime(day, 'UTC')), it.1, it.2))) AS days
FROM
(
    SELECT device, toDate(observed_at) AS day, argMax((batteries[1].health, batteries[1].cycles), observed_at) AS it
    FROM observations
    WHERE kind = 'inventory' AND outcome = 'stored' AND notEmpty(batteries)
      AND observed_at >= fromUnixTimestamp64Micro({from:Int64}, 'UTC')
      AND observed_at <= fromUnixTimestamp64Micro({now:Int64}, 'UTC') + INTERVAL 1 HOUR
    GROUP BY device, day
)
GROUP BY device
ORDER BY device
