// Three people and a laptop that restarts: the whole story, from the complaint to the proof that the answer helped.
//
// An owner says that the laptop restarts; the anomaly links itself; a peer with the same model is found, comes and agrees; a
// technician joins; the answer is accepted and applied; two weeks pass for the simulated fleet; the answer shows what it did. On
// the way nothing that the peer's session receives may hold the owner's programs or apps.
//
// Time: the collector and the browsers first live AGO days back (`serve --ago`), where the fleet's history ends, then now. What
// the fleet did in between is told by `weft-fleet continue`, for which the laptops that people marked are mended and the others are
// not. Nothing else is arranged: the anomaly, the link and the effect come from the detectors, the linker and the measurement.
//
// Usage: node tests/browser/together.mjs   (env as story.mjs). Ends with "N passed, N failed".

import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { accessible, ask, check, ended, eventually, failed, house, launch, look, must, run, signIn } from "./stage.mjs";

const DAY_MS = 86_400_000;
// More than the week that a measurement needs, and in the dead of the night: the fleet's day has not begun anywhere.
const AGO_DAYS = 14;
const now = Date.now();
const then = new Date(now - AGO_DAYS * DAY_MS).setUTCHours(3, 0, 0, 0);
const ago = now - then;
const DEVICES = 40;
const DAYS = 35;
const PASSWORD = "correct horse battery";
const STAFF = [
  ["admin", "IT desk", "IT", "admin"],
  ["tech", "Tomas Berg", "IT", "technician"],
  ["security", "Security desk", "Security", "security"],
];
const TITLE = "My Latitude 5440 keeps restarting with a blue screen";
const COMPLAINT = "Since the graphics driver update it **restarts two or three times a day**, in the middle of work. The last blue screen said `VIDEO_TDR_FAILURE`.";
const AGREES = "Mine does exactly the same since this week, also a Latitude 5440.";
const ANSWER = "The new display driver is to blame. Go back to driver 31.0.101.5186 in the device manager and restart once.";

const { data, config, url, grpc, start, stop } = await house("together", [
  // The laptops come back after two weeks with the certificates that they have.
  `[certificates]\ndevice_validity = "30d"`,
  `[detect]\ninterval = "2s"`,
]);
const fleet = join(data, "fleet");
const authority = join(data, "collector/pki/ca.pem");
let browser;

const lines = (file) => readFileSync(file, "utf8").trim().split("\n").map((line) => JSON.parse(line));
const write = (file, all) => writeFileSync(file, all.map((one) => `${JSON.stringify(one)}\n`).join(""), { mode: 0o600 });

/** People and laptops, as IT would bring them in. Gives who plays whom. */
async function admit() {
  mkdirSync(fleet);
  run("weft-fleet", "plan", "--devices", `${DEVICES}`, "--days", `${DAYS}`, "--scenario", "outbreak", "--until", new Date(then).toISOString(), "--out", fleet);
  const roster = lines(join(fleet, "roster.jsonl"));
  const [outbreak] = JSON.parse(readFileSync(join(fleet, "expected.json"), "utf8"));
  const [mine, theirs] = outbreak.laptops.map((name) => roster.find((laptop) => laptop.name === name));
  // The simulated people without what they would say: here three of them speak for themselves.
  const people = lines(join(fleet, "people.jsonl")).filter((line) => line.account);
  for (const { account } of people) {
    if ([mine.owner, theirs.owner].includes(account.login)) account.password = PASSWORD;
  }
  const staff = STAFF.map(([login, name, team, role]) => ({ account: { login, name, team, roles: [role], password: PASSWORD } }));
  write(join(data, "people.jsonl"), [...staff, ...people]);
  run("weft-collector", "import", join(data, "people.jsonl"), "--config", config);
  const named = (login) => people.find(({ account }) => account.login === login).account.name;
  return {
    owner: { login: mine.owner, password: PASSWORD, name: named(mine.owner), laptop: mine.name },
    peer: { login: theirs.owner, password: PASSWORD, name: named(theirs.owner), laptop: theirs.name },
    roster,
    crashing: outbreak.laptops,
  };
}

async function bringLaptops(admin, roster) {
  for (const laptop of roster) {
    const token = { name: laptop.name, uses: 1, expires_in: 3600, simulated: true, team: laptop.team, owner: laptop.owner, device_name: laptop.name };
    const made = await ask(admin, "/tokens", "POST", token);
    must(made.body?.secret, `no token for ${laptop.name}: ${JSON.stringify(made)}`);
    laptop.token = made.body.secret;
  }
  write(join(fleet, "roster.jsonl"), roster);
  run("weft-fleet", "run", "--server", grpc, "--ca", authority, "--plan", fleet);
}

/** Everything that the API tells this page, word for word. */
function overhear(page) {
  const heard = [];
  page.on("response", (answer) => {
    if (!answer.url().includes("/api/")) return;
    heard.push(answer.text().then((text) => ({ url: answer.url(), text }), () => ({ url: answer.url(), text: "" })));
  });
  return heard;
}

try {
  await start("--ago", `${Math.round(ago / 1000)}`);
  const { owner, peer, roster, crashing } = await admit();
  browser = await launch();
  const admin = await signIn(browser, url, { login: "admin", password: PASSWORD }, { ago });
  await bringLaptops(admin, roster);
  const anomaly = await eventually("an anomaly about the owner's laptop", async () => {
    const { body } = await ask(admin, "/anomalies?kind=reboot&limit=100");
    for (const { id } of body?.items ?? []) {
      const whole = await ask(admin, `/anomalies/${id}`);
      if (JSON.stringify(whole.body).includes(owner.laptop)) return whole.body;
    }
    return null;
  }, 120_000);
  const security = await signIn(browser, url, { login: "security", password: PASSWORD }, { ago });
  const devices = (await ask(security, "/devices?limit=200")).body.items;
  const idOf = (name) => devices.find((device) => device.name === name).id;
  // What nobody but the owner and security may read: taken from what the laptop really reported.
  const processes = (await ask(security, `/devices/${idOf(owner.laptop)}/processes?limit=200`)).body.items;
  const apps = (await ask(security, `/devices/${idOf(owner.laptop)}/apps`)).body.items;

  let threadUrl;
  const page = { owner: await signIn(browser, url, owner, { ago }) };

  await check("the owner says what happens", async () => {
    await page.owner.goto(`${url}/threads/new`);
    await page.owner.getByLabel("Space").selectOption("hardware");
    await page.owner.getByLabel("Title").fill(TITLE);
    await page.owner.getByRole("textbox", { name: "First post" }).fill(COMPLAINT);
    await page.owner.getByRole("button", { name: "Open thread" }).click();
    await page.owner.getByRole("heading", { level: 1, name: TITLE }).waitFor();
    threadUrl = page.owner.url();
  });
  const thread = new URL(threadUrl).pathname.split("/").pop();

  await check("the anomaly links itself, and says why", async () => {
    const link = await eventually("an automatic link", async () => {
      const { body } = await ask(page.owner, `/threads/${thread}`);
      return body.links.find((link) => link.state === "automatic");
    }, 90_000);
    must(link.reasons.length >= 2, `a link with too few reasons: ${JSON.stringify(link)}`);
    await page.owner.reload();
    const linked = page.owner.getByRole("region", { name: "Linked anomalies" });
    await linked.getByRole("list", { name: "Reasons" }).first().waitFor();
    await look(page.owner, "owner-linked");
    await accessible(page.owner, "the thread with its link");
  });

  await check("the owner chooses what peers see of the laptop", async () => {
    await page.owner.getByRole("button", { name: "Choose what peers see…" }).click();
    const chooser = page.owner.getByRole("dialog");
    await chooser.getByRole("checkbox").first().waitFor();
    for (const fact of await chooser.getByRole("checkbox").all()) await fact.check();
    await chooser.getByRole("region", { name: "Preview" }).getByText(/latitude 5440/i).first().waitFor();
    await look(page.owner, "owner-card");
    await chooser.getByRole("button", { name: "Show this to peers" }).click();
    await chooser.waitFor({ state: "detached" });
  });

  page.peer = await signIn(browser, url, peer, { ago });
  const heard = overhear(page.peer);

  await check("a peer with the same model agreed to be found, and is", async () => {
    await page.peer.goto(`${url}/mine`);
    await page.peer.getByRole("switch", { name: /same laptop model/ }).click();
    await eventually("the agreement", async () => (await ask(page.peer, "/me/peers")).body?.by_model);
    const peers = page.owner.getByRole("region", { name: "Peers" });
    await peers.getByRole("button", { name: "Find peers" }).click();
    await peers.getByRole("button", { name: `Invite ${peer.name}` }).click();
    await peers.getByRole("button", { name: "Send the invitation" }).click();
    await peers.getByText("You invited").waitFor();
  });

  await check("the peer comes and agrees", async () => {
    await page.peer.goto(threadUrl);
    await page.peer.getByRole("article", { name: `Invitation by ${owner.name}` }).getByRole("button", { name: "Join" }).click();
    await page.peer.getByRole("article", { name: `Laptop of ${owner.name}` }).getByText(/latitude 5440/i).first().waitFor();
    await page.peer.getByRole("textbox", { name: "Reply", exact: true }).fill(AGREES);
    await page.peer.getByRole("button", { name: "Post reply" }).click();
    await page.peer.getByText(AGREES).first().waitFor();
    await look(page.peer, "peer-agrees");
  });

  page.tech = await signIn(browser, url, { login: "tech", password: PASSWORD }, { ago });
  await check("a technician joins and answers", async () => {
    await page.tech.goto(threadUrl);
    await page.tech.getByRole("button", { name: "Join", exact: true }).click();
    await page.tech.getByRole("textbox", { name: "Reply", exact: true }).fill(ANSWER);
    await page.tech.getByRole("button", { name: "Post reply" }).click();
    await page.tech.getByText(ANSWER).first().waitFor();
    await look(page.tech, "technician-answers");
  });

  await check("the owner accepts the answer and has applied it", async () => {
    await page.owner.reload();
    const answer = page.owner.getByRole("article", { name: "Post by Tomas Berg" });
    await answer.getByRole("button", { name: "Accept as the answer" }).click();
    const helped = page.owner.getByRole("region", { name: "Did it help?" });
    await helped.getByRole("button", { name: "I applied it" }).click();
    await helped.getByText("You applied it").waitFor();
    await helped.getByText("Not yet enough").first().waitFor();
    await look(page.owner, "owner-accepts");
  });

  await check("the peer has applied it, and sees no figure yet", async () => {
    await page.peer.reload();
    const helped = page.peer.getByRole("region", { name: "Did it help?" });
    await helped.getByRole("button", { name: "I applied it" }).click();
    await helped.getByText("You applied it").waitFor();
    const { body } = await ask(page.peer, `/threads/${thread}/effect`);
    must(body.effect === null, `a figure about too few: ${JSON.stringify(body)}`);
  });

  await check("the technician rolls it out to half of the others", async () => {
    await page.tech.reload();
    const helped = page.tech.getByRole("region", { name: "Did it help?" });
    await helped.getByText("Rolled out to other laptops").click();
    // The other half keeps the bad driver: without it nobody could say that these did not get better by themselves.
    const others = crashing.slice(2, Math.floor(crashing.length / 2));
    must(others.length >= 4, `too few laptops crash: ${crashing}`);
    for (const name of others) await helped.getByRole("checkbox", { name }).check();
    await helped.getByRole("button", { name: `Mark ${others.length} laptops` }).click();
    await helped.getByText(`${others.length + 2} laptops said to have it`).waitFor();
    await look(page.tech, "technician-rolls-out");
  });

  const { body: before } = await ask(page.tech, `/threads/${thread}/effect`);
  writeFileSync(join(data, "mended.json"), JSON.stringify(Object.fromEntries(before.applied.map((one) => [one.name, one.applied_at]))));
  const earlier = [...heard];
  const seenByPeer = await page.peer.content();
  for (const context of browser.contexts()) await context.close();
  await stop();

  // Two weeks pass.
  await start();
  run("weft-fleet", "continue", "--server", grpc, "--ca", authority, "--plan", fleet, "--mended", join(data, "mended.json"));
  page.owner = await signIn(browser, url, owner);
  page.peer = await signIn(browser, url, peer);
  const heardNow = overhear(page.peer);

  await check("the answer shows its measured effect", async () => {
    const effect = await eventually("a measured effect", async () => {
      const { body } = await ask(page.owner, `/threads/${thread}/effect`);
      return body.effect?.enough ? body.effect : null;
    }, 90_000);
    must(effect.devices === before.applied.length, `${effect.devices} laptops were measured, ${before.applied.length} applied it`);
    must(effect.low < effect.ratio && effect.ratio < effect.high && effect.high < 1, `it is not said to have helped: ${JSON.stringify(effect)}`);
    await page.owner.goto(threadUrl);
    const helped = page.owner.getByRole("region", { name: "Did it help?" });
    await helped.getByText("Verified: it helped").waitFor();
    await helped.getByText(`n = ${effect.devices} laptops`).waitFor();
    await helped.getByText(/95 % interval/).first().waitFor();
    await look(page.owner, "owner-verified");
    await accessible(page.owner, "the measured answer");
  });

  await check("everybody is told once, in the same thread", async () => {
    const told = await eventually("the word of the measurement", async () => {
      const { body } = await ask(page.owner, `/threads/${thread}/posts?limit=100`);
      const said = body.items.filter((post) => post.author.system && /was measured/.test(post.markdown));
      return said.length > 0 ? said : null;
    }, 90_000);
    must(told.length === 1, `told ${told.length} times`);
  });

  await check("the owner finds the technician's look in the ledger", async () => {
    const { body } = await ask(page.owner, `/devices/${idOf(owner.laptop)}/looks?limit=100`);
    must(JSON.stringify(body).includes("Tomas Berg"), "no look of the technician");
    await page.owner.goto(`${url}/mine`);
    await page.owner.getByText("Tomas Berg").first().waitFor();
    await look(page.owner, "owner-ledger");
  });

  await check("the peer sees the effect, and never the owner's programs or apps", async () => {
    await page.peer.goto(threadUrl);
    const helped = page.peer.getByRole("region", { name: "Did it help?" });
    await helped.getByText("Verified: it helped").waitFor();
    await look(page.peer, "peer-verified");
    const asked = [];
    const of = `/devices/${idOf(owner.laptop)}`;
    for (const path of [of, `${of}/processes`, `${of}/apps`, `${of}/boots`, `${of}/vitals`, `${of}/observations`, `${of}/looks`]) {
      const { status } = await ask(page.peer, path);
      asked.push([path, status]);
    }
    const open = asked.filter(([, status]) => status !== 403 && status !== 404);
    must(open.length === 0, `open to a peer: ${JSON.stringify(open)}`);
    must(processes.length > 5 && apps.length > 0, "the owner's laptop reported nothing to hide: this would prove nothing");
    const secret = [
      ...processes.flatMap((process) => [process.executable_name ?? process.name, process.executable_path ?? process.path, process.executable_sha256]),
      ...apps.flatMap((app) => [app.app, app.name, app.account_domain]),
    ].filter((word) => typeof word === "string" && word.length > 3);
    must(secret.length > 10, `too little to look for: ${JSON.stringify({ process: processes[0], app: apps[0] })}`);
    // Answers about the peer's own laptop name what that laptop runs, and the first page counts a user's own laptops only.
    const aboutOwn = ({ url }) => url.includes(`/devices/${idOf(peer.laptop)}`) || url.endsWith("/api/v1/overview");
    const texts = (await Promise.all([...earlier, ...heardNow])).filter((heard) => !aboutOwn(heard)).concat([{ url: "the page then", text: seenByPeer }, { url: "the page now", text: await page.peer.content() }]);
    const leaks = texts.flatMap(({ url, text }) => secret.filter((word) => text.includes(word)).map((word) => `${word} in ${url}`));
    must(leaks.length === 0, `the peer was told ${[...new Set(leaks)].slice(0, 5).join("; ")}`);
    must(texts.length > 20, "the peer's session was not overheard");
  });

  await check("no page error on anybody's way", async () => {
    const problems = [...page.owner.problems, ...page.peer.problems].filter((words) => !/status of 40[34]/.test(words));
    must(problems.length === 0, problems.join("\n"));
  });
} catch (error) {
  failed("set-up", error);
} finally {
  await browser?.close();
  await stop();
}
const good = ended();
if (good) rmSync(data, { recursive: true, force: true });
else console.log(`     kept: ${data}`);
process.exit(good ? 0 : 1);
