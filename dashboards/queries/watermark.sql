-- How far an epoch reaches, and how many numbers are settled in it. Equal: nothing is missing below `high`.
SELECT if(count() = 0, 0, toUInt64(max(seq + span - 1))) AS high, sum(span) AS settled
FROM
(
    SELECT seq, any(span) AS span
    FROM observations
    WHERE device = {device:UUID} AND epoch = {epoch:UUID}
    GROUP BY seq
)
