-- What a quota or a full disk refused comes as a sum over the epoch, no longer as what was new since the last word.

CREATE OR REPLACE VIEW book_pages_now AS
SELECT device, epoch, page, stored, rejected, lost, dropped, reach, received FROM book_pages
UNION ALL
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
    WHERE (device, epoch, intDiv(seq, 256)) IN
          (SELECT device, epoch, intDiv(seq, 256) FROM observations WHERE stored_at >= (SELECT max(stored_to) FROM folds))
    GROUP BY device, epoch, page, seq
)
GROUP BY device, epoch, page;
