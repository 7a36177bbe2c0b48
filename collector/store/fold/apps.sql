-- Apps: whole days anew, joined into the lives.
INSERT INTO app_lives
SELECT
    device, app,
    argMaxState((toString(app_name), toString(category), toString(state), toString(account), toString(account_domain), arraySlice(evidence, 1, 10)),
                (observed_at, seq)) AS newest,
    max(confidence) AS confidence,
    groupUniqArrayArray(CAST(flags, 'Array(String)')) AS flags,
    min(observed_at) AS first,
    max(observed_at) AS last,
    maxMap(map(day, toUInt8(transform(toString(state), ['folder_left', 'installed', 'signed_in', 'running_now'], [1, 2, 3, 4], 0)))) AS strongest,
    sumMap(map(day, bytes_changed)) AS bytes,
    maxMap(map(day, toUInt8(state != 'removed'))) AS present
FROM
(
    SELECT device, toInt32(intDiv(toUnixTimestamp64Micro(observed_at), 86400000000)) AS day, epoch, seq, observed_at, app, app_name, category, state, account, account_domain, evidence, confidence, flags, bytes_changed
    FROM observations
    WHERE outcome = 'stored' AND kind = 'app' AND device BETWEEN {low:UUID} AND {high:UUID}
      -- Nothing is received long before its day, but for a clock that is ahead: months that end earlier are not read.
      AND received_at >= fromUnixTimestamp64Micro({received_from:Int64}, 'UTC')
      AND observed_at >= fromUnixTimestamp64Micro({from:Int64}, 'UTC') AND observed_at <= fromUnixTimestamp64Micro({until:Int64}, 'UTC')
      AND (device, toInt32(intDiv(toUnixTimestamp64Micro(observed_at), 86400000000))) IN
          (
            SELECT device, toInt32(intDiv(toUnixTimestamp64Micro(observed_at), 86400000000))
            FROM observations
            WHERE outcome = 'stored' AND kind = 'app' AND device BETWEEN {low:UUID} AND {high:UUID}
              AND (stored_at >= fromUnixTimestamp64Micro({stored_from:Int64}, 'UTC') OR observed_at > fromUnixTimestamp64Micro({known_until:Int64}, 'UTC'))
              AND observed_at <= fromUnixTimestamp64Micro({until:Int64}, 'UTC')
          )
    LIMIT 1 BY device, epoch, seq
)
GROUP BY device, app
