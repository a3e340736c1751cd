/** The store that this process shares with others, where one is asked for. */
import type { Context } from "../../cli/command.ts";
import type { Log } from "../../cli/log.ts";
import { UsageError } from "../../shared/errors.ts";
import type { PostgresStores } from "../../store/postgres/stores.ts";
import { storeAddress } from "../access/store-address.ts";
import type { ConnectFlags } from "./connect.ts";
import { ms, withHint } from "./event-words.ts";

/**
 * Connects to it, and brings it up to date; undefined where the state folder is to be used. Rejects with a
 * MoleculeError that says what is in the way.
 */
export async function sharedStore(
  flags: ConnectFlags,
  context: Context,
  log: Log,
): Promise<PostgresStores | undefined> {
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
  const stores = new PostgresStores(address, {
    leaseMs: flags.lease,
    maxWorkspaces: flags.maxWorkspaces,
    tell: (event) => {
      switch (event.type) {
        case "store-away": {
          const { reason, hint } = event;
          const text = `the store at ${address.place} is away: ${reason}; work in hand is kept, and nothing new is taken`;
          return log.warn(withHint(text, hint), { event: event.type, reason, hint });
        }
        case "store-back":
          return log.info(`the store is back after ${ms(event.awayMs)}`, {
            event: event.type,
            after_ms: Math.round(event.awayMs),
          });
        case "store-deaf": {
          const { reason } = event;
          const text = `the store can't tell of what is free (${reason}); it is asked each second`;
          return log.warn(text, { event: event.type, reason });
        }
      }
    },
  });
  try {
    await stores.ready();
  } catch (error) {
    await stores.close();
    throw error;
  }
  log.debug(`what is known is kept in the store at ${address.place}`);
  return stores;
}
