import { beforeEach, describe, expect, it } from "vitest";
import { forgetDrafts, keepDraft, NOTHING, readDraft, readFields } from "./draft";

describe("draft", () => {
  beforeEach(() => localStorage.clear());

  it("comes back", () => {
    expect(keepDraft(localStorage, "t1", "half a sentence")).toBe(true);
    expect(readDraft(localStorage, "t1")).toBe("half a sentence");
    expect(readDraft(localStorage, "t2")).toBe("");
  });

  it("goes when it was sent", () => {
    keepDraft(localStorage, "t1", "x");
    keepDraft(localStorage, "t1", "");
    expect(localStorage.length).toBe(0);
  });

  it("says when it cannot be kept", () => {
    expect(keepDraft(localStorage, "t1", "x".repeat(100_001))).toBe(false);
  });

  it("forgets all drafts and nothing else", () => {
    localStorage.setItem("weft.scheme", "dark");
    keepDraft(localStorage, "a", "1");
    keepDraft(localStorage, "b", "2");
    forgetDrafts(localStorage);
    expect(localStorage.length).toBe(1);
  });

  it("reads fields, older plain words, and rubbish", () => {
    keepDraft(localStorage, "f", JSON.stringify({ ...NOTHING, markdown: "a", title: "t", whisper: true }));
    expect(readFields(localStorage, "f")).toEqual({ markdown: "a", title: "t", space: "", whisper: true });
    keepDraft(localStorage, "f", "plain { words");
    expect(readFields(localStorage, "f")).toEqual({ ...NOTHING, markdown: "plain { words" });
    keepDraft(localStorage, "f", '{"markdown":7}');
    expect(readFields(localStorage, "f")).toEqual(NOTHING);
    expect(readFields(localStorage, "none")).toBeNull();
  });
});
