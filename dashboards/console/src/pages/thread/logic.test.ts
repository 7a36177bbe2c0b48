import { describe, expect, it } from "vitest";
import type { Post } from "../../api/types";
import { difference } from "./difference";
import { admit, countIn, insert, MAX_FILE } from "./files";
import { complete, fitting, typedAt } from "./mention";
import { gist, quoted } from "./quote";
import { firstUnread, runsOf } from "./runs";

const post = (id: string, system = false, at = "2026-01-01T00:00:00Z", mine = false): Post => ({
  id,
  author: { id: "a", name: "A", login: "a", system, roles: [] },
  posted_at: at,
  edited_at: null,
  markdown: "",
  html: "",
  accepted: false,
  whisper: false,
  mine,
  reply_to: null,
  origin: "",
  files: [],
});

describe("mention", () => {
  it("is seen where it begins a word, and nowhere else", () => {
    expect(typedAt("ask @No", 7)).toEqual({ from: 4, word: "no" });
    expect(typedAt("@", 1)).toEqual({ from: 0, word: "" });
    expect(typedAt("me@example", 10)).toBeNull();
    expect(typedAt("`@no", 4)).toBeNull();
    expect(typedAt("`x` @no", 7)).toEqual({ from: 4, word: "no" });
    expect(typedAt("@noor hello", 11)).toBeNull();
  });

  it("finds by login and by any part of the name, logins first, nobody twice", () => {
    const people = [
      { login: "zoe.t", name: "Zoe Tan" },
      { login: "tan", name: "Ana Other" },
      { login: "zoe.t", name: "Zoe Tan" },
      { login: "", name: "Tanned Bot" },
    ];
    expect(fitting(people, "tan").map((one) => one.login)).toEqual(["tan", "zoe.t"]);
    expect(fitting(people, "x")).toEqual([]);
  });

  it("puts the login in, with one space behind it", () => {
    const typed = typedAt("ask @no please", 7);
    expect(typed).not.toBeNull();
    if (typed) expect(complete("ask @no please", typed, 7, "noor")).toEqual({ text: "ask @noor please", caret: 10 });
    expect(complete("@n", { from: 0, word: "n" }, 2, "noor")).toEqual({ text: "@noor ", caret: 6 });
  });
});

describe("files", () => {
  it("says why each refused file is refused", () => {
    const files = [
      { name: "ok.png", size: 5 },
      { name: "big.dmp", size: MAX_FILE + 1 },
      { name: "none", size: 0 },
    ];
    const { taken, refused } = admit(files, 0);
    expect(taken.map((file) => file.name)).toEqual(["ok.png"]);
    expect(refused).toHaveLength(2);
    expect(refused[0]).toContain("8.0 MiB");
    expect(admit([{ name: "x", size: 1 }], 10).refused[0]).toContain("one too many");
  });

  it("counts each file once and gives each a line", () => {
    const id = "01930004-7c00-7000-8000-000000000001";
    expect(countIn(`![a](attachment:${id}) [a](attachment:${id})`)).toBe(1);
    expect(insert("ab", 1, "X")).toBe("a\nX\nb");
    expect(insert("", 0, "X")).toBe("X\n");
  });
});

describe("quote", () => {
  it("quotes words, not quotations, and says where it stops", () => {
    expect(quoted("> old\nyes\n\nno", "Mei")).toBe("> **Mei** wrote:\n> yes\n>\n> no\n\n");
    expect(quoted("a\nb\nc\nd\ne\nf\ng", "M")).toContain("> f …");
    expect(quoted("> only", "M")).toBe("");
    expect(quoted("word ".repeat(400), "M").length).toBeLessThan(540);
  });

  it("gives a gist in one line", () => {
    expect(gist("> quoted\n\n**Bold** and [link](https://x.invalid)\nmore")).toBe("Bold and link");
  });
});

describe("runs", () => {
  it("groups what the system said in a row, except what must stand apart", () => {
    const posts = [post("1"), post("2", true), post("3", true), post("4"), post("5", true), post("6", true)];
    const shape = runsOf(posts, new Set(["6"])).map((run) =>
      run.kind === "post" ? run.post.id : run.posts.map((each) => each.id).join("+"),
    );
    expect(shape).toEqual(["1", "2+3", "4", "5", "6"]);
  });

  it("finds where reading stopped, and does not count own words", () => {
    const posts = [
      post("1", false, "2026-01-01T00:00:00Z"),
      post("2", false, "2026-01-02T00:00:00Z", true),
      post("3", false, "2026-01-02T00:00:01Z"),
    ];
    expect(firstUnread(posts, "2026-01-01T12:00:00Z")).toBe("3");
    expect(firstUnread(posts, "2026-01-03T00:00:00Z")).toBeNull();
    expect(firstUnread(posts, null)).toBeNull();
  });
});

describe("difference", () => {
  const put = (pieces: ReturnType<typeof difference>, without: string) =>
    pieces
      .filter((piece) => piece.kind !== without)
      .map((piece) => piece.text)
      .join("");

  it("gives back both texts", () => {
    const before = "The fan is loud since Monday, and the lid is warm.";
    const after = "The fan is very loud since Tuesday, and the lid is warm.";
    const pieces = difference(before, after);
    expect(put(pieces, "new")).toBe(before);
    expect(put(pieces, "gone")).toBe(after);
    expect(pieces.filter((piece) => piece.kind === "gone").map((piece) => piece.text)).toEqual(["Monday,"]);
  });

  it("does not fall over on the longest post", () => {
    const before = "a b ".repeat(16_000);
    const after = "b c ".repeat(16_000);
    const pieces = difference(before, after);
    expect(put(pieces, "new")).toBe(before);
    expect(put(pieces, "gone")).toBe(after);
  });

  it("knows equal and empty texts", () => {
    expect(difference("", "")).toEqual([]);
    expect(difference("x y", "x y")).toEqual([{ kind: "same", text: "x y" }]);
  });
});
