// A thin fetch over /api/v1: cookie session, one header against cross-site forms, typed problems.
// It caches nothing and knows no page.
import { NO_ANSWER, Problem, problemOf } from "./problem";
import type { Page } from "./types";

const ROOT = "/api/v1";
const UNSAFE = new Set(["POST", "PUT", "PATCH", "DELETE"]);

export type Query = Record<string, string | number | boolean | null | undefined>;

export function address(path: string, query: Query = {}): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined && value !== null && value !== "") search.set(name, String(value));
  }
  const text = search.toString();
  return ROOT + path + (text ? `?${text}` : "");
}

interface Call {
  query?: Query;
  body?: unknown;
  signal?: AbortSignal;
}

export async function call<T>(method: string, path: string, { query, body, signal }: Call = {}): Promise<T> {
  const headers: Record<string, string> = { accept: "application/json" };
  // A form on another site cannot set a header of its own: this is what the collector checks.
  if (UNSAFE.has(method)) headers["x-weft-csrf"] = "1";
  if (body !== undefined) headers["content-type"] = "application/json";
  let response: Response;
  try {
    response = await fetch(address(path, query), {
      method,
      headers,
      credentials: "same-origin",
      body: body === undefined ? undefined : JSON.stringify(body),
      signal,
    });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new Problem({ status: NO_ANSWER, title: "No answer", detail: "The collector did not answer." });
  }
  if (!response.ok) throw await problemOf(response);
  const text = await response.text();
  return (text ? JSON.parse(text) : undefined) as T;
}

export const get = <T>(path: string, query?: Query, signal?: AbortSignal) => call<T>("GET", path, { query, signal });
export const post = <T>(path: string, body?: unknown) => call<T>("POST", path, { body });
export const put = <T>(path: string, body?: unknown) => call<T>("PUT", path, { body });
export const patch = <T>(path: string, body?: unknown) => call<T>("PATCH", path, { body });
export const del = <T>(path: string, query?: Query) => call<T>("DELETE", path, { query });

/** Some short lists may come without a page around them. */
export function itemsOf<T>(answer: Page<T> | T[]): T[] {
  return Array.isArray(answer) ? answer : answer.items;
}
