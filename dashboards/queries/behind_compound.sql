-- Restarts and programs of the laptops of a compound anomaly in one line of time, oldest first; `names`: which programs.
SELECT device, at, what, text
FROM
(
    SELECT device, at, 'boot' AS what, concat(boot_end, if(stop_code = '', '', concat(', stop code ', stop_code))) AS text
    FROM boots
    WHERE device IN {devices:Array(UUID)} AND unexpected
    UNION ALL
    SELECT
        device, observed_at AS at, 'process' AS what,
        concat(executable_name, ' started by ', parent_executable_name, ', ', executable_path) AS text
    FROM processes
    WHERE device IN {devices:Array(UUID)} AND (empty({names:Array(String)}) OR lower(executable_name) IN {names:Array(String)})
)
WHERE at >= fromUnixTimestamp64Micro({from:Int64}, 'UTC') AND at <= fromUnixTimestamp64Micro({to:Int64}, 'UTC')
ORDER BY at, device, what
LIMIT {limit:UInt32}
