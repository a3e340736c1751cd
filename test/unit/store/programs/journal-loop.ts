/**
 * Takes messages, numbered from START, through the store in a loop until it is killed: `journal-loop.ts FOLDER WORKSPACE START`.
 * Tells what is done on a line of its own, after it: `entered ID`, `kept ID`, `settled ID`.
 */
import { LocalStore } from "../../../../src/store/local.ts";
import { answerTo, asking, at } from "../support.ts";

const [folder = "", workspaceId = "", start = ""] = process.argv.slice(2);
const store = new LocalStore(folder, workspaceId);
if ((await store.lock.take()) !== "taken") throw new Error("the store is held");
await store.open();
const { journal, outbox } = store;
for (const { id } of await journal.interrupted()) await journal.recover(id);
for (let n = Number(start); ; n += 2) {
  await journal.admit([asking(n), asking(n + 1)], undefined);
  console.log(`entered m${n}\nentered m${n + 1}`);
  await journal.begin(`m${n}`, true);
  await outbox.keep(answerTo(`m${n}`));
  console.log(`kept m${n}`);
  const reply = (await journal.head("peer"))?.reply;
  if (reply === undefined) throw new Error("no reply");
  await outbox.posted(reply, at(n));
  console.log(`settled ${reply.activityId}`);
}
