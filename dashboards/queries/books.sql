-- Where every number ended, per device; all devices when none is named. A number counts once, also when its row stands twice
-- until a merge, and also when the observation itself has expired. What was dropped comes as a sum over the epoch: its largest holds.
SELECT
    device,
    sum(stored_) AS stored,
    sum(rejected_) AS rejected,
    sum(lost_) AS lost,
    sum(dropped_) AS dropped
FROM
(
    SELECT
        device, epoch,
        sum(arraySum(mapValues(on_page.1))) AS stored_, sum(on_page.2) AS rejected_, sum(on_page.3) AS lost_, max(on_page.4) AS dropped_
    FROM
    (
        SELECT device, epoch, page, (maxMap(stored), max(rejected), max(lost), max(dropped)) AS on_page
        FROM book_pages_now
        WHERE empty({devices:Array(UUID)}) OR device IN {devices:Array(UUID)}
        GROUP BY device, epoch, page
    )
    GROUP BY device, epoch
)
GROUP BY device
ORDER BY device
