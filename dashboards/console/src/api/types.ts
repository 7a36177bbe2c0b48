// The shapes of /api/v1 (the collector's OpenAPI document is the source of truth; a test compares the two).
// Times are RFC 3339 UTC strings, sizes bytes, ratios 0..1. Lists are pages: {items, next_cursor}.
// Errors are application/problem+json: {type, title, status, detail, code, request_id}.

export type Role = "user" | "technician" | "security" | "admin";
export type Kind = "reboot" | "process" | "app" | "capacity" | "compound";
export type Severity = "info" | "low" | "medium" | "high" | "critical";
export type AnomalyState = "open" | "acknowledged" | "resolved";
export type Judgement = "true" | "false" | "expected";
export type LinkState = "suggested" | "automatic" | "confirmed" | "rejected";
export type Verdict = "sanctioned" | "tolerated" | "unsanctioned";
export type BootEnd =
  | "running" | "clean_restart" | "clean_poweroff" | "update" | "crash"
  | "forced_off" | "power_loss_or_hang" | "failed_boot" | "unknown";

export interface Page<T> { items: T[]; next_cursor: string | null }

// POST /session {login, password} -> Me (sets the cookie) · DELETE /session · GET /me
export interface Me {
  id: string; login: string; name: string; team: string; roles: Role[];
  devices: { id: string; name: string }[];
}

// GET /overview  (technician, security, admin; a user gets the counts of their own devices only)
export interface Overview {
  devices: { total: number; real: number; simulated: number; reporting_24h: number; never: number };
  observations: { boot: number; process: number; app: number; vitals: number; inventory: number; resume: number; agent_health: number };
  anomalies: Record<Kind, number>; // open or acknowledged
  threads: { open: number; solved: number };
  links: { suggested: number; automatic: number; confirmed: number };
  books: Books;
  // one per day, oldest first, 60 days
  boots_by_day: { day: string; clean: number; update: number; unexpected: number }[];
  unexpected_by_model: { model: string; devices: number; unexpected: number; per_device_week: number }[];
  apps_by_week: { week: string; app: string; name: string; devices: number }[];
  os_builds: { os_build: string; os_type: string; devices: number }[];
  newest: AnomalySummary[]; // at most 8, most severe first
}

export interface Books { sent: number; stored: number; rejected: number; dropped: number; lost: number; pending: number; balanced: boolean }

// GET /devices?q=&team=&model=&os=&simulated=true|false&limit=&cursor= -> Page<DeviceSummary>
export interface DeviceSummary {
  id: string; name: string; model: string; os_type: string; os_build: string; team: string;
  owner: { id: string; name: string } | null;
  simulated: boolean; state: "active" | "revoked" | "retired" | "cloned";
  enrolled_at: string; last_report: string | null; agent_version: string;
  open_anomalies: number; unexpected_30d: number;
}
// GET /devices/{id}
export interface Device extends DeviceSummary {
  inventory: {
    observed_at: string; device_manufacturer: string; device_model_name: string; host_arch: string; host_name: string;
    os_type: string; os_name: string; os_version: string; os_build_id: string; os_kernel: string;
    cpu_model_name: string; cpu_logical_count: number; memory_limit: number; bios_version: string; chassis: string;
    disks: { name: string; model: string; size: number; type: string; endurance_utilization: number | null; health: string }[];
    batteries: { model: string; health: number; cycles: number | null; chemistry: string }[];
    components: { name: string; version: string }[];
  } | null;
  health: {
    observed_at: string; service_version: string; cpu_time: number; memory_usage: number; spool_usage: number; network_io: number;
    degraded: string[]; blind_spots: string[]; dropped: Record<string, number>; redacted: Record<string, number>; clock_step: number;
  } | null;
  books: Books;
  losses: { at: string; reason: string; count: number; kind: "rejected" | "lost" }[];
  certificate: { serial: string; not_after: string; renew_after: string } | null;
}
// GET /devices/{id}/boots?from=&to= -> Page<Boot>, newest first
export interface Boot {
  boot_id: string; started_at: string; ended_at: string | null; end: BootEnd; confidence: number;
  initiator: string; stop_code: string; evidence: string[]; tags: string[]; os_version: string;
}
// GET /devices/{id}/processes -> Page<Process>   (owner, security, admin; others 403)
export interface Process {
  executable_name: string; executable_path: string; executable_sha256: string; package: string; signer: string;
  parent_executable_name: string; user_class: string; place: string; first_seen: string | null; last_seen: string;
  starts: number; cpu_time: number; memory_usage: number; traits: string[]; devices_in_fleet: number;
}
// GET /devices/{id}/apps -> Page<DeviceApp>   (owner, security, admin; others 403)
export interface DeviceApp {
  app: string; name: string; category: string; state: string; confidence: number; flags: string[];
  account: string; account_domain: string; first_seen: string; last_seen: string; files_changed: number; bytes_changed: number;
  verdict: Verdict | null; evidence: string[];
}
// GET /devices/{id}/vitals?from=&to= -> columns of equal length, oldest first (at most 500 points)
export interface VitalsSeries {
  at: string[]; cpu_utilization: number[]; memory_usage: number[]; memory_limit: number[]; disk_usage_ratio: (number | null)[];
  temperature_max: (number | null)[]; battery_charge: (number | null)[];
}
// GET /devices/{id}/observations?kind=&from=&to=&cursor= -> Page<{seq, epoch, observed_at, kind, observation}>: the literal records (owner, admin)
export interface SentRecord { seq: number; epoch: string; observed_at: string; kind: string; observation: unknown }
// GET /devices/{id}/looks -> Page<Look>: who looked at this device (owner, admin)
export interface Look { at: string; who: { id: string; name: string; roles: Role[] }; what: string }

// GET /anomalies?state=&kind=&severity=&device=&q=&limit=&cursor= -> Page<AnomalySummary>, most severe and newest first
export interface AnomalySummary {
  id: string; kind: Kind; detector: string; severity: Severity; confidence: number; score: number;
  state: AnomalyState; judgement: Judgement | null;
  title: string; from: string; to: string; opened_at: string; updated_at: string; resolved_at: string | null; relapses: number;
  device: { id: string; name: string; simulated: boolean } | null;
  cohort: { by: string; value: string } | null;
  devices: number; at_risk: number; simulated: boolean;
  thread: { id: string; title: string; state: LinkState } | null; // best link
}
// GET /anomalies/{id}
export interface Anomaly extends AnomalySummary {
  why: string[];
  evidence: { kind: string; device: { id: string; name: string } | null; at: string; text: string }[];
  affected: { id: string; name: string; model: string; team: string; simulated: boolean }[];
  at_risk_devices: { id: string; name: string; model: string; team: string; simulated: boolean }[];
  links: Link[];
  // for charts: the times of the events behind it, and per day counts of affected devices
  timeline: { at: string; device: string; text: string; kind: string }[];
  rule: { id: string; judgement: Judgement; scope: string; until: string | null; by: string; at: string } | null;
}
export interface Reason { feature: string; weight: number; text: string }
export interface Link {
  anomaly: { id: string; title: string; kind: Kind; severity: Severity; state: AnomalyState };
  thread: { id: string; title: string; space: string };
  score: number; state: LinkState; reasons: Reason[];
}
// POST /anomalies/{id}/acknowledge · POST /anomalies/{id}/resolve · POST /anomalies/{id}/judgement {judgement, scope: "device"|"cohort"|"fleet", until?, note}
// GET /anomalies/{id}/judgement/preview?judgement=&scope= -> {would_hide: number}
// POST /anomalies/{id}/thread -> Thread: opens a thread about it (or returns the confirmed one)
// POST /links {anomaly, thread} · POST /links/{anomaly}/{thread}/confirm · POST /links/{anomaly}/{thread}/reject

// GET /spaces
export interface Space { id: string; slug: string; name: string; description: string; threads: number; staff_only: boolean }
// GET /threads?space=&q=&state=open|solved&mine=&limit=&cursor= -> Page<ThreadSummary>
export interface ThreadSummary {
  id: string; space: { id: string; slug: string; name: string }; title: string;
  author: { id: string; name: string } ; opened_at: string; last_post_at: string; posts: number; participants: number;
  solved: boolean; simulated: boolean; anomalies: number;
  private: boolean; // for a few people and security only: an ask-first review
  locked: boolean; pinned: boolean; hidden: boolean; // hidden: only staff sees it
  level: Level; unread: number; // posts of others behind what I have read; 0 where I do not follow
}
// What I hear of a thread. muted: nothing; normal: mentions and replies; tracking: also unread counts; watching: every post
export type Level = "muted" | "normal" | "tracking" | "watching";
// GET /threads/{id}
export interface Thread extends ThreadSummary {
  messages: Post[]; links: Link[]; accepted_post: string | null; following: boolean; can_moderate: boolean;
  next_cursor: string | null; // for GET /threads/{id}/posts; null: messages are all
  can_keep_order: boolean; // lock, pin, hide, move, merge
  read_at: string | null; escalations: Escalation[]; members: { id: string; name: string }[];
  hidden_reason: string | null; merged_into: string | null; solved_at: string | null; reopened: number;
}
export interface Escalation {
  id: string; thread: string; to: Role; reason: string; by: { id: string; name: string }; at: string;
  state: "open" | "taken" | "closed"; taken_by: { id: string; name: string } | null; updated_at: string; note: string;
}
export interface FileRef { id: string; name: string; media: string; size: number; url: string }
export interface Post {
  id: string; author: { id: string; name: string; login: string; system: boolean; roles: Role[] }; posted_at: string; edited_at: string | null;
  markdown: string; html: string; // html is sanitised by the collector
  accepted: boolean; whisper: boolean; mine: boolean;
  reply_to: string | null; origin: string; // the connector that brought it; empty: written here
  files: FileRef[];
}
// POST /threads {space, title, markdown} -> Thread · POST /threads/{id}/posts {markdown, whisper?} -> Post
// PATCH /posts/{id} {markdown} · DELETE /posts/{id} · POST /threads/{id}/accept {post} · POST /threads/{id}/reopen · PUT/DELETE /threads/{id}/follow
// GET /threads/{id}/context -> ContextCard[]: one per participant's device that may be shown to me
export interface ContextCard {
  device: { id: string; name: string; simulated: boolean }; owner: { id: string; name: string };
  audience: string;  // in words: "shown to technicians", "shown to everyone in this thread until 3 December"
  facts: { fact: string; label: string; value: string; tone: "plain" | "good" | "warn" | "bad" }[];
  // last 30 days, one per day: 0 none, >0 unexpected ends
  boots_by_day: { day: string; expected: number; unexpected: number }[];
  peers: { model: string; devices: number; unexpected_ratio: number | null } | null; // null under the anonymity floor of 5
  mine: boolean; shared: { facts: string[]; until: string | null } | null; // for its owner: what peers see of it here
}

// GET /apps -> Page<AppRow>: every app seen or judged (security, admin)
export interface AppRow {
  app: string; name: string; category: string; devices: number; teams: { team: string; devices: number }[];
  first_seen: string; last_seen: string; bytes_changed_30d: number; running: number;
  verdicts: { team: string | null; verdict: Verdict; until: string | null; reason: string; by: string; at: string }[];
  trend: { week: string; devices: number }[];
}
// PUT /apps/{app}/verdict {verdict, team?, until?, reason} · DELETE /apps/{app}/verdict?team=

// GET /audit?cursor= -> Page<AuditEntry> (admin)
export interface AuditEntry { id: string; at: string; actor: string; action: string; object: string; detail: string; outcome: "ok" | "refused" }
// GET /tokens, POST /tokens {name, uses, expires_in (seconds), team?, owner? (login), device_name?, simulated?} -> Token & {secret: string} (secret shown once), DELETE /tokens/{id} (admin)
export interface Token { id: string; name: string; team: string; uses_left: number; uses: number; created_at: string; expires_at: string; revoked: boolean }
// POST /devices/{id}/revoke {reason} · POST /devices/{id}/retire {reason?} (admin)
// Machine facts beside the talk: beside.ts. Reviews, demand, impact: reviewing.ts. Rules, evidence, accounts: keeping.ts.
export interface JudgementPreview { would_hide: number }
export interface TokenSecret { secret: string }
// application/problem+json, every error
export interface ProblemBody { type: string; title: string; status: number; detail: string; code: string; request_id: string }

// GET /status (signed in): what runs here
export interface Status { version: string; engine: string /* ClickHouse version() */; control: "sqlite" | "postgres"; detect: { last_round: string | null; took_seconds: number | null; next_round: string | null } }
