// Asking first, the demand register and the impact ledger: shapes of the collector's answers, and the calls that read them.
import type { Named } from "./beside";
import { useOne } from "./queries";
import type { Page, Verdict } from "./types";

export type Purpose =
  | "share_outside"
  | "share_inside"
  | "large_files"
  | "own_devices"
  | "talk"
  | "remote_help"
  | "private"
  | "not_used"
  | "other";
export type Outcome = "sanction" | "tolerate" | "replace" | "remove";
export type Scope = "device" | "team" | "fleet";

// GET /reviews?app=&decided= · POST /reviews {app, device, anomaly?, words} · GET /threads/{id}/review
// PUT /reviews/{id}/reason {purpose, missing, words} · POST /reviews/{id}/decision {outcome, scope, until?, replace_by, words}
export interface Review {
  id: string;
  thread: string;
  app: string;
  app_name: string;
  device: Named;
  team: string;
  owner: Named;
  opened_by: Named;
  opened_at: string;
  anomaly: string | null;
  state: "asked" | "answered" | "decided";
  reason: { purpose: Purpose; purpose_words: string; missing: string; words: string; at: string } | null;
  decision: {
    outcome: Outcome;
    scope: Scope;
    until: string | null;
    replace_by: string;
    words: string;
    told: string;
    by: Named;
    at: string;
  } | null;
  can_answer: boolean;
  can_decide: boolean;
}

// GET /demand -> Page<Demand>, strongest wish first · GET /demand.csv
export interface Demand {
  app: string;
  name: string;
  category: string;
  devices: number;
  /** At the end of each of the last 12 weeks, oldest first. */
  curve: number[];
  teams: { team: string; devices: number; curve: number[] }[];
  verdict: Verdict | null;
  reasons: { thread: string; sentence: string; purpose: Purpose | null; missing: string }[];
  reasons_found: number;
  purposes: { purpose: Purpose; words: string; answers: number }[];
  /** In four weeks. */
  forecast: { devices: number; low: number; high: number; words: string } | null;
  score: number;
  formula: string;
}

// GET /impact?months=&team=&model=
export interface Sum {
  minutes: number;
  formula: string;
}
export interface ImpactRow extends Sum {
  name: string;
  devices: number;
}
export interface Impact {
  of: "fleet" | "own";
  assumptions: { class: string; words: string; minutes: number; source: string }[];
  lost: Sum;
  by_month: ImpactRow[];
  by_model: ImpactRow[];
  by_team: ImpactRow[];
  saved: (Sum & { thread: string; title: string; words: string })[];
  saved_minutes: number;
}

export const useReviews = (decided: "" | "true" | "false") => useOne<Review[]>(["reviews"], "/reviews", { decided });
/** A talk that is no review answers 404: only asked where the thread is private. */
export const useReviewOf = (thread: string, enabled: boolean) =>
  useOne<Review>(["reviews", "thread", thread], `/threads/${thread}/review`, undefined, enabled);
export const useDemand = () => useOne<Page<Demand>>(["demand"], "/demand");
export const useImpact = (months: string, team: string, model: string) =>
  useOne<Impact>(["impact"], "/impact", { months, team, model });
