-- How programs ran between two moments, per device and UTC day: one row per file, parent, account class and traits. For
-- the ranking of each device-day; `core` counts and weighs.
SELECT
    device,
    toStartOfDay(observed_at, 'UTC') AS day_,
    toUnixTimestamp(day_) AS day,
    executable_name AS name,
    executable_path AS path,
    executable_sha256 AS sha256,
    package,
    signer,
    original_file_name,
    parent_executable_name AS parent,
    user_class,
    place AS lies,
    traits AS marks,
    min(observed_at) AS first,
    max(observed_at) AS last,
    toUInt32(least(sum(greatest(starts, 1)), 4294967295)) AS started,
    argMin(observations.pid, observed_at) AS newest_pid
FROM observations FINAL
WHERE kind = 'process' AND outcome = 'stored'
    AND observed_at >= fromUnixTimestamp64Micro({from:Int64}, 'UTC')
    AND observed_at < fromUnixTimestamp64Micro({until:Int64}, 'UTC')
GROUP BY device, day_, name, path, sha256, package, signer, original_file_name, parent, user_class, lies, marks
ORDER BY device, day_, name, path, sha256, package, signer, original_file_name, parent, user_class, lies, marks
LIMIT {limit:UInt32}
