// What every browser test stands on: counted checks, a free port, a real Chromium, people who sign in, axe and screenshots.
//
// Nothing here waits for a fixed time to "let things happen": `eventually` asks until the answer is yes, with a bound.

import { spawn, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = join(dirname(fileURLToPath(import.meta.url)), "../..");
// The console's own packages hold the browser driver: one lock file for all of npm.
const require = createRequire(join(root, "dashboards/console/package.json"));
const { chromium } = require("playwright-core");
const { AxeBuilder } = require("@axe-core/playwright");

export const bin = process.env.WEFT_BIN ?? join(root, "target/debug");
const shots = process.env.WEFT_SHOTS;
// A page that takes longer on 2 cores is broken.
const STEP_MS = 30_000;

const score = { passed: 0, failed: 0 };
/** Pages of signed-in people: a failed check leaves a picture of each. */
const pages = [];

export async function check(name, work) {
  try {
    await work();
    score.passed += 1;
    console.log(`ok   ${name}`);
    return true;
  } catch (error) {
    score.failed += 1;
    console.log(`FAIL ${name}\n     ${String(error?.stack ?? error).split("\n").slice(0, 6).join("\n     ")}`);
    for (const page of pages.filter((each) => !each.isClosed())) await look(page, `failed-${name.replace(/\W+/g, "-")}`);
    return false;
  }
}

export function failed(where, error) {
  score.failed += 1;
  console.log(`FAIL ${where}\n     ${String(error?.stack ?? error)}`);
}

/** The last line of a test, and its exit code. */
export function ended() {
  console.log(`${score.passed} passed, ${score.failed} failed`);
  return score.failed === 0;
}

export function must(condition, words) {
  if (!condition) throw new Error(words);
}

export const pause = (ms) => new Promise((done) => setTimeout(done, ms));

/** Asks until there is an answer (anything but null, undefined, false), or says what was missing. */
export async function eventually(what, ask, ms = 60_000) {
  const until = Date.now() + ms;
  for (;;) {
    const answer = await ask();
    if (answer) return answer;
    if (Date.now() > until) throw new Error(`${what} did not come within ${ms / 1000} s`);
    await pause(250);
  }
}

export async function freePort() {
  return new Promise((done) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => done(port));
    });
  });
}

/** Runs one of the programs to its end and gives what it said. */
export function run(program, ...words) {
  const done = spawnSync(join(bin, program), words, { encoding: "utf8", timeout: 180_000 });
  must(done.status === 0, `${program} ${words[0]}: ${done.stderr || done.error}`);
  return done.stdout;
}

/** A collector of this test's own: configured, not yet started. `more` is further configuration. */
export async function house(name, more = []) {
  const data = mkdtempSync(join(tmpdir(), `weft-${name}-`));
  const ports = { http: await freePort(), grpc: await freePort() };
  const url = `http://127.0.0.1:${ports.http}`;
  const config = join(data, "collector.toml");
  const parts = [
    `[data]\ndir = ${JSON.stringify(join(data, "collector"))}`,
    `[grpc]\nlisten = "127.0.0.1:${ports.grpc}"\nnames = ["127.0.0.1", "localhost"]`,
    `[http]\nlisten = "127.0.0.1:${ports.http}"\npublic_url = "${url}"`,
    ...more,
  ];
  writeFileSync(config, `${parts.join("\n\n")}\n`);
  let collector;
  const start = async (...words) => {
    collector = spawn(join(bin, "weft-collector"), ["serve", "--config", config, ...words], { stdio: ["ignore", "ignore", "inherit"] });
    let gone = null;
    collector.on("exit", (code) => { gone = code ?? -1; });
    await eventually("the collector", async () => {
      must(gone === null, `the collector stopped (exit ${gone})`);
      return fetch(`${url}/readyz`).then((answer) => answer.ok, () => false);
    }, 120_000);
  };
  const stop = async () => {
    if (!collector || collector.exitCode !== null) return;
    const gone = new Promise((done) => collector.on("exit", done));
    collector.kill("SIGTERM");
    await Promise.race([gone, pause(30_000)]);
    collector.kill("SIGKILL");
  };
  return { data, config, url, grpc: `https://127.0.0.1:${ports.grpc}`, start, stop };
}

export function launch() {
  return chromium.launch({
    executablePath: process.env.WEFT_CHROMIUM ?? "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
  });
}

/** A signed-in page of its own; `ago` sets its clock back by so many milliseconds. */
export async function signIn(browser, url, { login, password }, { ago = 0, ...options } = {}) {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, ...options });
  if (ago > 0) await context.addInitScript(setBack, ago);
  const page = await context.newPage();
  page.setDefaultTimeout(STEP_MS);
  await page.goto(url);
  await page.getByLabel("Login").fill(login);
  await page.getByLabel("Password", { exact: true }).fill(password);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("button", { name: "Sign in" }).waitFor({ state: "detached" });
  pages.push(page);
  // From here on: before, the page asks who is signed in, and a 401 is the right answer.
  page.problems = [];
  page.on("pageerror", (error) => page.problems.push(String(error)));
  page.on("console", (message) => {
    if (message.type() === "error") page.problems.push(message.text());
  });
  return page;
}

/** Runs in the page: its clock goes on, from an earlier moment. */
function setBack(ago) {
  const Now = Date;
  globalThis.Date = class extends Now {
    constructor(...from) {
      super(...(from.length === 0 ? [Now.now() - ago] : from));
    }
    static now() {
      return Now.now() - ago;
    }
  };
}

/** An answer of the API as this page's person gets it: `{ status, body }`. */
export function ask(page, path, method = "GET", body = undefined) {
  return page.evaluate(
    async ([path, method, body]) => {
      const answer = await fetch(`/api/v1${path}`, {
        method,
        headers: { "x-weft-csrf": "1", ...(body === undefined ? {} : { "content-type": "application/json" }) },
        body: body === undefined ? undefined : JSON.stringify(body),
      });
      const text = await answer.text();
      let read = null;
      try {
        read = JSON.parse(text);
      } catch {
        // Not every answer is JSON; the status says enough then.
      }
      return { status: answer.status, body: read };
    },
    [path, method, body],
  );
}

let shotNumber = 0;
export async function look(page, name) {
  if (!shots) return;
  mkdirSync(shots, { recursive: true });
  shotNumber += 1;
  await page.screenshot({ path: join(shots, `${String(shotNumber).padStart(2, "0")}-${name}.png`), fullPage: true });
}

export async function accessible(page, name) {
  const { violations } = await new AxeBuilder({ page }).withTags(["wcag2a", "wcag2aa"]).analyze();
  const grave = violations.filter((violation) => ["serious", "critical"].includes(violation.impact));
  must(grave.length === 0, `${name}: ${grave.map((violation) => `${violation.id} at ${violation.nodes[0]?.target}`).join("; ")}`);
}
