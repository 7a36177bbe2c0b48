-- Wear of the first battery at the end of each day.
SELECT device, arraySort(groupArray((toInt64(day) * 86400, it.1, it.2))) AS days
FROM
(
    SELECT device, day, argMax((assumeNotNull(battery_health), battery_cycles), observed_at) AS it
    FROM inventory_days
    WHERE battery_health IS NOT NULL AND device BETWEEN {low:UUID} AND {high:UUID}
      AND day >= toInt32(intDiv({from:Int64}, 86400000000)) AND day <= toInt32(intDiv({now:Int64} + 3600000000, 86400000000))
    GROUP BY device, day
)
GROUP BY device
ORDER BY device
