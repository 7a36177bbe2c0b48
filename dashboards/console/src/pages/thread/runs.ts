// The posts of a thread in runs: what people wrote stands alone, what Weft reported in a row is one group. Pure.
import type { Post } from "../../api/types";

export type Run = { kind: "post"; post: Post } | { kind: "system"; posts: Post[] };

/** `apart` (a post that somebody was sent to, or where unread ones begin) is never folded into a group. */
export function runsOf(posts: Post[], apart: Set<string>): Run[] {
  const runs: Run[] = [];
  for (const post of posts) {
    const last = runs.at(-1);
    if (!post.author.system || apart.has(post.id)) runs.push({ kind: "post", post });
    else if (last?.kind === "system") last.posts.push(post);
    else runs.push({ kind: "system", posts: [post] });
  }
  return runs;
}

/** The first post of somebody else behind what was read; null when everything was, or when nothing was read yet. */
export function firstUnread(posts: Post[], readAt: string | null): string | null {
  if (readAt === null) return null;
  const mark = Date.parse(readAt);
  return posts.find((post) => !post.mine && Date.parse(post.posted_at) > mark)?.id ?? null;
}
