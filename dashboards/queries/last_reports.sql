-- When each device was last heard, by the collector's clock.
SELECT device, max(received_at) AS last, max(observed_at) AS observed
FROM observations
WHERE {everything:Bool} OR device IN {devices:Array(UUID)}
GROUP BY device
ORDER BY device
