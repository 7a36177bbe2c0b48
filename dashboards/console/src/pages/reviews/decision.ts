// When a decision can be taken, and how it will be told. Pure; the collector says the same words and has the last one.
import type { Outcome } from "../../api/reviewing";
import { endOf } from "../../words/day";

export interface Asked {
  outcome: Outcome | "";
  until: string;
  replaceBy: string;
  words: string;
}

export function complete({ outcome, until, replaceBy, words }: Asked, now: Date): boolean {
  if (!outcome || !words.trim()) return false;
  if (outcome === "replace" && !replaceBy.trim()) return false;
  if (outcome === "tolerate" && !until) return false;
  if (outcome === "sanction" || outcome === "remove" || !until) return true;
  const end = endOf(until);
  return end !== null && new Date(end) > now;
}

const long = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "long", year: "numeric" });

export function draft(app: string, { outcome, until, replaceBy }: Asked): string {
  const end = until ? endOf(until) : null;
  const day = end ? long.format(new Date(end)) : "…";
  switch (outcome) {
    case "sanction":
      return `${app} may be used.`;
    case "tolerate":
      return `${app} may be used until ${day}.`;
    case "replace":
      return `${app} is to be replaced by ${replaceBy.trim() || "…"}${end ? ` until ${day}` : ""}.`;
    case "remove":
      return `${app} is to be removed.`;
    case "":
      return "";
  }
}
