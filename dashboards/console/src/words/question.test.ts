import { describe, expect, it } from "vitest";
import { chipsOf, withChip, without, wordsOf } from "./question";

describe("question", () => {
  it("tells words from filters", () => {
    expect(chipsOf('fan space:laptops model:"T14 Gen 3" http://x -loud')).toEqual([
      { text: "space:laptops", key: "space", value: "laptops" },
      { text: 'model:"T14 Gen 3"', key: "model", value: "T14 Gen 3" },
    ]);
    expect(wordsOf('fan "after docking" is:open -loud')).toBe("fan after docking");
    expect(chipsOf("is: 12:30 unknown:x")).toEqual([]);
  });

  it("adds, replaces and removes", () => {
    expect(withChip("fan is:open", "is", "solved")).toBe("fan is:solved");
    expect(withChip("fan", "model", "T14 Gen 3")).toBe('fan model:"T14 Gen 3"');
    expect(withChip("has:anomaly", "has", "anomaly")).toBe("has:anomaly");
    expect(without("fan is:open noise", "is:open")).toBe("fan noise");
    expect(without('fan model:"T14 Gen 3"', 'model:"T14 Gen 3"')).toBe("fan");
  });
});
