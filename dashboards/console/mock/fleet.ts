// Made-up data for looking at pages: one real-looking laptop, forty simulated ones, three planted stories.
// Deterministic for a given "now" and never part of the bundle. Says nothing about how a collector decides.
import type * as T from "../src/api/types.ts";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/** mulberry32: small, seeded, good enough for pictures. */
export function dice(seed: number) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

const MODELS = [
  { model: "Lenovo ThinkPad T14 Gen 3", os: "windows", build: "22631.4460", n: 14, bad: 0.16 },
  { model: "Dell Latitude 5440", os: "windows", build: "22631.4391", n: 10, bad: 0.012 },
  { model: "HP EliteBook 840 G10", os: "windows", build: "26100.2314", n: 7, bad: 0.015 },
  { model: "Apple MacBook Pro 14 (M3)", os: "darwin", build: "24B91", n: 6, bad: 0.006 },
  { model: "Framework Laptop 13", os: "linux", build: "6.11.5-300.fc41", n: 3, bad: 0.02 },
];
const TEAMS = ["Engineering", "Sales", "Design", "Finance", "Field service"];
const PEOPLE =
  "Amara Okafor,Jonas Lindqvist,Mei Tanaka,Rafael Souza,Ingrid Bauer,Tomasz Nowak,Leila Haddad,Owen Price,Sofia Marchetti,Daniel Kim,Priya Nair,Lukas Meier,Chloe Martin,Hassan Ali,Freja Holm,Mateo Ruiz,Anna Kovacs,Ben Carter,Yuki Sato,Elif Demir,Nina Petrova,Paul Weber,Grace Mensah,Ivo Horvat,Carla Rossi,Sam Taylor,Zara Khan,Emil Larsen,Dana Cohen,Victor Silva,Mia Wagner,Noah Brown,Lina Berg,Omar Farouk,Kate Murphy,Jan de Vries,Rosa Lopez,Tim Becker,Ava Wilson,Felix Braun".split(
    ",",
  );

export function build(now: Date) {
  const roll = dice(7);
  const iso = (ms: number) => new Date(ms).toISOString();
  const t = now.getTime();
  const id = (kind: number, n: number) =>
    `0193${kind.toString(16).padStart(4, "0")}-7c00-7000-8000-${n.toString(16).padStart(12, "0")}`;

  const devices: T.Device[] = [];
  const boots = new Map<string, T.Boot[]>();

  const bootsOf = (n: number, bad: number, loop: boolean, os: string): T.Boot[] => {
    const list: T.Boot[] = [];
    for (let day = 60; day >= 0; day--) {
      const date = new Date(t - day * DAY);
      if ((date.getDay() === 0 || date.getDay() === 6) && roll() < 0.85 && !loop) continue;
      let start = new Date(
        date.getFullYear(),
        date.getMonth(),
        date.getDate(),
        7,
        20 + Math.floor(roll() * 90),
      ).getTime();
      const stop = new Date(
        date.getFullYear(),
        date.getMonth(),
        date.getDate(),
        17,
        Math.floor(roll() * 120),
      ).getTime();
      const looping = loop && day <= 6;
      const crashy = bad > 0.1 ? (day <= 12 ? 0.55 : 0.03) : bad * 3;
      while (start < Math.min(stop, t)) {
        let end = stop;
        let kind: T.BootEnd = "clean_poweroff";
        if (looping) {
          end = start + 2 * HOUR + (3 + (roll() - 0.5) * 8) * 60_000;
          kind = "crash";
        } else if (roll() < crashy) {
          end = start + (0.6 + roll() * 6) * HOUR;
          const which = roll();
          kind =
            which < 0.62 ? "crash" : which < 0.8 ? "power_loss_or_hang" : which < 0.94 ? "forced_off" : "failed_boot";
        } else if (date.getDay() === 3 && date.getDate() < 15 && roll() < 0.7) {
          end = start + 4.5 * HOUR;
          kind = "update";
        } else if (roll() < 0.12) {
          end = start + 3 * HOUR;
          kind = "clean_restart";
        }
        end = Math.min(end, stop);
        if (end === stop && kind !== "crash") kind = "clean_poweroff";
        const running = end > t;
        list.push({
          boot_id: `${n}:${list.length}`,
          started_at: iso(start),
          ended_at: running ? null : iso(end),
          end: running ? "running" : kind,
          confidence: running ? 1 : kind === "power_loss_or_hang" ? 0.7 : kind === "crash" ? 0.95 : 0.9,
          initiator: kind === "update" ? "update" : kind.startsWith("clean") ? "user" : "",
          stop_code:
            kind === "crash" ? (os === "windows" ? "0x00000154" : "Kernel panic - not syncing: Fatal exception") : "",
          evidence: running
            ? []
            : kind === "crash"
              ? [
                  "Kernel-Power 41 with BugcheckCode 340",
                  "EventLog 6008: previous shutdown was unexpected",
                  "a minidump was written",
                ]
              : kind === "power_loss_or_hang"
                ? ["Kernel-Power 41 with all codes zero", "no Kernel-General 13 before"]
                : kind === "forced_off"
                  ? ["Kernel-Power 41 with LongPowerButtonPressDetected"]
                  : kind === "failed_boot"
                    ? ["LastBootId rose by 2 with no record between"]
                    : ["Kernel-General 13 and Kernel-Power 109 present"],
          tags: kind === "power_loss_or_hang" && roll() < 0.3 ? ["battery_low"] : [],
          os_version: "10.0.22631",
        });
        start = end + (4 + roll() * 9) * 60_000;
        if (end >= stop) break;
      }
    }
    return list.reverse();
  };

  const add = (
    n: number,
    model: (typeof MODELS)[number],
    simulated: boolean,
    loop: boolean,
    name: string,
    owner: string,
    team: string,
  ) => {
    const device = id(1, n);
    const list = bootsOf(n, model.bad, loop, model.os);
    boots.set(device, list);
    const unexpected = list.filter(
      (boot) =>
        ["crash", "forced_off", "power_loss_or_hang", "failed_boot"].includes(boot.end) &&
        t - Date.parse(boot.started_at) < 30 * DAY,
    ).length;
    const lost = n === 5 || n === 3 ? 37 : 0;
    const stored = 8000 + Math.floor(roll() * 9000);
    devices.push({
      id: device,
      name,
      model: model.model,
      os_type: model.os,
      os_build: model.build,
      team,
      owner: { id: id(2, n), name: owner },
      simulated,
      state: n === 39 ? "revoked" : "active",
      enrolled_at: iso(t - 75 * DAY),
      last_report: n === 38 ? null : iso(t - (n === 33 ? 3 * DAY : roll() * 0.9 * HOUR)),
      agent_version: "0.1.0",
      open_anomalies: loop ? 3 : model.bad > 0.1 && n < 12 ? 1 : 0,
      unexpected_30d: unexpected,
      inventory: {
        observed_at: iso(t - 5 * HOUR),
        device_manufacturer: model.model.split(" ")[0] ?? "",
        device_model_name: model.model.split(" ").slice(1).join(" "),
        host_arch: model.os === "darwin" ? "arm64" : "amd64",
        host_name: "",
        os_type: model.os,
        os_name:
          model.os === "windows" ? "Windows 11 Pro" : model.os === "darwin" ? "macOS Sequoia" : "Fedora Linux 41",
        os_version: model.os === "windows" ? "10.0.22631" : "15.1",
        os_build_id: model.build,
        os_kernel: model.build,
        cpu_model_name: "AMD Ryzen 7 PRO 6850U",
        cpu_logical_count: 16,
        memory_limit: 16 * 1024 ** 3,
        disks: [
          {
            name: "nvme0n1",
            model: "SAMSUNG MZVL2512HCJQ",
            size: 512e9,
            type: "nvme",
            endurance_utilization: 0.11,
            health: "ok",
          },
        ],
        batteries: [{ model: "5B10W51867", health: 0.83, cycles: 312, chemistry: "Li-ion" }],
        bios_version: "1.24",
        chassis: "laptop",
        components: [
          { name: "graphics driver", version: "31.0.24027.1012" },
          { name: "last update", version: "KB5046633" },
          { name: "wi-fi driver", version: "23.70.2.3" },
        ],
      },
      health: {
        observed_at: iso(t - 20 * 60_000),
        service_version: "0.1.0",
        cpu_time: 1.8,
        memory_usage: 9.4 * 1024 ** 2,
        spool_usage: 0,
        network_io: 48_211,
        degraded: n === 5 ? ["process probe every 120 s instead of 30 s: CPU budget"] : [],
        blind_spots: model.os === "linux" ? ["hashes of other users' programs: not running as root"] : [],
        dropped: {},
        redacted: { executable_path: 214, host_name: 1 },
        clock_step: 0,
      },
      books: {
        sent: stored + 4 + lost,
        stored,
        rejected: 4,
        dropped: n === 5 ? 120 : 0,
        lost,
        pending: 0,
        balanced: true,
      },
      losses: lost ? [{ at: iso(t - 9 * DAY), reason: "spool_full", count: 37, kind: "lost" }] : [],
      certificate: {
        serial: `4f0a${n.toString(16).padStart(4, "0")}`,
        not_after: iso(t + 60 * DAY),
        renew_after: iso(t + 30 * DAY),
      },
    });
  };

  add(
    0,
    { model: "QEMU Standard PC (Q35)", os: "linux", build: "6.1.0-18-amd64", n: 1, bad: 0.004 },
    false,
    false,
    "this-machine",
    "Robin Admin",
    "IT",
  );
  let n = 1;
  for (const model of MODELS) {
    for (let each = 0; each < model.n; each++, n++) {
      add(
        n,
        model,
        true,
        n === 3,
        `LT-${String(n).padStart(4, "0")}`,
        PEOPLE[n - 1] ?? "Somebody",
        TEAMS[(n * 7) % 5] ?? "Sales",
      );
    }
  }
  const device = (index: number) => devices[index] as T.Device;
  const ref = (index: number) => ({
    id: device(index).id,
    name: device(index).name,
    simulated: device(index).simulated,
  });
  const short = (each: T.Device) => ({
    id: each.id,
    name: each.name,
    model: each.model,
    team: each.team,
    simulated: each.simulated,
  });

  const spaces: T.Space[] = [
    {
      id: id(3, 1),
      slug: "laptops",
      name: "Laptops",
      description: "Restarts, heat, noise, batteries: anything your laptop does.",
      threads: 4,
      staff_only: false,
    },
    {
      id: id(3, 2),
      slug: "apps",
      name: "Apps and files",
      description: "Sharing, syncing, and what to use for what.",
      threads: 2,
      staff_only: false,
    },
    {
      id: id(3, 3),
      slug: "staff",
      name: "Staff room",
      description: "For technicians and security.",
      threads: 1,
      staff_only: true,
    },
  ];
  const space = (index: number) => {
    const each = spaces[index] as T.Space;
    return { id: each.id, slug: each.slug, name: each.name };
  };

  const post = (
    n: number,
    author: T.Post["author"],
    at: number,
    text: string,
    extra: Partial<T.Post> = {},
  ): T.Post => ({
    id: id(4, n),
    author,
    posted_at: iso(at),
    edited_at: null,
    markdown: text,
    html: text
      .split("\n\n")
      .map(
        (part) =>
          `<p>${part.replace(/`([^`]+)`/g, "<code>$1</code>").replace(/\*\*([^*]+)\*\*/g, "<strong>$1</strong>")}</p>`,
      )
      .join(""),
    accepted: false,
    whisper: false,
    mine: false,
    reply_to: null,
    origin: "",
    files: [],
    ...extra,
  });
  const person = (index: number, roles: T.Role[] = ["user"]): T.Post["author"] => ({
    id: device(index).owner?.id ?? "",
    name: device(index).owner?.name ?? "",
    login: (device(index).owner?.name ?? "").toLowerCase().replace(" ", "."),
    system: false,
    roles,
  });
  const weft: T.Post["author"] = { id: "weft", name: "Weft", login: "", system: true, roles: [] };
  const tech: T.Post["author"] = {
    id: id(2, 900),
    name: "Noor Technician",
    login: "technician",
    system: false,
    roles: ["user", "technician"],
  };

  const thread = (
    n: number,
    title: string,
    where: number,
    messages: T.Post[],
    extra: Partial<T.Thread> = {},
  ): T.Thread => ({
    id: id(5, n),
    space: space(where),
    title,
    author: { id: messages[0]?.author.id ?? "", name: messages[0]?.author.name ?? "" },
    opened_at: messages[0]?.posted_at ?? iso(t),
    last_post_at: messages.at(-1)?.posted_at ?? iso(t),
    posts: messages.length,
    participants: new Set(messages.map((each) => each.author.id)).size,
    solved: false,
    simulated: true,
    anomalies: 0,
    messages,
    links: [],
    accepted_post: null,
    following: false,
    can_moderate: true,
    private: false,
    locked: false,
    pinned: false,
    hidden: false,
    level: "normal",
    unread: 0,
    next_cursor: null,
    can_keep_order: true,
    read_at: null,
    escalations: [],
    members: [],
    hidden_reason: null,
    merged_into: null,
    solved_at: null,
    reopened: 0,
    ...extra,
  });
  const threads: T.Thread[] = [
    thread(
      1,
      "T14 keeps restarting in the middle of calls since the last update",
      0,
      [
        post(
          1,
          person(2),
          t - 4 * DAY,
          "Since Tuesday my T14 restarts **without warning**, mostly during video calls. No message, it is just gone and comes back with the login screen.\n\nIs that the new graphics driver? Anybody else?",
        ),
        post(
          2,
          person(6),
          t - 3.8 * DAY,
          "Same here, same model. Twice yesterday. The event viewer says `0x00000154`.",
        ),
        post(
          3,
          weft,
          t - 3.7 * DAY,
          "9 of 14 ThinkPad T14 Gen 3 crashed unexpectedly since the update KB5046633. This thread was linked to that finding.",
        ),
        post(
          4,
          tech,
          t - 2 * DAY,
          "Thank you both. I can see the crashes of your two laptops, all with the same stop code. Please do **not** reinstall anything yet; I am comparing with the T14s that were spared.\n\nThose still have graphics driver `31.0.21914.9`.",
        ),
        post(
          5,
          tech,
          t - 1.9 * DAY,
          "Suspect confirmed on two test machines. Holding the update back for the spared ones.",
          { whisper: true },
        ),
        post(6, person(4), t - 20 * HOUR, "Rolled the driver back as you said, a full day without a crash now."),
      ],
      { anomalies: 1, following: true },
    ),
    thread(
      2,
      "Laptop restarts every two hours, like clockwork",
      0,
      [
        post(
          11,
          person(3),
          t - 30 * HOUR,
          "It is uncanny: it restarts every two hours. I can set my watch by it. Started a week ago after I installed a PDF tool somebody sent me.",
        ),
        post(12, person(8), t - 26 * HOUR, "Which tool was that? Mine began yesterday and we share an office."),
      ],
      { anomalies: 2 },
    ),
    thread(
      3,
      "What do you use to send 4 GB of footage to a client?",
      1,
      [
        post(21, person(16), t - 12 * DAY, "The approved share stops at 2 GB. What do you all do?"),
        post(22, person(21), t - 11 * DAY, "We went to a private Dropbox in our team. Not proud of it."),
        post(23, person(26), t - 9 * DAY, "Same. IT, could we have something that takes **large files**?"),
      ],
      { anomalies: 1 },
    ),
    thread(
      4,
      "Fan noise after docking",
      0,
      [
        post(31, person(13), t - 20 * DAY, "Loud fan as soon as I dock. Firmware?"),
        post(32, tech, t - 19 * DAY, "Dock firmware 1.0.33 fixes it.", { accepted: true }),
      ],
      { solved: true, accepted_post: id(4, 32) },
    ),
    thread(5, "Battery holds three hours only", 0, [
      post(41, person(18), t - 6 * DAY, "It was seven when it was new."),
    ]),
    thread(
      6,
      "Review: remote access tools in Field service",
      2,
      [post(51, tech, t - 3 * DAY, "AnyDesk on four laptops. Asking the team before judging.")],
      { simulated: false },
    ),
    thread(
      7,
      "Blue screen on waking since the Wi-Fi driver of September",
      0,
      [
        post(61, person(2), t - 31 * DAY, "Opening the lid ends in a blue screen every other morning."),
        post(
          62,
          tech,
          t - 24 * DAY,
          "Go back to Wi-Fi driver `23.60.1.2`: **Device Manager → Network adapters → Roll Back Driver**. No restart needed.",
          { accepted: true },
        ),
        post(63, person(6), t - 19 * DAY, "Did it, quiet since then."),
      ],
      { solved: true, accepted_post: id(4, 62), anomalies: 1 },
    ),
    thread(
      8,
      "Why do you use Dropbox?",
      2,
      [
        post(
          71,
          { id: id(2, 901), name: "Sasha Security", login: "security", system: false, roles: ["user", "security"] },
          t - 1 * DAY,
          "We saw **Dropbox** on LT-0003. Nobody is in trouble, and nothing is decided: we ask first.\n\nWhy do you use it, and for what? What does the approved tool lack?",
        ),
      ],
      { private: true, simulated: false },
    ),
  ];

  const t14 = devices.filter((each) => each.model.includes("T14"));
  const hit = t14.filter((_, index) => index % 3 !== 2);
  const spared = t14.filter((_, index) => index % 3 === 2);
  const crashes = hit
    .flatMap((each) =>
      (boots.get(each.id) ?? [])
        .filter((boot) => boot.end === "crash" && boot.ended_at && t - Date.parse(boot.ended_at) < 12 * DAY)
        .map((boot) => ({ each, boot })),
    )
    .sort((a, b) => Date.parse(b.boot.ended_at ?? "") - Date.parse(a.boot.ended_at ?? ""));
  const loops = (boots.get(device(3).id) ?? []).filter(
    (boot) => boot.end === "crash" && boot.ended_at && t - Date.parse(boot.ended_at) < 7 * DAY,
  );

  const anomaly = (
    n: number,
    of: Partial<T.Anomaly> & Pick<T.Anomaly, "kind" | "detector" | "severity" | "title" | "why">,
  ): T.Anomaly => ({
    id: id(6, n),
    confidence: 0.9,
    score: 10,
    state: "open",
    judgement: null,
    from: iso(t - 6 * DAY),
    to: iso(t - HOUR),
    opened_at: iso(t - 5 * DAY),
    updated_at: iso(t - HOUR * n),
    resolved_at: null,
    relapses: 0,
    device: null,
    cohort: null,
    devices: 1,
    at_risk: 0,
    simulated: true,
    thread: null,
    evidence: [],
    affected: [],
    at_risk_devices: [],
    links: [],
    timeline: [],
    rule: null,
    ...of,
  });

  const anomalies: T.Anomaly[] = [
    anomaly(1, {
      kind: "compound",
      detector: "compound.malware",
      severity: "critical",
      title: "LT-0003 restarts by the clock and runs a program nobody else had, which now spreads to its neighbours",
      why: [
        `LT-0003 restarts every 2 h 03 min (± 4 min), ${loops.length} times in 7 days; before that it had no unexpected end in 53 days.`,
        "Nine minutes before the first restart a program named pdfsvc.exe appeared in its temp folder, unsigned, owned by no package.",
        "The same content appeared on LT-0008 and LT-0011 within 31 hours; all three belong to Engineering. No other laptop of 41 has it.",
      ],
      confidence: 0.93,
      device: ref(3),
      devices: 3,
      at_risk: 6,
      affected: [3, 8, 11].map((each) => short(device(each))),
      at_risk_devices: devices
        .filter((each) => each.team === device(3).team && each.id !== device(3).id)
        .slice(0, 6)
        .map(short),
      evidence: [
        {
          kind: "process",
          device: ref(3),
          at: iso(t - 6.4 * DAY),
          text: "pdfsvc.exe first seen, place temp, unsigned, started by explorer.exe",
        },
        ...loops.slice(0, 8).map((boot) => ({
          kind: "boot",
          device: ref(3),
          at: boot.ended_at ?? "",
          text: "crash, stop code 0x154, confidence 0.95",
        })),
        { kind: "process", device: ref(8), at: iso(t - 40 * HOUR), text: "pdfsvc.exe first seen, same content" },
        { kind: "process", device: ref(11), at: iso(t - 29 * HOUR), text: "pdfsvc.exe first seen, same content" },
      ],
      timeline: [
        { at: iso(t - 6.4 * DAY), device: device(3).id, kind: "process", text: "pdfsvc.exe first seen" },
        ...loops.map((boot) => ({ at: boot.ended_at ?? "", device: device(3).id, kind: "boot", text: "crash" })),
        { at: iso(t - 40 * HOUR), device: device(8).id, kind: "process", text: "pdfsvc.exe first seen" },
        { at: iso(t - 22 * HOUR), device: device(8).id, kind: "boot", text: "crash" },
        { at: iso(t - 29 * HOUR), device: device(11).id, kind: "process", text: "pdfsvc.exe first seen" },
      ].sort((a, b) => Date.parse(a.at) - Date.parse(b.at)),
    }),
    anomaly(2, {
      kind: "reboot",
      detector: "reboot.outbreak",
      severity: "high",
      title: `${hit.length} of ${t14.length} ThinkPad T14 Gen 3 crash since the update KB5046633, 11 times the fleet`,
      why: [
        `${hit.length} of ${t14.length} ThinkPad T14 Gen 3 had an unexpected end in the last 12 days; in the rest of the fleet 2 of 27 did.`,
        "That is 11 times the fleet's rate (95 % interval 5.2 to 24), with 14 expected from their own past: 3.",
        "The laptops that crash have graphics driver 31.0.24027.1012; the spared ones have 31.0.21914.9.",
        "Almost every crash carries the stop code 0x154.",
      ],
      confidence: 0.97,
      cohort: { by: "model", value: "Lenovo ThinkPad T14 Gen 3" },
      devices: hit.length,
      at_risk: spared.length,
      affected: hit.map(short),
      at_risk_devices: spared.map(short),
      evidence: crashes.slice(0, 22).map(({ each, boot }) => ({
        kind: "boot",
        device: { id: each.id, name: each.name },
        at: boot.ended_at ?? "",
        text: `crash, stop code 0x154, confidence 0.95`,
      })),
      timeline: crashes.map(({ each, boot }) => ({
        at: boot.ended_at ?? "",
        device: each.id,
        kind: "boot",
        text: "crash, stop code 0x154",
      })),
    }),
    anomaly(3, {
      kind: "app",
      detector: "app.growth",
      severity: "medium",
      title: "Private Dropbox grows in Design: from 1 to 7 laptops in six weeks",
      why: [
        "Dropbox was running on 1 of 8 Design laptops six weeks ago and on 7 of 8 now.",
        "38 GiB changed in its folders in the last 30 days; the approved share of the same people lost a third of its traffic.",
        "All accounts are personal ones. Nobody has given a verdict for Design.",
      ],
      confidence: 0.88,
      cohort: { by: "team", value: "Design" },
      devices: 7,
      affected: devices
        .filter((each) => each.team === "Design")
        .slice(0, 7)
        .map(short),
      evidence: [
        {
          kind: "app",
          device: ref(16),
          at: iso(t - 2 * DAY),
          text: "Dropbox running, personal account, 4.1 GiB changed this week",
        },
      ],
      timeline: devices
        .filter((each) => each.team === "Design")
        .slice(0, 7)
        .map((each, index) => ({
          at: iso(t - (40 - index * 6) * DAY),
          device: each.id,
          kind: "app",
          text: "Dropbox first seen running",
        })),
    }),
    anomaly(4, {
      kind: "process",
      detector: "process.masquerade",
      severity: "high",
      title: "svchosts.exe on LT-0021 looks like a system program and is none",
      why: [
        "The name differs by one letter from svchost.exe.",
        "It lies in the home folder, is unsigned, and runs on this laptop only.",
      ],
      device: ref(21),
      affected: [short(device(21))],
      state: "acknowledged",
      evidence: [
        { kind: "process", device: ref(21), at: iso(t - 8 * HOUR), text: "svchosts.exe, ~/AppData/Local, unsigned" },
      ],
      timeline: [{ at: iso(t - 8 * HOUR), device: device(21).id, kind: "process", text: "svchosts.exe first seen" }],
    }),
    anomaly(5, {
      kind: "capacity",
      detector: "capacity.disk",
      severity: "low",
      title: "LT-0018's disk is full in about 9 days",
      why: ["1.4 GB a day for three weeks; 12.9 GB are left (between 7 and 13 days)."],
      device: ref(18),
      affected: [short(device(18))],
      evidence: [{ kind: "vitals", device: ref(18), at: iso(t - 3 * HOUR), text: "home: 97 % of 512 GB used" }],
      timeline: [{ at: iso(t - 3 * HOUR), device: device(18).id, kind: "vitals", text: "97 % used" }],
    }),
    anomaly(6, {
      kind: "app",
      detector: "app.unsanctioned",
      severity: "medium",
      title: "AnyDesk, unsanctioned, runs on 4 laptops of Field service",
      why: ["AnyDesk is unsanctioned for everybody since March and was seen running on 4 laptops in the last 7 days."],
      devices: 4,
      cohort: { by: "team", value: "Field service" },
      affected: devices
        .filter((each) => each.team === "Field service")
        .slice(0, 4)
        .map(short),
    }),
    anomaly(7, {
      kind: "reboot",
      detector: "reboot.rate",
      severity: "info",
      title: "LT-0030 had 3 unexpected ends in a week, usual is none",
      why: ["3 unexpected ends since Monday; in the 8 weeks before there was 1."],
      device: ref(30),
      affected: [short(device(30))],
      state: "resolved",
      resolved_at: iso(t - 2 * DAY),
      judgement: "expected",
      rule: {
        id: "r1",
        judgement: "expected",
        scope: "device",
        until: iso(t + 20 * DAY),
        by: "Noor Technician",
        at: iso(t - 2 * DAY),
      },
    }),
  ];

  const link = (a: number, th: number, score: number, state: T.LinkState, reasons: T.Reason[]) => {
    const from = anomalies[a] as T.Anomaly;
    const to = threads[th] as T.Thread;
    const made: T.Link = {
      anomaly: { id: from.id, title: from.title, kind: from.kind, severity: from.severity, state: from.state },
      thread: { id: to.id, title: to.title, space: to.space.name },
      score,
      state,
      reasons,
    };
    from.links.push(made);
    to.links.push(made);
    if (!from.thread || state === "automatic") from.thread = { id: to.id, title: to.title, state };
  };
  link(0, 1, 0.94, "automatic", [
    { feature: "owner", weight: 2.6, text: "the author owns LT-0003" },
    { feature: "symptom", weight: 2.1, text: "the text names unexpected restarts: “restarts every two hours”" },
    { feature: "time", weight: 0.9, text: "it was opened while the restarts were going on" },
    { feature: "participant", weight: 0.7, text: "a participant owns LT-0008, also affected" },
  ]);
  link(1, 0, 0.96, "automatic", [
    { feature: "model", weight: 2.2, text: "the title names the model T14" },
    { feature: "code", weight: 1.9, text: "a post quotes the stop code 0x00000154" },
    { feature: "participant", weight: 1.4, text: "3 participants own affected laptops" },
    { feature: "symptom", weight: 1.2, text: "the text names unexpected restarts" },
  ]);
  link(1, 1, 0.41, "suggested", [
    { feature: "symptom", weight: 1.2, text: "the text names unexpected restarts" },
    { feature: "model", weight: 0.8, text: "the author has a ThinkPad T14 Gen 3" },
    { feature: "time", weight: -0.6, text: "it began four days after the outbreak" },
  ]);
  link(2, 2, 0.71, "suggested", [
    { feature: "app", weight: 1.8, text: "a post names Dropbox" },
    { feature: "participant", weight: 1.1, text: "3 participants own laptops where it grows" },
  ]);

  return { devices, boots, anomalies, threads, spaces, now, iso, id, roll };
}

export type Fleet = ReturnType<typeof build>;
