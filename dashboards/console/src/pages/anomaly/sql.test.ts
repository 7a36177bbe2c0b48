import { describe, expect, it } from "vitest";
import { cellText, columnsOf, csv, filled } from "./sql";

describe("the SQL behind an anomaly", () => {
  it("is filled in with its values", () => {
    expect(
      filled("device IN {devices:Array(UUID)} AND at >= {from:Int64} AND name = {q:String} LIMIT {limit:UInt32}", {
        devices: ["a", "b"],
        from: 5,
        q: "o'neill\\",
        limit: 500,
      }),
    ).toBe("device IN CAST(['a', 'b'], 'Array(UUID)') AND at >= 5 AND name = 'o\\'neill\\\\' LIMIT 500");
  });
  it("keeps a parameter that has no value, and dollar signs of values", () => {
    expect(filled("{gone:Int64} {q:String}", { q: "$& $1" })).toBe("{gone:Int64} '$& $1'");
  });
  it("shows rows with different columns", () => {
    expect(columnsOf([{ a: 1 }, { b: 2, a: 1 }])).toEqual(["a", "b"]);
    expect(cellText(["x", "", "y"])).toBe("x; y");
    expect(cellText(undefined)).toBe("");
    expect(cellText(0)).toBe("0");
  });
  it("exports text, never a formula", () => {
    expect(csv([{ a: '=1+1"', b: null }])).toBe('"a","b"\r\n"\'=1+1""","" \r\n'.replace(" ", ""));
  });
});
