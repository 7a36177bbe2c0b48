-- When each device was last heard, by the collector's clock.
SELECT device, max(received) AS last
FROM book_pages_now
WHERE {everything:Bool} OR device IN {devices:Array(UUID)}
GROUP BY device
ORDER BY device
