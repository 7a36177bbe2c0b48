import { describe, expect, it } from "vitest";
import type { Boot, BootEnd } from "../api/types";
import { lanesOf } from "./loom";

const now = new Date(2026, 10, 22, 18, 0);
const iso = (day: number, hour: number) => new Date(2026, 10, day, hour).toISOString();
const boot = (started_at: string, ended_at: string | null, end: BootEnd): Boot => ({
  boot_id: started_at,
  started_at,
  ended_at,
  end,
  confidence: 1,
  initiator: "",
  stop_code: "",
  evidence: [],
  tags: [],
  os_version: "",
});

describe("lanesOf", () => {
  it("makes one lane per day, today last", () => {
    const lanes = lanesOf([], 3, now, now);
    expect(lanes.map((lane) => lane.day.getDate())).toEqual([20, 21, 22]);
  });

  it("places a run and its end inside a day", () => {
    const [lane] = lanesOf([boot(iso(22, 6), iso(22, 12), "crash")], 1, now, now);
    expect(lane?.runs).toEqual([{ boot: 0, from: 0.25, to: 0.5, open: false }]);
    expect(lane?.knots).toEqual([{ boot: 0, at: 0.5 }]);
  });

  it("carries a run over midnight", () => {
    const lanes = lanesOf([boot(iso(21, 18), iso(22, 6), "update")], 2, now, now);
    expect(lanes[0]?.runs[0]).toMatchObject({ from: 0.75, to: 1 });
    expect(lanes[1]?.runs[0]).toMatchObject({ from: 0, to: 0.25 });
    expect(lanes[0]?.knots).toHaveLength(0);
    expect(lanes[1]?.knots).toHaveLength(1);
  });

  it("draws a running boot to the last sign of life, not to now", () => {
    const [lane] = lanesOf([boot(iso(22, 6), null, "running")], 1, now, new Date(2026, 10, 22, 12));
    expect(lane?.runs[0]?.to).toBe(0.5);
  });

  it("says when an end is not known and stops at the next start", () => {
    const [lane] = lanesOf(
      [boot(iso(22, 0), null, "unknown"), boot(iso(22, 12), iso(22, 13), "clean_restart")],
      1,
      now,
      now,
    );
    expect(lane?.runs[0]).toMatchObject({ to: 0.5, open: true });
  });

  it("survives clocks that ran backwards and boots years old", () => {
    const back = lanesOf([boot(iso(22, 12), iso(22, 6), "crash")], 1, now, now);
    expect(back[0]?.runs).toHaveLength(0);
    expect(back[0]?.knots).toHaveLength(1);
    const old = lanesOf([boot("2001-01-01T00:00:00Z", null, "running")], 2, now, now);
    expect(old[0]?.runs[0]).toMatchObject({ from: 0, to: 1 });
  });
});
