-- Everything that devices reported, one row per observation.
--
-- One report = one insert = one part: a report is there whole or not at all. Numbers that were refused or lost are rows
-- too (`outcome`), so the books are one query over one table. Columns are shared by kinds where name and meaning are the
-- same; a column that a kind does not have is empty and costs almost nothing.
--
-- Sorted by kind first: screens and detectors read one kind at a time, and vitals must not be in the way of boots.
-- Partitioned by the month of `received_at`: a report has one, hence lands in one partition.

CREATE TABLE IF NOT EXISTS observations
(
    device UUID,
    epoch UUID,
    seq UInt64 CODEC(Delta, ZSTD(1)),
    -- Numbers that this row stands for: 1, or the length of a gap.
    span UInt64 DEFAULT 1,
    -- 'stored', 'rejected', 'lost'
    outcome LowCardinality(String) DEFAULT 'stored',
    -- Machine word of a rejection or a loss, and the words to it.
    reason LowCardinality(String),
    detail String,
    -- 'boot', 'resume', 'process', 'app', 'vitals', 'inventory', 'agent_health'; empty unless stored
    kind LowCardinality(String),
    observed_at DateTime64(6, 'UTC') CODEC(Delta, ZSTD(1)),
    received_at DateTime64(6, 'UTC') CODEC(Delta, ZSTD(1)),
    simulated Bool,

    -- boot, resume, vitals
    boot_id String CODEC(ZSTD(1)),
    -- boot
    started_at Nullable(DateTime64(6, 'UTC')),
    ended_at Nullable(DateTime64(6, 'UTC')),
    boot_end LowCardinality(String),
    confidence Float64,
    initiator LowCardinality(String),
    stop_code LowCardinality(String),
    evidence Array(String),
    tags Array(LowCardinality(String)),
    os_version LowCardinality(String),
    -- resume
    resumed_from LowCardinality(String),

    -- process
    executable_name LowCardinality(String),
    executable_path String CODEC(ZSTD(1)),
    executable_sha256 String CODEC(ZSTD(1)),
    package LowCardinality(String),
    signer LowCardinality(String),
    original_file_name LowCardinality(String),
    parent_executable_name LowCardinality(String),
    parent_package LowCardinality(String),
    user_class LowCardinality(String),
    place LowCardinality(String),
    first_seen Nullable(DateTime64(6, 'UTC')),
    starts UInt32,
    running UInt32,
    cpu_time Float64,
    memory_usage UInt64,
    disk_io UInt64,
    traits Array(LowCardinality(String)),
    script String,
    command_line String,
    pid UInt32,

    -- app
    app LowCardinality(String),
    app_name LowCardinality(String),
    category LowCardinality(String),
    state LowCardinality(String),
    flags Array(LowCardinality(String)),
    account LowCardinality(String),
    account_domain LowCardinality(String),
    app_version LowCardinality(String),
    sync_folders UInt32,
    files_changed UInt32,
    bytes_changed UInt64,
    change_incomplete Bool,

    -- vitals
    sample_window Float64,
    cpu_utilization Float64,
    cpu_utilization_max Float64,
    memory_limit UInt64,
    paging_usage UInt64,
    memory_pressure Nullable(Float64),
    io_pressure Nullable(Float64),
    filesystems Array(Tuple(mountpoint String, type String, usage UInt64, limit UInt64)),
    temperature_max Nullable(Float64),
    throttled Nullable(Float64),
    battery_charge Nullable(Float64),
    on_battery Nullable(Bool),
    uptime Float64,
    process_count UInt32,

    -- inventory
    device_manufacturer LowCardinality(String),
    device_model_name LowCardinality(String),
    device_model_identifier LowCardinality(String),
    host_arch LowCardinality(String),
    host_name String,
    os_type LowCardinality(String),
    os_name LowCardinality(String),
    os_build_id LowCardinality(String),
    os_kernel LowCardinality(String),
    cpu_model_name LowCardinality(String),
    cpu_logical_count UInt32,
    disks Array(Tuple(name String, model String, size UInt64, type String, endurance_utilization Nullable(Float64), health String)),
    batteries Array(Tuple(model String, health Float64, cycles Nullable(UInt32), chemistry String)),
    bios_version LowCardinality(String),
    components Array(Tuple(name String, version String)),
    chassis LowCardinality(String),

    -- agent_health
    service_version LowCardinality(String),
    spool_usage UInt64,
    network_io UInt64,
    dropped Map(String, UInt64),
    redacted Map(String, UInt64),
    degraded Array(String),
    blind_spots Array(String),
    policy_version UInt64,
    clock_step Float64
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(received_at)
ORDER BY (kind, device, epoch, seq)
SETTINGS
    -- An acknowledged insert is on disk: the part's files and its directory.
    fsync_after_insert = 1,
    fsync_part_directory = 1,
    -- A retry of the same block within so many inserts is recognised by its token.
    non_replicated_deduplication_window = 10000;
