import { describe, expect, it } from "vitest";
import type { Notice } from "../api/talking";
import { addressOf, sentenceOf } from "./notices";

const mei = { id: "1", name: "Mei" };

describe("notices", () => {
  it("say who did what, once and many times", () => {
    expect(sentenceOf({ kind: "mention", count: 1, actor: mei })).toBe("Mei mentioned you");
    expect(sentenceOf({ kind: "post", count: 4, actor: mei })).toBe("Mei and others wrote 4 posts");
    expect(sentenceOf({ kind: "linked", count: 3, actor: null })).toBe("Weft tied an anomaly to it");
  });

  it("do not fall over a kind of tomorrow", () => {
    expect(sentenceOf({ kind: "sung" as Notice["kind"], count: 2, actor: mei })).toBe("Mei did something");
  });

  it("lead to the post", () => {
    expect(addressOf({ thread: { id: "t", title: "" }, post: "p" })).toBe("/threads/t#post-p");
    expect(addressOf({ thread: { id: "t", title: "" }, post: null })).toBe("/threads/t");
  });
});
