-- Unexpected ends per model: how many devices there are, how often it happens, per device and week. Devices that never
-- told their model are left out.
WITH
    fromUnixTimestamp64Micro({from:Int64}, 'UTC') AS since,
    fromUnixTimestamp64Micro({to:Int64}, 'UTC') AS until,
    greatest(dateDiff('second', since, until) / 604800, 1 / 7) AS weeks
SELECT
    model,
    uniqExact(devices.device) AS devices,
    sum(unexpected) AS unexpected,
    sum(unexpected) / uniqExact(devices.device) / weeks AS per_device_week
FROM
(
    SELECT
        device,
        argMax(if(startsWith(lower(device_model_name), lower(device_manufacturer)), device_model_name,
                  trimBoth(concat(device_manufacturer, ' ', device_model_name))), (observed_at, seq)) AS model
    FROM observations
    WHERE kind = 'inventory' AND outcome = 'stored' AND ({everything:Bool} OR device IN {devices:Array(UUID)})
    GROUP BY device
) AS devices
LEFT JOIN
(
    SELECT device, count() AS unexpected
    FROM boots
    WHERE unexpected AND at >= since AND at <= until AND ({everything:Bool} OR device IN {devices:Array(UUID)})
    GROUP BY device
) AS ends ON ends.device = devices.device
WHERE model != ''
GROUP BY model
ORDER BY per_device_week DESC, devices DESC, model
LIMIT 100
