-- Daily pressure, throttling and heat per device.
SELECT
    device,
    arraySort(groupArray((toUnixTimestamp(toDateTime(day, 'UTC')), pressure, throttled_, hottest))) AS days
FROM
(
    SELECT
        device,
        toDate(observed_at) AS day,
        avg(memory_pressure) AS pressure,
        avg(throttled) AS throttled_,
        max(temperature_max) AS hottest
    FROM observations FINAL
    WHERE kind = 'vitals' AND outcome = 'stored'
      AND observed_at >= fromUnixTimestamp64Micro({from:Int64}, 'UTC')
      AND observed_at <= fromUnixTimestamp64Micro({now:Int64}, 'UTC') + INTERVAL 1 HOUR
    GROUP BY device, day
)
GROUP BY device
ORDER BY device
