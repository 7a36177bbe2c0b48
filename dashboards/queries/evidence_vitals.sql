-- Daily pressure, throttling and heat per device.
SELECT device, arraySort(groupArray((toInt64(day) * 86400, it.1, it.2, it.3))) AS days
FROM
(
    SELECT device, day, argMax((pressure, throttled, hottest), summaries) AS it
    FROM vitals_days
    WHERE device BETWEEN {low:UUID} AND {high:UUID}
      AND day >= toInt32(intDiv({from:Int64}, 86400000000)) AND day <= toInt32(intDiv({now:Int64} + 3600000000, 86400000000))
    GROUP BY device, day
)
GROUP BY device
ORDER BY device
