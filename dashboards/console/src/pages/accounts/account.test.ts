import { describe, expect, it } from "vitest";
import type { Account } from "../../api/keeping";
import { changes, MIN_PASSWORD, passphrase, unfitLogin } from "./account";

const account: Account = {
  id: "1",
  login: "ana",
  name: "Ana",
  team: "Sales",
  roles: ["user", "technician"],
  disabled: false,
  simulated: false,
  created_at: "2026-03-09T00:00:00Z",
};

describe("accounts", () => {
  it("take the logins that the collector takes", () => {
    for (const good of ["ana", "a", "ana.b-c_d2", " ana "]) expect(unfitLogin(good), good).toBe("");
    for (const bad of ["", "Ana", "ana.", "-ana", "a b", "weft", "ä", "a".repeat(65)])
      expect(unfitLogin(bad), bad).not.toBe("");
  });
  it("send only what changed", () => {
    const same = { name: " Ana ", team: "Sales", roles: ["technician", "user"] as const, password: "" };
    expect(changes(account, { ...same, roles: [...same.roles] })).toEqual({});
    expect(changes(account, { ...same, roles: ["user"], team: "", password: "0123456789" })).toEqual({
      roles: ["user"],
      team: "",
      password: "0123456789",
    });
  });
  it("make up passwords that differ, fit and can be read aloud", () => {
    const made = passphrase((bytes) => bytes.map((_, index) => index * 37));
    expect(made).toMatch(/^[a-z2-9]{4}(-[a-z2-9]{4}){3}$/);
    expect(made.length).toBeGreaterThanOrEqual(MIN_PASSWORD);
    expect(passphrase((bytes) => bytes.fill(255))).toBe("9999-9999-9999-9999");
    expect(made).not.toMatch(/[01lo]/);
  });
});
