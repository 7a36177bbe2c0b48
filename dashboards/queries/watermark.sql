-- How far an epoch reaches, and how many numbers are settled in it. Equal: nothing is missing below `high`. What is below the
-- frontier is settled, also when it has expired.
WITH (SELECT max(seq) FROM frontiers WHERE device = {device:UUID} AND epoch = {epoch:UUID}) AS known
SELECT if(count() = 0, known, toUInt64(max(seq + span - 1))) AS high, known + sum(span) AS settled
FROM
(
    SELECT seq, any(span) AS span
    FROM observations
    WHERE device = {device:UUID} AND epoch = {epoch:UUID} AND seq > known
    GROUP BY seq
)
