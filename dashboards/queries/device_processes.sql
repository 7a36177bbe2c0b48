-- One device's programs, the newest first, and on how many devices of the fleet the same content (or name) runs.
WITH own AS
(
    SELECT
        executable_name AS name,
        executable_path AS path,
        executable_sha256 AS sha,
        argMax((package, signer, parent_executable_name, user_class, place, traits), (observed_at, seq)) AS newest,
        min(coalesce(first_seen, observed_at)) AS first,
        max(observed_at) AS last,
        sum(starts) AS started,
        sum(cpu_time) AS cpu,
        max(memory_usage) AS memory
    FROM observations FINAL
    WHERE kind = 'process' AND outcome = 'stored' AND device = {device:UUID}
    GROUP BY name, path, sha
    ORDER BY first DESC, name, path
    LIMIT {limit:UInt32} OFFSET {offset:UInt32}
)
SELECT
    name AS executable_name, path AS executable_path, sha AS executable_sha256,
    newest.1 AS package, newest.2 AS signer, newest.3 AS parent_executable_name, newest.4 AS user_class, newest.5 AS place,
    own.first AS first_seen, own.last AS last_seen,
    started AS starts, cpu AS cpu_time, memory AS memory_usage, newest.6 AS traits,
    greatest(fleet.devices, 1) AS devices_in_fleet
FROM own
LEFT JOIN
(
    SELECT executable_name AS name, executable_sha256 AS sha, uniqExact(device) AS devices
    FROM observations
    WHERE kind = 'process' AND outcome = 'stored' AND executable_name IN (SELECT name FROM own)
    GROUP BY name, sha
) AS fleet ON fleet.name = own.name AND fleet.sha = own.sha
ORDER BY first_seen DESC, executable_name, executable_path
