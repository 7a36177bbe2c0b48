// Pretended answers about one's own mail and feeds: an address that works, one that waits, one from which mail came back.
import type * as M from "../src/api/mailing.ts";
import type * as T from "../src/api/types.ts";
import type { Answer, Asked } from "./answers.ts";
import type { Fleet } from "./fleet.ts";

const DAY = 86_400_000;
const TOKEN = "nb2hi4dthixs653xo4xhoztpoi3gkylq";
const ok = (body?: unknown): Answer => ({ status: body === undefined ? 204 : 200, body });

export class Mailing {
  private readonly mine: M.MyMail;
  private generation = 1;
  private open = true;

  constructor(fleet: Fleet) {
    const ago = (days: number) => fleet.iso(fleet.now.getTime() - days * DAY);
    const address = (name: string, more: Partial<M.MailAddress>): M.MailAddress => ({
      address: name,
      main: false,
      by_it: false,
      confirmed_at: ago(40),
      paused_at: null,
      paused_why: "",
      ...more,
    });
    this.mine = {
      on: true,
      waits: "",
      replies: true,
      wishes: {
        mail: { direct: "instant", talk: "instant", outcome: "instant", machines: "hourly", staff: "instant" },
        digest: "weekly",
        digest_hour: 8,
        quiet: { from: 1320, until: 420 },
        zone: "Europe/Berlin",
        language: "en",
      },
      addresses: [
        address("noor@example.org", { main: true, by_it: true }),
        address("noor.technician@old.example.org", { paused_at: ago(2), paused_why: "550 5.1.1 no such user" }),
        address("noor@home.example", { confirmed_at: null }),
      ],
      muted: fleet.threads.slice(2, 4).map(({ id, title }) => ({ id, name: title })),
      spaces: fleet.spaces
        .slice(0, 2)
        .map(({ slug, name }) => ({ slug, name, address: `weft+${TOKEN.slice(0, 24)}@example.org` })),
    };
  }

  answer({ method, body }: Asked, me: T.Me, parts: string[]): Answer | null {
    if (parts[0] !== "me") return null;
    if (parts[1] === "feeds") return this.feeds(method);
    if (parts[1] !== "mail") return null;
    const named = this.mine.addresses.find((one) => one.address === body?.address);
    switch (parts[2]) {
      case undefined:
        return ok(me.login === "nobody" ? this.cameBack() : this.mine);
      case "wishes":
        this.mine.wishes = body as unknown as M.Wishes;
        return ok();
      case "mutes":
        this.mine.muted = this.mine.muted.filter((thread) => thread.id !== parts[3]);
        return ok();
      case "addresses":
        if (parts[3] === "remove") this.mine.addresses = this.mine.addresses.filter((one) => one !== named);
        else if (parts[3] === "main") for (const one of this.mine.addresses) one.main = one === named;
        else if (parts[3] === "resume" && named) named.paused_at = null;
        return ok();
      default:
        return ok();
    }
  }

  /** One person's only address lets nothing in. */
  private cameBack(): M.MyMail {
    const [main, old] = this.mine.addresses;
    const gone = main &&
      old && { ...main, address: "new.person@example.org", paused_at: old.paused_at ?? main.confirmed_at };
    return { ...this.mine, addresses: gone ? [{ ...gone, paused_why: "552 5.2.2 mailbox full" }] : [] };
  }

  private feeds(method: string): Answer {
    if (method === "POST") {
      this.generation += 1;
      this.open = true;
    }
    if (method === "DELETE") this.open = false;
    const base = this.open ? `https://weft.example.org/feeds/${TOKEN}${this.generation}` : null;
    return ok({ all: base && `${base}/all.atom`, base });
  }
}
