-- Use of each file system at the end of each day.
SELECT device, mountpoint, max(limit_) AS `limit`, arraySort(groupArray((toUnixTimestamp(toDateTime(day, 'UTC')), usage_))) AS usage
FROM
(
    SELECT
        device,
        fs.mountpoint AS mountpoint,
        toDate(observed_at) AS day,
        argMax(fs.usage, observed_at) AS usage_,
        argMax(fs.limit, observed_at) AS limit_
    FROM observations
    ARRAY JOIN filesystems AS fs
    WHERE kind = 'vitals' AND outcome = 'stored' AND fs.limit > 0
      AND observed_at >= fromUnixTimestamp64Micro({from:Int64}, 'UTC')
      AND observed_at <= fromUnixTimestamp64Micro({now:Int64}, 'UTC') + INTERVAL 1 HOUR
    GROUP BY device, mountpoint, day
)
GROUP BY device, mountpoint
ORDER BY device, mountpoint
