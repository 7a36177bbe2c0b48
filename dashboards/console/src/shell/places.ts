// The places of the console: path, word, key, and whom they are offered to.
import type { Me } from "../api/types";
import { has, isStaff } from "../session";

export interface Place {
  path: string;
  word: string;
  /** Second key after `g`. */
  key: string;
  offered: (me: Me) => boolean;
}

export const PLACES: Place[] = [
  { path: "/overview", word: "Overview", key: "o", offered: isStaff },
  { path: "/devices", word: "Devices", key: "d", offered: isStaff },
  { path: "/anomalies", word: "Anomalies", key: "a", offered: isStaff },
  { path: "/threads", word: "Threads", key: "t", offered: () => true },
  { path: "/apps", word: "Apps", key: "p", offered: (me) => has(me, "security", "admin") },
  { path: "/mine", word: "My device", key: "m", offered: (me) => me.devices.length > 0 || !isStaff(me) },
  { path: "/audit", word: "Audit", key: "u", offered: (me) => has(me, "admin") },
  { path: "/tokens", word: "Tokens", key: "k", offered: (me) => has(me, "admin") },
];

export const placesOf = (me: Me) => PLACES.filter((place) => place.offered(me));
