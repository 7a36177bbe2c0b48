-- Inventories: the newest of each day.
INSERT INTO inventory_days
SELECT
    device, day, max(observed_at) AS newest_at, it.1, it.2, it.3, it.4, it.5, it.6
FROM
(
    SELECT
        device, observed_at, toInt32(intDiv(toUnixTimestamp64Micro(observed_at), 86400000000)) AS day,
        (toString(os_type), toString(if(os_build_id != '', os_build_id, os_version)), toString(device_manufacturer), toString(device_model_name),
         if(empty(batteries), NULL, batteries[1].health), if(empty(batteries), NULL, batteries[1].cycles)) AS it
    FROM observations
    WHERE outcome = 'stored' AND kind = 'inventory' AND device BETWEEN {low:UUID} AND {high:UUID}
              AND (stored_at >= fromUnixTimestamp64Micro({stored_from:Int64}, 'UTC') OR observed_at > fromUnixTimestamp64Micro({known_until:Int64}, 'UTC'))
              AND observed_at <= fromUnixTimestamp64Micro({until:Int64}, 'UTC')
    ORDER BY device, observed_at DESC, seq DESC
    LIMIT 1 BY device, day
)
GROUP BY device, day, it
