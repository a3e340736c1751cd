/** The store that this process shares with others, where one is asked for. */
import type { BridgeEvent } from "../../bridge/events.ts";
import type { Context } from "../../cli/command.ts";
import type { Log } from "../../cli/log.ts";
import { UsageError } from "../../shared/errors.ts";
import type { PostgresStores } from "../../store/postgres/stores.ts";
import { storeAddress } from "../access/store-address.ts";
import type { ConnectFlags } from "./connect.ts";
import { logEvent } from "./event-lines.ts";

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
): Promise<SharedStore | undefined> {
  const address = await storeAddress(flags, context, log);
  if (address === undefined) {
    for (const name of ["lease", "maxWorkspaces"] as const) {
      if (context.source(name) !== "flag") continue;
      throw new UsageError(
        `--${name === "lease" ? "lease" : "max-workspaces"} has a meaning only with --store`,
        "Name the Postgres that the processes share.",
      );
    }
    return undefined;
  }
  // Few need it, and it takes its time.
  const { PostgresStores } = await import("../../store/postgres/stores.ts");
  const heard: ((event: BridgeEvent) => void)[] = [];
  const stores = new PostgresStores(address, {
    random: Math.random,
    leaseMs: flags.lease,
    maxWorkspaces: flags.maxWorkspaces,
    tell: (event) => {
      logEvent(log, event);
      for (const hear of heard) hear(event);
    },
  });
  try {
    await stores.ready();
  } catch (error) {
    await stores.close();
    throw error;
  }
  log.debug(`what is known is kept in the store at ${address.place}`);
  return { stores, watch: (hear) => void heard.push(hear), close: () => stores.close() };
}
