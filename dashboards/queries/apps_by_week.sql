-- On how many devices each app was seen, per week (Monday), the 12 most common apps.
WITH
    fromUnixTimestamp64Micro({from:Int64}, 'UTC') AS since,
    fromUnixTimestamp64Micro({to:Int64}, 'UTC') AS until,
    common AS
    (
        SELECT app
        FROM observations
        WHERE kind = 'app' AND outcome = 'stored' AND state != 'removed' AND observed_at >= since AND observed_at <= until
          AND ({everything:Bool} OR device IN {devices:Array(UUID)})
        GROUP BY app
        ORDER BY uniqExact(device) DESC, app
        LIMIT 12
    )
SELECT toMonday(observed_at) AS week, app, any(app_name) AS name, uniqExact(device) AS devices
FROM observations
WHERE kind = 'app' AND outcome = 'stored' AND state != 'removed' AND observed_at >= since AND observed_at <= until
  AND app IN common AND ({everything:Bool} OR device IN {devices:Array(UUID)})
GROUP BY week, app
ORDER BY week, app
