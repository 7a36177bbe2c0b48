// Looks at every page of the built console against the pretended collector: axe (WCAG 2.2 A and AA), no console errors,
// no breach of the content security policy, nothing wider than the window. `--all` adds the other looks, `--shots DIR`
// keeps pictures of all, `--only NAME,NAME` takes the pages whose name begins so, `--look NAME` one look.
// Needs Chromium (CHROMIUM=/path, default /usr/bin/chromium) and builds the console first.
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { AxeBuilder } from "@axe-core/playwright";
import { chromium } from "playwright-core";
import { build, preview } from "vite";

const shotsAt = process.argv.includes("--shots") ? process.argv[process.argv.indexOf("--shots") + 1] : null;
const all = shotsAt !== null || process.argv.includes("--all");
const argument = (name) => (process.argv.includes(name) ? process.argv[process.argv.indexOf(name) + 1] : null);
const only = argument("--only")?.split(",") ?? null;
const look = argument("--look");
const ID = (kind, n) => `0193${kind.toString(16).padStart(4, "0")}-7c00-7000-8000-${n.toString(16).padStart(12, "0")}`;

/** name, login, path, what must be visible before looking */
const PAGES = [
  ["sign-in", null, "/", "Sign in"],
  ["overview", "admin", "/overview", "Boots by day"],
  ["devices", "admin", "/devices", "LT-0003"],
  ["device", "admin", `/devices/${ID(1, 3)}`, "Boots of the last"],
  ["device-vitals", "admin", `/devices/${ID(1, 3)}/vitals`, "Processor"],
  ["device-inventory", "admin", `/devices/${ID(1, 3)}/inventory`, "Versions"],
  ["device-processes", "admin", `/devices/${ID(1, 3)}/processes`, "pdfsvc.exe"],
  ["device-apps", "admin", `/devices/${ID(1, 3)}/apps`, "Dropbox"],
  ["device-sent", "admin", `/devices/${ID(1, 3)}/sent`, "No. 9120"],
  ["device-looks", "admin", `/devices/${ID(1, 3)}/looks`, "Noor Technician"],
  ["device-refused", "technician", `/devices/${ID(1, 3)}/processes`, "are not shown to you"],
  ["anomalies", "admin", "/anomalies", "restarts by the clock"],
  ["anomaly", "admin", `/anomalies/${ID(6, 1)}`, "Judgement"],
  ["anomaly-outbreak", "technician", `/anomalies/${ID(6, 2)}`, "Judgement"],
  ["thread-cohort", "user", `/threads/${ID(5, 1)}`, "What the laptops here share"],
  ["thread-mine", "user", `/threads/${ID(5, 2)}`, "Choose what peers see"],
  ["thread-verified", "technician", `/threads/${ID(5, 7)}`, "Verified: it helped"],
  ["thread-waiting", "user", `/threads/${ID(5, 4)}`, "What is missing"],
  ["thread-review", "user", `/threads/${ID(5, 8)}`, "What do you use Dropbox for?"],
  ["thread-decide", "security", `/threads/${ID(5, 8)}`, "Decide…"],
  ["threads", "technician", "/threads", "T14 keeps restarting"],
  ["thread", "technician", `/threads/${ID(5, 1)}`, "Unexpected ends, last"],
  ["thread-user", "user", `/threads/${ID(5, 1)}#post-${ID(4, 4)}`, "Unexpected ends, last"],
  ["thread-long", "user", `/threads/${ID(5, 20)}#post-${ID(4, 2150)}`, "Day 151"],
  ["notices", "technician", "/notices", "mentioned you"],
  ["notice-settings", "technician", "/notices/settings", "Quiet hours"],
  ["moderation", "technician", "/moderation", "Names a private account"],
  ["thread-new", "user", "/threads/new", "First post"],
  ["apps", "security", "/apps", "Dropbox"],
  ["reviews", "security", "/reviews?state=all", "Large files"],
  ["demand", "security", "/demand", "The reasons given"],
  ["impact", "admin", "/impact", "Lost by model"],
  ["impact-own", "user", "/impact", "Lost by model"],
  ["rules", "technician", "/rules", "Undo…"],
  ["accounts", "admin", "/accounts", "Robin Admin"],
  ["mine", "user", "/mine", "Who looked"],
  ["device-lost", "admin", `/devices/${ID(1, 5)}`, "spool was full"],
  ["mine-lost", "user", "/mine", "spool was full"],
  ["notices-mail-back", "nobody", "/notices", "came back"],
  ["mine-none", "nobody", "/mine", "How it gets here"],
  ["audit", "admin", "/audit", "token.create"],
  ["tokens", "admin", "/tokens", "Sales, November"],
  ["connections", "admin", "/connections", "Help in Matrix"],
  ["search", "admin", "/search?q=restarts+is%3Aopen", "Best first"],
  ["failed", "admin", "/devices?q=explode", "The engine did not answer"],
  ["not-found", "admin", "/nowhere", "nothing at this address"],
];
const LOOKS = [
  { name: "wide-light", width: 1440, height: 900, colorScheme: "light", always: true },
  { name: "wide-dark", width: 1440, height: 900, colorScheme: "dark" },
  { name: "phone-light", width: 390, height: 844, colorScheme: "light" },
  { name: "phone-dark", width: 390, height: 844, colorScheme: "dark" },
  { name: "narrow-dark", width: 360, height: 740, colorScheme: "dark", always: true },
];

/** Pages open at the same time; more only wait for the processor. */
const AT_ONCE = 3;

const began = Date.now();
const seconds = () => Math.round((Date.now() - began) / 1000);
const failures = [];
await build({ mode: "production", logLevel: "warn" });
const server = await preview({ mode: "mock", preview: { port: 0, host: "127.0.0.1" }, logLevel: "warn" });
const { port } = server.httpServer.address();
const root = `http://127.0.0.1:${port}`;
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
  ],
});

try {
  comparePolicies();
  for (const each of LOOKS) {
    if (look ? each.name !== look : !all && !each.always) continue;
    const waiting = PAGES.filter(([name]) => !only || only.some((begin) => name.startsWith(begin)));
    // Pages are looked at side by side: while one is fetched, another is examined.
    const visitor = async () => {
      for (let page = waiting.shift(); page; page = waiting.shift()) await visit(each, ...page);
    };
    await Promise.all(Array.from({ length: AT_ONCE }, visitor));
    console.log(`${each.name}: looked at, ${seconds()} s`);
  }
  if (!only || only.includes("keyboard")) await keyboard();
} finally {
  await browser.close();
  await server.close();
}
if (failures.length > 0) {
  console.error(failures.map((line) => `FAIL ${line}`).join("\n"));
  process.exit(1);
}
console.log("every page is accessible, fits, and keeps the policy");
process.exit(0);

async function visit(look, name, login, path, wait) {
  const context = await browser.newContext({
    viewport: { width: look.width, height: look.height },
    colorScheme: look.colorScheme,
    reducedMotion: "reduce",
  });
  const where = `${name} (${look.name})`;
  if (login) await context.addCookies([{ name: "weft_session", value: login, url: root }]);
  const page = await context.newPage();
  page.on("pageerror", (error) => failures.push(`${where}: ${error.message}`));
  page.on("console", (message) => {
    // A refusal that the page explains is still an error line in the browser.
    if (message.type() === "error" && !/status of (401|403|404|500)/.test(message.text()))
      failures.push(`${where}: ${message.text()}`);
  });
  try {
    await page.goto(root + path);
    await page.getByText(wait).filter({ visible: true }).first().waitFor({ timeout: 10_000 });
    await page.waitForLoadState("networkidle");
    await accessible(page, where);
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
    if (wide > 0) failures.push(`${where}: ${wide} px wider than the window`);
    if (shotsAt) {
      mkdirSync(shotsAt, { recursive: true });
      await page.screenshot({ path: join(shotsAt, `${name}.${look.name}.png`), fullPage: true });
    }
  } catch (error) {
    failures.push(`${where}: ${String(error).split("\n")[0]}`);
    if (shotsAt) await page.screenshot({ path: join(shotsAt, `${name}.${look.name}.FAILED.png`) });
  } finally {
    await context.close();
  }
}

async function accessible(page, where) {
  const rules = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
  const { violations } = await new AxeBuilder({ page }).withTags(rules).analyze();
  for (const { id, help, nodes } of violations) {
    const first = nodes.slice(0, 3).map((node) => `${node.html.slice(0, 160)} ${node.any[0]?.message ?? ""}`);
    failures.push(`${where}: ${id}: ${help}: ${first.join(" | ")}`);
  }
}

/** The way through the console without a pointer: sign in, skip link, go, search, help, boots. */
async function keyboard() {
  // Reduced motion: colours are measured at rest, not in the middle of a fade.
  const context = await browser.newContext({
    viewport: { width: 1280, height: 800 },
    colorScheme: "light",
    reducedMotion: "reduce",
  });
  const page = await context.newPage();
  const expect = async (what, test) => {
    if (!(await test())) failures.push(`keyboard: ${what}`);
  };
  try {
    await page.goto(`${root}/devices`);
    await page.getByLabel("Login").fill("admin");
    await page.getByLabel("Password", { exact: true }).fill("wrong");
    await page.keyboard.press("Enter");
    await page.getByRole("alert").waitFor();
    await page.getByLabel("Password", { exact: true }).fill("weft");
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByRole("heading", { name: "Devices", level: 1 }).waitFor();
    await page.locator("body").press("?");
    await page.getByRole("dialog").waitFor();
    await accessible(page, "help");
    await page.keyboard.press("Escape");
    await page.getByRole("dialog").waitFor({ state: "detached" });
    await page.locator("body").press("/");
    await expect("/ reaches the search", () =>
      page.evaluate(() => document.activeElement?.getAttribute("type") === "search"),
    );
    await page.keyboard.press("Tab");
    await page.evaluate(() => document.activeElement?.blur());
    await page.keyboard.press("j");
    await expect("j reaches the first row", () =>
      page.evaluate(() => document.activeElement?.hasAttribute("data-row") === true),
    );
    await page.keyboard.press("g");
    await page.keyboard.press("a");
    await page.getByRole("heading", { name: "Anomalies", level: 1 }).waitFor();
    await page.getByRole("link", { name: /restarts by the clock/ }).press("Enter");
    const threads = page.getByRole("region", { name: "Linked threads" });
    await threads.getByRole("link", { name: /every two hours/ }).press("Enter");
    const cards = page.getByRole("region", { name: "Device context" });
    await cards.getByRole("link", { name: "LT-0003" }).press("Enter");
    const slider = page.getByRole("slider");
    await slider.focus();
    const before = await slider.getAttribute("aria-valuetext");
    await page.keyboard.press("ArrowLeft");
    await expect(
      "arrow keys choose another boot",
      async () => (await slider.getAttribute("aria-valuetext")) !== before,
    );
    await page.keyboard.press("g");
    await page.keyboard.press("p");
    await page.getByRole("button", { name: "Decide on Slack" }).press("Enter");
    await page.getByRole("radio", { name: /^Tolerate allowed/ }).press("Space");
    await accessible(page, "verdict");
    await page.getByLabel("Until", { exact: true }).fill("2030-01-01");
    await page.getByLabel("Reason").fill("Until the new contract");
    await page.getByRole("button", { name: "Save verdict" }).press("Enter");
    await page.getByText("Verdict on Slack saved.").waitFor();
    await accessible(page, "notice");
    await page.goto(`${root}/connections`);
    await page.getByRole("button", { name: "People of Help in Matrix" }).press("Enter");
    const people = page.getByRole("dialog", { name: "People of Help in Matrix" });
    await people.getByRole("button", { name: "Link Ana" }).press("Enter");
    await accessible(page, "people of a bridge");
    await people.getByLabel("Login of Ana here").fill("@ana.meyer");
    await page.keyboard.press("Enter");
    await people.getByText("speaks here as ana.meyer").waitFor();
    await page.keyboard.press("Escape");
    await people.waitFor({ state: "detached" });
    // Somebody else sits down at the same screen.
    await page.getByRole("button", { name: /^Account of/ }).click();
    await accessible(page, "account menu");
    await page.getByRole("menuitem", { name: "Sign out" }).click();
    await page.getByLabel("Login").fill("user");
    await page.getByLabel("Password", { exact: true }).fill("weft");
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByRole("button", { name: "Account of Mei Tanaka" }).waitFor();
    await page.goto(`${root}/notices/settings`);
    await page.getByRole("button", { name: "Get a code" }).press("Enter");
    await page.getByText("weft-link-").waitFor();
    await accessible(page, "a code of one's own");
    await expect(
      "a user is not offered the audit log",
      async () => (await page.getByRole("link", { name: "Audit" }).count()) === 0,
    );
  } catch (error) {
    failures.push(`keyboard: ${String(error).split("\n").slice(0, 3).join(" ")}`);
  } finally {
    await context.close();
  }
}

/** The policy that is tested here must be the one the collector sends. */
function comparePolicies() {
  const said = (file) =>
    /default-src 'none';[^"]*/.exec(
      readFileSync(new URL(file, import.meta.url), "utf8").replaceAll(/\\\n\s*/g, ""),
    )?.[0];
  const here = said("../mock/plugin.ts");
  const there = said("../../src/console.rs");
  if (!here || here !== there) failures.push(`the policies differ:\n  mock ${here}\n  console.rs ${there}`);
}
