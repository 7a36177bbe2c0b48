-- Programs: whole days anew, joined into the lives.
INSERT INTO program_lives
SELECT
    name, owner, signed, path, sha, lies, device,
    min(least(observed_at, if(first_seen > toDateTime64('2000-01-01', 6, 'UTC'), assumeNotNull(first_seen), observed_at))) AS first,
    min(observed_at) AS observed,
    max(observed_at) AS last,
    sumMap(map(day, toUInt64(starts))) AS starts,
    sumMap(map(day, toUInt64(round(greatest(cpu_time, 0) * 1000)))) AS cpu,
    argMinState((toString(parent_executable_name), toString(parent_package)), (observed_at, seq)) AS parent,
    argMaxState((executable_path, executable_sha256, toString(package), toString(original_file_name), toString(user_class),
                 CAST(traits, 'Array(String)')), (observed_at, seq)) AS newest
FROM
(
    SELECT device, toInt32(intDiv(toUnixTimestamp64Micro(observed_at), 86400000000)) AS day, epoch, seq, observed_at, executable_name AS name, splitByChar('@', package)[1] AS owner, signer AS signed,
        package != '' OR signer != '' AS owned, if(owned, '', executable_path) AS path, if(owned, '', executable_sha256) AS sha, place AS lies,
        executable_path, executable_sha256, package, original_file_name, user_class, traits, parent_executable_name, parent_package,
        first_seen, starts, cpu_time
    FROM observations
    WHERE outcome = 'stored' AND kind = 'process' AND device BETWEEN {low:UUID} AND {high:UUID}
      -- Nothing is received long before its day, but for a clock that is ahead: months that end earlier are not read.
      AND received_at >= fromUnixTimestamp64Micro({received_from:Int64}, 'UTC')
      AND observed_at >= fromUnixTimestamp64Micro({from:Int64}, 'UTC') AND observed_at <= fromUnixTimestamp64Micro({until:Int64}, 'UTC')
      AND (device, toInt32(intDiv(toUnixTimestamp64Micro(observed_at), 86400000000))) IN
          (
            SELECT device, toInt32(intDiv(toUnixTimestamp64Micro(observed_at), 86400000000))
            FROM observations
            WHERE outcome = 'stored' AND kind = 'process' AND device BETWEEN {low:UUID} AND {high:UUID}
              AND (stored_at >= fromUnixTimestamp64Micro({stored_from:Int64}, 'UTC') OR observed_at > fromUnixTimestamp64Micro({known_until:Int64}, 'UTC'))
              AND observed_at <= fromUnixTimestamp64Micro({until:Int64}, 'UTC')
          )
    LIMIT 1 BY device, epoch, seq
)
GROUP BY name, owner, signed, path, sha, lies, device
