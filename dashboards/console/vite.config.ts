// How the console is built. Invariant: the same sources give the same bytes (no dates, no machine paths in the output).
import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";
import { licenses } from "./licenses.ts";

// `WEFT_COLLECTOR=http://127.0.0.1:7480 npm run dev` develops against a real collector.
const collector = process.env.WEFT_COLLECTOR ?? "http://127.0.0.1:7480";

export default defineConfig(async ({ mode }) => ({
  // The pretended collector is loaded only when it is asked for.
  plugins: [react(), licenses(), ...(mode === "mock" ? [(await import("./mock/plugin.ts")).mockCollector()] : [])],
  build: {
    target: "es2023",
    // Data URLs would need a wider content security policy.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    chunkSizeWarningLimit: 600,
  },
  server: mode === "mock" ? {} : { proxy: { "/api": collector } },
  test: { environment: "jsdom", include: ["src/**/*.test.{ts,tsx}"] },
}));
