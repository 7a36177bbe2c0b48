-- The UTC days on which any program was seen, oldest first.
SELECT DISTINCT toUnixTimestamp(toStartOfDay(observed_at, 'UTC')) AS day
FROM observations
WHERE kind = 'process' AND outcome = 'stored'
    AND observed_at < fromUnixTimestamp64Micro({until:Int64}, 'UTC')
ORDER BY day
