// Talk that also lives elsewhere: bridges, what did not get through, who is who. Shapes, and the calls that read them.
import type { Named } from "./beside";
import { useOne } from "./queries";
import type { Page } from "./types";

export type BridgeState = "new" | "running" | "waiting" | "locked" | "paused";

// GET /bridges · POST /bridges · PATCH /bridges/{id} · DELETE /bridges/{id} · POST /bridges/{id}/test -> Tried
export interface Bridge {
  id: string;
  name: string;
  platform: string;
  address: string;
  place: string;
  /** Which are set; never what they are. */
  secrets: string[];
  space: string | null;
  thread: string | null;
  outward: boolean;
  inward: boolean;
  bots: boolean;
  trusts_mail: boolean;
  beyond_everyone: boolean;
  enabled: boolean;
  state: BridgeState;
  fault: string;
  advice: string;
  state_at: string;
  own_name: string;
  sent: number;
  taken: number;
  waiting: number;
  dead: number;
  hook: string;
  made_by: Named;
  made_at: string;
}

export interface Tried {
  works: boolean;
  words: string;
  advice: string;
}

// GET /bridges/platforms
export interface PlatformField {
  name: string;
  label: string;
  help: string;
  required: boolean;
}
export interface Platform {
  platform: string;
  name: string;
  about: string;
  address: PlatformField;
  place: PlatformField;
  secrets: PlatformField[];
}

// GET /bridges/{id}/letters · POST /bridges/{id}/letters/{letter}/again · DELETE /bridges/{id}/letters/{letter}
export interface Letter {
  id: string;
  step: "say" | "edit" | "delete" | "solved" | "reopened" | "take";
  thread: string | null;
  post: string | null;
  about: string;
  fault: string;
  attempts: number;
  made_at: string;
  tried_at: string;
}

// GET /bridges/{id}/people · PUT {remote, login} · DELETE ?remote=
export interface RemotePerson {
  /** Their id over there. */
  remote: string;
  name: string;
  account: Named;
  /** How it became known who they are here; `own`: they said a code over there. */
  how: "guest" | "mail" | "own" | "admin" | "unlinked";
  at: string;
}

// POST /me/bridge-code
export interface BridgeCode {
  /** To be said over there, alone in a message; answered once. */
  say: string;
  until: string;
}

export const useBridges = () => useOne<Page<Bridge>>(["bridges"], "/bridges");
export const usePlatforms = () => useOne<Platform[]>(["platforms"], "/bridges/platforms");
export const useLetters = (bridge: string, enabled: boolean) =>
  useOne<Page<Letter>>(["bridges", bridge, "letters"], `/bridges/${bridge}/letters`, undefined, enabled);
export const useRemotePeople = (bridge: string) =>
  useOne<Page<RemotePerson>>(["bridges", bridge, "people"], `/bridges/${bridge}/people`);
