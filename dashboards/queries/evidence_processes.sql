-- Program identities of the fleet whose names lie between two. Owned or signed programs are grouped by owner and name, the rest by content, path and
-- place; `core` gives each group its final name and joins groups that only a version tells apart. CPU is counted in whole
-- days: the costlier of today and yesterday against the days before.
WITH
    toInt32(intDiv({from:Int64}, 86400000000)) AS first_day,
    toInt32(intDiv({now:Int64}, 86400000000)) AS today,
    fromUnixTimestamp64Micro({from:Int64}, 'UTC') AS since,
    fromUnixTimestamp64Micro({now:Int64}, 'UTC') AS now_,
    per_device AS
    (
        SELECT
            name, owner, signed, path, sha, lies, device,
            min(first) AS first_,
            min(observed) AS observed_,
            max(last) AS last_,
            arraySum(mapValues(mapFilter((day, n) -> day >= first_day, maxMap(starts)))) AS started,
            argMinMerge(parent) AS parent_,
            argMaxMerge(newest) AS newest_,
            maxMap(cpu) AS spent,
            greatest(spent[today], spent[today - 1]) / 1000 AS cpu_last_day,
            arraySum(mapValues(mapFilter((day, n) -> day >= first_day AND day < today - 1, spent))) / 1000
                / greatest(1, today - 1 - greatest(first_day, toInt32(intDiv(toUnixTimestamp64Micro(observed_), 86400000000)))) AS cpu_per_day_before
        FROM program_lives
        WHERE name >= {first:String} AND name <= {last:String}
        GROUP BY name, owner, signed, path, sha, lies, device
        HAVING last_ >= since
    )
SELECT
    name, signed, lies, about, n AS devices,
    -- Of a program that is no news (a month old, on forty devices) the earliest sightings tell enough, and those that cost.
    arraySort(
        seen -> (seen.2, seen.1),
        if(n >= 40 AND earliest[1].1 < now_ - INTERVAL 30 DAY, arrayDistinct(arrayConcat(arraySlice(earliest, 1, 40), costly)), earliest)
    ) AS seen
FROM
(
    SELECT
        name, owner, signed, path, sha, lies,
        any(newest_) AS about,
        toUInt32(count()) AS n,
        groupArraySorted(200)(sighting) AS earliest,
        groupArraySortedIf(50)(sighting, cpu_last_day >= 600) AS costly
    FROM
    (
        SELECT *, (first_, device, last_, toUInt32(least(started, 4294967295)), parent_.1, parent_.2, cpu_per_day_before, cpu_last_day) AS sighting
        FROM per_device
    )
    GROUP BY name, owner, signed, path, sha, lies
) AS identities
ORDER BY name, owner, signed, path, sha, lies
LIMIT {limit:UInt32}
