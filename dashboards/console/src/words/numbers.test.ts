import { describe, expect, it } from "vitest";
import { times, worktime } from "./numbers";

describe("numbers in words", () => {
  it("say working time", () => {
    const cases: [number, string][] = [
      [0, "0 min"],
      [-0.2, "0 min"],
      [45.4, "45 min"],
      [59.6, "1 h"],
      [471, "7 h 51 min"],
      [6030, "101 h"],
      [72_000, "1,200 h"],
      [-56, "−56 min"],
    ];
    for (const [minutes, said] of cases) expect(worktime(minutes)).toBe(said);
  });
  it("say how many times", () => {
    expect(times(12.4)).toBe("12 ×");
    expect(times(6.08)).toBe("6.1 ×");
    expect(times(0.344)).toBe("0.34 ×");
  });
});
