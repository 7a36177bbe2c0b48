// The browser test: a demo with its planted stories, a real Chromium, and the way a person would go.
//
// Sign in as IT, see the fleet, open the outbreak anomaly, read its why, follow its link into the thread, see the device
// context beside the talk; then the same thread as a colleague, who must not see processes or apps; then axe on each page.
//
// Usage: node tests/browser/story.mjs   (env: WEFT_BIN folder of the programs, WEFT_CHROMIUM path of the browser,
//        WEFT_SHOTS folder for screenshots, optional). Ends with "N passed, N failed".

import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { accessible, bin, check, ended, failed, freePort, launch, look, must, pause, signIn } from "./stage.mjs";

// The demo of 40 laptops is ready in well under this on 2 cores; a hang must not hold the suite for ever.
const READY_MS = 300_000;
const STEP_MS = 30_000;

async function startDemo(data, port) {
  const demo = spawn(join(bin, "weft-collector"), ["demo", "--headless", "--data", data, "--port", String(port), "--devices", "40", "--days", "60"], {
    stdio: ["ignore", "inherit", "inherit"],
  });
  let gone = null;
  demo.on("exit", (code) => { gone = code ?? -1; });
  const ready = join(data, "ready.json");
  const until = Date.now() + READY_MS;
  while (!existsSync(ready)) {
    must(gone === null, `the demo stopped before it was ready (exit ${gone}); logs in ${data}/logs`);
    must(Date.now() < until, "the demo was not ready in time");
    await pause(200);
  }
  return { demo, ...JSON.parse(readFileSync(ready, "utf8")) };
}

const data = mkdtempSync(join(tmpdir(), "weft-browser-"));
let demo;
let browser;
try {
  const started = await startDemo(data, await freePort());
  demo = started.demo;
  const { url, logins } = started;
  browser = await launch();

  await check("a wrong password is refused in words", async () => {
    const page = await (await browser.newContext()).newPage();
    page.setDefaultTimeout(STEP_MS);
    await page.goto(url);
    await page.getByLabel("Login").fill(logins.admin.login);
    await page.getByLabel("Password", { exact: true }).fill("certainly wrong");
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByRole("alert").first().waitFor();
    await page.context().close();
  });

  const page = await signIn(browser, url, logins.admin);
  let threadUrl;

  await check("IT sees the fleet", async () => {
    await page.goto(`${url}/overview`);
    await page.getByRole("heading", { level: 1 }).waitFor();
    await page.getByText(/simulated/i).first().waitFor();
    await look(page, "overview");
    await accessible(page, "overview");
  });

  await check("every planted story is an anomaly, linked to its thread with a reason", async () => {
    const stories = await page.evaluate(async () => {
      const { items } = await (await fetch("/api/v1/anomalies?limit=100")).json();
      const whole = items.map(async ({ id }) => (await fetch(`/api/v1/anomalies/${id}`)).json());
      return (await Promise.all(whole)).map(({ kind, title, simulated, links }) => ({
        kind,
        title,
        simulated,
        threads: links.filter((link) => link.reasons.length > 0).map((link) => link.thread.title),
      }));
    });
    for (const [kind, thread] of [["reboot", /blue screen/i], ["compound", /every two hours/i], ["app", /large files/i], ["capacity", /disk almost full/i]]) {
      const found = stories.some((story) => story.kind === kind && story.simulated && story.threads.some((title) => thread.test(title)));
      must(found, `no ${kind} anomaly is linked to ${thread}: ${JSON.stringify(stories)}`);
    }
  });

  await check("the outbreak is an anomaly and says why", async () => {
    await page.goto(`${url}/anomalies?kind=reboot`);
    const row = page.getByRole("link", { name: /31\.0\.101\.5333|latitude 5440/i }).first();
    await row.waitFor();
    await look(page, "anomalies");
    await row.click();
    await page.getByRole("region", { name: "Linked threads" }).waitFor();
    await look(page, "anomaly");
    await accessible(page, "anomaly");
  });

  await check("its link leads into the thread", async () => {
    const linked = page.getByRole("region", { name: "Linked threads" });
    await linked.getByRole("link", { name: /blue screen/i }).first().click();
    await page.getByRole("heading", { level: 1, name: /blue screen/i }).waitFor();
    threadUrl = page.url();
  });

  await check("the thread shows the device context", async () => {
    const context = page.getByRole("region", { name: "Device context" });
    await context.getByText(/latitude 5440/i).first().waitFor();
    await look(page, "thread");
    await accessible(page, "thread");
  });

  await check("no page error on IT's way", async () => must(page.problems.length === 0, page.problems.join("\n")));

  await check("a colleague reads the thread and no processes or apps of others", async () => {
    const peer = await signIn(browser, url, logins.user);
    await peer.goto(threadUrl);
    await peer.getByRole("heading", { level: 1, name: /blue screen/i }).waitFor();
    const stranger = await peer.evaluate(async () => {
      const devices = await (await fetch("/api/v1/devices?limit=50")).json();
      const mine = (await (await fetch("/api/v1/me")).json()).devices.map((device) => device.id);
      const seen = (devices.items ?? []).filter((device) => !mine.includes(device.id)).map((device) => device.id);
      const foreign = [];
      for (const kind of ["process", "app", "compound"]) {
        const page = await (await fetch(`/api/v1/anomalies?kind=${kind}`)).json();
        // An owner does see what is found about the own laptop.
        foreign.push(...(page.items ?? []).filter((anomaly) => !mine.includes(anomaly.device?.id)).map((anomaly) => anomaly.title));
      }
      return { seen, foreign };
    });
    must(stranger.seen.length === 0, "a user sees other people's devices");
    must(stranger.foreign.length === 0, `a user sees findings about others: ${stranger.foreign.join("; ")}`);
    must((await peer.getByText("svchost32").count()) === 0, "a process finding shows in a thread");
    await look(peer, "thread-as-colleague");
    await peer.context().close();
  });

  await check("security finds the drift to a private cloud and may judge it", async () => {
    const security = await signIn(browser, url, logins.security);
    await security.goto(`${url}/apps`);
    await security.getByText("Dropbox").first().waitFor();
    await look(security, "apps");
    await accessible(security, "apps");
    await security.context().close();
  });

  await check("the owner sees this very laptop and what it sent", async () => {
    const owner = await signIn(browser, url, logins.user);
    await owner.goto(`${url}/mine`);
    await owner.getByRole("heading", { level: 1, name: /your laptop/i }).waitFor();
    must((await owner.getByText("simulated").count()) === 0, "the real laptop is shown as simulated");
    const bootId = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
    const boots = await owner.evaluate(async () => {
      const me = await (await fetch("/api/v1/me")).json();
      return (await (await fetch(`/api/v1/devices/${me.devices[0].id}/boots`)).json()).items.map((boot) => boot.boot_id);
    });
    must(boots.some((id) => id.replaceAll("-", "") === bootId.replaceAll("-", "")), `this machine's boot ${bootId} is not among ${boots}`);
    await look(owner, "my-device");
    await owner.context().close();
  });

  await check("it works at phone width and in the dark", async () => {
    const phone = await signIn(browser, url, logins.technician, { viewport: { width: 390, height: 844 }, colorScheme: "dark" });
    await phone.goto(threadUrl);
    await phone.getByRole("heading", { level: 1, name: /blue screen/i }).waitFor();
    const wide = await phone.evaluate(() => document.documentElement.scrollWidth > window.innerWidth + 1);
    must(!wide, "the thread page scrolls sideways on a phone");
    await look(phone, "thread-phone-dark");
    await phone.context().close();
  });
} catch (error) {
  failed("set-up", error);
} finally {
  await browser?.close();
  if (demo && demo.exitCode === null) {
    const gone = new Promise((done) => demo.on("exit", done));
    demo.kill("SIGTERM");
    await Promise.race([gone, pause(20_000)]);
    demo.kill("SIGKILL");
  }
}
const good = ended();
if (good) rmSync(data, { recursive: true, force: true });
process.exit(good ? 0 : 1);
