-- One day (number `day` of `days` up to `now`) of a plausible fleet of `devices` laptops straight into the table: 24 numbers a
-- laptop and day, without holes: vitals 1-6, programs 7-18, apps 19-21, a boot 22, an inventory 23, the agent's health 24.
-- No randomness but a hash of the row's number, so every run makes the same fleet. A real laptop tells more often (vitals
-- every five minutes); detectors read days, so that costs disk and folding, not rounds.

INSERT INTO observations (device, epoch, seq, kind, observed_at, received_at, simulated, boot_id, sample_window, cpu_utilization, cpu_utilization_max, memory_usage, memory_limit, memory_pressure, io_pressure, filesystems, temperature_max, throttled, battery_charge, on_battery, uptime, process_count)
WITH
    number % 6 AS i, intDiv(number, 6) % {devices:UInt32} AS dev, intDiv(number, 6 * {devices:UInt32}) AS d,
    cityHash64(number, 1) AS h, fromUnixTimestamp64Micro({now:Int64}, 'UTC') - toIntervalDay({days:UInt32} - 1 - d) - toIntervalHour(8 - i) AS at
SELECT
    reinterpret(toUInt128(dev + 1), 'UUID'), reinterpret(toUInt128(dev + 1000001), 'UUID'), d * 24 + i + 1, 'vitals', at, at + toIntervalSecond(h % 30), true,
    concat('boot-', toString(dev), '-', toString(d)), 3600, (h % 100) / 300, (h % 100) / 120, 4000000000 + h % 4000000000, 16000000000,
    (h % 97) / 2000, (h % 89) / 1500,
    [('/', 'ext4', 100000000000 + toUInt64(d) * 100000000 * (dev % 7 = 0) + h % 1000000000, 256000000000), ('/home', 'ext4', 60000000000 + h % 900000000, 500000000000)],
    50 + h % 30, (h % 50 = 0) * 0.1, (h % 100) / 100, h % 3 = 0, i * 3600, 200 + h % 100
FROM numbers_mt(toUInt64({day:UInt32}) * {devices:UInt32} * 6, toUInt64({devices:UInt32}) * 6);

INSERT INTO observations (device, epoch, seq, kind, observed_at, received_at, simulated, executable_name, executable_path, executable_sha256, package, signer, original_file_name, parent_executable_name, parent_package, user_class, place, first_seen, starts, running, cpu_time, memory_usage, disk_io, traits, pid)
WITH
    number % 12 AS i, intDiv(number, 12) % {devices:UInt32} AS dev, intDiv(number, 12 * {devices:UInt32}) AS d,
    cityHash64(number, 2) AS h, fromUnixTimestamp64Micro({now:Int64}, 'UTC') - toIntervalDay({days:UInt32} - 1 - d) - toIntervalMinute(h % 500) AS at,
    -- Nine programs that this laptop runs every day, and three of a long tail.
    if(i < 9, (cityHash64(dev, i) % 150), toUInt64(150 * exp((h % 1000003) / 1000003 * log(67)))) AS rank,
    h % 4000 = 0 AS own,
    if(own, concat('tool-', lower(hex(h))), concat('program-', toString(rank))) AS name,
    rank % 10 < 7 AND NOT own AS packaged, rank % 10 = 7 AND NOT own AS signed_
SELECT
    reinterpret(toUInt128(dev + 1), 'UUID'), reinterpret(toUInt128(dev + 1000001), 'UUID'), d * 24 + 6 + i + 1, 'process', at, at + toIntervalSecond(h % 30), true,
    name, if(packaged, concat('/usr/bin/', name), concat('~/.local/share/', name, '/', name)), lower(concat(hex(cityHash64(name, packaged ? intDiv(d, 30) : 0)), hex(cityHash64(name, 1)), hex(cityHash64(name, 2)), hex(cityHash64(name, 3)))),
    if(packaged, concat('dpkg:', name, '@1.', toString(intDiv(d, 30))), ''), if(signed_, 'Example Software Ltd', ''), '',
    ['systemd', 'bash', 'gnome-shell', 'firefox'][rank % 4 + 1], 'dpkg:systemd@252', ['system', 'person', 'person', 'service'][rank % 4 + 1],
    if(packaged, 'system_path', 'home'), at - toIntervalMinute(10), 1 + h % 20, 1, (h % 10000) / 100, 1000000 * (1 + h % 500), h % 100000000, [], 1000 + h % 30000
FROM numbers_mt(toUInt64({day:UInt32}) * {devices:UInt32} * 12, toUInt64({devices:UInt32}) * 12);

INSERT INTO observations (device, epoch, seq, kind, observed_at, received_at, simulated, app, app_name, category, state, confidence, evidence, flags, account, account_domain, sync_folders, files_changed, bytes_changed)
WITH
    number % 3 AS i, intDiv(number, 3) % {devices:UInt32} AS dev, intDiv(number, 3 * {devices:UInt32}) AS d,
    cityHash64(number, 3) AS h, fromUnixTimestamp64Micro({now:Int64}, 'UTC') - toIntervalDay({days:UInt32} - 1 - d) - toIntervalMinute(h % 500) AS at,
    cityHash64(dev, i, 5) % 40 AS app_
SELECT
    reinterpret(toUInt128(dev + 1), 'UUID'), reinterpret(toUInt128(dev + 1000001), 'UUID'), d * 24 + 18 + i + 1, 'app', at, at + toIntervalSecond(h % 30), true,
    concat('app-', toString(app_)), concat('App ', toString(app_)), ['cloud_sync', 'file_transfer', 'messaging', 'remote_access'][app_ % 4 + 1],
    ['installed', 'signed_in', 'running_now'][h % 3 + 1], 0.9, ['the package app is installed', 'a program of it runs'], [], '', '', 1, h % 20, h % 40000000
FROM numbers_mt(toUInt64({day:UInt32}) * {devices:UInt32} * 3, toUInt64({devices:UInt32}) * 3);

INSERT INTO observations (device, epoch, seq, kind, observed_at, received_at, simulated, boot_id, started_at, ended_at, boot_end, confidence, initiator, stop_code, evidence, os_version)
WITH
    number % {devices:UInt32} AS dev, intDiv(number, {devices:UInt32}) AS d, cityHash64(number, 4) AS h,
    fromUnixTimestamp64Micro({now:Int64}, 'UTC') - toIntervalDay({days:UInt32} - 1 - d) AS at,
    -- A crash in 150 boots; one laptop in 500 crashes every day of the last week.
    (h % 150 = 0) OR (dev % 500 = 0 AND d + 7 >= {days:UInt32}) AS bad
SELECT
    reinterpret(toUInt128(dev + 1), 'UUID'), reinterpret(toUInt128(dev + 1000001), 'UUID'), d * 24 + 22, 'boot', at, at + toIntervalSecond(h % 30), true,
    concat('boot-', toString(dev), '-', toString(d)), at - toIntervalHour(9), at - toIntervalMinute(h % 60), if(bad, 'crash', if(h % 15 = 1, 'update', 'clean_poweroff')),
    0.9, if(bad, '', 'user'), if(bad, concat('0x', hex(toUInt16(h % 50))), ''), ['the journal of the boot ends'], '6.1.0-18'
FROM numbers_mt(toUInt64({day:UInt32}) * {devices:UInt32}, toUInt64({devices:UInt32}));

INSERT INTO observations (device, epoch, seq, kind, observed_at, received_at, simulated, device_manufacturer, device_model_name, host_arch, host_name, os_type, os_name, os_version, os_build_id, os_kernel, cpu_model_name, cpu_logical_count, memory_limit, disks, batteries, bios_version, components, chassis)
WITH
    number % {devices:UInt32} AS dev, intDiv(number, {devices:UInt32}) AS d, cityHash64(number, 6) AS h,
    fromUnixTimestamp64Micro({now:Int64}, 'UTC') - toIntervalDay({days:UInt32} - 1 - d) - INTERVAL 5 HOUR AS at
SELECT
    reinterpret(toUInt128(dev + 1), 'UUID'), reinterpret(toUInt128(dev + 1000001), 'UUID'), d * 24 + 23, 'inventory', at, at + toIntervalSecond(h % 30), true,
    ['Dell Inc.', 'Lenovo', 'HP'][dev % 3 + 1], concat('Model ', toString(dev % 25)), 'amd64', '', 'linux', 'Debian', '12', concat('12.', toString(dev % 6)), '6.1.0-18', 'Example CPU', 8, 16000000000,
    [('nvme0n1', 'Example SSD', 512000000000, 'ssd', 0.1, 'ok')], [('Example', 0.95 - d * 0.0005, 100 + d, 'LIP')], '1.2',
    arrayMap(n -> (concat('component-', toString(n)), concat('1.', toString(intDiv(d + dev % 30 + n * 7, 30)))), range(12)), 'notebook'
FROM numbers_mt(toUInt64({day:UInt32}) * {devices:UInt32}, toUInt64({devices:UInt32}));

INSERT INTO observations (device, epoch, seq, kind, observed_at, received_at, simulated, service_version, cpu_time, memory_usage, spool_usage, network_io, dropped)
WITH
    number % {devices:UInt32} AS dev, intDiv(number, {devices:UInt32}) AS d, cityHash64(number, 7) AS h,
    fromUnixTimestamp64Micro({now:Int64}, 'UTC') - toIntervalDay({days:UInt32} - 1 - d) - INTERVAL 4 HOUR AS at
SELECT
    reinterpret(toUInt128(dev + 1), 'UUID'), reinterpret(toUInt128(dev + 1000001), 'UUID'), d * 24 + 24, 'agent_health', at, at + toIntervalSecond(h % 30), true,
    '0.1.0', 20, 30000000, 100000, 2000000, map('quota', h % 2)
FROM numbers_mt(toUInt64({day:UInt32}) * {devices:UInt32}, toUInt64({devices:UInt32}));
