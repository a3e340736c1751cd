/** From the address of a database of the tests to the stores in it. */
import { parseStoreAddress, type StoreAddress } from "../../src/store/postgres/address.ts";
import { PostgresStores, type PostgresStoresParts } from "../../src/store/postgres/stores.ts";

/** Throws where it is none. */
export function addressAt(url: string): StoreAddress {
  const address = parseStoreAddress(url);
  if (address === undefined) throw new Error("this is no address of a store");
  return address;
}

/** The stores of one process, whose tables are there. Rejects as they do, and leaves nothing open then. */
export async function storesAt(
  url: string,
  parts: Partial<PostgresStoresParts> = {},
): Promise<PostgresStores> {
  const stores = new PostgresStores(addressAt(url), { random: Math.random, ...parts });
  try {
    await stores.ready();
    return stores;
  } catch (error) {
    await stores.close();
    throw error;
  }
}
