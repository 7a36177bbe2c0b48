-- Vitals: whole days anew. The row of a day that knows more summaries replaces the other.
INSERT INTO vitals_days
SELECT
    device, day,
    toUInt32(count()) AS summaries,
    avg(memory_pressure) AS pressure,
    avg(throttled) AS throttled_,
    max(temperature_max) AS hottest,
    -- The day's last word about each mountpoint that it names; a disk that was unplugged before is left out.
    argMax(arrayMap(fs -> (fs.mountpoint, fs.usage, fs.limit), arrayFilter(fs -> fs.limit > 0, filesystems)), (observed_at, seq)) AS filesystems_
FROM
(
    SELECT device, toInt32(intDiv(toUnixTimestamp64Micro(observed_at), 86400000000)) AS day, epoch, seq, observed_at, memory_pressure, throttled, temperature_max, filesystems
    FROM observations
    WHERE outcome = 'stored' AND kind = 'vitals' AND device BETWEEN {low:UUID} AND {high:UUID}
      -- Nothing is received long before its day, but for a clock that is ahead: months that end earlier are not read.
      AND received_at >= fromUnixTimestamp64Micro({received_from:Int64}, 'UTC')
      AND observed_at >= fromUnixTimestamp64Micro({from:Int64}, 'UTC') AND observed_at <= fromUnixTimestamp64Micro({until:Int64}, 'UTC')
      AND (device, toInt32(intDiv(toUnixTimestamp64Micro(observed_at), 86400000000))) IN
          (
            SELECT device, toInt32(intDiv(toUnixTimestamp64Micro(observed_at), 86400000000))
            FROM observations
            WHERE outcome = 'stored' AND kind = 'vitals' AND device BETWEEN {low:UUID} AND {high:UUID}
              AND (stored_at >= fromUnixTimestamp64Micro({stored_from:Int64}, 'UTC') OR observed_at > fromUnixTimestamp64Micro({known_until:Int64}, 'UTC'))
              AND observed_at <= fromUnixTimestamp64Micro({until:Int64}, 'UTC')
          )
    LIMIT 1 BY device, epoch, seq
)
GROUP BY device, day
