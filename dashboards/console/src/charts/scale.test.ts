import { describe, expect, it } from "vitest";
import { apart, linear, ticks } from "./scale";

describe("ticks", () => {
  it.each([
    [10, [0, 5, 10]],
    [37, [0, 10, 20, 30, 40]],
    [0.3, [0, 0.1, 0.2, 0.3]],
    [0, [0, 1]],
    [Number.NaN, [0, 1]],
  ])("of %s", (max, expected) => expect(ticks(max)).toEqual(expected));
});

describe("linear", () => {
  it("maps and survives an empty span", () => {
    expect(linear(0, 10, 0, 100)(5)).toBe(50);
    expect(linear(3, 3, 0, 100)(3)).toBe(0);
  });
});

describe("apart", () => {
  it("keeps distance and order", () => {
    expect(apart([10, 11, 50], 14, 0, 100)).toEqual([10, 24, 50]);
    expect(apart([99, 98], 14, 0, 100)).toEqual([100, 86]);
  });
});
