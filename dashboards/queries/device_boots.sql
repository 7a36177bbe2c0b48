-- One device's boots, newest first; a later observation of a boot stands for the earlier ones.
SELECT
    boot_id,
    coalesce(started_at, at) AS started_at,
    ended_at,
    boot_end AS `end`,
    confidence, initiator, stop_code, evidence, tags, os_version
FROM boots
WHERE device = {device:UUID}
  AND coalesce(boots.started_at, at) >= fromUnixTimestamp64Micro({from:Int64}, 'UTC')
  AND coalesce(boots.started_at, at) < fromUnixTimestamp64Micro({to:Int64}, 'UTC')
ORDER BY started_at DESC, boot_id DESC
LIMIT {limit:UInt32} OFFSET {offset:UInt32}
