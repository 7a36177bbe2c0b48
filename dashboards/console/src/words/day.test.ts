import { describe, expect, it } from "vitest";
import { dayIn, endOf, momentIn } from "./day";

const now = new Date("2026-03-09T10:00:00");

describe("days of date fields", () => {
  it("count from today", () => {
    expect(dayIn(now, 0)).toBe("2026-03-09");
    expect(dayIn(now, 30)).toBe("2026-04-08");
    expect(dayIn(now, -9)).toBe("2026-02-28");
  });
  it("count to their end", () => {
    expect(endOf("2026-03-09")).toBe(new Date("2026-03-09T23:59:59").toISOString());
  });
  it("refuse what is no day", () => {
    for (const bad of ["", "tomorrow", "2026-13-01", "2026-3-9", "20260309"]) expect(endOf(bad)).toBeNull();
  });
  it("become a moment that is not in the future", () => {
    expect(momentIn("2026-03-09", now)).toBe("now");
    expect(momentIn("2026-03-08", now)).toBe(new Date("2026-03-08T12:00:00").toISOString());
    expect(momentIn("2026-03-10", now)).toBeNull();
    expect(momentIn("", now)).toBeNull();
  });
});
