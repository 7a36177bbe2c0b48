import { afterEach, describe, expect, it, vi } from "vitest";
import { address, get, itemsOf, post } from "./client";
import { Problem, whatToDo } from "./problem";

const answer = (status: number, body: string, type = "application/json") =>
  vi.fn(async (_path: string, _init: RequestInit) => new Response(body, { status, headers: { "content-type": type } }));

afterEach(() => vi.unstubAllGlobals());

describe("client", () => {
  it("leaves empty filters out of the address", () => {
    expect(address("/devices", { q: "", os: undefined, team: "R&D", limit: 5, mine: false })).toBe(
      "/api/v1/devices?team=R%26D&limit=5&mine=false",
    );
  });

  it("sends the cross-site header with unsafe methods only", async () => {
    const fetch = answer(200, "{}");
    vi.stubGlobal("fetch", fetch);
    await post("/links", { anomaly: "a" });
    await get("/me");
    expect(fetch.mock.calls[0]?.[1].headers).toMatchObject({ "x-weft-csrf": "1", "content-type": "application/json" });
    expect(fetch.mock.calls[1]?.[1].headers).not.toHaveProperty("x-weft-csrf");
  });

  it("takes an empty answer as nothing", async () => {
    vi.stubGlobal(
      "fetch",
      vi.fn(async () => new Response(null, { status: 204 })),
    );
    expect(await post("/threads/1/reopen")).toBeUndefined();
  });

  it("keeps the collector's own words about a failure", async () => {
    vi.stubGlobal(
      "fetch",
      answer(409, '{"title":"Too late","detail":"Already judged.","code":"conflict","request_id":"r1"}'),
    );
    const problem = await get("/x").catch((error) => error);
    expect(problem).toBeInstanceOf(Problem);
    expect(problem).toMatchObject({ status: 409, detail: "Already judged.", code: "conflict", requestId: "r1" });
  });

  it("survives a proxy's page and a dead collector", async () => {
    vi.stubGlobal("fetch", answer(502, "<html>Bad gateway</html>", "text/html"));
    expect(await get("/x").catch((error) => error.status)).toBe(502);
    vi.stubGlobal(
      "fetch",
      vi.fn(async () => Promise.reject(new TypeError("refused"))),
    );
    const dead = await get<Problem>("/x").catch((error: Problem) => error as Problem);
    expect(dead.status).toBe(0);
    expect(whatToDo(dead)).toContain("collector is running");
  });

  it("reads lists with and without a page around them", () => {
    expect(itemsOf([1])).toEqual([1]);
    expect(itemsOf({ items: [2], next_cursor: null })).toEqual([2]);
  });
});
