import { describe, expect, it } from "vitest";
import { type Asked, complete, draft } from "./decision";

const now = new Date("2026-03-09T10:00:00");
const asked = (of: Partial<Asked>): Asked => ({ outcome: "sanction", until: "", replaceBy: "", words: "why", ...of });

describe("a decision about an app", () => {
  it("needs words, and what its outcome needs", () => {
    const cases: [Partial<Asked>, boolean][] = [
      [{}, true],
      [{ words: " " }, false],
      [{ outcome: "" }, false],
      [{ outcome: "tolerate" }, false],
      [{ outcome: "tolerate", until: "2026-03-09" }, true],
      [{ outcome: "tolerate", until: "2026-03-08" }, false],
      [{ outcome: "replace" }, false],
      [{ outcome: "replace", replaceBy: "Share" }, true],
      [{ outcome: "replace", replaceBy: "Share", until: "2020-01-01" }, false],
      [{ outcome: "remove" }, true],
    ];
    for (const [of, expected] of cases) expect(complete(asked(of), now), JSON.stringify(of)).toBe(expected);
  });
  it("is told in one sentence", () => {
    expect(draft("Dropbox", asked({ outcome: "tolerate", until: "2026-04-01" }))).toBe(
      "Dropbox may be used until 1 April 2026.",
    );
    expect(draft("Dropbox", asked({ outcome: "replace", replaceBy: "Share" }))).toBe(
      "Dropbox is to be replaced by Share.",
    );
  });
});
