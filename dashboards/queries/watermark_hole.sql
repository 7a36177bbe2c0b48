-- The last number before the first hole of an epoch. Asked only when there is one.
WITH (SELECT max(seq) FROM frontiers WHERE device = {device:UUID} AND epoch = {epoch:UUID}) AS known
SELECT min(reached) AS high, toUInt64(0) AS settled
FROM
(
    SELECT
        max(seq + span - 1) OVER (ORDER BY seq ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS reached,
        leadInFrame(seq, 1, 0) OVER (ORDER BY seq ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) AS next
    FROM
    (
        SELECT seq, any(span) AS span
        FROM observations
        WHERE device = {device:UUID} AND epoch = {epoch:UUID} AND seq > known
        GROUP BY seq
        -- Numbers go on from the frontier: a missing first one is a hole too.
        UNION ALL
        SELECT toUInt64(known) AS seq, toUInt64(1) AS span
    )
)
WHERE next = 0 OR next > reached + 1
