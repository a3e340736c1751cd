/** Moves a workspace into a shared store; one that gives in is told on the last line. `move-in.ts URL FOLDER ID`. */
import { systemClock } from "../../../../src/shared/clock.ts";
import { parseStoreAddress } from "../../../../src/store/postgres/address.ts";
import { PostgresClient } from "../../../../src/store/postgres/client.ts";
import { moveIn } from "../../../../src/store/postgres/move-in.ts";

const [url = "", folder = "", id = ""] = process.argv.slice(2);
const address = parseStoreAddress(url);
if (address === undefined) throw new Error("no address");
const client = new PostgresClient(address, systemClock, 1);
console.log("begin");
console.log((await moveIn(client, folder, id)).status);
await client.close();
