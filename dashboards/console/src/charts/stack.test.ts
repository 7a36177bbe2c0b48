import { describe, expect, it } from "vitest";
import { stacked } from "./stack";

const team = (name: string, ...curve: number[]) => ({ team: name, devices: curve.at(-1) ?? 0, curve });

describe("stacked teams", () => {
  it("stand on each other, the largest at the bottom", () => {
    const bands = stacked([team("Sales", 0, 1), team("Design", 2, 5)], 2, 4);
    expect(bands.map((band) => band.name)).toEqual(["Design", "Sales"]);
    expect(bands[1]).toMatchObject({ low: [2, 5], high: [2, 6], now: 1 });
  });
  it("fold the small ones together, and lose none", () => {
    const bands = stacked([team("A", 9), team("B", 3), team("C", 2), team("", 1)], 1, 2);
    expect(bands.map((band) => [band.name, band.now])).toEqual([
      ["A", 9],
      ["B", 3],
      ["2 other teams", 3],
    ]);
    expect(stacked([team("A", 9), team("", 1)], 1, 1)[1]?.name).toBe("no team");
  });
  it("survive holes", () => {
    expect(stacked([team("A", 1)], 3, 2)[0]?.high).toEqual([1, 0, 0]);
    expect(stacked([], 3, 2)).toEqual([]);
  });
});
