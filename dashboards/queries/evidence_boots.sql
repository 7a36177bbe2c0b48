-- Ends of boots per device: the unexpected ones, and recent ones that may have a beat: clean restarts that neither a person nor
-- an update asked for, and ends of which the records tell nothing.
-- Where the end has no time, the start of the next boot stands for it.
WITH
    fromUnixTimestamp64Micro({from:Int64}, 'UTC') AS since,
    fromUnixTimestamp64Micro({now:Int64}, 'UTC') AS now_,
    now_ + INTERVAL 1 HOUR AS until
SELECT
    device,
    toUInt32(count()) AS total,
    arraySlice(
        arrayReverseSort(
            end -> end.2,
            groupArrayIf(
                (boot_id, ended, started, boot_end, confidence, initiator, stop_code, os_version, tags),
                unexpected OR (boot_end IN ('clean_restart', 'unknown') AND ended >= now_ - INTERVAL 14 DAY
                               AND lower(initiator) NOT IN ('user', 'person', 'power_button', 'update'))
            )
        ),
        1, 2000
    ) AS ends
FROM
(
    SELECT
        *,
        coalesce(started_at, at) AS started,
        coalesce(ended_at, leadInFrame(started_at) OVER (
            PARTITION BY device ORDER BY coalesce(started_at, at), boot_id ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING
        ), started_at, at) AS ended
    FROM boots_folded
)
WHERE started <= until AND greatest(started, ended) >= since
GROUP BY device
ORDER BY device
