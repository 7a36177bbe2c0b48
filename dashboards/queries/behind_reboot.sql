-- The boots behind an anomaly about restarts, newest first.
SELECT device, at, boot_end, confidence, initiator, stop_code, started_at, ended_at, os_version, tags, evidence
FROM boots
WHERE device IN {devices:Array(UUID)} AND boot_end != 'running'
  AND at >= fromUnixTimestamp64Micro({from:Int64}, 'UTC') AND at <= fromUnixTimestamp64Micro({to:Int64}, 'UTC')
ORDER BY at DESC, device
LIMIT {limit:UInt32}
