// Calls of the talk: pages of posts, notices, drafts, files, order, escalations, search, series. Shapes beside their hooks.
import { keepPreviousData, useInfiniteQuery, useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";
import { get, type Query } from "./client";
import { NO_ANSWER, Problem, problemOf } from "./problem";
import type { AnomalyState, Escalation, FileRef, Level, Page, Post, Thread, ThreadSummary } from "./types";

/** Long enough to read without flicker. */
const FRESH_MS = 15_000;
/** An open thread looks for new posts this often. */
const TALK_MS = 20_000;
/** Series change with the next report of a laptop. */
const SERIES_MS = 60_000;
const PAGE = 100;

interface Named {
  id: string;
  name: string;
}

const useList = <R>(key: unknown[], path: string, enabled = true) =>
  useQuery({ queryKey: key, queryFn: ({ signal }) => get<R[]>(path, undefined, signal), staleTime: FRESH_MS, enabled });

function usePaged<R, P extends Page<R> = Page<R>>(key: unknown[], path: string, query: Query, enabled = true) {
  return useInfiniteQuery({
    queryKey: [...key, query],
    queryFn: ({ signal, pageParam }) => get<P>(path, { ...query, cursor: pageParam }, signal),
    initialPageParam: "",
    getNextPageParam: (last) => last.next_cursor || undefined,
    staleTime: FRESH_MS,
    placeholderData: keepPreviousData,
    enabled,
  });
}

// GET /threads/{id}, looked at again while it is open
export const useTalk = (id: string) =>
  useQuery({
    queryKey: ["thread", id, {}],
    queryFn: ({ signal }) => get<Thread>(`/threads/${id}`, undefined, signal),
    staleTime: FRESH_MS,
    refetchInterval: TALK_MS,
  });

/** What stands behind the first page of a long thread: nothing is asked before somebody wants to read on. */
export const useLaterPosts = (thread: Thread, wanted: boolean) =>
  useInfiniteQuery({
    queryKey: ["thread", thread.id, "posts", thread.next_cursor],
    queryFn: ({ signal, pageParam }) =>
      get<Page<Post>>(`/threads/${thread.id}/posts`, { limit: PAGE, cursor: pageParam }, signal),
    initialPageParam: thread.next_cursor ?? "",
    getNextPageParam: (last) => last.next_cursor || undefined,
    staleTime: FRESH_MS,
    enabled: wanted && thread.next_cursor !== null,
  });

export interface Revision {
  number: number;
  at: string;
  by: Named;
  markdown: string;
  forgotten: boolean;
}
export const useEdits = (post: string, wanted: boolean) =>
  useList<Revision>(["thread", "edits", post], `/posts/${post}/edits`, wanted);

export interface RemovedPost {
  id: string;
  author: Named;
  posted_at: string;
  markdown: string;
  whisper: boolean;
  removed_at: string;
  removed_by: Named | null;
  reason: string;
}
export const useRemoved = (thread: string, wanted: boolean) =>
  useList<RemovedPost>(["thread", thread, "removed"], `/threads/${thread}/removed`, wanted);

export interface Series {
  anomaly: string;
  title: string;
  state: AnomalyState;
  devices: number;
  /** `own`: the others are too few to stay unknown. */
  counted: "all" | "own";
  restarts: { day: string; expected: number; unexpected: number }[];
}
export const useSeries = (thread: string) =>
  useQuery({
    queryKey: ["thread", thread, "series"],
    queryFn: ({ signal }) => get<Series[]>(`/threads/${thread}/series`, undefined, signal),
    staleTime: FRESH_MS,
    refetchInterval: SERIES_MS,
  });

export interface Flag {
  id: string;
  post: string;
  thread: string;
  thread_title: string;
  author: Named;
  markdown: string;
  by: Named;
  reason: string;
  at: string;
}
export const useFlags = () => useList<Flag>(["flags"], "/flags");
export const useEscalations = () => useList<Escalation>(["escalations"], "/escalations");

export interface SearchHit {
  thread: ThreadSummary;
  post: string | null;
  snippet: { text: string; hit: boolean }[];
  score: number;
  found_in: ("title" | "posts" | "facts")[];
  posts: number;
}
export interface SearchPage extends Page<SearchHit> {
  cut: boolean;
}
export const useSearch = (q: string, enabled: boolean) =>
  usePaged<SearchHit, SearchPage>(["threads", "search"], "/search", { q, limit: 20 }, enabled);

export type NoticeKind =
  | "mention"
  | "reply"
  | "post"
  | "accepted"
  | "solved"
  | "reopened"
  | "linked"
  | "relapsed"
  | "resolved"
  | "escalated"
  | "invited"
  | "moderated";
export interface Notice {
  id: string;
  kind: NoticeKind;
  thread: { id: string; title: string };
  post: string | null;
  actor: Named | null;
  anomaly: string | null;
  words: string;
  count: number;
  at: string;
  seen_at: string | null;
}
export const useNotices = (unseen: boolean, enabled = true) =>
  usePaged<Notice>(["notices"], "/notifications", { unseen: unseen || undefined, limit: 30 }, enabled);

const UNSEEN = ["notices", "count"];
/** The collector holds the question this long, then it is asked again. */
const WAIT_S = 25;
/** After a failure: long enough not to press a collector that is restarting. */
const REST_MS = 15_000;

/** How many notices were not seen. Asks once, then waits at the collector for another number. */
export function useUnseen(): number {
  const client = useQueryClient();
  const { data } = useQuery({
    queryKey: UNSEEN,
    queryFn: ({ signal }) => get<{ unseen: number }>("/notifications/count", undefined, signal),
    staleTime: FRESH_MS,
  });
  const known = data?.unseen;
  useEffect(() => {
    if (known === undefined) return;
    const stop = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const ask = async () => {
      try {
        const now = await get<{ unseen: number }>("/notifications/count", { known, wait: WAIT_S }, stop.signal);
        if (stop.signal.aborted) return;
        if (now.unseen === known) {
          timer = setTimeout(ask, 1000);
          return;
        }
        client.setQueryData(UNSEEN, now);
        // Something was written somewhere: lists and the open thread look again.
        for (const noun of ["threads", "thread"]) client.invalidateQueries({ queryKey: [noun] });
        client.invalidateQueries({ predicate: ({ queryKey }) => queryKey[0] === "notices" && queryKey[1] !== "count" });
      } catch {
        if (!stop.signal.aborted) timer = setTimeout(ask, REST_MS);
      }
    };
    // Not in the first second: a page that is only passed through leaves no waiting question behind.
    timer = setTimeout(ask, 1000);
    return () => {
      stop.abort();
      clearTimeout(timer);
    };
  }, [client, known]);
  return known ?? 0;
}

export interface Draft {
  slot: string;
  space: string;
  title: string;
  markdown: string;
  whisper: boolean;
  updated_at: string;
}

export interface Uploaded extends FileRef {
  /** What to write in the post to show it. */
  markdown: string;
  sha256: string;
}

/** The one call whose body is not JSON. */
export async function upload(file: File): Promise<Uploaded> {
  let response: Response;
  try {
    response = await fetch(`/api/v1/attachments?name=${encodeURIComponent(file.name)}`, {
      method: "POST",
      headers: { accept: "application/json", "content-type": "application/octet-stream", "x-weft-csrf": "1" },
      credentials: "same-origin",
      body: file,
    });
  } catch {
    throw new Problem({ status: NO_ANSWER, title: "No answer", detail: "The file did not reach the collector." });
  }
  if (!response.ok) throw await problemOf(response);
  return (await response.json()) as Uploaded;
}

/** The account directory is for administrators; others mention people of the thread. */
export const useDirectory = (q: string, enabled: boolean) =>
  useQuery({
    queryKey: ["accounts", "mention", q],
    queryFn: ({ signal }) => get<Page<{ login: string; name: string }>>("/accounts", { q, limit: 6 }, signal),
    staleTime: FRESH_MS,
    enabled,
  });

export const LEVELS: Record<Level, { word: string; meaning: string }> = {
  watching: { word: "Watching", meaning: "a notice for every post" },
  tracking: { word: "Tracking", meaning: "mentions and replies, and a count of unread posts" },
  normal: { word: "Normal", meaning: "mentions and replies" },
  muted: { word: "Muted", meaning: "nothing" },
};
