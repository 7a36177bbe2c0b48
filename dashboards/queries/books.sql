-- Where every number ended, per device; all devices when none is named. A number counts once, also when its row stands twice
-- until a merge, and also when the observation itself has expired.
SELECT
    device,
    sum(arraySum(mapValues(stored_))) AS stored,
    sum(rejected_) AS rejected,
    sum(lost_) AS lost,
    sum(dropped_) AS dropped
FROM
(
    SELECT
        device, epoch, page,
        maxMap(stored) AS stored_, max(rejected) AS rejected_, max(lost) AS lost_, max(dropped) AS dropped_
    FROM book_pages_now
    WHERE empty({devices:Array(UUID)}) OR device IN {devices:Array(UUID)}
    GROUP BY device, epoch, page
)
GROUP BY device
ORDER BY device
