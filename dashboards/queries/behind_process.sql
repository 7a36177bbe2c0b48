-- The observations behind an anomaly about programs, newest first; `names`: which (lower case), none for all.
SELECT
    device, observed_at AS at, executable_name, executable_path, executable_sha256, package, signer, original_file_name,
    parent_executable_name, parent_package, user_class, place, first_seen, starts, cpu_time, traits
FROM processes
WHERE device IN {devices:Array(UUID)} AND (empty({names:Array(String)}) OR lower(executable_name) IN {names:Array(String)})
  AND observed_at >= fromUnixTimestamp64Micro({from:Int64}, 'UTC') AND observed_at <= fromUnixTimestamp64Micro({to:Int64}, 'UTC')
ORDER BY at DESC, device
LIMIT {limit:UInt32}
