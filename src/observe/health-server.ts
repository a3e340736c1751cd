/**
 * How the process is, for who looks after it: service managers, load balancers, Prometheus. Nobody has to
 * say who he is, so nothing here holds a token or a message's text, and nothing can be changed.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
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

/**
 * Listens. Rejects with a MoleculeError where that can't be. By node:http, not Bun.serve, which lets a
 * connection say its head one byte at a time for ever, and any number of them: a heartbeat would find no
 * file handle left.
 */
export async function serveHealth(address: ListenAddress, health: Health): Promise<HealthServer> {
  // Loaded where it is wanted: it costs milliseconds.
  const { createServer } = process.getBuiltinModule("node:http");
  const server = createServer(LIMITS, (request, response) => {
    void reply(request, response, (asked) => answer(asked, address, health));
  });
  server.maxConnections = MOST_CONNECTIONS;
  const { promise: listening, resolve, reject } = Promise.withResolvers<void>();
  server.once("error", reject);
  server.listen(address.port, address.hostname, resolve);
  try {
    await listening;
  } catch (error) {
    throw cantListen(address, error);
  }
  // Of a server that listens: one connection's fault is nobody else's.
  server.on("error", () => {});
  const bound = server.address();
  const port = typeof bound === "object" && bound !== null ? bound.port : address.port;
  return {
    address: formatListen({ hostname: address.hostname, port }),
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

/** Connections at once; who asks is one, or a few. */
const MOST_CONNECTIONS = 64;
/** How long a request may take to be said, and a connection to say the next, in ms. */
const LIMITS = {
  headersTimeout: 5_000,
  requestTimeout: 5_000,
  keepAliveTimeout: 5_000,
  connectionsCheckingInterval: 1_000,
};

/** Answers what came without reading a body; what fails is a 500 that does not tell of it. */
async function reply(
  request: IncomingMessage,
  response: ServerResponse,
  find: (asked: Asked) => Promise<Response>,
): Promise<void> {
  const { method = "", url = "", headers } = request;
  let found: Response;
  try {
    found = await find({ method, url, host: headers.host ?? "" });
  } catch {
    found = text(500, "an internal error\n");
  }
  const body = await found.text();
  response.writeHead(found.status, {
    ...Object.fromEntries(found.headers),
    "content-length": String(Buffer.byteLength(body)),
    // Of no use a moment later, and nothing but what its type says.
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
    // A body that was not asked for is not read.
    ...(method === "GET" || method === "HEAD" ? {} : { connection: "close" }),
  });
  response.end(method === "HEAD" ? undefined : body);
}

interface Asked {
  method: string;
  /** Path and query. */
  url: string;
  /** "" by a client of HTTP/1.0 that names none. */
  host: string;
}

async function answer(
  { method, url, host }: Asked,
  address: ListenAddress,
  health: Health,
): Promise<Response> {
  if (!isMeant(host, address)) return text(421, "this server is asked for by another name\n");
  const asked = URL.parse(url, "http://here");
  const find = ROUTES[asked?.pathname ?? ""];
  if (asked === null || find === undefined) return text(404, "not found; / lists what there is\n");
  if (method === "GET" || method === "HEAD") return find(health, asked.searchParams);
  const refused = text(405, "only GET and HEAD\n");
  refused.headers.set("allow", "GET, HEAD");
  return refused;
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
/readyz                  whether messages are taken and answered, or waited for as a standby, and
                         what is wrong where not
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
