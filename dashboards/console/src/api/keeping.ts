// What the house keeps: rules that people taught, the rows behind an anomaly, accounts. Shapes, and the calls that read them.
import type { Named } from "./beside";
import { useOne, usePages } from "./queries";
import type { Judgement, Kind, Role } from "./types";

// GET /rules · POST /rules/{id}/end
export type RuleScope = "fleet" | { device: string } | { cohort: { by: string; value: string } };
export interface Rule {
  id: string;
  anomaly: string;
  title: string;
  kind: Kind;
  judgement: Judgement;
  scope: RuleScope;
  from: string;
  until: string | null;
  note: string;
  by: Named;
}

// GET /anomalies/{id}/evidence: the observations behind it, and the SQL that shows them
export type Cell = string | number | boolean | null | Cell[] | { [name: string]: Cell };
export interface EvidenceRows {
  sql: string;
  /** Values of the {name:Type} parameters; times in microseconds since 1970. */
  parameters: Record<string, Cell>;
  rows: Record<string, Cell>[];
}

// GET /accounts?q= · POST /accounts {login, name, team, roles, password?} · PATCH /accounts/{id} {name?, team?, roles?, disabled?, password?}
export interface Account {
  id: string;
  login: string;
  name: string;
  team: string;
  roles: Role[];
  disabled: boolean;
  simulated: boolean;
  created_at: string;
}

export const useRules = () => useOne<Rule[]>(["rules"], "/rules");
export const useEvidence = (anomaly: string, enabled: boolean) =>
  useOne<EvidenceRows>(["anomaly", anomaly, "evidence"], `/anomalies/${anomaly}/evidence`, undefined, enabled);
export const useAccounts = (q: string) => usePages<Account>(["accounts"], "/accounts", { q });
