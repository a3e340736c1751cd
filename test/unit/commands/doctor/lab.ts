/** The doctor in this process, and a platform in good health that a test makes ill. */
import { expect } from "bun:test";
import { group } from "../../../../src/cli/command.ts";
import { runCli } from "../../../../src/cli/run.ts";
import { PLACES } from "../../../../src/commands/config/places.ts";
import { doctor } from "../../../../src/commands/doctor/doctor.ts";
import { GLOBALS } from "../../../../src/commands/globals.ts";
import { Secrets } from "../../../../src/shared/secrets.ts";
import { TOKEN, WORKSPACE } from "../../../harness/scripted-platform.ts";
import { tmpFolder } from "../../../harness/tmp.ts";

export { TOKEN, WORKSPACE };
export const OTHER = "33333333-3333-4333-8333-333333333333";

export interface Told {
  name: string;
  status: "ok" | "warning" | "failed" | "skipped";
  detail: string;
  hint: string | null;
}

export interface Diagnosis {
  code: number;
  stdout: string;
  stderr: string;
  checks: Told[];
  worst: string;
  /** The check of that name. */
  of(name: string): Told;
}

export interface Call {
  id?: string | undefined;
  flags?: Record<string, string | boolean | undefined>;
  env?: Record<string, string>;
  /** Where the state lies; one that is not there otherwise. */
  stateDir?: string;
}

const root = group({ name: "molecule", summary: "test", commands: [doctor] });

/** Runs `molecule doctor` as the command line does, against `url`, with the mock backend. */
export async function examined(url: string, call: Call = {}): Promise<Diagnosis> {
  using home = tmpFolder();
  const { id = WORKSPACE, flags = {}, env = {}, stateDir = `${home.path}/state` } = call;
  const all = { "api-url": url, backend: "mock", "state-dir": stateDir, output: "json", ...flags };
  const argv = ["doctor", ...(id === "" ? [] : [id]), ...words(all)];
  let [stdout, stderr] = ["", ""];
  const code = await runCli({
    root,
    globals: GLOBALS,
    version: "molecule test",
    argv,
    config: PLACES,
    env: {
      PATH: process.env.PATH,
      HOME: home.path,
      USERPROFILE: home.path,
      MOLECULE_WORKSPACE_TOKEN: TOKEN,
      ...env,
    },
    io: {
      secrets: new Secrets(),
      out: async (text) => void (stdout += text),
      err: (line) => void (stderr += `${line}\n`),
    },
  });
  expect(`${stdout}${stderr}`).not.toContain(TOKEN);
  const isJson = all.output === "json" && stdout.startsWith("{");
  const data = isJson ? JSON.parse(stdout) : { checks: [], worst: "" };
  if (isJson) expect(data.exit_code).toBe(code);
  return {
    code,
    stdout,
    stderr,
    ...data,
    of(name) {
      const found = (data.checks as Told[]).find((check) => check.name === name);
      if (found === undefined) throw new Error(`no check ${name} in:\n${stdout}${stderr}`);
      return found;
    },
  };
}

function words(flags: Record<string, string | boolean | undefined>): string[] {
  return Object.entries(flags).flatMap(([name, value]) => {
    if (value === undefined || value === false) return [];
    return [value === true ? `--${name}` : `--${name}=${value}`];
  });
}

export type Handler = (url: URL, request: Request) => Response | Promise<Response> | undefined;

export interface Ward extends Disposable {
  url: string;
  port: number;
  /** `GET /health`, and the others that came. */
  seen: string[];
}

/** A platform with one workspace; what `change` answers goes before. */
export function platform(
  change: Handler = () => undefined,
  tls?: { cert: string; key: string },
): Ward {
  const seen: string[] = [];
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    idleTimeout: 0,
    ...(tls === undefined ? {} : { tls }),
    async fetch(request) {
      const url = new URL(request.url);
      seen.push(`${request.method} ${url.pathname}`);
      return (await change(url, request)) ?? healthy(url, request);
    },
  });
  return {
    url: `${tls === undefined ? "http" : "https"}://127.0.0.1:${server.port}`,
    port: server.port ?? 0,
    seen,
    [Symbol.dispose]: () => void server.stop(true),
  };
}

/** The row of the workspace in good health. */
export const ROW = {
  id: WORKSPACE,
  name: "agent",
  status: "awaiting_agent",
  runtime: "external",
  talk_to_user_enabled: true,
  last_error_rate: 0,
};

export function json(body: unknown, status = 200): Response {
  return Response.json(body, { status });
}

export function frames(text = ": ping\n\n"): Response {
  const body = new ReadableStream({
    start(controller) {
      if (text !== "") controller.enqueue(new TextEncoder().encode(text));
    },
  });
  return new Response(body, { headers: { "content-type": "text/event-stream" } });
}

function healthy({ pathname }: URL, request: Request): Response {
  if (pathname === "/health") return json({ status: "ok" });
  const [, list, id, ...rest] = pathname.split("/");
  if (list !== "workspaces") return json({ error: "not found" }, 404);
  const bearer = request.headers.get("authorization")?.replace("Bearer ", "");
  if (id === undefined) return json({ error: "invalid admin auth token" }, 401);
  if (id !== WORKSPACE) return json({ error: "workspace not found" }, 404);
  if (rest.length === 0) return json(ROW);
  if (bearer !== TOKEN) return json({ error: "invalid workspace auth token" }, 401);
  switch (rest.join("/")) {
    case "state":
      return json({ workspace_id: WORKSPACE, status: ROW.status, paused: false, deleted: false });
    case "activity":
      return json({ error: "cursor not found" }, 410);
    case "events/stream":
      return frames();
    default:
      return json({ error: "not found" }, 404);
  }
}
