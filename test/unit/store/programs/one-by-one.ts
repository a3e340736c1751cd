/**
 * For each word of its input, a message is entered, or begun with, by turns: flushed, and not. Tells the
 * number of the word once that is done; closes its store at the end of the input: `one-by-one.ts FOLDER WORKSPACE`.
 */
import { LocalStore } from "../../../../src/store/local.ts";
import { asking } from "../support.ts";

const [folder = "", workspaceId = ""] = process.argv.slice(2);
const store = new LocalStore(folder, workspaceId);
if ((await store.lock.take()) !== "taken") throw new Error("the store is held");
await store.open();
const { journal } = store;
console.log("open");
let n = 0;
for await (const line of console) {
  if (line === "") continue;
  n += 1;
  if (n % 2 === 1) await journal.admit([asking(n)], undefined);
  else await journal.begin(`m${n - 1}`, false);
  console.log(n);
}
await store.close();
