// A notice as a sentence. Pure.
import type { Notice, NoticeKind } from "../api/talking";

const ONE: Record<NoticeKind, string> = {
  mention: "mentioned you",
  reply: "answered you",
  post: "wrote",
  accepted: "accepted your answer",
  solved: "marked it solved",
  reopened: "opened it again",
  linked: "tied an anomaly to it",
  relapsed: "saw the trouble come back",
  resolved: "saw the trouble end",
  escalated: "asked for you",
  invited: "asked you in",
  moderated: "kept order",
};
const MANY: Partial<Record<NoticeKind, (count: number) => string>> = {
  mention: (count) => `mentioned you ${count} times`,
  reply: (count) => `and others answered you, ${count} times`,
  post: (count) => `and others wrote ${count} posts`,
};

/** Who did what, without the thread's title, which stands beside it. */
export function sentenceOf({ kind, count, actor }: Pick<Notice, "kind" | "count" | "actor">): string {
  const who = actor?.name ?? "Weft";
  const what = count > 1 ? MANY[kind]?.(count) : undefined;
  // A kind that this console does not know yet is still news.
  return `${who} ${what ?? ONE[kind] ?? "did something"}`;
}

/** Where the notice leads. */
export const addressOf = ({ thread, post }: Pick<Notice, "thread" | "post">) =>
  `/threads/${thread.id}${post ? `#post-${post}` : ""}`;
