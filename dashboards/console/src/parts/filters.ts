// Filters live in the address, so that a filtered list can be sent to a colleague and Back works.
import { useDebouncedValue } from "@mantine/hooks";
import { useCallback, useMemo } from "react";
import { useSearchParams } from "react-router";

/** Typing pauses this long before the list is asked for again. */
const PAUSE_MS = 250;

export function useFilters(names: string[], defaults: Record<string, string> = {}) {
  const [params, setParams] = useSearchParams();
  const values: Record<string, string> = {};
  for (const name of names) values[name] = params.get(name) ?? defaults[name] ?? "";
  const text = JSON.stringify(values);
  const [settled] = useDebouncedValue(text, PAUSE_MS);
  const set = useCallback(
    (name: string, value: string) =>
      setParams(
        (old) => {
          const next = new URLSearchParams(old);
          // A default is left out of the address; "all" must be said where the default is something else.
          if (value === (defaults[name] ?? "")) next.delete(name);
          else next.set(name, value);
          return next;
        },
        { replace: true },
      ),
    [setParams, defaults],
  );
  const query = useMemo(() => JSON.parse(settled) as Record<string, string>, [settled]);
  return { values, query, set };
}
