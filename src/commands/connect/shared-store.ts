/** The store that this process shares with others, where one is asked for. */
import type { BridgeEvent } from "../../bridge/events.ts";
import type { Context } from "../../cli/command.ts";
import type { Log } from "../../cli/log.ts";
import { fullJitter } from "../../shared/backoff.ts";
import { systemClock } from "../../shared/clock.ts";
import { UsageError } from "../../shared/errors.ts";
import type { PostgresStores } from "../../store/postgres/stores.ts";
import { storeAddress } from "../access/store-address.ts";
import type { ConnectFlags } from "./connect.ts";
import { logEvent } from "./event-lines.ts";

/** As often as the platform is asked at the start; half a minute, more or less. */
const TRIES = 8;
const PAUSE_MS = 500;

export interface SharedStore {
  readonly stores: PostgresStores;
  /** What happens to it is told to each workspace, too. */
  watch(hear: (event: BridgeEvent) => void): void;
  close(): Promise<void>;
}

/**
 * Connects to it, and brings it up to date; undefined where the state folder is to be used. Rejects with a
 * MoleculeError that says what is in the way.
 */
export async function sharedStore(
  flags: ConnectFlags,
  context: Context,
  log: Log,
  workspaces: readonly string[],
): Promise<SharedStore | undefined> {
  const address = await storeAddress(flags, context, log);
  if (address === undefined) {
    // In a config file a limit would have this process serve all, beside those who share.
    if (flags.maxWorkspaces !== undefined) throw withoutStore("max-workspaces");
    if (context.source("lease") === "flag") throw withoutStore("lease");
    return undefined;
  }
  // Few need it, and it takes its time.
  const { PostgresStores } = await import("../../store/postgres/stores.ts");
  const heard: ((event: BridgeEvent) => void)[] = [];
  const tell = (event: BridgeEvent) => {
    logEvent(log, event);
    for (const hear of heard) hear(event);
  };
  const { lease: leaseMs, maxWorkspaces, dryRun } = flags;
  const random = Math.random;
  const parts = { random, leaseMs, workspaces, maxWorkspaces, tell };
  const stores = new PostgresStores(address, parts);
  try {
    if (!dryRun) await begin(stores, tell);
    else if ((await stores.inspect()) === 0)
      log.info("the store has no tables yet; a bridge makes them");
  } catch (error) {
    await stores.close();
    throw error;
  }
  log.debug(`what is known is kept in the store at ${address.place}`);
  return { stores, watch: (hear) => void heard.push(hear), close: () => stores.close() };
}

/** A machine that starts may be there before its database, or its network. */
async function begin(stores: PostgresStores, tell: (event: BridgeEvent) => void): Promise<void> {
  const { StoreAway } = await import("../../store/postgres/postgres-error.ts");
  const began = systemClock.monotonic();
  for (let tries = 1; ; tries++) {
    try {
      await stores.ready();
      if (tries > 1) tell({ type: "store-back", afterMs: systemClock.monotonic() - began });
      return;
    } catch (error) {
      if (!(error instanceof StoreAway) || tries === TRIES) throw error;
      if (tries === 1) tell({ type: "store-away", reason: error.reason, hint: error.hint });
      await systemClock.sleep(PAUSE_MS / 2 + fullJitter(tries, Math.random, PAUSE_MS));
    }
  }
}

function withoutStore(flag: string): UsageError {
  return new UsageError(
    `--${flag} has a meaning only with --store`,
    "Name the Postgres that the processes share.",
  );
}
