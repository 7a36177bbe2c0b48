// What the account forms know without asking: which logins fit, what changed, a password nobody guesses. Pure but for the
// random bytes, which are a parameter.
import type { Account } from "../../api/keeping";
import type { Role } from "../../api/types";

/** The collector's own limits. */
export const MIN_PASSWORD = 10;
const MAX_LOGIN = 64;

export function unfitLogin(login: string): string {
  const text = login.trim();
  if (text.length > MAX_LOGIN) return `At most ${MAX_LOGIN} letters.`;
  if (text === "weft") return "This is the collector's own.";
  return /^[a-z0-9]([a-z0-9._-]*[a-z0-9])?$/.test(text) ? "" : "Small letters, digits, and . - _ between them.";
}

interface Fields {
  name: string;
  team: string;
  roles: Role[];
  password: string;
}

/** Only what differs is sent: two administrators must not undo each other. */
export function changes(account: Account, fields: Fields): Partial<Fields> {
  const changed: Partial<Fields> = {};
  if (fields.name.trim() !== account.name) changed.name = fields.name.trim();
  if (fields.team.trim() !== account.team) changed.team = fields.team.trim();
  if ([...fields.roles].sort().join() !== [...account.roles].sort().join()) changed.roles = fields.roles;
  if (fields.password) changed.password = fields.password;
  return changed;
}

/** Letters that are not mistaken for each other when read aloud or copied by hand; 32 of them, five bits each. */
const LETTERS = "abcdefghijkmnpqrstuvwxyz23456789";
/** Four groups of four: 80 bits. */
const GROUPS = 4;
const GROUP = 4;

export function passphrase(random: (bytes: Uint8Array<ArrayBuffer>) => Uint8Array): string {
  const bytes = random(new Uint8Array(GROUPS * GROUP));
  const letters = [...bytes].map((byte) => LETTERS[byte % LETTERS.length]);
  return Array.from({ length: GROUPS }, (_, group) => letters.slice(group * GROUP, (group + 1) * GROUP).join("")).join(
    "-",
  );
}
