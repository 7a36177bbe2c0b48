// The places of the console: path, word, key, and whom they are offered to.
import type { Me } from "../api/types";
import { has, isStaff } from "../session";

export interface Place {
  path: string;
  word: string;
  /** Second key after `g`. */
  key: string;
  offered: (me: Me) => boolean;
  /** Places of one group share a word in the masthead and stand beside each other on their pages. */
  group?: string;
}

const reviews = (me: Me) => has(me, "security", "admin");
const keeps = (me: Me) => has(me, "admin");

export const PLACES: Place[] = [
  { path: "/overview", word: "Overview", key: "o", offered: isStaff, group: "Overview" },
  { path: "/impact", word: "Impact", key: "i", offered: isStaff, group: "Overview" },
  { path: "/devices", word: "Devices", key: "d", offered: isStaff },
  { path: "/anomalies", word: "Anomalies", key: "a", offered: isStaff, group: "Anomalies" },
  { path: "/rules", word: "Rules", key: "r", offered: isStaff, group: "Anomalies" },
  { path: "/threads", word: "Threads", key: "t", offered: () => true, group: "Threads" },
  { path: "/notices", word: "Notices", key: "n", offered: () => true, group: "Threads" },
  { path: "/moderation", word: "Moderation", key: "f", offered: isStaff, group: "Threads" },
  { path: "/apps", word: "Apps", key: "p", offered: reviews, group: "Apps" },
  { path: "/reviews", word: "Reviews", key: "v", offered: reviews, group: "Apps" },
  { path: "/demand", word: "Demand", key: "w", offered: reviews, group: "Apps" },
  { path: "/mine", word: "My device", key: "m", offered: (me) => me.devices.length > 0 || !isStaff(me) },
  { path: "/accounts", word: "Accounts", key: "c", offered: keeps, group: "Administration" },
  { path: "/tokens", word: "Tokens", key: "k", offered: keeps, group: "Administration" },
  { path: "/connections", word: "Connections", key: "b", offered: keeps, group: "Administration" },
  { path: "/audit", word: "Audit", key: "u", offered: keeps, group: "Administration" },
];

export const placesOf = (me: Me) => PLACES.filter((place) => place.offered(me));

/** What stands in the masthead: each group once, led by the first of its places that is offered. */
export function headsOf(me: Me): { path: string; word: string; places: Place[] }[] {
  const heads: { path: string; word: string; places: Place[] }[] = [];
  for (const place of placesOf(me)) {
    const word = place.group ?? place.word;
    const head = heads.find((each) => each.word === word);
    if (head) head.places.push(place);
    else heads.push({ path: place.path, word, places: [place] });
  }
  return heads;
}

/** Is this address at the place, or below it? */
export const isAt = (place: { path: string }, pathname: string) =>
  pathname === place.path || pathname.startsWith(`${place.path}/`);
