import { describe, expect, it } from "vitest";
import type { Impact } from "../api/reviewing";
import { monthOf } from "../charts/month-bars";
import { sentence } from "./impact";

const impact = (of: Partial<Impact>): Impact => ({
  of: "fleet",
  assumptions: [],
  lost: { minutes: 471, formula: "" },
  by_month: [],
  by_model: [],
  by_team: [],
  saved: [],
  saved_minutes: 0,
  ...of,
});

describe("the impact ledger", () => {
  it("says what was lost, and saved when something was measured", () => {
    expect(sentence(impact({}), "6")).toBe("7 h 51 min lost to restarts and crashes in 6 months.");
    expect(sentence(impact({ of: "own" }), "1")).toBe(
      "7 h 51 min lost to restarts and crashes in 1 month on your own laptops.",
    );
    const saved = [{ thread: "t", title: "", words: "", minutes: 120, formula: "" }];
    expect(sentence(impact({ saved, saved_minutes: 120 }), "6")).toContain("2 h saved by 1 answer");
  });
  it("names months", () => {
    expect(monthOf("2026-03")).toBe("Mar 26");
    expect(monthOf("")).toBe("");
  });
});
