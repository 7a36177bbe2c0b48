import { describe, expect, it } from "vitest";
import { isTyping, Keys } from "./keys";

describe("keys", () => {
  it("goes somewhere after g and a letter", () => {
    const keys = new Keys();
    expect(keys.press("g", 0)).toBeNull();
    expect(keys.press("d", 300)).toEqual({ kind: "go", key: "d" });
  });

  it("forgets g after a while", () => {
    const keys = new Keys();
    keys.press("g", 0);
    expect(keys.press("d", 5000)).toBeNull();
  });

  it("does not read g g as two chords", () => {
    const keys = new Keys();
    keys.press("g", 0);
    expect(keys.press("g", 100)).toEqual({ kind: "go", key: "g" });
    expect(keys.press("d", 200)).toBeNull();
  });

  it("searches, helps, steps", () => {
    const keys = new Keys();
    expect(keys.press("/", 0)).toEqual({ kind: "search" });
    expect(keys.press("?", 0)).toEqual({ kind: "help" });
    expect(keys.press("j", 0)).toEqual({ kind: "step", by: 1 });
    expect(keys.press("x", 0)).toBeNull();
  });

  it("hands some keys to the page, but not as the second of a chord", () => {
    const keys = new Keys();
    expect(keys.press("r", 0)).toEqual({ kind: "act", key: "r" });
    keys.press("g", 10);
    expect(keys.press("r", 20)).toEqual({ kind: "go", key: "r" });
    expect(keys.press("Escape", 30)).toBeNull();
  });

  it("knows a field when it sees one", () => {
    expect(isTyping(document.createElement("input"))).toBe(true);
    expect(isTyping(document.createElement("a"))).toBe(false);
    expect(isTyping(null)).toBe(false);
  });
});
