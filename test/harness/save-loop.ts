/**
 * A process that saves a cursor in a loop until it is killed: `save-loop.ts FOLDER WORKSPACE`.
 * Each cursor is `<n>:` and a run of one letter, so that a mixture of two saves is seen. Tells the
 * number of every finished save on a line of its own.
 */
import { LocalStore } from "../../src/store/local.ts";

const [folder = "", workspaceId = ""] = process.argv.slice(2);
const store = new LocalStore(folder, workspaceId);
if ((await store.lock.take()) !== "taken") throw new Error("the store is held");
await store.open();
const cursor = await store.loadCursor();
for (let n = Number.parseInt(cursor.lastSinceId ?? "0") + 1; ; n++) {
  await store.saveCursor({ ...cursor, lastSinceId: cursorOf(n) });
  console.log(n);
}

function cursorOf(n: number): string {
  const letter = String.fromCharCode(97 + (n % 26));
  return `${n}:${letter.repeat(200_000 + (n % 7) * 100_000)}`;
}
