-- Books: pages of 256 numbers that something new was written on, each counted anew, a number once.
INSERT INTO book_pages
SELECT
    device, epoch, page,
    sumMapIf(map(kind_, span_), outcome_ = 'stored') AS stored,
    sumIf(span_, outcome_ = 'rejected') AS rejected,
    sumIf(span_, outcome_ = 'lost') AS lost,
    max(refused) AS dropped,
    max(seq + span_ - 1) AS reach,
    max(received_) AS received
FROM
(
    SELECT
        device, epoch, intDiv(seq, 256) AS page, seq,
        any(toString(kind)) AS kind_,
        any(toString(outcome)) AS outcome_,
        any(span) AS span_,
        any(arraySum(mapValues(dropped))) AS refused,
        max(received_at) AS received_
    FROM observations
    WHERE device BETWEEN {low:UUID} AND {high:UUID}
      AND (device, epoch, intDiv(seq, 256)) IN
          (
            SELECT device, epoch, intDiv(seq, 256)
            FROM observations
            WHERE device BETWEEN {low:UUID} AND {high:UUID} AND stored_at >= fromUnixTimestamp64Micro({stored_from:Int64}, 'UTC')
          )
    GROUP BY device, epoch, page, seq
)
GROUP BY device, epoch, page
