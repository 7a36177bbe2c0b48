import { describe, expect, it } from "vitest";
import { appNamed } from "./named";

const APPS = [
  { app: "onedrive", name: "OneDrive" },
  { app: "onedrive_business", name: "OneDrive for Business" },
  { app: "box", name: "Box" },
  { app: "dropbox", name: "Dropbox" },
];

describe("the app that a sentence names", () => {
  it("is a word of its own, the longest one", () => {
    expect(appNamed("Private Dropbox grows in Design", APPS)).toBe("dropbox");
    expect(appNamed("OneDrive for Business on LT-1", APPS)).toBe("onedrive_business");
    expect(appNamed("box, unsanctioned, on 4 laptops", APPS)).toBe("box");
  });
  it("is none when none is named", () => {
    expect(appNamed("A sandbox and boxes", APPS)).toBe("");
    expect(appNamed("", APPS)).toBe("");
    expect(appNamed("anything", [{ app: "", name: "" }])).toBe("");
  });
});
