/** Moves a workspace into a shared store; one that gives in is told on the last line. `move-in.ts URL FOLDER ID`. */
import { systemClock } from "../../../../src/shared/clock.ts";
import { PostgresClient } from "../../../../src/store/postgres/client.ts";
import { moveIn } from "../../../../src/store/postgres/move-in.ts";
import { addressAt } from "../../../harness/stores.ts";

const [url = "", folder = "", id = ""] = process.argv.slice(2);
const client = new PostgresClient(addressAt(url), systemClock, 1);
console.log("begin");
console.log((await moveIn(client, folder, id)).status);
await client.close();
