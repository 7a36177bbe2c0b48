-- Use of each file system at the end of each day.
SELECT device, fs.1 AS mountpoint, max(fs.3) AS `limit`, arraySort(groupArray((toInt64(day) * 86400, fs.2))) AS usage
FROM
(
    SELECT device, day, argMax(arrayMap(fs -> (toString(fs.1), fs.2, fs.3), filesystems), summaries) AS disks
    FROM vitals_days
    WHERE device BETWEEN {low:UUID} AND {high:UUID}
      AND day >= toInt32(intDiv({from:Int64}, 86400000000)) AND day <= toInt32(intDiv({now:Int64} + 3600000000, 86400000000))
    GROUP BY device, day
)
ARRAY JOIN disks AS fs
GROUP BY device, mountpoint
ORDER BY device, mountpoint
