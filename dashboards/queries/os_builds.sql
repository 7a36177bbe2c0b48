-- Devices per operating system build, by their newest inventory.
SELECT newest.1 AS os_build, newest.2 AS os_type, count() AS devices
FROM
(
    SELECT device, argMax((toString(os_build), toString(os_type)), observed_at) AS newest
    FROM inventory_days_now
    WHERE ({everything:Bool} OR device IN {devices:Array(UUID)})
    GROUP BY device
)
GROUP BY os_build, os_type
ORDER BY devices DESC, os_build
LIMIT 100
