-- Every app of the fleet: where it is, since when, how much it moves, how it grows.
WITH
    fromUnixTimestamp64Micro({now:Int64}, 'UTC') AS until,
    per_device AS
    (
        SELECT
            app,
            device,
            argMax((app_name, category, state), (observed_at, seq)) AS newest,
            min(observed_at) AS first,
            max(observed_at) AS last,
            sumIf(bytes_changed, observed_at >= until - INTERVAL 30 DAY) AS bytes,
            groupUniqArrayIf(toMonday(observed_at), state != 'removed' AND observed_at >= until - INTERVAL 12 WEEK) AS weeks
        FROM observations FINAL
        WHERE kind = 'app' AND outcome = 'stored' AND observed_at < until + INTERVAL 1 DAY
        GROUP BY app, device
    )
SELECT
    app,
    any(newest.1) AS name,
    any(newest.2) AS category,
    min(first) AS first_seen,
    max(last) AS last_seen,
    sum(bytes) AS bytes_changed_30d,
    countIf(newest.3 = 'running_now') AS running,
    -- Where it is now; at most as many as a page can use.
    groupArrayIf(100000)(device, newest.3 != 'removed') AS devices,
    arraySort(arrayMap((week, n) -> (week, n), sumMap(weeks, arrayMap(_ -> 1, weeks)).1, sumMap(weeks, arrayMap(_ -> 1, weeks)).2)) AS trend
FROM per_device
GROUP BY app
ORDER BY length(devices) DESC, app
LIMIT 1000
