-- Names of programs: how many lives each has, and on how many devices a program of this name runs, whatever its case.
SELECT name, rows, devices
FROM
(
    SELECT toString(name) AS name, count() AS rows
    FROM program_lives
    WHERE last >= fromUnixTimestamp64Micro({from:Int64}, 'UTC')
    GROUP BY name
) AS exact
INNER JOIN
(
    SELECT lower(name) AS lowered, toUInt32(uniqExact(device)) AS devices
    FROM program_lives
    WHERE last >= fromUnixTimestamp64Micro({from:Int64}, 'UTC')
    GROUP BY lowered
) AS folded ON folded.lowered = lower(exact.name)
ORDER BY name
