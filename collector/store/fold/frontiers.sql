-- How far each epoch is without a hole, by the books: a page is whole when as many numbers are settled up to its end as there
-- are, the last page when as many as its last number.
INSERT INTO frontiers
SELECT device, epoch, max(total) AS seq
FROM
(
    SELECT device, epoch, total, min(total >= least(page * 256 + 255, reach_)) OVER (PARTITION BY device, epoch ORDER BY page) AS whole
    FROM
    (
        SELECT device, epoch, page, reach_, sum(settled) OVER (PARTITION BY device, epoch ORDER BY page) AS total
        FROM
        (
            SELECT device, epoch, page, arraySum(mapValues(maxMap(stored))) + max(rejected) + max(lost) AS settled, max(reach) AS reach_
            FROM book_pages
            GROUP BY device, epoch, page
        )
    )
)
WHERE whole
GROUP BY device, epoch
