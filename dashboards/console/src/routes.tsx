// Which address shows which page. Every page is loaded when it is first visited.
import type { ComponentType } from "react";
import { createBrowserRouter, Navigate } from "react-router";
import { homeOf, useSession } from "./session";
import { Gate } from "./shell/gate";
import { Stumbled } from "./shell/stumbled";

const page = (load: () => Promise<{ default: ComponentType }>) => ({
  lazy: async () => ({ Component: (await load()).default }),
});

function Home() {
  return <Navigate to={homeOf(useSession())} replace />;
}

export const router = createBrowserRouter([
  {
    Component: Gate,
    ErrorBoundary: Stumbled,
    HydrateFallback: () => null,
    children: [
      { index: true, Component: Home },
      { path: "overview", ...page(() => import("./pages/overview")) },
      { path: "devices", ...page(() => import("./pages/devices")) },
      { path: "devices/:id/:tab?", ...page(() => import("./pages/device")) },
      { path: "anomalies", ...page(() => import("./pages/anomalies")) },
      { path: "anomalies/:id", ...page(() => import("./pages/anomaly")) },
      { path: "threads", ...page(() => import("./pages/threads")) },
      { path: "threads/new", ...page(() => import("./pages/thread-new")) },
      { path: "threads/:id", ...page(() => import("./pages/thread")) },
      { path: "apps", ...page(() => import("./pages/apps")) },
      { path: "mine", ...page(() => import("./pages/mine")) },
      { path: "audit", ...page(() => import("./pages/audit")) },
      { path: "tokens", ...page(() => import("./pages/tokens")) },
      { path: "reviews", ...page(() => import("./pages/reviews")) },
      { path: "demand", ...page(() => import("./pages/demand")) },
      { path: "impact", ...page(() => import("./pages/impact")) },
      { path: "connections", ...page(() => import("./pages/connections")) },
      { path: "rules", ...page(() => import("./pages/rules")) },
      { path: "accounts", ...page(() => import("./pages/accounts")) },
      { path: "notices", ...page(() => import("./pages/notices")) },
      { path: "notices/settings", ...page(() => import("./pages/notice-settings")) },
      { path: "moderation", ...page(() => import("./pages/moderation")) },
      { path: "search", ...page(() => import("./pages/search")) },
      { path: "*", ...page(() => import("./pages/lost")) },
    ],
  },
]);
