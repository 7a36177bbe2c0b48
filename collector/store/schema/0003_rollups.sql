-- What detectors and the fleet's pages read instead of every observation: one row per device and thing or day.
--
-- Filled by `telemetry/fold.rs` from the observations, never by a materialized view. Every column is a join (min, max, the
-- newest, the value of the largest count), so folding the same observations again, in any order, in pieces or twice, changes
-- nothing, and a row that stands twice until a merge counts once (docs/adr/0009). Days are days since 1970, UTC, by the
-- laptop's clock. Readers group; nothing depends on when merges run.

-- When an observation was stored, by the clock of this server: what came since the last fold is found by it. Rows from
-- before this column have the time they were received.
ALTER TABLE observations ADD COLUMN IF NOT EXISTS stored_at DateTime64(3, 'UTC') DEFAULT received_at CODEC(Delta, ZSTD(1));

ALTER TABLE observations MATERIALIZE COLUMN stored_at SETTINGS mutations_sync = 2;

ALTER TABLE observations MODIFY COLUMN stored_at DateTime64(3, 'UTC') DEFAULT now64(3, 'UTC') CODEC(Delta, ZSTD(1));

ALTER TABLE observations ADD INDEX IF NOT EXISTS stored_at_range stored_at TYPE minmax GRANULARITY 1;

-- Times that ClickHouse cannot hold (before 1900, after 2299), as they were told: field name -> text. The columns hold the
-- nearest moment that it can.
ALTER TABLE observations ADD COLUMN IF NOT EXISTS original_times Map(String, String);

-- How far folding has come. `until`: observations of later than this, by the laptop's clock, wait.
CREATE TABLE IF NOT EXISTS folds
(
    name LowCardinality(String) DEFAULT 'all',
    stored_to DateTime64(3, 'UTC'),
    until DateTime64(6, 'UTC'),
    at DateTime64(3, 'UTC') DEFAULT now64(3, 'UTC')
)
ENGINE = ReplacingMergeTree(at)
ORDER BY name;

-- Signs of life. `live`: what an agent saw itself; boots are history that it may find later. Starts of boots stand on their own
-- day, in rows that have nothing else.
CREATE TABLE IF NOT EXISTS device_days
(
    device UUID,
    day Int32 CODEC(Delta, ZSTD(1)),
    first_live SimpleAggregateFunction(min, Nullable(DateTime64(6, 'UTC'))),
    last_live SimpleAggregateFunction(max, Nullable(DateTime64(6, 'UTC'))),
    first_any SimpleAggregateFunction(min, Nullable(DateTime64(6, 'UTC'))),
    last_any SimpleAggregateFunction(max, Nullable(DateTime64(6, 'UTC'))),
    started SimpleAggregateFunction(min, Nullable(DateTime64(6, 'UTC')))
)
ENGINE = AggregatingMergeTree
ORDER BY (device, day);

-- The newest word about each boot.
CREATE TABLE IF NOT EXISTS boot_states
(
    device UUID,
    boot_id String CODEC(ZSTD(1)),
    newest AggregateFunction(argMax,
        Tuple(Nullable(DateTime64(6, 'UTC')), Nullable(DateTime64(6, 'UTC')), String, Float64, String,
              String, Array(String), String, DateTime64(6, 'UTC'), Bool, Array(String)),
        Tuple(DateTime64(6, 'UTC'), UInt64))
)
ENGINE = AggregatingMergeTree
ORDER BY (device, boot_id);

-- Each program (as far as SQL can name it) on each device.
CREATE TABLE IF NOT EXISTS program_lives
(
    name LowCardinality(String),
    owner LowCardinality(String),
    signed LowCardinality(String),
    path String CODEC(ZSTD(1)),
    sha String CODEC(ZSTD(1)),
    lies LowCardinality(String),
    device UUID,
    first SimpleAggregateFunction(min, DateTime64(6, 'UTC')),
    -- The first moment of the observations, without what the agent knows of the time before.
    observed SimpleAggregateFunction(min, DateTime64(6, 'UTC')),
    last SimpleAggregateFunction(max, DateTime64(6, 'UTC')),
    -- day -> starts, day -> milliseconds of CPU: whole days, so the larger value knows more of the day.
    starts SimpleAggregateFunction(maxMap, Map(Int32, UInt64)),
    cpu SimpleAggregateFunction(maxMap, Map(Int32, UInt64)),
    parent AggregateFunction(argMin, Tuple(String, String), Tuple(DateTime64(6, 'UTC'), UInt64)),
    newest AggregateFunction(argMax,
        Tuple(String, String, String, String, String, Array(String)),
        Tuple(DateTime64(6, 'UTC'), UInt64))
)
ENGINE = AggregatingMergeTree
ORDER BY (name, owner, signed, path, sha, lies, device);

-- Each app on each device. Keys of the maps: days.
CREATE TABLE IF NOT EXISTS app_lives
(
    device UUID,
    app LowCardinality(String),
    newest AggregateFunction(argMax,
        Tuple(String, String, String, String, String, Array(String)),
        Tuple(DateTime64(6, 'UTC'), UInt64)),
    confidence SimpleAggregateFunction(max, Float64),
    flags SimpleAggregateFunction(groupUniqArrayArray, Array(String)),
    first SimpleAggregateFunction(min, DateTime64(6, 'UTC')),
    last SimpleAggregateFunction(max, DateTime64(6, 'UTC')),
    -- The strongest sign of a day: 0 unknown, 1 folder_left, 2 installed, 3 signed_in, 4 running_now.
    strongest SimpleAggregateFunction(maxMap, Map(Int32, UInt8)),
    bytes SimpleAggregateFunction(maxMap, Map(Int32, UInt64)),
    -- Days on which it was there, not only removed.
    present SimpleAggregateFunction(maxMap, Map(Int32, UInt8))
)
ENGINE = AggregatingMergeTree
ORDER BY (device, app);

-- One day of vitals; the row that saw most summaries of the day stands.
CREATE TABLE IF NOT EXISTS vitals_days
(
    device UUID,
    day Int32 CODEC(Delta, ZSTD(1)),
    summaries UInt32,
    pressure Nullable(Float64),
    throttled Nullable(Float64),
    hottest Nullable(Float64),
    -- (mountpoint, By used at the day's end, By it can hold)
    filesystems Array(Tuple(mountpoint LowCardinality(String), usage UInt64, limit UInt64))
)
ENGINE = ReplacingMergeTree(summaries)
ORDER BY (device, day);

-- The newest inventory of each day.
CREATE TABLE IF NOT EXISTS inventory_days
(
    device UUID,
    day Int32 CODEC(Delta, ZSTD(1)),
    observed_at DateTime64(6, 'UTC'),
    os_type LowCardinality(String),
    os_build LowCardinality(String),
    manufacturer LowCardinality(String),
    model LowCardinality(String),
    battery_health Nullable(Float64),
    battery_cycles Nullable(UInt32)
)
ENGINE = ReplacingMergeTree(observed_at)
ORDER BY (device, day);

-- Each component version on each device. It is there now when `last` is the newest inventory's time.
CREATE TABLE IF NOT EXISTS component_lives
(
    device UUID,
    name LowCardinality(String),
    version LowCardinality(String),
    first SimpleAggregateFunction(min, DateTime64(6, 'UTC')),
    last SimpleAggregateFunction(max, DateTime64(6, 'UTC'))
)
ENGINE = AggregatingMergeTree
ORDER BY (device, name, version);

-- Where numbers ended, 256 to a row. Counts only grow, so the larger one knows more; they stay when observations expire.
CREATE TABLE IF NOT EXISTS book_pages
(
    device UUID,
    epoch UUID,
    page UInt64 CODEC(Delta, ZSTD(1)),
    stored SimpleAggregateFunction(maxMap, Map(String, UInt64)),
    rejected SimpleAggregateFunction(max, UInt64),
    lost SimpleAggregateFunction(max, UInt64),
    dropped SimpleAggregateFunction(max, UInt64),
    -- The last number written on it.
    reach SimpleAggregateFunction(max, UInt64),
    received SimpleAggregateFunction(max, DateTime64(6, 'UTC'))
)
ENGINE = AggregatingMergeTree
ORDER BY (device, epoch, page)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

-- Up to which number an epoch was without holes when something of it expired: what is below was durable.
CREATE TABLE IF NOT EXISTS frontiers
(
    device UUID,
    epoch UUID,
    seq SimpleAggregateFunction(max, UInt64)
)
ENGINE = AggregatingMergeTree
ORDER BY (device, epoch)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

-- Boots as of the last fold, in the order of their table: for detectors, which fold first.
CREATE OR REPLACE VIEW boots_folded AS
SELECT
    device,
    boot_id,
    it.1 AS started_at,
    it.2 AS ended_at,
    it.3 AS boot_end,
    it.4 AS confidence,
    it.5 AS initiator,
    it.6 AS stop_code,
    it.7 AS tags,
    it.8 AS os_version,
    it.9 AS observed_at,
    boot_end IN ('crash', 'forced_off', 'power_loss_or_hang', 'failed_boot') AS unexpected,
    coalesce(ended_at, started_at, observed_at) AS at
FROM (SELECT device, boot_id, argMaxMerge(newest) AS it FROM boot_states GROUP BY device, boot_id);

-- What was told after the last fold stands beside what was folded: exact at any moment, and quick.
CREATE OR REPLACE VIEW boots AS
SELECT
    device,
    boot_id,
    it.1 AS started_at,
    it.2 AS ended_at,
    it.3 AS boot_end,
    it.4 AS confidence,
    it.5 AS initiator,
    it.6 AS stop_code,
    it.11 AS evidence,
    it.7 AS tags,
    it.8 AS os_version,
    it.9 AS observed_at,
    it.10 AS simulated,
    boot_end IN ('crash', 'forced_off', 'power_loss_or_hang', 'failed_boot') AS unexpected,
    coalesce(ended_at, started_at, observed_at) AS at
FROM
(
    SELECT device, boot_id, argMaxMerge(newest) AS it
    FROM
    (
        SELECT device, boot_id, newest FROM boot_states
        UNION ALL
        SELECT
            device, boot_id,
            argMaxState((started_at, ended_at, toString(boot_end), confidence, toString(initiator), toString(stop_code), CAST(tags, 'Array(String)'),
                         toString(os_version), observed_at, simulated, evidence), (received_at, seq)) AS newest
        FROM observations
        WHERE outcome = 'stored' AND kind = 'boot' AND stored_at >= (SELECT max(stored_to) FROM folds)
        GROUP BY device, boot_id
    )
    GROUP BY device, boot_id
);

CREATE OR REPLACE VIEW app_lives_now AS
SELECT device, app, newest, confidence, flags, first, last, strongest, bytes, present FROM app_lives
UNION ALL
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
    SELECT *, toInt32(intDiv(toUnixTimestamp64Micro(observed_at), 86400000000)) AS day
    FROM observations
    WHERE outcome = 'stored' AND kind = 'app'
      AND (device, toInt32(intDiv(toUnixTimestamp64Micro(observed_at), 86400000000))) IN
          (
            SELECT device, toInt32(intDiv(toUnixTimestamp64Micro(observed_at), 86400000000))
            FROM observations
            WHERE outcome = 'stored' AND kind = 'app' AND stored_at >= (SELECT max(stored_to) FROM folds)
          )
    LIMIT 1 BY device, epoch, seq
)
GROUP BY device, app;

CREATE OR REPLACE VIEW inventory_days_now AS
SELECT device, day, observed_at, os_type, os_build, manufacturer, model FROM inventory_days
UNION ALL
SELECT
    device, toInt32(intDiv(toUnixTimestamp64Micro(observed_at), 86400000000)), observed_at,
    os_type, if(os_build_id != '', os_build_id, os_version), device_manufacturer, device_model_name
FROM observations
WHERE outcome = 'stored' AND kind = 'inventory' AND stored_at >= (SELECT max(stored_to) FROM folds);

CREATE OR REPLACE VIEW book_pages_now AS
SELECT device, epoch, page, stored, rejected, lost, dropped, reach, received FROM book_pages
UNION ALL
SELECT
    device, epoch, page,
    sumMapIf(map(kind_, span_), outcome_ = 'stored') AS stored,
    sumIf(span_, outcome_ = 'rejected') AS rejected,
    sumIf(span_, outcome_ = 'lost') AS lost,
    sum(refused) AS dropped,
    max(seq + span_ - 1) AS reach,
    max(received_) AS received
FROM
(
    SELECT
        device, epoch, intDiv(seq, 256) AS page, seq,
        any(toString(kind)) AS kind_,
        any(toString(outcome)) AS outcome_,
        any(span) AS span_,
        any(arraySum(mapValues(dropped))) AS refused,
        max(received_at) AS received_
    FROM observations
    WHERE (device, epoch, intDiv(seq, 256)) IN
          (SELECT device, epoch, intDiv(seq, 256) FROM observations WHERE stored_at >= (SELECT max(stored_to) FROM folds))
    GROUP BY device, epoch, page, seq
)
GROUP BY device, epoch, page;
