/**
 * A bridge that dies by its own hand at an event: the real client, store and exec backend, in a
 * process of its own. Its one argument is a {@link CrashOrder} as JSON; what it tells goes to stdout,
 * one event a line.
 */
import { parseOptions } from "../../src/backends/options.ts";
import { endLeftovers } from "../../src/backends/process/leftovers.ts";
import { createExec } from "../../src/backends/exec/create.ts";
import { exec } from "../../src/backends/exec/declaration.ts";
import { Allowance } from "../../src/bridge/allowance.ts";
import { runBridge } from "../../src/bridge/bridge.ts";
import type { BridgeEvent } from "../../src/bridge/events.ts";
import { OpenRequests } from "../../src/bridge/open-requests.ts";
import { PlatformClient } from "../../src/platform/client.ts";
import { parseApiUrl } from "../../src/platform/api-url.ts";
import { Token } from "../../src/platform/token.ts";
import { systemClock, type Clock } from "../../src/shared/clock.ts";
import { Secrets } from "../../src/shared/secrets.ts";
import { LocalStore } from "../../src/store/local.ts";
import { OPTIONS } from "../harness/bridge.ts";
import { storesAt } from "../harness/stores.ts";

export interface CrashOrder {
  url: string;
  workspaceId: string;
  token: string;
  stateDir: string;
  /** The address of the shared store where it has one. */
  shared: string | undefined;
  /** For the exec backend. */
  command: string;
  /** Where it dies: at the event of that name and number; undefined: it ends when all is settled. */
  killAt: { event: BridgeEvent["type"]; nth: number } | undefined;
}

const order = JSON.parse(process.argv[2] ?? "") as CrashOrder;
/**
 * All waits pass so many times faster: fifteen seconds until a post is handed over are long. Less so with a
 * Postgres, since many of them at once keep a machine busy, and a post that takes that long is no fault.
 */
const HASTE = order.shared === undefined ? 10 : 4;

const hasty: Clock = {
  now: () => STARTED + (Date.now() - STARTED) * HASTE,
  monotonic: () => systemClock.monotonic() * HASTE,
  sleep: (ms, signal) => systemClock.sleep(ms / HASTE, signal),
};
const STARTED = Date.now();

const secrets = new Secrets();
const token = new Token(secrets, order.token, "the test");
// A lease is told by the clock of Postgres.
await using shared =
  order.shared === undefined ? undefined : await storesAt(order.shared, { leaseMs: 1_000 });
const kept = { clock: hasty, folder: order.stateDir };
const store =
  shared?.of(order.workspaceId, kept) ?? new LocalStore(kept.folder, order.workspaceId, kept);
const platform = new PlatformClient({
  baseUrl: parseApiUrl(order.url),
  workspaceId: order.workspaceId,
  identity: order.workspaceId,
  orgId: undefined,
  userAgent: "molecule/test",
  token: () => token.value,
  clock: hasty,
  secrets,
});
const backend = createExec(parseOptions(exec, [`cmd=${order.command}`, "timeout=1h"]), {
  clock: hasty,
  secrets,
  env: process.env,
  memory: store.memory,
  random: Math.random,
  onNote: (text, activityId) => emit({ type: "backend-note", text, activityId }),
  onStderr: (line, activityId) => emit({ type: "backend-stderr", line, activityId }),
});

let seen = 0;
function emit(event: BridgeEvent): void {
  console.log(JSON.stringify(event));
  if (event.type !== order.killAt?.event) return;
  seen += 1;
  if (seen === order.killAt.nth) process.kill(process.pid, "SIGKILL");
}

await runBridge(
  {
    ...OPTIONS,
    workspaceId: order.workspaceId,
    intervalMs: 50,
    graceMs: 600_000,
    once: order.killAt === undefined,
    waitLock: shared !== undefined,
  },
  {
    platform,
    backend,
    store,
    endLeftovers: (runs) => endLeftovers(runs, systemClock),
    releaseMemory: () => {},
    token,
    clock: hasty,
    random: () => 0.5,
    allowance: new Allowance(hasty),
    requests: new OpenRequests(),
    emit,
  },
  new AbortController().signal,
);
