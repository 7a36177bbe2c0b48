// The only reader of the wall clock: everything below gets "now" from here, one tick per minute.
import { Tooltip } from "@mantine/core";
import { createContext, type ReactNode, useContext, useEffect, useState } from "react";
import { fullOf, momentOf, relativeOf } from "../words/time";

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
