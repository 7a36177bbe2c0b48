-- Unexpected ends per device in a window.
SELECT device, count() AS unexpected
FROM boots
WHERE ({everything:Bool} OR device IN {devices:Array(UUID)})
  AND unexpected
  AND at >= fromUnixTimestamp64Micro({from:Int64}, 'UTC')
  AND at <= fromUnixTimestamp64Micro({to:Int64}, 'UTC')
GROUP BY device
ORDER BY device
