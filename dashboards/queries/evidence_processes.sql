-- Program identities of the fleet. Owned or signed programs are grouped by owner and name, the rest by content, path and
-- place; `core` gives each group its final name and joins groups that only a version tells apart.
WITH
    fromUnixTimestamp64Micro({from:Int64}, 'UTC') AS since,
    fromUnixTimestamp64Micro({now:Int64}, 'UTC') AS now_,
    now_ + INTERVAL 1 HOUR AS until,
    per_device AS
    (
        SELECT
            executable_name AS name,
            splitByChar('@', package)[1] AS owner,
            signer AS signed,
            package != '' OR signer != '' AS owned,
            if(owned, '', executable_path) AS path,
            if(owned, '', executable_sha256) AS sha,
            place AS lies,
            device,
            min(least(observed_at, if(first_seen > toDateTime64('2000-01-01', 6, 'UTC'), first_seen, observed_at))) AS first,
            max(observed_at) AS last,
            sum(starts) AS started,
            argMin((parent_executable_name, parent_package), observed_at) AS parent,
            argMax((executable_path, executable_sha256, package, original_file_name, user_class, traits), (observed_at, seq)) AS newest,
            sumIf(cpu_time, observed_at >= now_ - INTERVAL 1 DAY) AS cpu_last_day,
            sumIf(cpu_time, observed_at < now_ - INTERVAL 1 DAY)
                / greatest(1, dateDiff('second', least(min(observed_at), now_ - INTERVAL 2 DAY), now_ - INTERVAL 1 DAY) / 86400) AS cpu_per_day_before
        FROM observations FINAL
        WHERE kind = 'process' AND outcome = 'stored' AND observed_at >= since AND observed_at <= until
        GROUP BY name, owner, signed, owned, path, sha, lies, device
    )
SELECT
    name, signed, lies,
    any(newest) AS about,
    toUInt32(uniqExact(device)) AS devices,
    arraySort(seen -> (seen.2, seen.1), groupArraySorted(200)((first, device, last, toUInt32(least(started, 4294967295)), parent.1, parent.2, cpu_per_day_before, cpu_last_day))) AS seen,
    any(names.devices) AS devices_with_name
FROM per_device
LEFT JOIN
(
    SELECT lower(name) AS lowered, toUInt32(uniqExact(device)) AS devices
    FROM per_device
    GROUP BY lowered
) AS names ON names.lowered = lower(per_device.name)
GROUP BY name, owner, signed, owned, path, sha, lies
ORDER BY name, owner, signed, path, sha, lies
LIMIT {limit:UInt32}
