// Pretended answers about machine facts beside the talk, reviews, demand, impact, rules and accounts. Says nothing about how a
// collector decides; its figures are made up so that every state of a page can be looked at.
import type * as B from "../src/api/beside.ts";
import type * as K from "../src/api/keeping.ts";
import type * as R from "../src/api/reviewing.ts";
import type * as T from "../src/api/types.ts";
import type { Answer, Asked } from "./answers.ts";
import type { Fleet } from "./fleet.ts";

const DAY = 86_400_000;
const HOUR = 3_600_000;
const ok = (body?: unknown): Answer => ({ status: body === undefined ? 204 : 200, body });
const refuse = (status: number, title: string, detail: string, code: string): Answer => ({
  status,
  body: { type: `https://weft.invalid/problems/${code}`, title, status, detail, code, request_id: "01JD8Z5Q" },
});
const no = (what: string) => refuse(404, "Nothing here", `There is no ${what}.`, "not_found");

const FACTS: [string, string][] = [
  ["name", "Name of the laptop"],
  ["model", "Model"],
  ["system", "System"],
  ["uptime", "Up for"],
  ["restarts", "Unexpected restarts, 30 days"],
  ["restarts_by_day", "Restarts day by day"],
  ["disk", "Fullest disk"],
  ["battery", "Battery"],
  ["same_model", "Comparison with the same model"],
];

export class Beside {
  private readonly shared = new Map<string, B.Shared>();
  private readonly applied = new Map<string, string>();
  private readonly thanks: B.Thanks[] = [];
  private readonly invitations: B.Invitation[] = [];
  private agreed: B.MyPeers = { by_model: true, by_problem: false, show_thanks: false };
  private call: B.Call | null = null;
  private readonly reviews: R.Review[];
  private rules: K.Rule[];
  private readonly accounts: K.Account[];

  constructor(private readonly fleet: Fleet) {
    const { iso, now, id, devices } = fleet;
    const t = now.getTime();
    const device = (n: number) => devices[n] as T.Device;
    const owner = (n: number) => device(n).owner ?? { id: "", name: "" };
    const thread = (n: number) => fleet.threads[n] as T.Thread;
    const sasha = { id: id(2, 901), name: "Sasha Security" };
    this.shared.set(`${id(5, 1)}/${device(2).id}`, {
      facts: ["model", "system", "restarts", "restarts_by_day"],
      until: iso(t + 11 * DAY),
    });
    this.shared.set(`${id(5, 1)}/${device(6).id}`, { facts: ["model", "restarts"], until: null });
    this.applied.set(device(2).id, iso(t - 20 * DAY));
    this.thanks.push({
      post: id(4, 62),
      thread: id(5, 7),
      from: owner(2),
      to: { id: id(2, 900), name: "Noor Technician" },
      words: "Two weeks without a blue screen. You saved my quarter.",
      shown: true,
      at: iso(t - 3 * DAY),
    });
    this.thanks.push({
      post: id(4, 11),
      thread: id(5, 2),
      from: owner(8),
      to: owner(3),
      words: "",
      shown: false,
      at: iso(t - 20 * HOUR),
    });
    this.invitations.push({
      id: id(8, 1),
      thread: { id: id(5, 1), title: thread(0).title },
      inviter: owner(2),
      invitee: owner(3),
      reasons: ["has the same laptop (ThinkPad T14 Gen 3)"],
      words: "You seem to have the same machine. Does yours do it, too?",
      state: "open",
      at: iso(t - 5 * HOUR),
    });
    const review = (n: number, of: Partial<R.Review> & Pick<R.Review, "app" | "app_name">, dev: number): R.Review => ({
      id: id(7, n),
      thread: id(5, 8),
      device: { id: device(dev).id, name: device(dev).name },
      team: device(dev).team,
      owner: owner(dev),
      opened_by: sasha,
      opened_at: iso(t - n * DAY),
      anomaly: null,
      state: "asked",
      reason: null,
      decision: null,
      can_answer: false,
      can_decide: false,
      ...of,
    });
    this.reviews = [
      review(1, { app: "dropbox", app_name: "Dropbox", anomaly: id(6, 3) }, 3),
      review(
        2,
        {
          app: "dropbox",
          app_name: "Dropbox",
          state: "answered",
          anomaly: id(6, 3),
          reason: {
            purpose: "large_files",
            purpose_words: "large files",
            missing: "The approved share stops at 2 GB a file.",
            words: "We send footage of 4 GB and more to clients every week, and nobody could tell me another way.",
            at: iso(t - DAY),
          },
        },
        16,
      ),
      review(
        9,
        {
          app: "anydesk",
          app_name: "AnyDesk",
          state: "decided",
          reason: {
            purpose: "remote_help",
            purpose_words: "helping or being helped at a distance",
            missing: "",
            words: "Customers' machines, when I am on the road.",
            at: iso(t - 8 * DAY),
          },
          decision: {
            outcome: "replace",
            scope: "team",
            until: iso(t + 30 * DAY),
            replace_by: "Quick Assist",
            words: "It does the same and is watched over by us. We help you to move.",
            told: "AnyDesk is to be replaced by Quick Assist until 22 December 2026.",
            by: sasha,
            at: iso(t - 6 * DAY),
          },
        },
        34,
      ),
    ];
    const noor = { id: id(2, 900), name: "Noor Technician" };
    this.rules = [
      {
        id: "r1",
        anomaly: id(6, 7),
        title: "LT-0030 had 3 unexpected ends in a week, usual is none",
        kind: "reboot",
        judgement: "expected",
        scope: { device: device(30).id },
        from: iso(t - 2 * DAY),
        until: iso(t + 20 * DAY),
        note: "Test bench for dock firmware",
        by: noor,
      },
      {
        id: "r2",
        anomaly: id(6, 4),
        title: "Compilers in odd places on Engineering laptops",
        kind: "process",
        judgement: "false",
        scope: { cohort: { by: "team", value: "Engineering" } },
        from: iso(t - 40 * DAY),
        until: null,
        note: "",
        by: sasha,
      },
      {
        id: "r3",
        anomaly: id(6, 6),
        title: "Slack appears on laptops of Design",
        kind: "app",
        judgement: "expected",
        scope: "fleet",
        from: iso(t - 12 * DAY),
        until: iso(t + 60 * DAY),
        note: "Pilot until the new contract",
        by: sasha,
      },
    ];
    this.accounts = [
      { login: "admin", name: "Robin Admin", team: "IT", roles: ["user", "admin"] as T.Role[], id: id(2, 0) },
      { login: "noor", name: "Noor Technician", team: "IT", roles: ["user", "technician"] as T.Role[], id: id(2, 900) },
      { login: "sasha", name: "Sasha Security", team: "IT", roles: ["user", "security"] as T.Role[], id: id(2, 901) },
      ...devices.slice(1, 28).map((each) => ({
        login: (each.owner?.name ?? "").toLowerCase().replace(/[^a-z]+/g, "."),
        name: each.owner?.name ?? "",
        team: each.team,
        roles: ["user"] as T.Role[],
        id: each.owner?.id ?? "",
      })),
    ].map((each, index) => ({
      ...each,
      disabled: index === 9,
      simulated: index > 2,
      created_at: iso(t - (90 - index) * DAY),
    }));
  }

  /** `null`: not one of these. */
  answer(asked: Asked, me: T.Me, parts: string[]): Answer | null {
    const [noun, id = "", what, more] = parts;
    const { method, body, query } = asked;
    switch (noun) {
      case "me":
        return this.mine(asked, me, id);
      case "threads":
        return id ? this.thread(asked, me, id, what ?? "", parts) : null;
      case "posts":
        return what === "thanks" ? this.thank(asked, me, id) : null;
      case "invitations": {
        const one = this.invitations.find((each) => each.id === id);
        if (one) one.state = what === "accept" ? "accepted" : "declined";
        return ok(one);
      }
      case "devices":
        if (what === "shared") return ok(this.sharedIn(id));
        if (what === "looks" && more === "summary") return ok(this.looks());
        if (what === "retire" || what === "revoke") return ok();
        return null;
      case "anomalies":
        return what === "evidence" ? ok(this.evidence(id)) : null;
      case "reviews":
        return this.review(asked, me, id, what ?? "");
      case "demand":
        return staff(me, "security", "admin")
          ? ok({ items: this.demand(), next_cursor: null })
          : refuse(403, "Not shown to you", "The register is for those who review apps.", "forbidden");
      case "demand.csv":
        return ok("rank,app");
      case "impact":
        return ok(this.impact(me, query));
      case "rules":
        if (method === "POST") this.rules = this.rules.filter((rule) => rule.id !== id);
        return method === "POST" ? ok() : ok(this.rules);
      case "accounts":
        return this.account(asked, id, body);
      default:
        return null;
    }
  }

  private mine({ method, body }: Asked, me: T.Me, what: string): Answer | null {
    switch (what) {
      case "peers":
        if (method === "PUT") this.agreed = body as unknown as B.MyPeers;
        return ok(this.agreed);
      case "invitations":
        return ok(this.invitations.filter((one) => one.invitee.id === me.id));
      case "thanks":
        return ok(this.thanks.filter((one) => one.from.id === me.id || one.to.id === me.id));
      default:
        return null;
    }
  }

  private thread(asked: Asked, me: T.Me, id: string, what: string, parts: string[]): Answer | null {
    const { method, body, query } = asked;
    const key = `${id}/${parts[3]}`;
    switch (what) {
      case "cohort":
        return ok(this.cohort(me, id));
      case "context":
        return ok(this.cards(me, id));
      case "cards": {
        const device = this.fleet.devices.find((each) => each.id === parts[3]);
        if (!device) return no("such laptop");
        if (parts[4] === "preview") {
          const facts = (query.get("facts") ?? "").split(",").filter(Boolean);
          return ok(
            facts.length === 0
              ? null
              : this.card(device, facts, "what its owner shows here; its owner sees that you looked", false, id),
          );
        }
        if (method === "PUT")
          this.shared.set(key, { facts: body.facts as string[], until: body.until as string | null });
        if (method === "DELETE") return this.shared.delete(key) ? ok() : no("shared card");
        const card: B.Card = {
          device: device.id,
          choices: FACTS.map(([fact, label]) => ({ fact, label })),
          shared: this.shared.get(key) ?? null,
          stated: [
            "Technicians, security and IT see every fact of this list without being asked; each look of theirs stands in your ledger.",
            "Peers see the facts that you choose, in this thread only, until the day that you set; each look stands in your ledger.",
            "What you run, your apps and findings about them are never shown to peers or technicians, whatever you choose.",
          ],
        };
        return ok(card);
      }
      case "peers":
        return ok(this.peers(id));
      case "invitations":
        if (method === "POST") {
          const peer = this.peers(id).find((each) => each.person.id === body.account);
          const made: B.Invitation = {
            id: `${this.invitations.length}`,
            thread: { id, title: "" },
            inviter: { id: me.id, name: me.name },
            invitee: peer?.person ?? { id: "", name: "" },
            reasons: peer?.reasons ?? [],
            words: String(body.words ?? ""),
            state: "open",
            at: new Date().toISOString(),
          };
          this.invitations.push(made);
          return ok(made);
        }
        return ok(this.invitations.filter((one) => one.thread.id === id));
      case "thanks":
        return ok(
          this.thanks.filter((one) => one.thread === id && (one.shown || one.from.id === me.id || one.to.id === me.id)),
        );
      case "effect":
        return ok(this.effect(me, id));
      case "applied":
        if (method === "POST") this.applied.set(String(body.device), String(body.at ?? new Date().toISOString()));
        else this.applied.delete(parts[3] ?? "");
        return ok(this.effect(me, id));
      case "call":
        if (method === "POST")
          this.call = {
            url: "https://meet.example.org/weft-k3x9mq",
            started_by: { id: me.id, name: me.name },
            at: new Date().toISOString(),
          };
        return method === "POST" ? ok(this.call) : ok({ available: true, call: this.call });
      case "review": {
        const review = this.reviews.find((each) => each.thread === id);
        return review ? ok(this.asSeen(review, me)) : no("review");
      }
      default:
        return null;
    }
  }

  private thank({ method, body }: Asked, me: T.Me, post: string): Answer {
    const at = this.thanks.findIndex((one) => one.post === post && one.from.id === me.id);
    if (at >= 0) this.thanks.splice(at, 1);
    if (method === "DELETE") return ok();
    const thread = this.fleet.threads.find((each) => each.messages.some((message) => message.id === post));
    const author = thread?.messages.find((message) => message.id === post)?.author;
    const given: B.Thanks = {
      post,
      thread: thread?.id ?? "",
      from: { id: me.id, name: me.name },
      to: { id: author?.id ?? "", name: author?.name ?? "" },
      words: String(body.words ?? ""),
      shown: false,
      at: new Date().toISOString(),
    };
    this.thanks.push(given);
    return ok(given);
  }

  private cohort(me: T.Me, thread: string): B.Cohort {
    const many = thread === this.fleet.id(5, 1);
    const seesAll = staff(me, "technician", "security", "admin");
    const parts: B.Part[] = many
      ? [
          {
            by: "model",
            value: "Lenovo ThinkPad T14 Gen 3",
            here: 9,
            ratio: 6.1,
            low: 3.4,
            high: 10.9,
            ends: seesAll ? 41 : null,
            days: seesAll ? 198 : null,
            share_here: 0.64,
            share_elsewhere: seesAll ? 0.21 : null,
            words:
              "9 of 14 laptops here are Lenovo ThinkPad T14 Gen 3: their unexpected restarts are 6.1 times the rest of the fleet's (95 % interval 3.4 to 10.9, last 30 days).",
          },
          {
            by: "component",
            value: "graphics driver 31.0.24027.1012",
            here: 8,
            ratio: 7.4,
            low: 4,
            high: 13.6,
            ends: seesAll ? 40 : null,
            days: seesAll ? 171 : null,
            share_here: 0.57,
            share_elsewhere: seesAll ? 0.12 : null,
            words:
              "8 of 14 have graphics driver 31.0.24027.1012: their unexpected restarts are 7.4 times the rest of the fleet's (95 % interval 4.0 to 13.6, last 30 days).",
          },
          {
            by: "os_build",
            value: "22631.4460",
            here: 11,
            ratio: 1.3,
            low: 0.7,
            high: 2.4,
            ends: seesAll ? 52 : null,
            days: seesAll ? 260 : null,
            share_here: 0.79,
            share_elsewhere: seesAll ? 0.66 : null,
            words:
              "11 of 14 run build 22631.4460: no difference to the rest of the fleet can be shown, 1.3 times (95 % interval 0.7 to 2.4, last 30 days).",
          },
        ]
      : [];
    return {
      people: many ? 14 : 2,
      devices: many || seesAll ? (many ? 14 : 2) : null,
      audience: staff(me, "security", "admin") ? "reviewer" : seesAll ? "technician" : "peer",
      rule: "Figures are told about groups of at least 5 laptops only: the group (without your own), those here that are not in it, and the laptops it is compared with. A figure is renewed only when the group has changed by at least 5 laptops, so that nobody can be found by subtracting.",
      words: [
        many ? "14 people here, with 14 laptops." : seesAll ? "2 people here, with 2 laptops." : "2 people here.",
        ...parts.map((part) => part.words),
      ],
      parts,
      withheld: seesAll || many ? [] : [{ by: "model", why: "fewer than 5 laptops" }],
    };
  }

  private cards(me: T.Me, thread: string): T.ContextCard[] {
    const found = this.fleet.threads.find((each) => each.id === thread);
    const owners = new Set(found?.messages.map((post) => post.author.id));
    const seesAll = me.roles.length > 1;
    return this.fleet.devices
      .filter((device) => device.owner && owners.has(device.owner.id))
      .flatMap((device) => {
        const mine = me.devices.some((own) => own.id === device.id);
        const shared = this.shared.get(`${thread}/${device.id}`);
        if (!mine && !seesAll && !shared) return [];
        const facts = mine || seesAll ? FACTS.map(([fact]) => fact) : (shared?.facts ?? []);
        const audience = mine
          ? `shown in full to you and to technicians, security and IT, whose looks stand in your ledger; peers see ${shared ? `${shared.facts.length} facts that you chose` : "no card"}`
          : seesAll
            ? "shown to technicians, security and IT; its owner sees that you looked"
            : "what its owner shows here; its owner sees that you looked";
        return [this.card(device, facts, audience, mine, thread)];
      });
  }

  private card(device: T.Device, facts: string[], audience: string, mine: boolean, thread: string): T.ContextCard {
    const { iso, now, boots } = this.fleet;
    const list = boots.get(device.id) ?? [];
    const byDay = Array.from({ length: 30 }, (_, index) => {
      const day = iso(now.getTime() - (29 - index) * DAY).slice(0, 10);
      const of = list.filter((boot) => boot.ended_at?.startsWith(day));
      const unexpected = of.filter((boot) =>
        ["crash", "forced_off", "power_loss_or_hang", "failed_boot"].includes(boot.end),
      ).length;
      return { day, expected: of.length - unexpected, unexpected };
    });
    const values: Record<string, [string, T.ContextCard["facts"][number]["tone"]]> = {
      model: [device.model, "plain"],
      system: [`Windows 11 Pro, build ${device.os_build}`, "plain"],
      uptime: ["2 h 10 min", "plain"],
      restarts: [String(device.unexpected_30d), device.unexpected_30d > 3 ? "bad" : "good"],
      disk: ["home: 61 % of 512 GB used", "plain"],
      battery: ["83 % of its design, 312 cycles", "plain"],
    };
    const shared = this.shared.get(`${thread}/${device.id}`) ?? null;
    return {
      device: { id: device.id, name: facts.includes("name") ? device.name : "a laptop", simulated: device.simulated },
      owner: device.owner ?? { id: "", name: "" },
      audience,
      facts: FACTS.filter(([fact]) => facts.includes(fact)).flatMap(([fact, label]) => {
        const value = values[fact];
        return value ? [{ fact, label, value: value[0], tone: value[1] }] : [];
      }),
      boots_by_day: facts.includes("restarts_by_day") ? byDay : [],
      peers: facts.includes("same_model") ? { model: device.model, devices: 14, unexpected_ratio: 0.64 } : null,
      mine,
      shared: mine ? shared : null,
    };
  }

  private sharedIn(device: string): B.SharedIn[] {
    return [...this.shared.entries()]
      .filter(([key]) => key.endsWith(device))
      .map(([key, shared]) => {
        const thread = key.split("/")[0] ?? "";
        return { thread, title: this.fleet.threads.find((each) => each.id === thread)?.title ?? "", ...shared };
      });
  }

  private looks(): B.LooksOf[] {
    const { iso, now, id, threads } = this.fleet;
    const t = now.getTime();
    return [
      {
        who: { id: id(2, 900), name: "Noor Technician", roles: ["user", "technician"] },
        first: iso(t - 9 * DAY),
        last: iso(t - 2 * HOUR),
        hours: 5,
        what: ["boots", "context card", "vitals"],
        seen: [
          {
            thread: id(5, 2),
            place: threads[1]?.title ?? "",
            facts: ["Model", "Restarts day by day", "System", "Unexpected restarts, 30 days"],
            times: 3,
            last: iso(t - 2 * HOUR),
          },
        ],
        words: "",
      },
      {
        who: { id: id(2, 901), name: "Sasha Security", roles: ["user", "security"] },
        first: iso(t - 26 * HOUR),
        last: iso(t - 26 * HOUR),
        hours: 1,
        what: ["processes"],
        seen: [],
        words: "",
      },
      {
        who: { id: id(2, 8), name: "Owen Price", roles: ["user"] },
        first: iso(t - 25 * HOUR),
        last: iso(t - 25 * HOUR),
        hours: 1,
        what: ["context card"],
        seen: [
          { thread: id(5, 2), place: threads[1]?.title ?? "", facts: ["Model"], times: 1, last: iso(t - 25 * HOUR) },
        ],
        words: "",
      },
    ];
  }

  private peers(thread: string): B.Peer[] {
    const asked = new Set(this.invitations.filter((one) => one.thread.id === thread).map((one) => one.invitee.id));
    return [5, 7, 9]
      .map((n) => this.fleet.devices[n] as T.Device)
      .map((device, index) => ({
        person: { id: device.owner?.id ?? "", name: device.owner?.name ?? "", roles: ["user"] as T.Role[] },
        same_model: true,
        same_problem: index === 0,
        reasons: [
          ...(index === 0 ? ["has the same trouble (unexpected restarts)"] : []),
          "has the same laptop (ThinkPad T14 Gen 3)",
        ],
      }))
      .filter((peer) => !asked.has(peer.person.id));
  }

  private effect(me: T.Me, thread: string): B.AnswerEffect {
    const { iso, now, threads, devices, id } = this.fleet;
    const post = threads.find((each) => each.id === thread)?.accepted_post ?? null;
    const many = thread === id(5, 7);
    const words = many
      ? "It helped: 78 % fewer unexpected restarts (95 % interval 61 % to 88 %), measured on 8 devices against 21 like them."
      : "Not yet enough to say whether it helped: 2 of at least 5 devices that applied it; 3.5 of at least 14 days since it.";
    const nothing = {
      ratio: null,
      low: null,
      high: null,
      difference: null,
      difference_low: null,
      difference_high: null,
    };
    const effect: B.Effect = many
      ? {
          enough: true,
          devices: 8,
          controls: 21,
          ratio: 0.22,
          low: 0.12,
          high: 0.39,
          difference: -6.4,
          difference_low: -9.1,
          difference_high: -3.8,
          rates: [8.9, 1.8, 8.1, 7.6],
          missing: [],
          words,
        }
      : {
          enough: false,
          devices: 2,
          controls: 21,
          ...nothing,
          rates: null,
          missing: ["2 of at least 5 devices that applied it", "3.5 of at least 14 days since it"],
          words,
        };
    const seesAll = me.roles.length > 1;
    return {
      post,
      mine: me.devices.map((own) => ({ ...own, applied_at: this.applied.get(own.id) ?? null })),
      applied: seesAll
        ? devices.slice(2, many ? 10 : 4).map((device, index) => ({
            id: device.id,
            name: device.name,
            applied_at: iso(now.getTime() - (20 - index) * DAY),
            how: index === 3 ? "staff" : "owner",
            by: index === 3 ? { id: id(2, 900), name: "Noor Technician" } : (device.owner ?? { id: "", name: "" }),
          }))
        : [],
      waiting: seesAll ? devices.slice(12, 17).map(({ id, name }) => ({ id, name })) : [],
      effect,
      measured_at: iso(now.getTime() - 4 * HOUR),
      words,
      caveats: [
        "Devices that get a fix were worse than usual and would have got better by themselves: that is reckoned with, by what such devices do and by controls that were as bad.",
        "People chose to apply it, nobody drew lots: they may differ in ways that are not measured.",
      ],
    };
  }

  private asSeen(review: R.Review, me: T.Me): R.Review {
    return {
      ...review,
      can_answer: review.owner.id === me.id,
      can_decide: review.decision === null && staff(me, "security", "admin"),
    };
  }

  private review({ method, body, query }: Asked, me: T.Me, id: string, what: string): Answer {
    if (!id) {
      if (method === "POST") return ok(this.reviews[0]);
      const decided = query.get("decided");
      const all = staff(me, "security", "admin");
      return ok(
        this.reviews
          .filter((review) => all || review.owner.id === me.id)
          .filter((review) => !decided || (decided === "true") === (review.decision !== null))
          .map((review) => this.asSeen(review, me)),
      );
    }
    const review = this.reviews.find((each) => each.id === id);
    if (!review) return no("review");
    const at = new Date().toISOString();
    if (what === "reason") {
      const purpose = body.purpose as R.Purpose;
      review.reason = {
        purpose,
        purpose_words: purpose.replaceAll("_", " "),
        missing: String(body.missing),
        words: String(body.words),
        at,
      };
      review.state = "answered";
    }
    if (what === "decision") {
      review.state = "decided";
      review.decision = {
        outcome: body.outcome as R.Outcome,
        scope: body.scope as R.Scope,
        until: (body.until as string | null) ?? null,
        replace_by: String(body.replace_by),
        words: String(body.words),
        told: `${review.app_name}: ${String(body.outcome)}.`,
        by: { id: me.id, name: me.name },
        at,
      };
    }
    return ok(this.asSeen(review, me));
  }

  private demand(): R.Demand[] {
    const { id } = this.fleet;
    return [
      {
        app: "dropbox",
        name: "Dropbox",
        category: "cloud_sync",
        devices: 11,
        curve: [1, 1, 2, 2, 3, 3, 4, 6, 7, 9, 10, 11],
        teams: [
          { team: "Design", devices: 7, curve: [1, 1, 2, 2, 3, 3, 3, 4, 5, 6, 7, 7] },
          { team: "Sales", devices: 3, curve: [0, 0, 0, 0, 0, 0, 1, 2, 2, 2, 2, 3] },
          { team: "Finance", devices: 1, curve: [0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1] },
        ],
        verdict: null,
        reasons: [
          {
            thread: id(5, 8),
            sentence: "We send footage of 4 GB and more to clients every week, and nobody could tell me another way.",
            purpose: "large_files",
            missing: "The approved share stops at 2 GB a file.",
          },
          { thread: id(5, 3), sentence: "We went to a private Dropbox in our team.", purpose: null, missing: "" },
          {
            thread: id(5, 3),
            sentence: "Clients can drop things in without an account.",
            purpose: "share_outside",
            missing: "",
          },
        ],
        reasons_found: 5,
        purposes: [
          { purpose: "large_files", words: "large files", answers: 3 },
          { purpose: "share_outside", words: "sharing with people outside", answers: 1 },
        ],
        forecast: {
          devices: 15,
          low: 12,
          high: 19,
          words: "15 laptops in four weeks if it goes on like this (12 to 19).",
        },
        score: 9.02,
        formula: "ln(1 + 11 devices) + 2 x ln(1 + 5 gained in 4 weeks) + 1.65 x ln(1 + 5 reasons) = 9.02",
      },
      {
        app: "wetransfer",
        name: "WeTransfer",
        category: "file_transfer",
        devices: 5,
        curve: [2, 3, 3, 3, 3, 3, 4, 3, 4, 5, 4, 5],
        teams: [
          { team: "Design", devices: 3, curve: [1, 2, 2, 2, 2, 2, 2, 2, 2, 3, 2, 3] },
          { team: "Sales", devices: 2, curve: [1, 1, 1, 1, 1, 1, 2, 1, 2, 2, 2, 2] },
        ],
        verdict: "tolerated",
        reasons: [],
        reasons_found: 0,
        purposes: [],
        forecast: { devices: 6, low: 4, high: 8, words: "6 laptops in four weeks if it goes on like this (4 to 8)." },
        score: 3.18,
        formula: "ln(1 + 5 devices) + 2 x ln(1 + 1 gained in 4 weeks) + 1.65 x ln(1 + 0 reasons) = 3.18",
      },
      {
        app: "anydesk",
        name: "AnyDesk",
        category: "remote_access",
        devices: 4,
        curve: [0, 0, 0, 0, 2, 2, 3, 3, 4, 4, 4, 4],
        teams: [{ team: "Field service", devices: 4, curve: [0, 0, 0, 0, 2, 2, 3, 3, 4, 4, 4, 4] }],
        verdict: "unsanctioned",
        reasons: [
          {
            thread: id(5, 6),
            sentence: "Customers' machines, when I am on the road.",
            purpose: "remote_help",
            missing: "",
          },
        ],
        reasons_found: 1,
        purposes: [{ purpose: "remote_help", words: "helping or being helped at a distance", answers: 1 }],
        forecast: null,
        score: 2.75,
        formula: "ln(1 + 4 devices) + 2 x ln(1 + 0 gained in 4 weeks) + 1.65 x ln(1 + 1 reason) = 2.75",
      },
    ];
  }

  private impact(me: T.Me, query: URLSearchParams): R.Impact {
    const { now, id } = this.fleet;
    const own = me.roles.length === 1;
    const months = Number(query.get("months") ?? 6);
    const scale = own ? 0.04 : query.get("team") || query.get("model") ? 0.3 : 1;
    const row = (name: string, devices: number, crash: number, hang: number, update: number): R.ImpactRow => {
      const [a, b, c] = [crash, hang, update].map((value) => Math.round(value * scale)) as [number, number, number];
      const minutes = a * 20 + b * 17 + c * 4;
      return {
        name,
        devices: own ? 1 : devices,
        minutes,
        formula: `${a} x 20 min (crash) + ${b} x 17 min (hang or power loss) + ${c} x 4 min (update) = ${Math.floor(minutes / 60)} h ${minutes % 60} min`,
      };
    };
    const monthly = Array.from({ length: months }, (_, index) => {
      const at = new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - (months - 1 - index), 15));
      const bad = index === months - 2 ? 92 : index === months - 1 ? 71 : 20 + ((index * 13) % 17);
      return row(at.toISOString().slice(0, 7), 38, bad, 14 + ((index * 7) % 9), 41);
    });
    const total = monthly.reduce((sum, each) => sum + each.minutes, 0);
    return {
      of: own ? "own" : "fleet",
      assumptions: [
        { class: "crash", words: "crash", minutes: 20, source: "start 4 + finding one's place 8 + unsaved work 8" },
        {
          class: "forced_off",
          words: "forced off",
          minutes: 17,
          source: "start 4 + finding one's place 8 + unsaved work 5",
        },
        {
          class: "power_loss_or_hang",
          words: "hang or power loss",
          minutes: 17,
          source: "start 4 + finding one's place 8 + unsaved work 5",
        },
        { class: "failed_boot", words: "failed start", minutes: 12, source: "start 4 + finding one's place 8" },
        { class: "update", words: "update", minutes: 4, source: "start 4" },
      ],
      lost: {
        minutes: total,
        formula: `214 x 20 min (crash) + 97 x 17 min (hang or power loss) + 246 x 4 min (update) = ${Math.floor(total / 60)} h ${total % 60} min`,
      },
      by_month: monthly,
      by_model: [
        row("Lenovo ThinkPad T14 Gen 3", 14, 171, 44, 84),
        row("Dell Latitude 5440", 10, 22, 26, 60),
        row("HP EliteBook 840 G10", 7, 12, 14, 42),
        row("Apple MacBook Pro 14 (M3)", 6, 5, 9, 36),
        row("", 1, 4, 4, 24),
      ],
      by_team: [
        row("Engineering", 9, 88, 30, 54),
        row("Sales", 8, 61, 28, 48),
        row("Field service", 8, 38, 21, 48),
        row("Design", 8, 18, 12, 48),
        row("Finance", 6, 9, 6, 36),
      ],
      saved: own
        ? []
        : [
            {
              thread: id(5, 7),
              title: "Blue screen on waking since the Wi-Fi driver of September",
              words:
                "It helped: 78 % fewer unexpected restarts (95 % interval 61 % to 88 %), measured on 8 devices against 21 like them.",
              minutes: 812,
              formula: "(52.3 expected - 11 happened) x 19.7 min = 13 h 32 min",
            },
          ],
      saved_minutes: own ? 0 : 812,
    };
  }

  private evidence(id: string): K.EvidenceRows {
    const anomaly = this.fleet.anomalies.find((each) => each.id === id);
    const process = anomaly?.kind === "process" || anomaly?.kind === "compound";
    return {
      sql: process
        ? "-- Restarts and programs of the laptops of a compound anomaly in one line of time, oldest first.\nSELECT device, at, what, text\nFROM behind\nWHERE device IN {devices:Array(UUID)}\n  AND (empty({names:Array(String)}) OR lower(executable_name) IN {names:Array(String)})\n  AND at >= fromUnixTimestamp64Micro({from:Int64}, 'UTC') AND at <= fromUnixTimestamp64Micro({to:Int64}, 'UTC')\nORDER BY at, device, what\nLIMIT {limit:UInt32}\n"
        : "-- The boots behind an anomaly about restarts, newest first.\nSELECT device, at, boot_end, confidence, initiator, stop_code\nFROM boots\nWHERE device IN {devices:Array(UUID)} AND boot_end != 'running'\n  AND at >= fromUnixTimestamp64Micro({from:Int64}, 'UTC') AND at <= fromUnixTimestamp64Micro({to:Int64}, 'UTC')\nORDER BY at DESC, device\nLIMIT {limit:UInt32}\n",
      parameters: {
        devices: (anomaly?.affected ?? []).slice(0, 3).map((device) => device.id),
        names: process ? ["pdfsvc.exe"] : [],
        from: Date.parse(anomaly?.from ?? "") * 1000,
        to: Date.parse(anomaly?.to ?? "") * 1000,
        limit: 500,
      },
      rows: (anomaly?.evidence ?? []).map(
        (row): Record<string, K.Cell> =>
          process
            ? { device: row.device?.id ?? null, at: row.at, what: row.kind, text: row.text }
            : {
                device: row.device?.id ?? null,
                at: row.at,
                boot_end: "crash",
                confidence: 0.95,
                initiator: "",
                stop_code: "0x154",
              },
      ),
    };
  }

  private account({ method, query }: Asked, id: string, body: Record<string, unknown>): Answer {
    const account = this.accounts.find((each) => each.id === id);
    if (method === "PATCH") {
      const { password: _, ...rest } = body;
      return account ? ok(Object.assign(account, rest)) : no("account");
    }
    if (method === "POST") {
      if (this.accounts.some((each) => each.login === body.login))
        return refuse(409, "Conflict", `the login "${String(body.login)}" is taken`, "conflict");
      const made = {
        id: `${this.accounts.length}`,
        login: String(body.login),
        name: String(body.name),
        team: String(body.team ?? ""),
        roles: body.roles as T.Role[],
        disabled: false,
        simulated: false,
        created_at: new Date().toISOString(),
      };
      this.accounts.push(made);
      return ok(made);
    }
    const q = (query.get("q") ?? "").toLowerCase();
    return ok({
      items: this.accounts.filter((each) => `${each.login} ${each.name}`.toLowerCase().includes(q)),
      next_cursor: null,
    });
  }
}

const staff = (me: T.Me, ...roles: T.Role[]) => roles.some((role) => me.roles.includes(role));
