-- What a device numbered and that is not there, newest first; the same reason of one report is one line.
SELECT received_at AS at, reason, sum(span) AS count, outcome AS kind
FROM
(
    SELECT any(received_at) AS received_at, any(reason) AS reason, any(span) AS span, any(outcome) AS outcome
    FROM observations
    WHERE device = {device:UUID} AND kind = '' AND outcome IN ('rejected', 'lost')
    GROUP BY epoch, seq
)
GROUP BY received_at, reason, outcome
ORDER BY at DESC, kind, reason
LIMIT {limit:UInt32}
