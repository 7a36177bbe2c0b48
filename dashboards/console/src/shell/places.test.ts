import { describe, expect, it } from "vitest";
import type { Me, Role } from "../api/types";
import { headsOf, isAt, PLACES, placesOf } from "./places";

const me = (...roles: Role[]): Me => ({ id: "1", login: "a", name: "A", team: "", roles, devices: [] });

describe("places", () => {
  it("have keys and paths of their own", () => {
    expect(new Set(PLACES.map((place) => place.key)).size).toBe(PLACES.length);
    expect(new Set(PLACES.map((place) => place.path)).size).toBe(PLACES.length);
  });
  it("are offered by role", () => {
    const paths = (...roles: Role[]) => placesOf(me(...roles)).map((place) => place.path);
    expect(paths("user")).not.toContain("/rules");
    expect(paths("user", "technician")).toContain("/rules");
    expect(paths("user", "technician")).not.toContain("/reviews");
    expect(paths("user", "security")).toContain("/demand");
    expect(paths("user", "security")).not.toContain("/accounts");
    expect(paths("user", "admin")).toContain("/accounts");
  });
  it("stand in groups, each led by what the reader may open", () => {
    const heads = headsOf(me("user", "admin"));
    expect(heads.map((head) => head.word)).toEqual([...new Set(heads.map((head) => head.word))]);
    expect(heads.find((head) => head.word === "Apps")?.places).toHaveLength(3);
    expect(heads.flatMap((head) => head.places)).toEqual(
      placesOf(me("user", "admin")).sort((a, b) => PLACES.indexOf(a) - PLACES.indexOf(b)),
    );
  });
  it("know what is below them", () => {
    expect(isAt({ path: "/apps" }, "/apps")).toBe(true);
    expect(isAt({ path: "/devices" }, "/devices/1/apps")).toBe(true);
    expect(isAt({ path: "/apps" }, "/apps2")).toBe(false);
  });
});
