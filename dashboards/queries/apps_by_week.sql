-- On how many devices each app was seen, per week (Monday), the 12 most common apps.
WITH
    toInt32(intDiv({from:Int64}, 86400000000)) AS first_day,
    toInt32(intDiv({to:Int64}, 86400000000)) AS last_day,
    weekly AS
    (
        SELECT
            device, toString(app) AS app, argMaxMerge(newest).1 AS app_name,
            arrayDistinct(arrayMap(day -> day - (day + 3) % 7, mapKeys(mapFilter((day, n) -> n > 0 AND day >= first_day AND day <= last_day, maxMap(present))))) AS weeks
        FROM app_lives_now
        WHERE {everything:Bool} OR device IN {devices:Array(UUID)}
        GROUP BY device, app
    )
SELECT toDate(monday) AS week, app, any(app_name) AS name, uniqExact(device) AS devices
FROM weekly
ARRAY JOIN weeks AS monday
WHERE app IN (SELECT app FROM weekly WHERE notEmpty(weeks) GROUP BY app ORDER BY uniqExact(device) DESC, app LIMIT 12)
GROUP BY week, app
ORDER BY week, app
