-- One more hour of the fleet of fleet.sql: a vitals summary and three programs of every laptop, numbers without holes.
INSERT INTO observations (device, epoch, seq, kind, observed_at, received_at, simulated, boot_id, sample_window, cpu_utilization, memory_usage, memory_limit, memory_pressure, filesystems, temperature_max, throttled)
WITH cityHash64(number, 11) AS h, fromUnixTimestamp64Micro({now:Int64}, 'UTC') - toIntervalMinute(h % 60) AS at
SELECT
    reinterpret(toUInt128(number + 1), 'UUID'), reinterpret(toUInt128(number + 1000001), 'UUID'), {days:UInt32} * 24 + 1, 'vitals', at, at, true, 'boot', 3600, 0.1, 4000000000, 16000000000,
    0.01, [('/', 'ext4', 100000000000, 256000000000)], 60, 0
FROM numbers_mt(toUInt64({devices:UInt32}));

INSERT INTO observations (device, epoch, seq, kind, observed_at, received_at, simulated, executable_name, executable_path, executable_sha256, package, parent_executable_name, user_class, place, starts, cpu_time)
WITH number % 3 AS i, intDiv(number, 3) AS dev, cityHash64(number, 12) AS h, fromUnixTimestamp64Micro({now:Int64}, 'UTC') - toIntervalMinute(h % 60) AS at,
    concat('program-', toString(h % 5000)) AS name
SELECT
    reinterpret(toUInt128(dev + 1), 'UUID'), reinterpret(toUInt128(dev + 1000001), 'UUID'), {days:UInt32} * 24 + 2 + i, 'process', at, at, true,
    name, concat('/usr/bin/', name), lower(hex(h % 5000)), concat('dpkg:', name, '@2'), 'bash', 'person', 'system_path', 1, 5
FROM numbers_mt(toUInt64({devices:UInt32}) * 3);
