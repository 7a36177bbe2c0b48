// Pretended bridges: one of every state, so that each can be looked at.
import type * as C from "../src/api/connecting.ts";
import type * as T from "../src/api/types.ts";
import type { Answer, Asked } from "./answers.ts";
import type { Fleet } from "./fleet.ts";

const MINUTE = 60_000;
const ok = (body?: unknown): Answer => ({ status: body === undefined ? 204 : 200, body });
const page = (items: unknown[]) => ok({ items, next_cursor: null });

const field = (name: string, label: string, help: string, required = true): C.PlatformField => ({
  name,
  label,
  help,
  required,
});
const PLATFORMS: C.Platform[] = [
  {
    platform: "matrix",
    name: "Matrix",
    about: "One unencrypted room: threads, replies, edits and deletions both ways.",
    address: field("address", "homeserver", "Its client address, e.g. https://matrix.example.org"),
    place: field("place", "room", "The room's id (!abc:example.org) or its alias (#help:example.org)."),
    secrets: [field("access_token", "access token", "Of an account of its own that nobody else uses.")],
  },
  {
    platform: "webhook",
    name: "Webhook",
    about: "Signed JSON, both ways: for whatever has no connector of its own.",
    address: field("address", "address", "Where posts are sent, e.g. https://bot.example/weft"),
    place: field("place", "place", "A word of your own that is sent along.", false),
    secrets: [field("secret", "signing secret", "whsec_ and 24 to 64 bytes in base64.")],
  },
];

export class Connecting {
  private readonly bridges: C.Bridge[];
  private letters: C.Letter[];
  private people: C.RemotePerson[];
  private readonly codeUntil: string;

  constructor(fleet: Fleet) {
    const ago = (minutes: number) => fleet.iso(fleet.now.getTime() - minutes * MINUTE);
    const [space, other] = fleet.spaces;
    const bridge = (n: number, over: Partial<C.Bridge>): C.Bridge => ({
      id: fleet.id(9, n),
      name: "Help in Matrix",
      platform: "matrix",
      address: "https://matrix.example.org",
      place: "#help:example.org",
      secrets: ["access_token"],
      space: space?.id ?? null,
      thread: null,
      outward: true,
      inward: true,
      bots: false,
      trusts_mail: false,
      beyond_everyone: false,
      enabled: true,
      state: "running",
      fault: "",
      advice: "",
      state_at: ago(8),
      own_name: "@weft:example.org",
      sent: 1284,
      taken: 311,
      waiting: 0,
      dead: 0,
      hook: "",
      made_by: { id: fleet.id(2, 0), name: "Robin Admin" },
      made_at: ago(60 * 24 * 40),
      ...over,
    });
    this.bridges = [
      bridge(1, {}),
      bridge(2, {
        name: "Hardware in Slack",
        platform: "slack",
        address: "https://slack.com",
        place: "C0HARDWARE",
        space: other?.id ?? null,
        state: "locked",
        fault: "not let in: token_revoked",
        advice:
          "Look at the credentials and at the rights of the bridge's account over there, then change the bridge. It also tries again every five minutes.",
        state_at: ago(190),
        own_name: "weft",
        hook: `https://weft.example/hooks/${fleet.id(9, 2)}`,
        sent: 96,
        taken: 41,
        waiting: 7,
      }),
      bridge(3, {
        name: "Ticket system",
        platform: "webhook",
        address: "https://tickets.example/hooks/weft",
        place: "",
        inward: false,
        state: "waiting",
        fault: "not now: 502 Bad Gateway: upstream is restarting",
        advice: "Nothing: it is tried again by itself, and nothing is lost meanwhile.",
        state_at: ago(2),
        own_name: "Webhook",
        sent: 530,
        taken: 0,
        waiting: 3,
        dead: 2,
      }),
    ];
    this.letters = [
      {
        id: fleet.id(10, 1),
        step: "say",
        thread: fleet.id(5, 1),
        post: fleet.id(4, 4),
        about: "T14 keeps restarting every two hours",
        fault: "refused: 413 Payload Too Large: at most 4000 characters",
        attempts: 1,
        made_at: ago(90),
        tried_at: ago(90),
      },
      {
        id: fleet.id(10, 2),
        step: "take",
        thread: null,
        post: null,
        about: "Ben: It is the dock, I am sure of it",
        fault: "this thread is locked: only staff can still write in it",
        attempts: 1,
        made_at: ago(300),
        tried_at: ago(300),
      },
    ];
    const person = (remote: string, name: string, how: C.RemotePerson["how"], days: number, as: string) => ({
      remote,
      name,
      account: { id: fleet.id(2, 900 + days), name: as },
      how,
      at: ago(60 * 24 * days),
    });
    this.codeUntil = ago(-15);
    this.people = [
      person("@ana:example.org", "Ana", "guest", 1, "Ana (Matrix)"),
      person("@mei.tanaka:example.org", "Mei", "own", 3, "Mei Tanaka"),
      person("@noor:example.org", "noor", "mail", 12, "Noor Technician"),
      person("@r.obin.with.a.rather.long.name:chat.subsidiary.example.org", "Robin", "admin", 31, "Robin Admin"),
    ];
  }

  answer({ method, body, query }: Asked, me: T.Me, parts: string[]): Answer | null {
    const [noun, id, part, letter] = parts;
    if (noun === "me" && id === "bridge-code")
      return ok({ say: "weft-link-5f0c2a9b71d34e68aa10", until: this.codeUntil });
    if (noun !== "bridges") return null;
    if (!me.roles.includes("admin"))
      return {
        status: 403,
        body: { title: "Not shown to you", status: 403, detail: "this needs the role admin", code: "forbidden" },
      };
    if (id === "platforms") return ok(PLATFORMS);
    if (!id) return method === "POST" ? ok({ ...this.bridges[0], ...body, state: "new" }) : page(this.bridges);
    if (part === "test") {
      const locked = this.bridges.find((bridge) => bridge.id === id)?.state === "locked";
      return ok(
        locked
          ? { works: false, words: "not let in: token_revoked", advice: "Change the credentials." }
          : { works: true, words: "signed in as @weft:example.org, in the room Help", advice: "" },
      );
    }
    if (part === "letters") {
      if (letter) this.letters = this.letters.filter((each) => each.id !== letter);
      return letter ? ok() : page(this.letters);
    }
    if (part === "people") return this.who(method, query.get("remote"), body);
    return ok();
  }

  private who(method: string, remote: string | null, body: Asked["body"]): Answer {
    if (method === "GET") return page(this.people);
    if (method === "DELETE") this.people = this.people.filter((each) => each.remote !== remote);
    else {
      const before = this.people.find((each) => each.remote === body.remote);
      const said = String(body.remote);
      const known: C.RemotePerson = {
        remote: said,
        name: before?.name ?? said,
        account: { id: "", name: String(body.login) },
        how: "admin",
        at: before?.at ?? this.letters[0]?.made_at ?? "",
      };
      this.people = [known, ...this.people.filter((each) => each !== before)];
    }
    return ok();
  }
}
