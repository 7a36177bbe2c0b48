-- The days behind an anomaly about capacity, newest first: disks, pressure, throttling, heat, and the battery.
SELECT device, toDate(vitals.day) AS at, disks, pressure, throttled, hottest, health AS battery_health, cycles AS battery_cycles
FROM
(
    SELECT device, day, it.1 AS disks, it.2 AS pressure, it.3 AS throttled, it.4 AS hottest
    FROM
    (
        SELECT device, day, argMax((filesystems, pressure, throttled, hottest), summaries) AS it
        FROM vitals_days
        WHERE device IN {devices:Array(UUID)}
          AND day >= toInt32(intDiv({from:Int64}, 86400000000)) AND day <= toInt32(intDiv({to:Int64}, 86400000000))
        GROUP BY device, day
    )
) AS vitals
LEFT JOIN
(
    SELECT device, day, argMax(battery_health, observed_at) AS health, argMax(battery_cycles, observed_at) AS cycles
    FROM inventory_days
    WHERE device IN {devices:Array(UUID)}
    GROUP BY device, day
) AS inventory ON inventory.device = vitals.device AND inventory.day = vitals.day
ORDER BY vitals.day DESC, device
LIMIT {limit:UInt32}
