/** From the flags to the address of a shared store. */
import type { Context } from "../../cli/command.ts";
import type { Log } from "../../cli/log.ts";
import { readTokenText } from "../../platform/token-text.ts";
import { isReadableByOthers } from "../../platform/token.ts";
import { MoleculeError, UsageError } from "../../shared/errors.ts";
import type { Secrets } from "../../shared/secrets.ts";
import { checkGiven, isFileNearer } from "./credentials.ts";
import { parseStoreAddress, type StoreAddress, STORE_FORM } from "../../store/postgres/address.ts";

const FLAGS = { value: "store", file: "storeFile" };
const STORE_FILE = { name: "the store file", holds: "the address of a store" };

export interface StoreValues {
  store: string | undefined;
  storeFile: string | undefined;
}

/**
 * The address, the nearest source first: a flag before a variable, and where both are given the same way, the
 * address before the file. Undefined where none is given. Rejects with a MoleculeError that names the file,
 * never what it holds. What no output may show is made known.
 */
export async function storeAddress(
  { store, storeFile }: StoreValues,
  context: Context,
  log: Log,
): Promise<StoreAddress | undefined> {
  const { secrets } = context.io;
  checkGiven(FLAGS, context);
  if (store !== undefined && !isFileNearer(FLAGS, context)) {
    const address = known(store, secrets);
    if (address === undefined) throw new UsageError(`--store ${STORE_FORM}`);
    if (context.source("store") === "flag" && address.hasPassword) {
      log.warn(
        "--store can be read by others on this machine; MOLECULE_STORE or --store-file is safer",
      );
    }
    return address;
  }
  if (storeFile === undefined) return undefined;
  const address = known(await readTokenText(storeFile, STORE_FILE), secrets);
  if (address === undefined) {
    throw new MoleculeError(`the store file ${storeFile} holds no address of a store`, {
      hint: `It ${STORE_FORM}.`,
    });
  }
  if (await isReadableByOthers(storeFile)) {
    log.warn(`others on this machine can read the store file ${storeFile}; chmod 600 mends it`);
  }
  return address;
}

function known(text: string, secrets: Secrets): StoreAddress | undefined {
  const address = parseStoreAddress(text);
  for (const secret of address?.secrets ?? []) secrets.add(secret);
  return address;
}
