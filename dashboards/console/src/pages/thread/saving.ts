// A draft that is kept twice: at once in this browser, a moment later at the collector, where another browser finds it.
// Invariant: neither copy is replaced by the other without being asked when both say something different.
import { useCallback, useEffect, useRef, useState } from "react";
import { del, get, put } from "../../api/client";
import { asProblem } from "../../api/problem";
import type { Draft } from "../../api/talking";
import { type Fields, keepDraft, NOTHING, readFields, same } from "./draft";

/** A pause in typing after which the collector gets the draft. */
const PAUSE_MS = 1200;

export type Kept =
  | { kind: "empty" }
  /** Typed since it was last kept at the collector. */
  | { kind: "writing" }
  /** `number` changes with every save. */
  | { kind: "saved"; number: number }
  /** The collector did not take it; this browser did. */
  | { kind: "here"; why: string }
  | { kind: "nowhere" }
  /** Another window or browser has other words. */
  | { kind: "other"; draft: Draft };

export interface Writing {
  fields: Fields;
  write: (change: Partial<Fields>) => void;
  kept: Kept;
  restored: boolean;
  /** It was sent, or given up. */
  forget: () => Promise<void>;
  /** Takes the other words, or keeps these. */
  settle: (which: "theirs" | "mine") => void;
}

/** `slot`: a thread's id or `new`; null: kept in this browser only, under `place`. */
export function useDraft(place: string, slot: string | null, start: Partial<Fields> = {}): Writing {
  const first = useRef({ ...NOTHING, ...start });
  const [fields, setFields] = useState(() => readFields(localStorage, place) ?? first.current);
  const [restored, setRestored] = useState(() => readFields(localStorage, place) !== null);
  const [kept, setKept] = useState<Kept>({ kind: "empty" });
  const now = useRef(fields);
  const from = useRef<string | null>(null);
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  const running = useRef<Promise<unknown>>(Promise.resolve());
  const saves = useRef(0);
  /** Saving waits until it is known what the collector has. */
  const open = useRef(slot === null);

  const save = useCallback(async () => {
    if (slot === null || !open.current) return;
    const sent = now.current;
    if (same(sent, first.current)) {
      from.current = null;
      await del(`/drafts/${slot}`).catch(() => undefined);
      setKept((old) => (old.kind === "writing" ? { kind: "empty" } : old));
      return;
    }
    try {
      const draft = await put<Draft>(`/drafts/${slot}`, { ...sent, going_on_from: from.current });
      from.current = draft.updated_at;
      saves.current += 1;
      setKept(same(sent, now.current) ? { kind: "saved", number: saves.current } : { kind: "writing" });
    } catch (error) {
      const problem = asProblem(error);
      if (problem.code === "draft_newer") {
        const theirs = await get<Draft>(`/drafts/${slot}`).catch(() => null);
        if (theirs && !same(theirs, now.current)) {
          open.current = false;
          setKept({ kind: "other", draft: theirs });
          return;
        }
        from.current = theirs?.updated_at ?? null;
      }
      setKept({ kind: "here", why: problem.code === "no_room" ? problem.detail : "the collector did not take it" });
    }
  }, [slot]);

  const later = useCallback(() => {
    clearTimeout(timer.current);
    timer.current = setTimeout(() => {
      running.current = running.current.then(save);
    }, PAUSE_MS);
  }, [save]);

  // What the collector has from another day or another browser.
  useEffect(() => {
    if (slot === null) return;
    let gone = false;
    (async () => {
      try {
        // Asked for as a list: a field without a draft is no error.
        const theirs = (await get<Draft[]>("/drafts")).find((draft) => draft.slot === slot);
        if (gone) return;
        if (theirs === undefined) {
          open.current = true;
          if (!same(now.current, first.current)) {
            setKept({ kind: "writing" });
            later();
          }
          return;
        }
        from.current = theirs.updated_at;
        if (same(now.current, theirs)) setKept({ kind: "saved", number: 0 });
        else if (same(now.current, first.current) && theirs.markdown + theirs.title !== "") {
          const { markdown, title, space, whisper } = theirs;
          now.current = { markdown, title, space, whisper };
          setFields(now.current);
          setRestored(true);
          setKept({ kind: "saved", number: 0 });
        } else if (theirs.markdown + theirs.title !== "") {
          setKept({ kind: "other", draft: theirs });
          return;
        }
        open.current = true;
      } catch {
        if (gone) return;
        open.current = true;
        if (!same(now.current, first.current)) setKept({ kind: "writing" });
      }
    })();
    return () => {
      gone = true;
      clearTimeout(timer.current);
    };
  }, [slot, later]);

  const write = useCallback(
    (change: Partial<Fields>) => {
      now.current = { ...now.current, ...change };
      setFields(now.current);
      const blank = same(now.current, first.current);
      const here = keepDraft(localStorage, place, blank ? "" : JSON.stringify(now.current));
      if (slot === null) setKept(blank ? { kind: "empty" } : here ? { kind: "here", why: "" } : { kind: "nowhere" });
      else {
        setKept((old) => (old.kind === "other" ? old : here ? { kind: "writing" } : { kind: "nowhere" }));
        later();
      }
    },
    [place, slot, later],
  );

  const forget = useCallback(async () => {
    clearTimeout(timer.current);
    now.current = { ...NOTHING, space: now.current.space };
    setFields(now.current);
    setRestored(false);
    setKept({ kind: "empty" });
    keepDraft(localStorage, place, "");
    if (slot === null) return;
    // A save that is under way would bring it back.
    await running.current;
    from.current = null;
    await del(`/drafts/${slot}`).catch(() => undefined);
  }, [place, slot]);

  const settle = useCallback(
    (which: "theirs" | "mine") => {
      if (kept.kind !== "other") return;
      from.current = kept.draft.updated_at;
      open.current = true;
      const { markdown, title, space, whisper } = kept.draft;
      setKept({ kind: "writing" });
      write(which === "theirs" ? { markdown, title, space, whisper } : {});
    },
    [kept, write],
  );

  return { fields, write, kept, restored, forget, settle };
}
