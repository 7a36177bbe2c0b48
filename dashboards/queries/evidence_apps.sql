-- Each app on each device: how strongly it is there, since when, how much it moves. Weeks are today and the seven days before it.
WITH
    toInt32(intDiv({from:Int64}, 86400000000)) AS first_day,
    toInt32(intDiv({now:Int64}, 86400000000)) - 7 AS week_ago,
    fromUnixTimestamp64Micro({from:Int64}, 'UTC') AS since
SELECT
    device, app, word.1 AS name, word.2 AS category,
    -- A removal that came last is the truth; else the strongest sign of the last week; else the last word.
    multiIf(word.3 = 'removed', 'removed', strong > 0, ['folder_left', 'installed', 'signed_in', 'running_now'][strong], word.3) AS state,
    confidence_ AS confidence, flags_ AS flags, word.4 AS account, word.5 AS account_domain,
    first_ AS first, last_ AS last,
    arraySum(mapValues(mapFilter((day, n) -> day >= week_ago, moved))) AS bytes_last_week,
    toUInt64(arraySum(mapValues(mapFilter((day, n) -> day >= first_day AND day < week_ago, moved)))
        / greatest(1, (week_ago - greatest(first_day, toInt32(intDiv(toUnixTimestamp64Micro(first_), 86400000000)))) / 7)) AS bytes_per_week_before,
    word.6 AS evidence
FROM
(
    SELECT
        device, app,
        argMaxMerge(newest) AS word,
        max(confidence) AS confidence_,
        arraySort(arraySlice(groupUniqArrayArray(flags), 1, 20)) AS flags_,
        min(first) AS first_,
        max(last) AS last_,
        arrayMax(mapValues(mapFilter((day, n) -> day >= week_ago, maxMap(strongest)))) AS strong,
        maxMap(bytes) AS moved
    FROM app_lives
    GROUP BY device, app
    HAVING last_ >= since
)
ORDER BY device, app
LIMIT {limit:UInt32}
