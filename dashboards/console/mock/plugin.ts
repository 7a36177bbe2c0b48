// The pretended collector as a Vite plugin: `npm run dev:mock` and `npm run test:pages`. Never part of a build.
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Connect, Plugin } from "vite";
import { MockCollector } from "./answers.ts";

/** What the collector sends with every page (dashboards/src/console.rs has the same words; the page test compares them). */
export const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

async function bodyOf(request: IncomingMessage): Promise<Record<string, unknown>> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  const bytes = Buffer.concat(parts);
  if (request.headers["content-type"] === "application/octet-stream") return { bytes: bytes.length };
  const text = bytes.toString("utf8");
  return text ? (JSON.parse(text) as Record<string, unknown>) : {};
}

function middleware(collector: MockCollector): Connect.NextHandleFunction {
  return (request, response, next) => {
    const url = new URL(request.url ?? "/", "http://mock");
    if (!url.pathname.startsWith("/api/v1")) {
      next();
      return;
    }
    serve(collector, request, response, url).catch(next);
  };
}

async function serve(collector: MockCollector, request: IncomingMessage, response: ServerResponse, url: URL) {
  const method = request.method ?? "GET";
  if (method !== "GET" && request.headers["x-weft-csrf"] !== "1") {
    response.writeHead(403, { "content-type": "application/problem+json" });
    response.end(
      JSON.stringify({ title: "Refused", status: 403, detail: "The header x-weft-csrf is missing.", code: "csrf" }),
    );
    return;
  }
  const login = /weft_session=(\w+)/.exec(request.headers.cookie ?? "")?.[1] ?? "";
  const answer = collector.answer({
    method,
    path: url.pathname.slice("/api/v1".length),
    query: url.searchParams,
    body: await bodyOf(request),
    login,
  });
  const headers: Record<string, string> = {
    "content-type": answer.status < 400 ? "application/json" : "application/problem+json",
  };
  if (answer.login !== undefined)
    headers["set-cookie"] = `weft_session=${answer.login ?? ""}; Path=/; HttpOnly; SameSite=Lax`;
  if (answer.bytes) {
    response.writeHead(answer.status, { "content-type": answer.media ?? "application/octet-stream" });
    response.end(answer.bytes);
    return;
  }
  response.writeHead(answer.status, headers);
  response.end(answer.body === undefined ? undefined : JSON.stringify(answer.body));
}

export function mockCollector(): Plugin {
  return {
    name: "weft-mock-collector",
    configureServer: (server) => {
      server.middlewares.use(middleware(new MockCollector(new Date())));
    },
    configurePreviewServer: (server) => {
      server.middlewares.use((_, response, next) => {
        response.setHeader("content-security-policy", POLICY);
        next();
      });
      server.middlewares.use(middleware(new MockCollector(new Date())));
    },
  };
}
