-- What each device is made of now, and since when each component version is there.
WITH
    fromUnixTimestamp64Micro({now:Int64}, 'UTC') + INTERVAL 1 HOUR AS until,
    newest AS
    (
        SELECT
            device,
            argMax((os_type, if(os_build_id != '', os_build_id, os_version), device_manufacturer, device_model_name, components),
                   (observed_at, seq)) AS it
        FROM observations
        WHERE kind = 'inventory' AND outcome = 'stored' AND observed_at <= until
        GROUP BY device
    ),
    since AS
    (
        SELECT device, component.name AS name, component.version AS version, min(observed_at) AS first
        FROM observations
        ARRAY JOIN components AS component
        WHERE kind = 'inventory' AND outcome = 'stored' AND observed_at <= until
        GROUP BY device, name, version
    )
SELECT
    newest.device AS device,
    any(it.1) AS os_type,
    any(it.2) AS os_build,
    any(it.3) AS manufacturer,
    any(it.4) AS model,
    arraySort(groupUniqArrayIf((since.name, since.version, since.first),
                               arrayExists(c -> c.name = since.name AND c.version = since.version, it.5))) AS components
FROM newest
LEFT JOIN since ON since.device = newest.device
GROUP BY device
ORDER BY device
