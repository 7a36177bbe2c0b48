// One's own mail and feeds. Shapes, and the calls that read them.
import type { Named } from "./beside";
import { useOne } from "./queries";

export type Pace = "instant" | "hourly" | "digest" | "off";
export type Rhythm = "off" | "daily" | "weekly";
export type About = "direct" | "talk" | "outcome" | "machines" | "staff";

export interface Wishes {
  mail: Record<About, Pace>;
  digest: Rhythm;
  /** 0 to 23, in `zone`. */
  digest_hour: number;
  /** Minutes after midnight. */
  quiet: { from: number; until: number } | null;
  /** IANA. */
  zone: string;
  language: string;
}

export interface MailAddress {
  address: string;
  main: boolean;
  by_it: boolean;
  confirmed_at: string | null;
  paused_at: string | null;
  paused_why: string;
}

// GET /me/mail · PUT /me/mail/wishes · POST /me/mail/test · PUT|DELETE /me/mail/mutes/{thread}
// POST /me/mail/addresses, …/main, …/resume, …/remove {address}
export interface MyMail {
  on: boolean;
  waits: string; // why mail waits although it is set up; empty: it does not
  replies: boolean;
  wishes: Wishes;
  addresses: MailAddress[];
  muted: Named[];
  spaces: { slug: string; name: string; address: string }[];
}

// GET|POST|DELETE /me/feeds
export interface MyFeeds {
  all: string | null;
  base: string | null;
}

export const useMyMail = () => useOne<MyMail>(["mail"], "/me/mail");
export const useMyFeeds = () => useOne<MyFeeds>(["feeds"], "/me/feeds");
