/** The dead letters of a workspace in a store that several machines share. */
import type { Secrets } from "../../shared/secrets.ts";
import { systemClock } from "../../shared/clock.ts";
import type { StoreAddress } from "../../store/postgres/address.ts";
import { PostgresClient } from "../../store/postgres/client.ts";
import { PostgresStores } from "../../store/postgres/stores.ts";
import { requireSchema, storedToken } from "../../store/postgres/survey.ts";
import type { DeadLetters } from "../../store/store.ts";

/**
 * Opens them, also while a bridge has the workspace. The token that is kept there is made known first: a letter may
 * hold what was once said of it. `folder` is for a passing copy. Rejects with a MoleculeError where the store
 * can't be reached, or knows nothing of the workspace.
 */
export async function openShared(
  address: StoreAddress,
  workspaceId: string,
  folder: string,
  secrets: Secrets,
): Promise<{ letters: DeadLetters; close(): Promise<void> }> {
  const client = new PostgresClient(address, systemClock, 1);
  try {
    await requireSchema(client);
    secrets.add((await storedToken(client, workspaceId))?.value);
  } finally {
    await client.close();
  }
  const stores = new PostgresStores(address, { random: Math.random });
  try {
    const { letters, close } = await stores.visit(workspaceId, folder);
    return { letters, close: () => close().finally(() => stores.close()) };
  } catch (error) {
    await stores.close();
    throw error;
  }
}
