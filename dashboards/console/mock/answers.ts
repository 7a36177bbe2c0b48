// Answers of a pretended collector, typed by the same shapes as the console. Roles are kept roughly, to see refusals.
import type * as T from "../src/api/types.ts";
import { Beside } from "./beside.ts";
import { Connecting } from "./connecting.ts";
import { build, type Fleet } from "./fleet.ts";
import { Mailing } from "./mailing.ts";
import { Talk } from "./talk.ts";

const DAY = 86_400_000;
export interface Asked {
  method: string;
  path: string;
  query: URLSearchParams;
  body: Record<string, unknown>;
  login: string;
}
export interface Answer {
  status: number;
  body?: unknown;
  login?: string | null;
  /** Instead of a JSON body. */
  bytes?: Buffer;
  media?: string;
}

const ok = (body?: unknown): Answer => ({ status: body === undefined ? 204 : 200, body });
const refuse = (status: number, title: string, detail: string, code: string): Answer => ({
  status,
  body: { type: `https://weft.invalid/problems/${code}`, title, status, detail, code, request_id: "01JD8Z5Q" },
});
const page = <I>(items: I[], query: URLSearchParams, size = 50): T.Page<I> => {
  const from = Number(query.get("cursor") || 0);
  const limit = Number(query.get("limit") || size);
  return {
    items: items.slice(from, from + limit),
    next_cursor: from + limit < items.length ? String(from + limit) : null,
  };
};

export class MockCollector {
  private readonly fleet: Fleet;
  private readonly beside: Beside;
  private readonly connecting: Connecting;
  private readonly talk: Talk;
  private readonly mailing: Mailing;
  private readonly people: Record<string, T.Me>;

  constructor(now: Date) {
    this.fleet = build(now);
    this.beside = new Beside(this.fleet);
    this.connecting = new Connecting(this.fleet);
    this.talk = new Talk(this.fleet);
    this.mailing = new Mailing(this.fleet);
    const own = (n: number) => {
      const device = this.fleet.devices[n] as T.Device;
      return [{ id: device.id, name: device.name }];
    };
    const me = (login: string, name: string, roles: T.Role[], devices: T.Me["devices"], id: string): T.Me => ({
      id,
      login,
      name,
      team: "IT",
      roles,
      devices,
    });
    this.people = {
      admin: me("admin", "Robin Admin", ["user", "admin"], own(0), this.fleet.id(2, 0)),
      technician: me("technician", "Noor Technician", ["user", "technician"], [], this.fleet.id(2, 900)),
      security: me("security", "Sasha Security", ["user", "security"], [], this.fleet.id(2, 901)),
      user: me("user", "Mei Tanaka", ["user"], own(3), this.fleet.id(2, 3)),
      nobody: me("nobody", "New Person", ["user"], [], this.fleet.id(2, 902)),
    };
  }

  answer(asked: Asked): Answer {
    const { method, path, body, query } = asked;
    if (path === "/session" && method === "POST") {
      return this.people[String(body.login)] && body.password === "weft"
        ? { status: 200, body: this.people[String(body.login)], login: String(body.login) }
        : refuse(401, "Not signed in", "Login or password is wrong.", "bad_credentials");
    }
    const me = this.people[asked.login];
    if (!me) return refuse(401, "Not signed in", "Sign in first.", "unauthenticated");
    if (path === "/session") return { status: 204, login: null };
    if (query.get("q") === "explode")
      return refuse(500, "The engine did not answer", "ClickHouse took longer than 10 s.", "engine_timeout");
    const parts = path.split("/").slice(1);
    const beside = this.beside.answer(asked, me, parts);
    if (beside) return beside;
    const connecting = this.connecting.answer(asked, me, parts);
    if (connecting) return connecting;
    const mailing = this.mailing.answer(asked, me, parts);
    if (mailing) return mailing;
    const talk = this.talk.answer(asked, me, parts);
    if (talk) return talk;
    const noun = parts[0] ?? "";
    const handler = this.nouns[noun];
    return handler ? handler(asked, me, parts) : refuse(404, "Nothing here", `${path} does not exist.`, "not_found");
  }

  private readonly nouns: Record<string, (asked: Asked, me: T.Me, parts: string[]) => Answer> = {
    me: (_, me) => ok(me),
    overview: () => ok(this.overview()),
    devices: (asked, me, parts) => this.devices(asked, me, parts),
    anomalies: (asked, me, parts) => this.anomalies(asked, me, parts),
    links: (_, __, parts) => this.decide(parts),
    spaces: () => ok(this.fleet.spaces),
    threads: (asked, me, parts) => this.threads(asked, me, parts),
    posts: () => ok({}),
    apps: ({ method, query }, me) =>
      method !== "GET"
        ? ok()
        : me.roles.some((role) => role === "security" || role === "admin")
          ? ok(page(this.apps(), query))
          : refuse(403, "Not shown to you", "Apps are shown to security staff and administrators.", "forbidden"),
    audit: ({ query }) => ok(page(this.audit(), query, 20)),
    tokens: ({ method }) =>
      method === "POST"
        ? ok({ secret: "weft_enrol_3kX9mQv2T8pLr5Wc7Yb1Nd4Zs6Hf0Gj" })
        : method === "DELETE"
          ? ok()
          : ok(this.tokens()),
  };

  private overview(): T.Overview {
    const { devices, boots, anomalies, threads, iso, now } = this.fleet;
    const days = new Map<string, { day: string; clean: number; update: number; unexpected: number }>();
    for (let day = 59; day >= 0; day--) {
      const key = iso(now.getTime() - day * DAY).slice(0, 10);
      days.set(key, { day: key, clean: 0, update: 0, unexpected: 0 });
    }
    const models = new Map<string, { model: string; devices: number; unexpected: number; per_device_week: number }>();
    for (const device of devices) {
      const row = models.get(device.model) ?? { model: device.model, devices: 0, unexpected: 0, per_device_week: 0 };
      row.devices += 1;
      for (const boot of boots.get(device.id) ?? []) {
        const day = boot.ended_at ? days.get(boot.ended_at.slice(0, 10)) : undefined;
        const bad = ["crash", "forced_off", "power_loss_or_hang", "failed_boot"].includes(boot.end);
        if (bad) row.unexpected += 1;
        if (!day) continue;
        if (bad) day.unexpected += 1;
        else if (boot.end === "update") day.update += 1;
        else day.clean += 1;
      }
      row.per_device_week = row.unexpected / row.devices / (60 / 7);
      models.set(device.model, row);
    }
    const builds = new Map<string, { os_build: string; os_type: string; devices: number }>();
    for (const device of devices) {
      const row = builds.get(device.os_build) ?? { os_build: device.os_build, os_type: device.os_type, devices: 0 };
      row.devices += 1;
      builds.set(device.os_build, row);
    }
    const sum = (pick: (books: T.Books) => number) => devices.reduce((total, device) => total + pick(device.books), 0);
    const kinds: Record<T.Kind, number> = { reboot: 0, process: 0, app: 0, capacity: 0, compound: 0 };
    for (const anomaly of anomalies) if (anomaly.state !== "resolved") kinds[anomaly.kind] += 1;
    return {
      devices: {
        total: devices.length,
        real: 1,
        simulated: devices.length - 1,
        reporting_24h: devices.length - 2,
        never: 1,
      },
      observations: {
        boot: 2410,
        process: 188_340,
        app: 9120,
        vitals: 214_880,
        inventory: 2460,
        resume: 3310,
        agent_health: 58_020,
      },
      anomalies: kinds,
      threads: {
        open: threads.filter((thread) => !thread.solved).length,
        solved: threads.filter((thread) => thread.solved).length,
      },
      links: { suggested: 2, automatic: 2, confirmed: 0 },
      books: {
        sent: sum((b) => b.sent),
        stored: sum((b) => b.stored),
        rejected: sum((b) => b.rejected),
        dropped: 120,
        lost: sum((b) => b.lost),
        pending: 0,
        balanced: true,
      },
      boots_by_day: [...days.values()],
      unexpected_by_model: [...models.values()],
      apps_by_week: APPS.flatMap((app) =>
        app.weeks.map((devices, week) => ({
          week: iso(now.getTime() - (7 - week) * 7 * DAY).slice(0, 10),
          app: app.app,
          name: app.name,
          devices,
        })),
      ),
      os_builds: [...builds.values()],
      newest: anomalies.filter((anomaly) => anomaly.state !== "resolved"),
    };
  }

  private devices({ query, method, path }: Asked, me: T.Me, parts: string[]): Answer {
    const { devices, boots, now, iso, roll } = this.fleet;
    const id = parts[1];
    if (!id) {
      const q = (query.get("q") ?? "").toLowerCase();
      const found = devices.filter(
        (device) =>
          `${device.name} ${device.model} ${device.owner?.name}`.toLowerCase().includes(q) &&
          (!query.get("team") || device.team === query.get("team")) &&
          (!query.get("model") || device.model === query.get("model")) &&
          (!query.get("os") || device.os_type === query.get("os")),
      );
      return ok(page(found, query, 25));
    }
    const device = devices.find((each) => each.id === id);
    if (!device) return refuse(404, "No such laptop", "No device has this id.", "not_found");
    const own = me.devices.some((each) => each.id === id);
    const priv = own || me.roles.includes("security") || me.roles.includes("admin");
    switch (parts[2]) {
      case undefined:
        return ok(device);
      case "boots":
        return ok({ items: boots.get(id) ?? [], next_cursor: null });
      case "processes":
        if (!priv)
          return refuse(
            403,
            "Not shown to you",
            "Processes are shown to the owner, security staff and administrators.",
            "forbidden",
          );
        return ok(page(this.processes(device), query));
      case "apps":
        if (!priv)
          return refuse(
            403,
            "Not shown to you",
            "Apps are shown to the owner, security staff and administrators.",
            "forbidden",
          );
        return ok(page(this.deviceApps(), query));
      case "vitals": {
        const days = Math.max(1, (now.getTime() - Date.parse(query.get("from") ?? iso(now.getTime() - 7 * DAY))) / DAY);
        const points = 400;
        const at = Array.from(
          { length: points },
          (_, index) => now.getTime() - days * DAY * (1 - index / (points - 1)),
        );
        const day = (ms: number) => Math.max(0, Math.sin(((new Date(ms).getHours() - 7) / 11) * Math.PI));
        const series: T.VitalsSeries = {
          at: at.map(iso),
          cpu_utilization: at.map((ms) => 0.04 + day(ms) * 0.3 * roll() + 0.1 * roll()),
          memory_usage: at.map((ms) => (0.35 + day(ms) * 0.3 + 0.03 * roll()) * 16 * 1024 ** 3),
          memory_limit: at.map(() => 16 * 1024 ** 3),
          disk_usage_ratio: at.map((_, index) => 0.61 + 0.0001 * index),
          temperature_max: at.map((ms) => (day(ms) === 0 ? null : 44 + day(ms) * 24 + 6 * roll())),
          battery_charge: at.map((ms) => (day(ms) === 0 ? null : 1 - day(ms) * 0.5 * roll())),
        };
        return ok(series);
      }
      case "observations":
        if (!own && !me.roles.includes("admin"))
          return refuse(403, "Not shown to you", "Records are shown to the owner and administrators.", "forbidden");
        return ok(page(this.sent(query.get("kind")), query, 15));
      case "looks":
        if (!own && !me.roles.includes("admin"))
          return refuse(403, "Not shown to you", "Looks are shown to the owner and administrators.", "forbidden");
        return ok(page(this.looks(), query));
      default:
        return method === "POST" ? ok() : refuse(404, "Nothing here", path, "not_found");
    }
  }

  private anomalies({ query, method }: Asked, _me: T.Me, parts: string[]): Answer {
    const { anomalies, threads } = this.fleet;
    if (!parts[1]) {
      const match = (name: string, value: string) => !query.get(name) || query.get(name) === value;
      const found = anomalies.filter(
        (each) =>
          match("state", each.state) &&
          match("kind", each.kind) &&
          match("severity", each.severity) &&
          (!query.get("device") || each.affected.some((device) => device.id === query.get("device"))) &&
          each.title.toLowerCase().includes((query.get("q") ?? "").toLowerCase()),
      );
      return ok(page(found, query));
    }
    const anomaly = anomalies.find((each) => each.id === parts[1]);
    if (!anomaly) return refuse(404, "No such anomaly", "It may have been merged into another.", "not_found");
    if (parts[2] === "acknowledge") anomaly.state = "acknowledged";
    if (parts[2] === "resolve") anomaly.state = "resolved";
    if (parts[2] === "thread") return ok(threads[0]);
    if (parts[3] === "preview") return ok({ would_hide: query.get("scope") === "fleet" ? 14 : 2 });
    return method === "GET" ? ok(anomaly) : ok();
  }

  private decide(parts: string[]): Answer {
    for (const link of this.fleet.anomalies.flatMap((anomaly) => anomaly.links)) {
      if (link.anomaly.id === parts[1] && link.thread.id === parts[2])
        link.state = parts[3] === "confirm" ? "confirmed" : "rejected";
    }
    return ok();
  }

  private threads({ query, method, body }: Asked, me: T.Me, parts: string[]): Answer {
    const { threads } = this.fleet;
    if (!parts[1]) {
      if (method === "POST") return ok(threads[0]);
      const q = (query.get("q") ?? "").toLowerCase();
      const found = threads.filter(
        (thread) =>
          (!thread.private || me.roles.some((role) => role === "security" || role === "admin")) &&
          (!query.get("space") || thread.space.slug === query.get("space")) &&
          (!query.get("state") || (query.get("state") === "solved") === thread.solved) &&
          (!query.get("pinned") || (query.get("pinned") === "true") === thread.pinned) &&
          (query.get("hidden") === "true") === thread.hidden &&
          (!query.get("mine") || thread.messages.some((post) => post.author.id === me.id)) &&
          (thread.title + thread.messages.map((post) => post.markdown).join()).toLowerCase().includes(q),
      );
      return ok(page(found, query));
    }
    const thread = threads.find((each) => each.id === parts[1]);
    if (!thread) return refuse(404, "No such thread", "It may have been deleted.", "not_found");
    const staff = me.roles.length > 1;
    switch (parts[2]) {
      case undefined:
        return ok({
          ...thread,
          messages: thread.messages
            .filter((post) => staff || !post.whisper)
            .map((post) => ({ ...post, mine: post.author.id === me.id })),
          can_moderate: staff,
        });
      case "posts": {
        const text = String(body.markdown ?? "");
        thread.messages.push({
          id: `${Date.now()}`,
          author: { id: me.id, name: me.name, login: me.login, system: false, roles: me.roles },
          posted_at: new Date().toISOString(),
          edited_at: null,
          markdown: text,
          html: `<p>${text.replaceAll("&", "&amp;").replaceAll("<", "&lt;")}</p>`,
          accepted: false,
          whisper: body.whisper === true,
          mine: true,
          reply_to: body.reply_to ? String(body.reply_to) : null,
          origin: "",
          files: [],
        });
        return ok(thread.messages.at(-1));
      }
      case "accept":
        thread.accepted_post = String(body.post);
        thread.solved = true;
        return ok();
      case "reopen":
        thread.accepted_post = null;
        thread.solved = false;
        return ok();
      case "follow":
        thread.following = method === "PUT";
        return ok();
      default:
        return ok();
    }
  }

  private processes(device: T.Device): T.Process[] {
    const { iso, now } = this.fleet;
    const t = now.getTime();
    const row = (
      name: string,
      path: string,
      pkg: string,
      place: string,
      devices: number,
      traits: string[] = [],
    ): T.Process => ({
      executable_name: name,
      executable_path: path,
      executable_sha256: `${name}9f2c`,
      package: pkg,
      signer: "",
      parent_executable_name: place === "temp" ? "explorer.exe" : "services.exe",
      user_class: place === "temp" ? "person" : "system",
      place,
      first_seen: iso(t - (devices < 3 ? 6 : 70) * DAY),
      last_seen: iso(t - 600_000),
      starts: devices < 3 ? 41 : 900,
      cpu_time: devices < 3 ? 3120 : 210,
      memory_usage: 84_000_000,
      traits,
      devices_in_fleet: devices,
    });
    return [
      ...(["LT-0003", "LT-0008"].includes(device.name)
        ? [row("pdfsvc.exe", "~\\AppData\\Local\\Temp\\…\\pdfsvc.exe", "", "temp", 3, ["hidden_name"])]
        : []),
      row("AutoHotkey64.exe", "~\\Tools\\AutoHotkey64.exe", "", "home", 2),
      row("Code.exe", "C:\\Program Files\\Microsoft VS Code\\Code.exe", "Microsoft Corporation", "program_path", 17),
      row("chrome.exe", "C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe", "Google LLC", "program_path", 39),
      row("svchost.exe", "C:\\Windows\\System32\\svchost.exe", "Microsoft Windows", "system_path", 31),
    ];
  }

  private deviceApps(): T.DeviceApp[] {
    const { iso, now } = this.fleet;
    return APPS.slice(0, 4).map((app, index) => ({
      app: app.app,
      name: app.name,
      category: app.category,
      state: index === 3 ? "folder_left" : "running_now",
      confidence: index === 3 ? 0.6 : 0.95,
      flags: index === 1 ? ["portable"] : [],
      account: index === 0 ? "personal" : index === 1 ? "" : "business",
      account_domain: index === 0 ? "gmail.com" : "example.org",
      first_seen: iso(now.getTime() - 40 * DAY),
      last_seen: iso(now.getTime() - 2 * 3_600_000),
      files_changed: 412 * (4 - index),
      bytes_changed: 1.7e9 * (4 - index),
      verdict: app.verdicts[0]?.verdict ?? null,
      evidence: [`process ${app.app}`, "sync folder present"],
    }));
  }

  private apps(): T.AppRow[] {
    const { iso, now } = this.fleet;
    const t = now.getTime();
    return APPS.map((app) => ({
      app: app.app,
      name: app.name,
      category: app.category,
      devices: app.weeks.at(-1) ?? 0,
      teams: app.teams.map(([team, devices]) => ({ team, devices })),
      first_seen: iso(t - 60 * DAY),
      last_seen: iso(t - 3_600_000),
      bytes_changed_30d: app.bytes,
      running: Math.floor((app.weeks.at(-1) ?? 0) * 0.7),
      verdicts: app.verdicts.map((each) => ({
        ...each,
        until: each.days === null ? null : iso(t + each.days * DAY),
        at: iso(t - 20 * DAY),
      })),
      trend: app.weeks.map((devices, week) => ({ week: iso(t - (7 - week) * 7 * DAY).slice(0, 10), devices })),
    }));
  }

  private sent(kind: string | null): T.SentRecord[] {
    const { iso, now, boots, devices } = this.fleet;
    const boot = boots.get((devices[3] as T.Device).id)?.[0];
    const kinds = ["vitals", "process", "app", "boot", "agent_health"];
    return Array.from({ length: 60 }, (_, index) => {
      const of = kinds[index % kinds.length] ?? "vitals";
      return {
        seq: 9120 - index,
        epoch: "0193aa10-7c00-7000-8000-0000000000ee",
        observed_at: iso(now.getTime() - index * 340_000),
        kind: of,
        observation: {
          observed_at: iso(now.getTime() - index * 340_000),
          [of]: of === "boot" ? boot : { cpu_utilization: 0.08, memory_usage: 6_123_401_216 },
        },
      };
    }).filter((record) => !kind || record.kind === kind);
  }

  private looks(): T.Look[] {
    const { iso, now } = this.fleet;
    return [
      {
        at: iso(now.getTime() - 2 * 3_600_000),
        who: { id: "1", name: "Noor Technician", roles: ["technician"] },
        what: "boots, vitals",
      },
      {
        at: iso(now.getTime() - 26 * 3_600_000),
        who: { id: "2", name: "Sasha Security", roles: ["security"] },
        what: "processes, because of “LT-0003 restarts by the clock…”",
      },
    ];
  }

  private audit(): T.AuditEntry[] {
    const { iso, now } = this.fleet;
    const rows: [string, string, string, string, "ok" | "refused"][] = [
      ["admin", "token.create", "Sales, November", "40 uses, 7 days", "ok"],
      ["security", "verdict.set", "dropbox", "tolerated for Design: ask first", "ok"],
      ["LT-0040", "enroll", "token “Sales, October”", "the token is used up", "refused"],
      ["technician", "anomaly.judge", "LT-0030 had 3 unexpected ends", "expected, device", "ok"],
      ["technician", "device.processes", "LT-0003", "the role may not see processes", "refused"],
    ];
    return Array.from({ length: 45 }, (_, index) => {
      const [actor, action, object, detail, outcome] = rows[index % rows.length] as (typeof rows)[number];
      return { id: String(index), at: iso(now.getTime() - index * 5_000_000), actor, action, object, detail, outcome };
    });
  }

  private tokens(): T.Token[] {
    const { iso, now } = this.fleet;
    const t = now.getTime();
    return [
      {
        id: "1",
        name: "Sales, November",
        team: "Sales",
        uses_left: 12,
        uses: 40,
        created_at: iso(t - 3 * DAY),
        expires_at: iso(t + 4 * DAY),
        revoked: false,
      },
      {
        id: "2",
        name: "Fleet simulator",
        team: "",
        uses_left: 0,
        uses: 40,
        created_at: iso(t - 1 * DAY),
        expires_at: iso(t + DAY),
        revoked: false,
      },
      {
        id: "3",
        name: "Lost laptop",
        team: "Finance",
        uses_left: 1,
        uses: 1,
        created_at: iso(t - 30 * DAY),
        expires_at: iso(t - 29 * DAY),
        revoked: true,
      },
    ];
  }
}

interface MockApp {
  app: string;
  name: string;
  category: string;
  weeks: number[];
  bytes: number;
  teams: [string, number][];
  verdicts: { team: string | null; verdict: T.Verdict; days: number | null; reason: string; by: string }[];
}
const APPS: MockApp[] = [
  {
    app: "dropbox",
    name: "Dropbox",
    category: "cloud_sync",
    weeks: [1, 2, 2, 3, 4, 6, 7, 9],
    bytes: 38.2 * 1024 ** 3,
    teams: [
      ["Design", 7],
      ["Sales", 2],
    ],
    verdicts: [],
  },
  {
    app: "wetransfer",
    name: "WeTransfer",
    category: "file_transfer",
    weeks: [3, 3, 4, 3, 4, 5, 4, 5],
    bytes: 6e9,
    teams: [
      ["Design", 3],
      ["Sales", 2],
    ],
    verdicts: [],
  },
  {
    app: "onedrive",
    name: "OneDrive",
    category: "cloud_sync",
    weeks: [31, 31, 31, 31, 30, 31, 31, 31],
    bytes: 2.1e11,
    teams: [
      ["Engineering", 9],
      ["Sales", 8],
      ["Finance", 6],
      ["Field service", 6],
      ["Design", 2],
    ],
    verdicts: [{ team: null, verdict: "sanctioned", days: null, reason: "The company's own", by: "Sasha Security" }],
  },
  {
    app: "anydesk",
    name: "AnyDesk",
    category: "remote_access",
    weeks: [2, 2, 3, 3, 4, 4, 4, 4],
    bytes: 0,
    teams: [["Field service", 4]],
    verdicts: [
      { team: null, verdict: "unsanctioned", days: null, reason: "Use the company's tool", by: "Sasha Security" },
    ],
  },
  {
    app: "slack",
    name: "Slack",
    category: "messaging",
    weeks: [12, 12, 13, 12, 14, 14, 14, 15],
    bytes: 0,
    teams: [
      ["Engineering", 9],
      ["Design", 6],
    ],
    verdicts: [
      { team: null, verdict: "tolerated", days: 30, reason: "Until the new contract", by: "Sasha Security" },
      { team: "Engineering", verdict: "sanctioned", days: null, reason: "Works with suppliers", by: "Sasha Security" },
    ],
  },
  {
    app: "syncthing",
    name: "Syncthing",
    category: "cloud_sync",
    weeks: [1, 1, 1, 1, 1, 1, 1, 1],
    bytes: 1.2e9,
    teams: [["Engineering", 1]],
    verdicts: [],
  },
];
