/**
 * How the process is, for who looks after it: service managers, load balancers, Prometheus. Nobody has to
 * say who he is, so nothing here holds a token or a message's text, and nothing can be changed.
 */
import { isIP } from "node:net";
import { codeOf, messageOf, MoleculeError } from "../shared/errors.ts";
import { formatListen, isLoopback, type ListenAddress } from "../shared/listen-address.ts";
import type { Check } from "./checks.ts";
import { PROMETHEUS_TYPE } from "./prometheus.ts";
import type { WorkspaceStatus } from "./status.ts";

/** What is asked for as it is asked for. */
export interface Health {
  /** Why the process does not do its work, in a sentence; undefined where it does. */
  overdue(): string | undefined;
  readiness(): Readiness[];
  /** In Prometheus' text format. */
  metrics(): Promise<string>;
}

export interface Readiness {
  workspaceId: string;
  state: WorkspaceStatus["state"];
  checks: readonly Check[];
}

export interface HealthServer {
  /** HOST:PORT, with the port that was found where any would do. */
  address: string;
  close(): void;
}

/** Listens. Throws a MoleculeError where that can't be. */
export function serveHealth(address: ListenAddress, health: Health): HealthServer {
  let server: Bun.Server<undefined>;
  try {
    server = Bun.serve({
      ...address,
      idleTimeout: IDLE_SECS,
      maxRequestBodySize: MOST_BODY,
      // Otherwise a fault is answered with a page that shows source text and folders.
      development: false,
      // What Bun makes of `development: false`: two bridges would share a port, each unseen by the other.
      reusePort: false,
      fetch: async (request) => plain(await answer(request, address, health)),
      error: () => plain(text(500, "an internal error\n")),
    });
  } catch (error) {
    throw cantListen(address, error);
  }
  const { port = address.port } = server;
  return {
    address: formatListen({ hostname: address.hostname, port }),
    close: () => void server.stop(true),
  };
}

/** How long a connection may be silent, in seconds. */
const IDLE_SECS = 5;
/** Nothing is asked with a body, in bytes. */
const MOST_BODY = 1_024;

async function answer(request: Request, address: ListenAddress, health: Health): Promise<Response> {
  const { method, url, headers } = request;
  const host = headers.get("host") ?? "";
  if (!isMeant(host, address)) return text(421, "this server is asked for by another name\n");
  const asked = URL.parse(url, "http://here");
  const find = ROUTES[asked?.pathname ?? ""];
  if (asked === null || find === undefined) return text(404, "not found; / lists what there is\n");
  if (method === "GET" || method === "HEAD") return find(health, asked.searchParams);
  const refused = text(405, "only GET and HEAD\n");
  refused.headers.set("allow", "GET, HEAD");
  return refused;
}

/** Of no use a moment later, and nothing but what its type says. */
function plain(response: Response): Response {
  response.headers.set("cache-control", "no-store");
  response.headers.set("x-content-type-options", "nosniff");
  return response;
}

/**
 * A page in a browser of this machine could ask under a name of its own that it lets lead here, and then
 * read the answer (DNS rebinding): on loopback only names of this machine are answered. Elsewhere anyone
 * in reach may ask directly, and by names that we don't know.
 */
function isMeant(host: string, address: ListenAddress): boolean {
  if (host === "" || !isLoopback(address)) return true;
  const name = URL.parse(`http://${host}/`)?.hostname ?? "";
  const isAddress = isIP(name.replace(/^\[|\]$/g, "")) !== 0;
  return isAddress || isLoopback({ hostname: name }) || name === address.hostname.toLowerCase();
}

type Find = (health: Health, query: URLSearchParams) => Response | Promise<Response>;

const ROUTES: Readonly<Record<string, Find>> = {
  "/": () => text(200, INDEX),
  "/livez": (health) => {
    const reason = health.overdue();
    return reason === undefined ? text(200, "ok\n") : text(503, `${reason}\n`);
  },
  "/readyz": (health, query) => readyz(health.readiness(), query.get("workspace")),
  "/metrics": async (health) => {
    return new Response(await health.metrics(), { headers: { "content-type": PROMETHEUS_TYPE } });
  },
};

const INDEX = `/livez                   whether the process does its work
/readyz                  whether messages are taken and answered, and what is wrong where not
/readyz?workspace=<id>   the same of one workspace
/metrics                 numbers for Prometheus
`;

/** Ready are all, or none are: a process without workspaces answers no message. */
function readyz(all: readonly Readiness[], wanted: string | null): Response {
  const id = wanted?.toLowerCase();
  const found = all.filter(({ workspaceId }) => id === undefined || workspaceId === id);
  if (id !== undefined && found.length === 0) {
    return json(404, { error: "this process does not serve such a workspace" });
  }
  const workspaces = found.map(({ workspaceId, state, checks }) => ({
    workspace_id: workspaceId,
    ready: isReady(checks),
    state,
    checks: checks.map(({ name, reason }) => ({ name, ok: reason === undefined, reason })),
  }));
  const ready = workspaces.length > 0 && workspaces.every((one) => one.ready);
  return json(ready ? 200 : 503, { ready, workspaces });
}

/** Whether all holds. */
export function isReady(checks: readonly Check[]): boolean {
  return checks.every(({ reason }) => reason === undefined);
}

function text(status: number, body: string): Response {
  return new Response(body, { status, headers: { "content-type": "text/plain; charset=utf-8" } });
}

function json(status: number, body: object): Response {
  const headers = { "content-type": "application/json" };
  return new Response(`${JSON.stringify(body)}\n`, { status, headers });
}

function cantListen(address: ListenAddress, error: unknown): MoleculeError {
  const code = codeOf(error);
  const why = WHY[code ?? ""] ?? code ?? messageOf(error);
  return new MoleculeError(`can't listen on ${formatListen(address)} for health checks: ${why}`, {
    hint: "Choose another address with --health; port 0 takes any that is free.",
    cause: error,
  });
}

const WHY: Readonly<Record<string, string>> = {
  EADDRINUSE: "another program listens there",
  EADDRNOTAVAIL: "this machine has no such address",
  EACCES: "this user may not listen on that port",
};
