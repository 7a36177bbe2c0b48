import { expect, test } from "vitest";
import { clockOf, minutesOf } from "./minutes";

test("minutes of the day go into clock fields and come back", () => {
  for (const [minutes, clock] of [
    [0, "00:00"],
    [450, "07:30"],
    [1439, "23:59"],
  ] as const) {
    expect(clockOf(minutes)).toBe(clock);
    expect(minutesOf(clock)).toBe(minutes);
  }
  for (const wrong of ["", "24:00", "7:60", "x", "07:3"]) expect(minutesOf(wrong)).toBeNull();
});
