// The only reader of the wall clock: everything below gets "now" from here, one tick per minute.
import { Tooltip } from "@mantine/core";
import { createContext, type ReactNode, useContext, useEffect, useState } from "react";
import { fullOf, momentOf, relativeOf, secondsAgo } from "../words/time";

const TICK_MS = 60_000;
const Now = createContext(new Date(0));

export function Clock({ children }: { children: ReactNode }) {
  const [now, setNow] = useState(() => new Date());
  useEffect(() => {
    const timer = setInterval(() => setNow(new Date()), TICK_MS);
    return () => clearInterval(timer);
  }, []);
  return <Now.Provider value={now}>{children}</Now.Provider>;
}

export const useNow = () => useContext(Now);

/** A moment, in words, with the full date on hover. */
export function At({ at, relative = false }: { at: string; relative?: boolean }) {
  const now = useNow();
  return (
    <Tooltip label={fullOf(at)} openDelay={400}>
      <time dateTime={at}>{relative ? relativeOf(at, now) : momentOf(at, now)}</time>
    </Tooltip>
  );
}

const SECOND_MS = 1000;

/** How long ago something happened that is told by a mark that changes when it happens: "just now", "3 s ago", "2 min ago". */
export function Since({ mark }: { mark: number }) {
  const [seconds, setSeconds] = useState(0);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another mark starts the count again
  useEffect(() => {
    const from = Date.now();
    setSeconds(0);
    const timer = setInterval(() => setSeconds(Math.round((Date.now() - from) / SECOND_MS)), SECOND_MS);
    return () => clearInterval(timer);
  }, [mark]);
  return <>{secondsAgo(seconds)}</>;
}
