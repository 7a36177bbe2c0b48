-- How many observations of each kind were stored, expired ones included; a number counts once.
SELECT kind, sum(n) AS observations
FROM
(
    SELECT device, epoch, page, maxMap(stored) AS stored_
    FROM book_pages_now
    WHERE {everything:Bool} OR device IN {devices:Array(UUID)}
    GROUP BY device, epoch, page
)
ARRAY JOIN mapKeys(stored_) AS kind, mapValues(stored_) AS n
GROUP BY kind
ORDER BY kind
