-- Every app of the fleet: where it is, since when, how much it moves, how it grows.
WITH
    fromUnixTimestamp64Micro({now:Int64}, 'UTC') AS until,
    toInt32(intDiv({now:Int64}, 86400000000)) AS today,
    per_device AS
    (
        SELECT
            app,
            device,
            argMaxMerge(newest) AS word,
            min(first) AS first_,
            max(last) AS last_,
            arraySum(mapValues(mapFilter((day, n) -> day >= today - 30, maxMap(bytes)))) AS moved,
            -- Day 0 was a Thursday; a week begins on Monday.
            arrayDistinct(arrayMap(day -> day - (day + 3) % 7, mapKeys(mapFilter((day, n) -> n > 0 AND day > today - 84 AND day <= today + 1, maxMap(present))))) AS weeks
        FROM app_lives_now
        GROUP BY app, device
        HAVING first_ < until + INTERVAL 1 DAY
    )
SELECT
    app,
    any(word.1) AS name,
    any(word.2) AS category,
    min(first_) AS first_seen,
    max(last_) AS last_seen,
    sum(moved) AS bytes_changed_30d,
    countIf(word.3 = 'running_now') AS running,
    -- Where it is now; at most as many as a page can use.
    groupArrayIf(100000)(device, word.3 != 'removed') AS devices,
    arraySort(arrayMap((week, n) -> (toDate(week), n), sumMap(weeks, arrayMap(_ -> 1, weeks)).1, sumMap(weeks, arrayMap(_ -> 1, weeks)).2)) AS trend
FROM per_device
GROUP BY app
ORDER BY length(devices) DESC, app
LIMIT 1000
