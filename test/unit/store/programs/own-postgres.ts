/** Starts a Postgres for itself, tells its port, and lives until it is killed. */
import { startPostgres } from "../../../harness/postgres.ts";

const { port } = await startPostgres();
console.log(port);
await Bun.stdin.text();
