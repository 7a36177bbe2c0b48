// Single keys on a thread, told by the shell (which knows whether keys are switched off and whether somebody is typing).
import { useEffect, useRef } from "react";

/** What the shell says when a key is pressed that only a page can act on. Cancelled: somebody did. */
export const ACT = "weft-act";

export function useActs(acts: Record<string, (post: string | null) => void>) {
  const latest = useRef(acts);
  latest.current = acts;
  useEffect(() => {
    const onAct = (event: Event) => {
      const key = (event as CustomEvent<string>).detail;
      const act = latest.current[key];
      if (!act) return;
      event.preventDefault();
      act(document.activeElement?.closest("[data-post]")?.getAttribute("data-post") ?? null);
    };
    window.addEventListener(ACT, onAct);
    return () => window.removeEventListener(ACT, onAct);
  }, []);
}
