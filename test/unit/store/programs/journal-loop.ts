/**
 * Takes messages, numbered from START, through the store in a loop until it is killed: `journal-loop.ts
 * FOLDER WORKSPACE START [ADDRESS]`, with the address of a shared store. Tells what is done on a line of
 * its own, after it: `entered ID`, `kept ID`, `settled ID`.
 */
import { answerTo, asking, at, processAt } from "../support.ts";

const [folder = "", workspaceId = "", start = "", shared] = process.argv.slice(2);
// Nobody waits for it while it lives, and not for long once it is dead.
const { store: storeOf } = await processAt({ folder, shared }, 300);
const store = storeOf(workspaceId);
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
