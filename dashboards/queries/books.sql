-- Where every number ended, per device; all devices when none is named. Grouped by number, so that the answer is the
-- same before and after merges.
SELECT
    device,
    sumIf(span, outcome = 'stored') AS stored,
    sumIf(span, outcome = 'rejected') AS rejected,
    sumIf(span, outcome = 'lost') AS lost,
    sum(refused) AS dropped
FROM
(
    SELECT
        device,
        any(outcome) AS outcome,
        any(span) AS span,
        any(arraySum(mapValues(dropped))) AS refused
    FROM observations
    WHERE empty({devices:Array(UUID)}) OR has({devices:Array(UUID)}, device)
    GROUP BY device, epoch, seq
)
GROUP BY device
ORDER BY device
