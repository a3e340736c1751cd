/** Takes the lock, tells how that went, and closes its store at the end of its input. */
import { LocalStore } from "../../../../src/store/local.ts";

const [folder = "", workspaceId = ""] = process.argv.slice(2);
const store = new LocalStore(folder, workspaceId);
const told = await store.lock.take().catch(() => "failed");
console.log(typeof told === "string" ? told : "held");
await Bun.stdin.text();
await store.close();
