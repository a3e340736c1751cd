/**
 * The embedded platform: the HTTP contract of the Molecule AI platform, in either revision, as far
 * as external workspaces need it, over one SQLite file. It listens on this machine only and shares
 * nothing with the client but the types of the wire, so that one checks the other.
 */
import { systemClock, type Clock } from "../shared/clock.ts";
import { codeOf, messageOf, MoleculeError } from "../shared/errors.ts";
import { isSameSecret } from "../shared/same-secret.ts";
import { tellOf } from "./activity-event.ts";
import type { NewActivity } from "./activity-store.ts";
import type { Dev } from "./call.ts";
import { openDatabase, type DevDatabase } from "./database.ts";
import { Errands } from "./errands.ts";
import { Events } from "./events.ts";
import { Faults } from "./faults.ts";
import { Feed, type LateCommits } from "./feed.ts";
import { handle, type Hooks } from "./handle.ts";
import { Liveness } from "./liveness.ts";
import { Pushes } from "./push.ts";
import { RateLimiter } from "./rate-limit.ts";
import { REVISIONS, type RevisionName } from "./revision.ts";
import { DEFAULT_SWEEP_EVERY_MS, sweep } from "./sweep.ts";
import { savedAdminToken } from "./token-files.ts";
import { randomToken } from "./token-store.ts";

export interface DevOptions extends Hooks {
  /** 0 picks a free one. */
  port: number;
  /** The path of the SQLite file, made where it is missing, or ":memory:". */
  db: string;
  /** Requests a minute for each bucket; 0 switches the limit and its headers off. */
  rateLimit: number;
  /** Of the contract. Default r2. */
  revision?: RevisionName;
  /** Has some rows of the feed seen later than their time says. Default: none. */
  lateCommits?: LateCommits;
  /** An online workspace silent for longer waits for its agent again. Default: the revision's. */
  staleAfterMs?: number;
  /** How often silent workspaces are looked for. Default 15 000. */
  sweepEveryMs?: number;
  /** A hosted tenant's organisation, which requests have to name (contract 1.6). Default: none. */
  tenantOrg?: string;
  /** Default: the one saved beside the database (see seed.ts), else a new one. */
  adminToken?: string;
  /**
   * Wall time for rows, staleness and rate windows, and all sleeps. Rows share an instant where it
   * stands still, and on any clock where `database.transaction` writes them together.
   */
  clock?: Clock;
}

export interface DevPlatform {
  url: string;
  port: number;
  adminToken: string;
  /** As in the options. */
  db: string;
  database: DevDatabase;
  events: Events;
  /** Has `action` run when the platform has stopped. */
  onStop(action: () => Promise<void>): void;
  /** Ends every connection and push and closes the database; a second call waits for the first. */
  stop(): Promise<void>;
}

const HOSTNAME = "127.0.0.1";

/** Above our own limit of 16 MiB, whose 413 says more than the one of the HTTP server. */
const MAX_TRANSFER_BYTES = 1024 * 1024 * 1024;

/**
 * Starts the platform. A MoleculeError says that the port is taken, or what is wrong with the
 * database file.
 */
export async function startDevPlatform(options: DevOptions): Promise<DevPlatform> {
  const clock = options.clock ?? systemClock;
  const adminToken = options.adminToken ?? savedAdminToken(options.db) ?? randomToken();
  const revision = REVISIONS[options.revision ?? "r2"];
  const database = openDatabase(options.db, clock);
  const stopping = new AbortController();
  const onError = (error: unknown) => {
    // What was cut off by the stop is no fault.
    if (!stopping.signal.aborted) options.onError?.(error);
  };
  const events = new Events(database.events, clock, onError);
  const tell = (row: NewActivity, seq: number) => tellOf(events, row, seq);
  const dev: Dev = {
    revision,
    database,
    feed: new Feed(database.activities, clock, options.lateCommits, tell),
    clock,
    url: "",
    isAdmin: (token) => isSameSecret(token, adminToken) || database.orgTokens.use(token),
    pushes: new Pushes(revision.push, clock),
    events,
    errands: new Errands(onError),
    liveness: new Liveness(clock),
    faults: new Faults(clock),
    tenantOrg: options.tenantOrg,
    onError,
  };
  database.delegations.failInterrupted("the platform stopped before the answer came");
  const limiter = options.rateLimit > 0 ? new RateLimiter(options.rateLimit, clock) : undefined;
  const server = listen(options.port, dev, limiter, { ...options, onError }, () =>
    database.close(),
  );
  const port = server.port ?? options.port;
  dev.url = `http://${HOSTNAME}:${port}`;
  const times = {
    staleAfterMs: options.staleAfterMs ?? revision.staleAfterMs,
    everyMs: options.sweepEveryMs ?? DEFAULT_SWEEP_EVERY_MS,
  };
  const sweeping = sweep(dev, times, onError, stopping.signal);

  const actions: (() => Promise<void>)[] = [];
  let stopped: Promise<void> | undefined;
  const shutDown = async () => {
    stopping.abort();
    dev.faults.stop();
    await events.stop();
    await Promise.all([server.stop(true), dev.pushes.stop(), dev.feed.stop(), sweeping]);
    await dev.errands.settle();
    database.close();
    for (const action of actions) await action();
  };
  return {
    url: dev.url,
    port,
    adminToken,
    db: options.db,
    database,
    events,
    onStop: (action) => void actions.push(action),
    stop: () => (stopped ??= shutDown()),
  };
}

function listen(
  port: number,
  dev: Dev,
  limiter: RateLimiter | undefined,
  hooks: Hooks,
  onFailure: () => void,
): Bun.Server<undefined> {
  try {
    return Bun.serve({
      hostname: HOSTNAME,
      port,
      // A push may take half an hour, and its sender waits.
      idleTimeout: 0,
      maxRequestBodySize: MAX_TRANSFER_BYTES,
      // Otherwise a fault is answered with a page that shows source text and folders.
      development: false,
      // What Bun makes of `development: false`: two platforms would share a port, each unseen by
      // the other, and a request would reach either.
      reusePort: false,
      fetch: (request, server) =>
        handle(dev, limiter, hooks, request, server.requestIP(request)?.address ?? ""),
    });
  } catch (error) {
    onFailure();
    if (codeOf(error) !== "EADDRINUSE") {
      throw new MoleculeError(`cannot listen on port ${port}: ${messageOf(error)}`, {
        hint: "choose another with --port, 0 picks a free one",
        cause: error,
      });
    }
    throw new MoleculeError(`port ${port} is in use`, {
      hint: "choose another with --port, 0 picks a free one",
      cause: error,
    });
  }
}
