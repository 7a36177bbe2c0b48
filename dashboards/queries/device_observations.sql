-- The literal records of one device, newest first, a page at a time. The cursor is the last record of the page before.
SELECT *
FROM observations
WHERE device = {device:UUID} AND outcome = 'stored'
  AND ({kind:String} = '' OR kind = {kind:String})
  AND observed_at >= fromUnixTimestamp64Micro({from:Int64}, 'UTC')
  AND observed_at < fromUnixTimestamp64Micro({to:Int64}, 'UTC')
  AND (NOT {paged:Bool} OR (toUnixTimestamp64Micro(observed_at), epoch, seq) < ({at:Int64}, {epoch:UUID}, {seq:UInt64}))
ORDER BY observed_at DESC, epoch DESC, seq DESC
LIMIT 1 BY epoch, seq
LIMIT {limit:UInt32}
