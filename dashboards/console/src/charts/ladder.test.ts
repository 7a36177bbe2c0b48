import { describe, expect, it } from "vitest";
import { clampRatio, ladder, ratioTicks } from "./scale";

describe("a ladder of ratios", () => {
  it("has round marks around the values, and 1 among them", () => {
    expect(ratioTicks(0.4, 7)).toEqual([0.2, 0.5, 1, 2, 5, 10]);
    expect(ratioTicks(3, 7)).toEqual([1, 2, 5, 10]);
    expect(ratioTicks(0.3, 0.6)).toEqual([0.2, 0.5, 1]);
  });
  it("survives what cannot be drawn", () => {
    expect(clampRatio(0)).toBe(0.001);
    expect(clampRatio(Number.POSITIVE_INFINITY)).toBe(1000);
    expect(ratioTicks(0, Number.POSITIVE_INFINITY)).toContain(1);
  });
  it("puts twice and half equally far from once", () => {
    const x = ladder(0.1, 10, 0, 100);
    expect(x(1)).toBeCloseTo(50);
    expect(x(2) - x(1)).toBeCloseTo(x(1) - x(0.5));
  });
});
