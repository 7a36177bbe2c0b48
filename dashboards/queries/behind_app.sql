-- The observations behind an anomaly about apps, newest first; `names`: their ids or names (lower case), none for all.
SELECT device, observed_at AS at, app, app_name, category, state, confidence, account, account_domain, files_changed, bytes_changed, flags, evidence
FROM apps
WHERE device IN {devices:Array(UUID)}
  AND (empty({names:Array(String)}) OR lower(app) IN {names:Array(String)} OR lower(app_name) IN {names:Array(String)})
  AND observed_at >= fromUnixTimestamp64Micro({from:Int64}, 'UTC') AND observed_at <= fromUnixTimestamp64Micro({to:Int64}, 'UTC')
ORDER BY at DESC, device
LIMIT {limit:UInt32}
