import { expect } from "bun:test";
import { copySchema } from "../../../../src/store/postgres/copy-schema.ts";
import { MIGRATIONS } from "../../../../src/store/postgres/schema.ts";
import { onPostgres } from "../../../harness/postgres.ts";
import { failure } from "../support.ts";
import { AGES_MS, opened, SharedLab } from "./lab.ts";

const { describe, test } = onPostgres;

describe("the schema in Postgres", () => {
  test("is made once, however many begin with it at the same time", async () => {
    await using lab = await SharedLab.start("own");
    await Promise.all(Array.from({ length: 6 }, () => lab.process(AGES_MS)));
    const rows = await lab.sql`SELECT version FROM molecule.schema_version`;
    expect(rows.map(({ version }: { version: number }) => version)).toEqual([MIGRATIONS.length]);
  });

  test("is only read where it is up to date", async () => {
    await using lab = await SharedLab.start("own");
    await lab.process(AGES_MS);
    await lab.sql.unsafe(`ALTER DATABASE ${new URL(lab.url).pathname.slice(1)}
      SET default_transaction_read_only = on`);
    const { stores } = await lab.process(AGES_MS);
    await stores.ready();
  });

  test("of a newer program is left alone, with a word on what to do", async () => {
    await using lab = await SharedLab.start("own");
    await lab.process(AGES_MS);
    await lab.sql`UPDATE molecule.schema_version SET version = 99`;
    const { message, hint } = await failure(lab.process(AGES_MS));
    expect(message).toBe(
      `the store at ${new URL(lab.url).host}${new URL(lab.url).pathname} was written by a newer version ` +
        `of molecule (schema 99, this one knows ${MIGRATIONS.length})`,
    );
    expect(hint).toContain("Install that version here");
    const [row] = await lab.sql`SELECT version FROM molecule.schema_version`;
    expect(row.version).toBe(99);
  });

  test("has the columns of the copy, of the same types, and of no table others", async () => {
    await using lab = await SharedLab.start("own");
    await lab.process(AGES_MS);
    const { columns } = copySchema();
    for (const [table, own] of columns) {
      const found = await lab.sql`
        SELECT column_name AS name, data_type AS type FROM information_schema.columns
        WHERE table_schema = 'molecule' AND table_name = ${table} ORDER BY 1`;
      const all = [{ name: "ws", type: "text" }, { name: "n", type: "bigint" }, ...own];
      const byName = all.toSorted((a, b) => (a.name < b.name ? -1 : 1));
      expect({ table, columns: [...found] }).toEqual({ table, columns: byName });
    }
  });

  test("that is gone while it is used is missed by name", async () => {
    await using lab = await SharedLab.start("own");
    const { store } = await lab.process(AGES_MS);
    const { memory } = await opened(store());
    await lab.sql`DROP TABLE molecule.memory`;
    const { message, hint } = await failure(memory.remember("k", "v"));
    expect(message).toContain("molecule.memory");
    expect(hint).toContain("Its tables are gone");
  });
});
