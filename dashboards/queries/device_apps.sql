-- One device's apps, by their newest observation each.
SELECT
    app, newest.1 AS name, newest.2 AS category, newest.3 AS state, newest.4 AS confidence, newest.5 AS flags,
    newest.6 AS account, newest.7 AS account_domain, newest.8 AS evidence,
    first AS first_seen, last AS last_seen, files AS files_changed, bytes AS bytes_changed
FROM
(
    SELECT
        app,
        argMax((app_name, category, state, confidence, flags, account, account_domain, evidence), (observed_at, seq)) AS newest,
        min(observed_at) AS first,
        max(observed_at) AS last,
        sum(files_changed) AS files,
        sum(bytes_changed) AS bytes
    FROM observations FINAL
    WHERE kind = 'app' AND outcome = 'stored' AND device = {device:UUID}
    GROUP BY app
)
ORDER BY last_seen DESC, app
LIMIT 500
