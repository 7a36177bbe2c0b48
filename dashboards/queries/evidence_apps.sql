-- Each app on each device: how strongly it is there, since when, how much it moves.
WITH
    fromUnixTimestamp64Micro({from:Int64}, 'UTC') AS since,
    fromUnixTimestamp64Micro({now:Int64}, 'UTC') AS now_,
    now_ + INTERVAL 1 HOUR AS until,
    now_ - INTERVAL 7 DAY AS week_ago
SELECT
    device, app, newest.1 AS name, newest.2 AS category,
    -- A removal that came last is the truth; else the strongest sign of the last week; else the last word.
    multiIf(newest.3 = 'removed', 'removed', strongest.1 > 0, strongest.2, newest.3) AS state,
    confidence_ AS confidence, flags_ AS flags, newest.4 AS account, newest.5 AS account_domain,
    first, last, bytes_last_week,
    toUInt64(bytes_before / greatest(1, dateDiff('second', least(first, week_ago), week_ago) / 604800)) AS bytes_per_week_before,
    newest.6 AS evidence
FROM
(
    SELECT
        device, app,
        argMax((app_name, category, state, account, account_domain, arraySlice(evidence, 1, 10)), (observed_at, seq)) AS newest,
        maxIf((transform(state, ['folder_left', 'installed', 'signed_in', 'running_now'], [1, 2, 3, 4], 0), state), observed_at >= week_ago) AS strongest,
        max(confidence) AS confidence_,
        arraySort(groupUniqArrayArray(20)(flags)) AS flags_,
        min(observed_at) AS first,
        max(observed_at) AS last,
        sumIf(bytes_changed, observed_at >= week_ago) AS bytes_last_week,
        sumIf(bytes_changed, observed_at < week_ago) AS bytes_before
    FROM observations FINAL
    WHERE kind = 'app' AND outcome = 'stored' AND observed_at >= since AND observed_at <= until
    GROUP BY device, app
)
ORDER BY device, app
LIMIT {limit:UInt32}
