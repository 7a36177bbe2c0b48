-- What each device is made of now, and since when each component version is there.
SELECT
    newest.device AS device, it.1 AS os_type, it.2 AS os_build, it.3 AS manufacturer, it.4 AS model, components
FROM
(
    SELECT device, argMax((toString(os_type), toString(os_build), toString(manufacturer), toString(model)), observed_at) AS it
    FROM inventory_days
    GROUP BY device
) AS newest
LEFT JOIN
(
    -- There now: told by the newest inventory that told of any.
    SELECT device, arraySort(arrayMap(c -> (c.1, c.2, c.3), arrayFilter(c -> c.4 = newest_at, told))) AS components
    FROM
    (
        SELECT device, groupArray((name, version, first_, last_)) AS told, max(last_) AS newest_at
        FROM
        (
            SELECT device, toString(name) AS name, toString(version) AS version, min(first) AS first_, max(last) AS last_
            FROM component_lives
            GROUP BY device, name, version
        )
        GROUP BY device
    )
) AS made ON made.device = newest.device
ORDER BY device
