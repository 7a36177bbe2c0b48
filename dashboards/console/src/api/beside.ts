// Machine facts beside the talk: cohorts, context cards, peers, invitations, thanks, verified fixes, calls.
// Shapes of the collector's answers, and the calls that read them. What may be told to whom is decided there.
import { useOne } from "./queries";
import type { ContextCard, Role } from "./types";

export interface Named {
  id: string;
  name: string;
}
export interface Person extends Named {
  roles: Role[];
}

// GET /threads/{id}/cohort
export interface Part {
  by: string;
  value: string;
  here: number;
  /** Unexpected ends, times the rest of the fleet's, with the 95 % interval. */
  ratio: number | null;
  low: number | null;
  high: number | null;
  ends: number | null;
  days: number | null;
  share_here: number;
  share_elsewhere: number | null;
  words: string;
}
export interface Cohort {
  people: number;
  devices: number | null;
  audience: "peer" | "technician" | "reviewer";
  rule: string;
  words: string[];
  parts: Part[];
  withheld: { by: string; why: string }[];
}

// GET/PUT/DELETE /threads/{id}/cards/{device} · GET …/preview?facts=a,b
export interface Shared {
  facts: string[];
  until: string | null;
}
export interface Card {
  device: string;
  choices: { fact: string; label: string }[];
  shared: Shared | null;
  stated: string[];
}
// GET /devices/{id}/shared
export interface SharedIn extends Shared {
  thread: string;
  title: string;
}
// GET /devices/{id}/looks/summary
export interface LooksOf {
  who: Person;
  first: string;
  last: string;
  hours: number;
  what: string[];
  seen: { thread: string | null; place: string; facts: string[]; times: number; last: string }[];
  words: string;
}

// GET/PUT /me/peers
export interface MyPeers {
  by_model: boolean;
  by_problem: boolean;
  show_thanks: boolean;
}
// GET /threads/{id}/peers
export interface Peer {
  person: Person;
  same_model: boolean;
  same_problem: boolean;
  reasons: string[];
}
// GET /threads/{id}/invitations, /me/invitations · POST /threads/{id}/invitations {account, words} · POST /invitations/{id}/accept|decline
export interface Invitation {
  id: string;
  thread: { id: string; title: string };
  inviter: Named;
  invitee: Named;
  reasons: string[];
  words: string;
  state: "open" | "accepted" | "declined";
  at: string;
}
// GET /threads/{id}/thanks, /me/thanks · PUT/DELETE /posts/{id}/thanks {words, show}
export interface Thanks {
  post: string;
  thread: string;
  from: Named;
  to: Named;
  words: string;
  shown: boolean;
  at: string;
}

// GET /threads/{id}/effect · POST /threads/{id}/applied {device, at?} · DELETE /threads/{id}/applied/{device}
export interface Effect {
  enough: boolean;
  devices: number;
  controls: number;
  ratio: number | null;
  low: number | null;
  high: number | null;
  difference: number | null;
  difference_low: number | null;
  difference_high: number | null;
  /** Per laptop and month: treated before, treated after, compared before, compared after. */
  rates: number[] | null;
  missing: string[];
  words: string;
}
export interface AnswerEffect {
  post: string | null;
  mine: { id: string; name: string; applied_at: string | null }[];
  applied: { id: string; name: string; applied_at: string; how: "owner" | "staff"; by: Named }[];
  /** For staff: laptops with this trouble of which nobody has said that they have it. */
  waiting: Named[];
  effect: Effect | null;
  measured_at: string | null;
  words: string;
  caveats: string[];
}

// GET, POST /threads/{id}/call
export interface Call {
  url: string;
  started_by: Named;
  at: string;
}
export interface Calls {
  available: boolean;
  call: Call | null;
}

export const useCohort = (thread: string) => useOne<Cohort>(["thread", thread, "cohort"], `/threads/${thread}/cohort`);
export const useCard = (thread: string, device: string) =>
  useOne<Card>(["thread", thread, "card", device], `/threads/${thread}/cards/${device}`);
/** Facts to try, in the order of the choices; none of them: a peer sees nothing, and nothing is asked. */
export const useCardPreview = (thread: string, device: string, facts: string[]) =>
  useOne<ContextCard | null>(
    ["thread", thread, "card", device, "preview"],
    `/threads/${thread}/cards/${device}/preview`,
    { facts: facts.join(",") },
    facts.length > 0,
  );
export const useSharedIn = (device: string) =>
  useOne<SharedIn[]>(["device", device, "shared"], `/devices/${device}/shared`);
export const useLooksSummary = (device: string) =>
  useOne<LooksOf[]>(["device", device, "looks-summary"], `/devices/${device}/looks/summary`);
export const useMyPeers = () => useOne<MyPeers>(["peers", "mine"], "/me/peers");
export const usePeers = (thread: string, enabled: boolean) =>
  useOne<Peer[]>(["thread", thread, "peers"], `/threads/${thread}/peers`, undefined, enabled);
export const useInvitations = (thread: string) =>
  useOne<Invitation[]>(["thread", thread, "invitations"], `/threads/${thread}/invitations`);
export const useMyInvitations = () => useOne<Invitation[]>(["peers", "invitations"], "/me/invitations");
export const useThanks = (thread: string) =>
  useOne<Thanks[]>(["thread", thread, "thanks"], `/threads/${thread}/thanks`);
export const useMyThanks = () => useOne<Thanks[]>(["peers", "thanks"], "/me/thanks");
export const useEffectOf = (thread: string) =>
  useOne<AnswerEffect>(["thread", thread, "effect"], `/threads/${thread}/effect`);
export const useCalls = (thread: string) => useOne<Calls>(["thread", thread, "call"], `/threads/${thread}/call`);
