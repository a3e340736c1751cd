/** A connection to the store that the flags name, for a command that only asks or moves. */
import type { Context } from "../../cli/command.ts";
import { systemClock } from "../../shared/clock.ts";
import { UsageError } from "../../shared/errors.ts";
import { PostgresClient } from "../../store/postgres/client.ts";
import { type StoreValues, storeAddress } from "../access/store-address.ts";
import { logFor } from "../logging.ts";

/** Does `use` with it, and closes it. Rejects with a UsageError where no store is named. */
export async function withStore<T>(
  values: StoreValues,
  context: Context,
  use: (client: PostgresClient) => Promise<T>,
): Promise<T> {
  const address = await storeAddress(values, context, logFor(context));
  if (address === undefined) {
    throw new UsageError(
      "no shared store is named",
      "Name the file that holds its address by --store-file; MOLECULE_STORE holds the address itself.",
    );
  }
  const client = new PostgresClient(address, systemClock, 1);
  try {
    return await use(client);
  } finally {
    await client.close();
  }
}
