-- One device's vitals in at most `points` steps of equal length, oldest first.
SELECT
    min(observed_at) AS at,
    avg(cpu_utilization) AS cpu_utilization,
    toUInt64(avg(memory_usage)) AS memory_usage,
    max(memory_limit) AS memory_limit,
    -- The fullest file system: that is the one that stops work.
    max(if(empty(filesystems), NULL, arrayMax(fs -> if(fs.limit = 0, 0, fs.usage / fs.limit), filesystems))) AS disk_usage_ratio,
    max(temperature_max) AS temperature_max,
    avg(battery_charge) AS battery_charge
FROM observations FINAL
WHERE kind = 'vitals' AND outcome = 'stored' AND device = {device:UUID}
  AND observed_at >= fromUnixTimestamp64Micro({from:Int64}, 'UTC')
  AND observed_at < fromUnixTimestamp64Micro({to:Int64}, 'UTC')
GROUP BY intDiv(toUnixTimestamp64Micro(observed_at) - {from:Int64}, greatest(1, intDiv({to:Int64} - {from:Int64}, {points:UInt32}) + 1)) AS step
ORDER BY step
