// Every reading call of the console, as hooks. Keys start with the noun so that a change can refresh everything about it.
import { keepPreviousData, useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { get, itemsOf, type Query } from "./client";
import { Problem } from "./problem";
import type * as T from "./types";

/** Long enough to read a page without flicker, short enough to trust it. */
export const FRESH_MS = 15_000;
/** Times a reading call is repeated when the collector gave no answer or failed itself. */
const RETRIES = 2;

export const retry = (failures: number, error: Error) =>
  failures < RETRIES && error instanceof Problem && (error.status === 0 || error.status >= 500);

export function useOne<R>(key: unknown[], path: string, query?: Query, enabled = true) {
  return useQuery({
    queryKey: [...key, query ?? {}],
    queryFn: ({ signal }) => get<R>(path, query, signal),
    staleTime: FRESH_MS,
    enabled,
  });
}

export function usePages<R>(key: unknown[], path: string, query: Query = {}, enabled = true) {
  return useInfiniteQuery({
    queryKey: [...key, query],
    queryFn: ({ signal, pageParam }) => get<T.Page<R>>(path, { ...query, cursor: pageParam }, signal),
    initialPageParam: "",
    getNextPageParam: (last) => last.next_cursor || undefined,
    staleTime: FRESH_MS,
    placeholderData: keepPreviousData,
    enabled,
  });
}

export const everyItem = <R>(data: { pages: T.Page<R>[] } | undefined): R[] =>
  data ? data.pages.flatMap((page) => page.items) : [];

export const useMe = () =>
  useQuery({
    queryKey: ["me"],
    // Not being signed in is an answer, not a failure.
    queryFn: async ({ signal }) => {
      try {
        return await get<T.Me>("/me", undefined, signal);
      } catch (error) {
        if (error instanceof Problem && error.status === 401) return null;
        throw error;
      }
    },
    staleTime: Number.POSITIVE_INFINITY,
  });

export const useOverview = () => useOne<T.Overview>(["overview"], "/overview");
export const useDevices = (query: Query, enabled = true) =>
  usePages<T.DeviceSummary>(["devices"], "/devices", query, enabled);
export const useDevice = (id: string) => useOne<T.Device>(["device", id], `/devices/${id}`, undefined, id !== "");
/** Pages of boots that a timeline reads: 60 days of a laptop that restarts every quarter of an hour. */
const BOOT_PAGES = 12;

/** All boots since `from`, newest first: a timeline with a hole at its old end would lie. */
export const useBoots = (id: string, from: string) =>
  useQuery({
    queryKey: ["device", id, "boots", from],
    queryFn: async ({ signal }) => {
      const boots: T.Boot[] = [];
      let cursor: string | null = "";
      for (let page = 0; page < BOOT_PAGES && cursor !== null; page++) {
        const answer: T.Page<T.Boot> = await get(`/devices/${id}/boots`, { from, limit: 500, cursor }, signal);
        boots.push(...answer.items);
        cursor = answer.next_cursor;
      }
      return boots;
    },
    staleTime: FRESH_MS,
    enabled: id !== "",
  });
export const useProcesses = (id: string) =>
  usePages<T.Process>(["device", id, "processes"], `/devices/${id}/processes`);
export const useDeviceApps = (id: string) => usePages<T.DeviceApp>(["device", id, "apps"], `/devices/${id}/apps`);
export const useVitals = (id: string, from: string) =>
  useOne<T.VitalsSeries>(["device", id, "vitals"], `/devices/${id}/vitals`, { from });
export const useSent = (id: string, kind: string) =>
  usePages<T.SentRecord>(["device", id, "sent"], `/devices/${id}/observations`, { kind }, id !== "");
export const useLooks = (id: string) =>
  usePages<T.Look>(["device", id, "looks"], `/devices/${id}/looks`, {}, id !== "");

export const useAnomalies = (query: Query, enabled = true) =>
  usePages<T.AnomalySummary>(["anomalies"], "/anomalies", query, enabled);
export const useAnomaly = (id: string) => useOne<T.Anomaly>(["anomaly", id], `/anomalies/${id}`);
export const usePreview = (id: string, judgement: string, scope: string) =>
  useOne<T.JudgementPreview>(
    ["anomaly", id, "preview"],
    `/anomalies/${id}/judgement/preview`,
    { judgement, scope },
    judgement !== "",
  );

export const useSpaces = () =>
  useQuery({
    queryKey: ["spaces"],
    queryFn: async ({ signal }) => itemsOf(await get<T.Page<T.Space> | T.Space[]>("/spaces", undefined, signal)),
    staleTime: FRESH_MS,
  });
export const useThreads = (query: Query, enabled = true) =>
  usePages<T.ThreadSummary>(["threads"], "/threads", query, enabled);
export const useThread = (id: string) => useOne<T.Thread>(["thread", id], `/threads/${id}`);
export const useContextCards = (id: string) =>
  useQuery({
    queryKey: ["thread", id, "context"],
    queryFn: async ({ signal }) =>
      itemsOf(await get<T.Page<T.ContextCard> | T.ContextCard[]>(`/threads/${id}/context`, undefined, signal)),
    staleTime: FRESH_MS,
  });

export const useApps = () => usePages<T.AppRow>(["apps"], "/apps", { limit: 500 });
export const useAudit = () => usePages<T.AuditEntry>(["audit"], "/audit");
export const useTokens = () =>
  useQuery({
    queryKey: ["tokens"],
    queryFn: async ({ signal }) => itemsOf(await get<T.Page<T.Token> | T.Token[]>("/tokens", undefined, signal)),
    staleTime: FRESH_MS,
  });
