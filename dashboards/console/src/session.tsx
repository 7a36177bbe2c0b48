// Who is signed in, and what the navigation offers them. The collector decides what they may really see;
// this file only avoids offering doors that would be closed.
import type { QueryClient } from "@tanstack/react-query";
import { createContext, useContext } from "react";
import type { Me, Role } from "./api/types";

export const Session = createContext<Me | null>(null);

export function useSession(): Me {
  const me = useContext(Session);
  if (!me) throw new Error("a page outside the session");
  return me;
}

export const has = (me: Me, ...roles: Role[]) => roles.some((role) => me.roles.includes(role));
export const isStaff = (me: Me) => has(me, "technician", "security", "admin");
export const owns = (me: Me, device: string) => me.devices.some((own) => own.id === device);

/** Where each role begins its day. */
export function homeOf(me: Me): string {
  if (has(me, "admin")) return "/overview";
  if (has(me, "security")) return "/apps";
  if (has(me, "technician")) return "/overview";
  return "/mine";
}

/** Changes who is at the screen. What the one before was shown must not be shown to the next. */
export function become(client: QueryClient, me: Me | null): void {
  client.setQueryData(["me"], me);
  client.removeQueries({ predicate: (query) => query.queryKey[0] !== "me" });
}
