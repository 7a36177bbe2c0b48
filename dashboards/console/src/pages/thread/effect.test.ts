import { describe, expect, it } from "vitest";
import type { Effect } from "../../api/beside";
import { safe } from "./call";
import { signed, verdictOf } from "./effect";
import { you } from "./peers";

const effect = (of: Partial<Effect>): Effect => ({
  enough: true,
  devices: 8,
  controls: 20,
  ratio: 0.5,
  low: 0.3,
  high: 0.8,
  difference: null,
  difference_low: null,
  difference_high: null,
  rates: null,
  missing: [],
  words: "",
  ...of,
});

describe("a verified fix", () => {
  it("speaks only where the interval does not reach across 1", () => {
    expect(verdictOf(effect({}))).toBe("helped");
    expect(verdictOf(effect({ high: 1.2 }))).toBe("unclear");
    expect(verdictOf(effect({ low: 1.1, high: 3 }))).toBe("worse");
    expect(verdictOf(effect({ enough: false }))).toBe("waiting");
    expect(verdictOf(null)).toBe("waiting");
  });
  it("says differences with their sign", () => {
    expect([signed(-2.34), signed(0.5), signed(0.01)]).toEqual(["−2.3", "+0.5", "0.0"]);
  });
});

describe("words of peers and calls", () => {
  it("speak to the reader", () => {
    expect(you("has the same laptop (ThinkPad T14)")).toBe("have the same laptop (ThinkPad T14)");
    expect(you("is a member of staff")).toBe("are a member of staff");
  });
  it("never follow a link that could run a script", () => {
    expect(safe("https://meet.example.org/a")).toBe("https://meet.example.org/a");
    expect(safe("javascript:alert(1)")).toBeUndefined();
  });
});
