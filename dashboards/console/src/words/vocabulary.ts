// The machine words of the API in people's words. One table each; a word that is not here shows as itself.
import type { Purpose } from "../api/reviewing";
import type { BootEnd, Judgement, Kind, LinkState, Role, Severity, Verdict } from "../api/types";

export const KINDS: Record<Kind, string> = {
  reboot: "Restarts",
  process: "Process",
  app: "App",
  capacity: "Capacity",
  compound: "Compound",
};
export const KIND_MEANING: Record<Kind, string> = {
  reboot: "restarts that nobody asked for, or too many of them",
  process: "a program that is unusual here",
  app: "an app nobody approved",
  capacity: "something that is about to run out",
  compound: "several signs that belong together",
};

/** What a severity asks of its reader; these are the collector's own definitions. */
export const SEVERITY: Record<Severity, { word: string; meaning: string; rank: number }> = {
  info: { word: "Info", meaning: "worth knowing", rank: 0 },
  low: { word: "Low", meaning: "look this month", rank: 1 },
  medium: { word: "Medium", meaning: "look this week", rank: 2 },
  high: { word: "High", meaning: "look today", rank: 3 },
  critical: { word: "Critical", meaning: "look now", rank: 4 },
};

export type EndFamily = "running" | "planned" | "update" | "unexpected" | "unknown";
export const ENDS: Record<BootEnd, { word: string; family: EndFamily; meaning: string }> = {
  running: { word: "Running", family: "running", meaning: "still on at the last report" },
  clean_restart: { word: "Restart", family: "planned", meaning: "restarted in order" },
  clean_poweroff: { word: "Shut down", family: "planned", meaning: "switched off in order" },
  update: { word: "Update", family: "update", meaning: "restarted by a software update" },
  crash: { word: "Crash", family: "unexpected", meaning: "kernel panic, stop error or watchdog" },
  forced_off: { word: "Forced off", family: "unexpected", meaning: "the power button was held" },
  power_loss_or_hang: {
    word: "Power loss or hang",
    family: "unexpected",
    meaning: "power lost, battery empty, or a hang ended by reset; the records cannot tell these apart",
  },
  failed_boot: { word: "Failed start", family: "unexpected", meaning: "a start that died before the system's log" },
  unknown: { word: "Unknown", family: "unknown", meaning: "the records do not say" },
};
export const END_ORDER: BootEnd[] = [
  "crash",
  "power_loss_or_hang",
  "forced_off",
  "failed_boot",
  "update",
  "clean_restart",
  "clean_poweroff",
  "unknown",
];

export const LINK: Record<LinkState, string> = {
  suggested: "Suggested",
  automatic: "Linked by itself",
  confirmed: "Confirmed",
  rejected: "Rejected",
};
export const VERDICT: Record<Verdict, string> = {
  sanctioned: "Sanctioned",
  tolerated: "Tolerated",
  unsanctioned: "Unsanctioned",
};
export const JUDGEMENT: Record<Judgement, { word: string; meaning: string }> = {
  true: { word: "True", meaning: "It is what it says." },
  false: { word: "False", meaning: "It is a mistake; do not raise the like again." },
  expected: { word: "Expected", meaning: "It is real and known; stay quiet about the like." },
};
export const ROLE: Record<Role, string> = {
  user: "laptop user",
  technician: "technician",
  security: "security",
  admin: "administrator",
};
export const ROLE_MEANING: Record<Role, string> = {
  user: "their own laptop, and the threads",
  technician: "health, restarts and inventory of every laptop; no programs or apps",
  security: "programs and apps of every laptop; reviews and verdicts",
  admin: "everything, and accounts, tokens and the audit log",
};
/** Facts of a context card, as a list says them. */
export const CARD_FACT: Record<string, string> = {
  name: "name",
  model: "model",
  system: "system",
  uptime: "up for",
  restarts: "unexpected restarts",
  restarts_by_day: "restarts day by day",
  disk: "fullest disk",
  battery: "battery",
  same_model: "comparison with the same model",
};
export const CATEGORY: Record<string, string> = {
  cloud_sync: "Cloud sync",
  file_transfer: "File transfer",
  messaging: "Messaging",
  remote_access: "Remote access",
};
/** What a cohort shares. */
export const COHORT_BY: Record<string, string> = {
  fleet: "Everybody here",
  model: "Model",
  os_build: "Build",
  team: "Team",
  component: "Version",
  app: "App",
};
/** What an app is used for, as its user says. */
export const PURPOSE: Record<Purpose, string> = {
  share_outside: "Sharing with people outside",
  share_inside: "Sharing with colleagues",
  large_files: "Large files",
  own_devices: "The same files on several machines",
  talk: "Talking with people",
  remote_help: "Helping or being helped at a distance",
  private: "Private things",
  not_used: "Nothing: it is there and not used",
  other: "Something else",
};
const OS: Record<string, string> = { windows: "Windows", linux: "Linux", darwin: "macOS" };
export const osName = (type: string) => OS[type] ?? type;
/** "folder_left" -> "folder left", for words without a table. */
export const plain = (word: string) => word.replaceAll("_", " ");
