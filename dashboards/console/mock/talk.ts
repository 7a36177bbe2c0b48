// Pretended answers about talk: notices, drafts, files, order, escalations, search, series, long threads. Says nothing about how a
// collector decides; it is made up so that every state of a page can be looked at.
import { deflateSync } from "node:zlib";
import type * as S from "../src/api/talking.ts";
import type * as T from "../src/api/types.ts";
import type { Answer, Asked } from "./answers.ts";
import type { Fleet } from "./fleet.ts";

const DAY = 86_400_000;
const HOUR = 3_600_000;
const FIRST_PAGE = 100;
const ok = (body?: unknown): Answer => ({ status: body === undefined ? 204 : 200, body });
const no = (what: string): Answer => ({
  status: 404,
  body: {
    title: "Nothing here",
    status: 404,
    detail: `There is no ${what}.`,
    code: "not_found",
    request_id: "01JD8Z5Q",
  },
});

export class Talk {
  private readonly drafts = new Map<string, S.Draft>();
  private readonly files = new Map<string, T.FileRef>();
  private notices: S.Notice[];
  private flags: S.Flag[];
  private readonly removed = new Map<string, S.RemovedPost[]>();
  private ticks = 0;

  constructor(private readonly fleet: Fleet) {
    const { iso, now, id, threads } = fleet;
    const t = now.getTime();
    const restarts = threads[0] as T.Thread;
    const [first, second, found, help, whisper, thanks] = restarts.messages as [
      T.Post,
      T.Post,
      T.Post,
      T.Post,
      T.Post,
      T.Post,
    ];
    second.reply_to = first.id;
    thanks.reply_to = help.id;
    help.edited_at = iso(t - 1.95 * DAY);
    whisper.html = whisper.html.replace(
      "two test machines",
      '<a class="mention" href="/threads?q=%40admin">@admin</a>, two test machines',
    );
    const picture = this.keep("event-viewer.png", "image/png", 184_320);
    const log = this.keep("crash-0x154.evtx", "application/octet-stream", 1_204_224);
    second.files = [picture, log];
    second.html += `<p><a href="${picture.url}"><img src="${picture.url}" alt="${picture.name}" loading="lazy"></a></p>`;
    const report = (n: number, at: number, text: string): T.Post => ({
      ...found,
      id: id(4, 900 + n),
      posted_at: iso(at),
      markdown: text,
      html: `<p>${text}</p>`,
    });
    restarts.messages.splice(
      3,
      0,
      report(1, t - 3.1 * DAY, "4 more laptops of this model crashed; 13 of 14 now."),
      report(2, t - 2.4 * DAY, "It began with graphics driver 31.0.24027.1012 on every laptop concerned."),
    );
    restarts.messages.push(report(3, t - 16 * HOUR, "No unexpected end in this group for 24 hours."), {
      ...first,
      id: id(4, 910),
      author: { id: id(2, 3), name: "Mei Tanaka", login: "user", system: false, roles: ["user"] },
      posted_at: iso(t - 2 * HOUR),
      markdown: "Mine is quiet too. Which driver should I stay on?",
      html: "<p>Mine is quiet too. Which driver should I stay on?</p>",
    });
    restarts.read_at = iso(t - 18 * HOUR);
    restarts.unread = 2;
    restarts.level = "tracking";
    restarts.pinned = true;
    restarts.posts = restarts.messages.length;
    restarts.last_post_at = iso(t - 2 * HOUR);
    restarts.escalations = [
      {
        id: id(9, 1),
        thread: restarts.id,
        to: "admin",
        reason: "Someone must hold the driver back for the whole fleet.",
        by: { id: id(2, 900), name: "Noor Technician" },
        at: iso(t - 1.8 * DAY),
        state: "open",
        taken_by: null,
        updated_at: iso(t - 1.8 * DAY),
        note: "",
      },
    ];
    const fan = threads[3] as T.Thread;
    fan.locked = true;
    this.long();
    const about = (thread: T.Thread) => ({ id: thread.id, title: thread.title });
    const notice = (n: number, kind: S.NoticeKind, thread: T.Thread, extra: Partial<S.Notice>): S.Notice => ({
      id: id(10, n),
      kind,
      thread: about(thread),
      post: thread.messages.at(-1)?.id ?? null,
      actor: { id: id(2, 900), name: "Noor Technician" },
      anomaly: null,
      words: "",
      count: 1,
      at: iso(t - n * 3 * HOUR),
      seen_at: n > 3 ? iso(t - 2 * HOUR) : null,
      ...extra,
    });
    this.notices = [
      notice(1, "mention", restarts, {}),
      notice(2, "post", restarts, { count: 4 }),
      notice(3, "linked", threads[1] as T.Thread, { actor: null, words: "LT-0003 restarts by the clock" }),
      notice(5, "accepted", fan, {}),
      notice(9, "escalated", restarts, { words: "Someone must hold the driver back for the whole fleet." }),
      notice(12, "resolved", fan, { actor: null }),
    ];
    const footage = threads[2] as T.Thread;
    const private_ = footage.messages[1] as T.Post;
    this.flags = [
      {
        id: id(11, 1),
        post: private_.id,
        thread: footage.id,
        thread_title: footage.title,
        author: private_.author,
        markdown: private_.markdown,
        by: { id: id(2, 901), name: "Sasha Security" },
        reason: "Names a private account of the team.",
        at: iso(t - 30 * HOUR),
      },
    ];
    this.removed.set(restarts.id, [
      {
        id: id(4, 950),
        author: { id: id(2, 8), name: first.author.name },
        posted_at: iso(t - 3 * DAY),
        markdown: "BUY CHEAP DRIVERS at drivers.example",
        whisper: false,
        removed_at: iso(t - 2.9 * DAY),
        removed_by: { id: id(2, 900), name: "Noor Technician" },
        reason: "Advertisement",
      },
    ]);
  }

  /** A thread of two and a half pages. */
  private long() {
    const { iso, now, id, threads } = this.fleet;
    const base = threads[0] as T.Thread;
    const people = base.messages.filter((post) => !post.author.system).map((post) => post.author);
    const messages = Array.from({ length: 240 }, (_, n): T.Post => {
      const text = `Day ${n + 1}: ${n % 7 === 0 ? "restarted twice, both times in the afternoon" : "no restart so far"}.`;
      return {
        ...(base.messages[0] as T.Post),
        id: id(4, 2000 + n),
        author: people[n % people.length] as T.Post["author"],
        posted_at: iso(now.getTime() - (300 - n) * 6 * HOUR),
        markdown: text,
        html: `<p>${text}</p>`,
        files: [],
        reply_to: null,
      };
    });
    threads.push({
      ...base,
      id: id(5, 20),
      title: "A diary of restarts, all of us, every day",
      messages,
      links: [],
      escalations: [],
      posts: messages.length,
      pinned: false,
      unread: 0,
      read_at: iso(now.getTime()),
      last_post_at: messages.at(-1)?.posted_at ?? "",
      anomalies: 0,
    });
  }

  private keep(name: string, media: string, size: number): T.FileRef {
    const id = this.fleet.id(12, this.files.size + 1);
    const file = { id, name, media, size, url: `/api/v1/attachments/${id}` };
    this.files.set(id, file);
    return file;
  }

  private stamp(): string {
    this.ticks += 1;
    return new Date(this.fleet.now.getTime() + this.ticks).toISOString();
  }

  answer(asked: Asked, me: T.Me, parts: string[]): Answer | null {
    switch (parts[0]) {
      case "notifications":
        return this.notifications(asked, parts);
      case "drafts":
        return this.draft(asked, me, parts);
      case "attachments":
        return this.attachment(asked, parts);
      case "search":
        return ok(this.search(asked.query.get("q") ?? "", me));
      case "flags":
        return ok(this.flags);
      case "escalations":
        return this.escalation(asked, me, parts);
      case "posts":
        return this.post(asked, me, parts);
      case "threads":
        return parts[1] ? this.thread(asked, me, parts) : null;
      default:
        return null;
    }
  }

  private notifications({ query, body }: Asked, parts: string[]): Answer {
    const unseen = this.notices.filter((notice) => notice.seen_at === null);
    if (parts[1] === "count") return ok({ unseen: unseen.length });
    if (parts[1] === "seen") {
      const ids = body.ids as string[] | undefined;
      for (const notice of this.notices)
        if (body.all === true || ids?.includes(notice.id) || body.thread === notice.thread.id)
          notice.seen_at ??= this.stamp();
      return ok();
    }
    return ok({ items: query.get("unseen") ? unseen : this.notices, next_cursor: null });
  }

  private draft({ method, body }: Asked, me: T.Me, parts: string[]): Answer {
    if (parts[1] === undefined) {
      const mine = [...this.drafts].filter(([key]) => key.startsWith(`${me.login}/`));
      return ok(mine.map(([, draft]) => draft));
    }
    const key = `${me.login}/${parts[1]}`;
    const old = this.drafts.get(key);
    if (method === "GET") return old ? ok(old) : no("draft");
    if (method === "DELETE") {
      this.drafts.delete(key);
      return ok();
    }
    if (old && old.updated_at !== body.going_on_from)
      return {
        status: 409,
        body: { title: "Conflict", status: 409, detail: "another window saved", code: "draft_newer" },
      };
    const draft: S.Draft = {
      slot: parts[1] ?? "",
      space: String(body.space ?? ""),
      title: String(body.title ?? ""),
      markdown: String(body.markdown ?? ""),
      whisper: body.whisper === true,
      updated_at: this.stamp(),
    };
    this.drafts.set(key, draft);
    return ok(draft);
  }

  private attachment({ method, query, body }: Asked, parts: string[]): Answer {
    if (method === "POST") {
      const name = query.get("name") ?? "file";
      const picture = /\.(png|jpe?g|gif|webp)$/i.test(name);
      const file = this.keep(name, picture ? "image/png" : "application/octet-stream", Number(body.bytes ?? 0));
      return {
        status: 201,
        body: { ...file, markdown: `${picture ? "!" : ""}[${name}](attachment:${file.id})`, sha256: "" },
      };
    }
    const file = this.files.get(parts[1] ?? "");
    if (!file) return no("file");
    return { status: 200, bytes: PICTURE, media: "image/png" };
  }

  private search(q: string, me: T.Me): S.SearchPage {
    const words = (q.match(/"[^"]*"|\S+/g) ?? [])
      .filter((word) => !word.includes(":") && !word.startsWith("-"))
      .map((word) => word.replaceAll('"', "").toLowerCase());
    const solved = /\bis:(open|solved)\b/.exec(q)?.[1];
    const space = /\bspace:(\S+)/.exec(q)?.[1];
    const staff = me.roles.length > 1;
    const items = this.fleet.threads.flatMap((thread): S.SearchHit[] => {
      if (thread.private || (solved && (solved === "solved") !== thread.solved)) return [];
      if (space && thread.space.slug !== space) return [];
      const posts = thread.messages.filter((post) => (staff || !post.whisper) && meets(post.markdown, words));
      const title = meets(thread.title, words);
      const facts = thread.links.some((link) => meets(link.anomaly.title, words));
      if (posts.length === 0 && !title && !facts) return [];
      const post = posts[0];
      return [
        {
          thread,
          post: post?.id ?? null,
          snippet: marked((post?.markdown ?? thread.title).replace(/\s+/g, " ").slice(0, 220), words),
          score: 1,
          found_in: [
            ...(title ? ["title" as const] : []),
            ...(posts.length ? ["posts" as const] : []),
            ...(facts ? ["facts" as const] : []),
          ],
          posts: posts.length,
        },
      ];
    });
    return { items, next_cursor: null, cut: false };
  }

  private escalation({ body }: Asked, me: T.Me, parts: string[]): Answer {
    const all = this.fleet.threads.flatMap((thread) => thread.escalations);
    if (!parts[1]) return ok(all.filter((each) => each.state !== "closed"));
    const one = all.find((each) => each.id === parts[1]);
    if (!one) return no("escalation");
    one.state = parts[2] === "take" ? "taken" : "closed";
    one.taken_by ??= { id: me.id, name: me.name };
    one.note = String(body.note ?? "");
    return ok(one);
  }

  private post({ method, body }: Asked, me: T.Me, parts: string[]): Answer | null {
    const { threads, iso, now } = this.fleet;
    const thread = threads.find((each) => each.messages.some((post) => post.id === parts[1]));
    const post = thread?.messages.find((each) => each.id === parts[1]);
    switch (parts[2]) {
      case "edits":
        if (!post) return no("post");
        return ok([
          {
            number: 1,
            at: post.posted_at,
            by: post.author,
            markdown: post.markdown.replace("do **not** reinstall", "wait with reinstalling"),
            forgotten: false,
          },
          {
            number: 2,
            at: post.edited_at ?? iso(now.getTime()),
            by: post.author,
            markdown: post.markdown,
            forgotten: false,
          },
        ]);
      case "flag":
        return ok();
      case "flags":
        this.flags = this.flags.filter((flag) => flag.post !== parts[1]);
        return ok();
      case "restore":
        for (const [id, list] of this.removed)
          this.removed.set(
            id,
            list.filter((one) => one.id !== parts[1]),
          );
        return ok({});
      case undefined:
        if (!post || !thread) return no("post");
        if (method === "DELETE") {
          thread.messages = thread.messages.filter((each) => each !== post);
          this.flags = this.flags.filter((flag) => flag.post !== parts[1]);
          return ok();
        }
        if (method === "PATCH") {
          post.markdown = String(body.markdown ?? "");
          post.html = `<p>${post.markdown.replaceAll("&", "&amp;").replaceAll("<", "&lt;")}</p>`;
          post.edited_at = this.stamp();
          return ok({ ...post, mine: post.author.id === me.id });
        }
        return null;
      default:
        return null;
    }
  }

  private thread({ method, query, body }: Asked, me: T.Me, parts: string[]): Answer | null {
    const thread = this.fleet.threads.find((each) => each.id === parts[1]);
    if (!thread) return null;
    const staff = me.roles.length > 1;
    const seen = thread.messages
      .filter((post) => staff || !post.whisper)
      .map((post) => ({ ...post, mine: post.author.id === me.id }));
    switch (parts[2]) {
      case undefined:
        if (method === "PATCH") {
          const { title, locked, pinned, hidden, reason } = body;
          if (title) thread.title = String(title);
          if (typeof locked === "boolean") thread.locked = locked;
          if (typeof pinned === "boolean") thread.pinned = pinned;
          if (typeof hidden === "boolean") thread.hidden = hidden;
          thread.hidden_reason = thread.hidden ? String(reason ?? "") : null;
        }
        return ok({
          ...thread,
          messages: seen.slice(0, FIRST_PAGE),
          next_cursor: seen.length > FIRST_PAGE ? String(FIRST_PAGE) : null,
          can_moderate: staff,
          can_keep_order: staff,
        });
      case "posts": {
        if (method !== "GET") return null;
        const from = Number(query.get("cursor") ?? 0);
        const to = from + Number(query.get("limit") ?? FIRST_PAGE);
        return ok({ items: seen.slice(from, to), next_cursor: to < seen.length ? String(to) : null });
      }
      case "level":
        thread.level = String(body.level) as T.Level;
        thread.following = thread.level === "tracking" || thread.level === "watching";
        return ok();
      case "read":
        thread.read_at = new Date(this.fleet.now.getTime() + DAY).toISOString();
        thread.unread = 0;
        return ok();
      case "removed":
        return ok(this.removed.get(thread.id) ?? []);
      case "members":
        return ok({ id: "x", name: String(body.login ?? "") });
      case "escalations": {
        const one: T.Escalation = {
          id: this.fleet.id(9, 2 + thread.escalations.length),
          thread: thread.id,
          to: String(body.to) as T.Role,
          reason: String(body.reason ?? ""),
          by: { id: me.id, name: me.name },
          at: new Date().toISOString(),
          state: "open",
          taken_by: null,
          updated_at: new Date().toISOString(),
          note: "",
        };
        thread.escalations.unshift(one);
        return ok(one);
      }
      case "series":
        return ok(this.series(thread, staff));
      default:
        return null;
    }
  }

  private series(thread: T.Thread, staff: boolean): S.Series[] {
    const { anomalies, boots, now, iso } = this.fleet;
    return thread.links
      .filter((link) => link.state === "automatic" || link.state === "confirmed")
      .flatMap((link): S.Series[] => {
        const anomaly = anomalies.find((each) => each.id === link.anomaly.id);
        if (anomaly?.kind !== "reboot") return [];
        const all = staff || anomaly.affected.length >= 5;
        const devices = all ? anomaly.affected : anomaly.affected.slice(0, 1);
        const days = new Map<string, { day: string; expected: number; unexpected: number }>();
        for (const device of devices)
          for (const boot of boots.get(device.id) ?? []) {
            const day = boot.ended_at?.slice(0, 10);
            if (!day || day < iso(now.getTime() - 30 * DAY).slice(0, 10)) continue;
            const row = days.get(day) ?? { day, expected: 0, unexpected: 0 };
            if (["crash", "forced_off", "power_loss_or_hang", "failed_boot"].includes(boot.end)) row.unexpected += 1;
            else row.expected += 1;
            days.set(day, row);
          }
        return [
          {
            anomaly: anomaly.id,
            title: anomaly.title,
            state: anomaly.state,
            devices: devices.length,
            counted: all ? "all" : "own",
            restarts: [...days.values()].sort((a, b) => a.day.localeCompare(b.day)),
          },
        ];
      });
  }
}

const meets = (text: string, words: string[]) =>
  words.length > 0 && words.every((word) => text.toLowerCase().includes(word));

function marked(text: string, words: string[]): S.SearchHit["snippet"] {
  if (words.length === 0) return [{ text, hit: false }];
  const pattern = new RegExp(`(${words.map((word) => word.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")).join("|")})`, "i");
  return text
    .split(pattern)
    .map((piece, index) => ({ text: piece, hit: index % 2 === 1 }))
    .filter((piece) => piece.text !== "");
}

/** A picture like a screenshot: a blue page with a few pale lines. Made here so that no file of unknown origin is kept. */
const PICTURE = (() => {
  const [width, height] = [560, 240];
  const rows = Buffer.alloc((width * 3 + 1) * height);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const line = y > 60 && y % 24 < 8 && x > 40 && x < 480 - ((y * 37) % 220);
      rows.set(line ? [222, 232, 250] : y < 34 ? [28, 48, 102] : [39, 64, 127], y * (width * 3 + 1) + 1 + x * 3);
    }
  const chunk = (kind: string, data: Buffer) => {
    const body = Buffer.concat([Buffer.from(kind, "latin1"), data]);
    const out = Buffer.alloc(body.length + 8);
    out.writeUInt32BE(data.length, 0);
    body.copy(out, 4);
    out.writeUInt32BE(crc(body), body.length + 4);
    return out;
  };
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width, 0);
  head.writeUInt32BE(height, 4);
  head.set([8, 2, 0, 0, 0], 8);
  return Buffer.concat([
    Buffer.from([137, 80, 78, 71, 13, 10, 26, 10]),
    chunk("IHDR", head),
    chunk("IDAT", deflateSync(rows)),
    chunk("IEND", Buffer.alloc(0)),
  ]);
})();

function crc(bytes: Buffer): number {
  let sum = 0xffffffff;
  for (const byte of bytes) {
    sum ^= byte;
    for (let bit = 0; bit < 8; bit++) sum = sum & 1 ? (sum >>> 1) ^ 0xedb88320 : sum >>> 1;
  }
  return (sum ^ 0xffffffff) >>> 0;
}
