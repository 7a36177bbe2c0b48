-- How sessions of each device ended, per month (UTC): what restarts cost.
WITH
    fromUnixTimestamp64Micro({from:Int64}, 'UTC') AS since,
    fromUnixTimestamp64Micro({now:Int64}, 'UTC') + INTERVAL 1 HOUR AS until
SELECT device, formatDateTime(at, '%Y-%m') AS month, boot_end AS end, toUInt32(count()) AS count
FROM boots
WHERE at >= since AND at <= until AND boot_end IN ('crash', 'forced_off', 'power_loss_or_hang', 'failed_boot', 'update')
GROUP BY device, month, end
ORDER BY device, month, end
LIMIT 1000000
