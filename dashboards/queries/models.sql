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
        argMax(if(startsWith(lower(model), lower(manufacturer)), toString(model), trimBoth(concat(manufacturer, ' ', model))), observed_at) AS model
    FROM inventory_days_now
    WHERE ({everything:Bool} OR device IN {devices:Array(UUID)})
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
