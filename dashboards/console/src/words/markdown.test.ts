import { describe, expect, it } from "vitest";
import { blocks, inlines, safeHref } from "./markdown";

describe("inlines", () => {
  it("reads emphasis, code and links", () => {
    expect(inlines("a **b _c_** `d` [e](https://f.example)")).toEqual([
      { kind: "text", text: "a " },
      {
        kind: "strong",
        parts: [
          { kind: "text", text: "b " },
          { kind: "emphasis", parts: [{ kind: "text", text: "c" }] },
        ],
      },
      { kind: "text", text: " " },
      { kind: "code", text: "d" },
      { kind: "text", text: " " },
      { kind: "link", href: "https://f.example", parts: [{ kind: "text", text: "e" }] },
    ]);
  });

  it("leaves dangerous addresses as text", () => {
    expect(inlines("[x](javascript:alert(1))").every((part) => part.kind === "text")).toBe(true);
    expect(safeHref("JaVaScRiPt:alert(1)")).toBeNull();
    expect(safeHref("data:text/html,x")).toBeNull();
    expect(safeHref("/threads/1")).toBe("/threads/1");
  });

  it("keeps HTML as the words it is", () => {
    expect(inlines("<img onerror=x>")).toEqual([{ kind: "text", text: "<img onerror=x>" }]);
  });

  it("does not fall over nonsense", () => {
    for (const text of ["**", "``", "[](", "*".repeat(500), "`".repeat(501), "[".repeat(500), "_ _"]) {
      expect(() => blocks(text)).not.toThrow();
    }
  });
});

describe("blocks", () => {
  it("reads paragraphs, lists, quotes, headings and code", () => {
    const source = "# T\n\none\ntwo\n\n- a\n- b\n\n1. c\n\n> q\n\n```\n# raw\n```\nend";
    expect(blocks(source).map((block) => block.kind)).toEqual([
      "heading",
      "paragraph",
      "list",
      "list",
      "quote",
      "code",
      "paragraph",
    ]);
  });

  it("ends an unclosed fence at the end", () => {
    expect(blocks("```\nx")).toEqual([{ kind: "code", text: "x" }]);
  });

  it("shows our own pictures and no other", () => {
    const id = "01930004-7c00-7000-8000-000000000001";
    expect(inlines(`![shot](attachment:${id})`)).toEqual([
      { kind: "picture", src: `/api/v1/attachments/${id}`, alt: "shot" },
    ]);
    expect(inlines("![x](https://tracker.invalid/p.png)")[0]?.kind).toBe("link");
    expect(inlines("![x](attachment:../../me)")[0]?.kind).not.toBe("picture");
  });
});
