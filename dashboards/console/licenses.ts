// The licence texts of everything that travels inside the bundle, as one file of the build.
// Invariant: read from package-lock.json in its own order, so equal locks give equal bytes.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Plugin } from "vite";

interface Lock {
  packages: Record<string, { version?: string; license?: string; dev?: boolean; optional?: boolean; peer?: boolean }>;
}

export function licenses(): Plugin {
  return {
    name: "weft-licenses",
    apply: "build",
    generateBundle() {
      const lock = JSON.parse(readFileSync("package-lock.json", "utf8")) as Lock;
      const texts = Object.entries(lock.packages)
        .filter(([path, { dev, optional }]) => path !== "" && !dev && !optional && existsSync(path))
        .map(([path, { version, license }]) => {
          const file = readdirSync(path).find((name) => /^licen[cs]e/i.test(name));
          const text = file ? readFileSync(join(path, file), "utf8").trim() : "(the package carries no licence file)";
          return `${path.replace(/^.*node_modules\//, "")} ${version ?? ""} (${license ?? "see below"})\n\n${text}\n`;
        });
      this.emitFile({ type: "asset", fileName: "licenses.txt", source: texts.join(`\n${"-".repeat(80)}\n\n`) });
    },
  };
}
