import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import { Sql } from "../../../src/store/sql.ts";

const CACHE = "PRAGMA cache_size";

/** A connection, and the queries that were prepared on it, in their order. */
function open() {
  const sqlite = new Database(":memory:");
  sqlite.run("CREATE TABLE t (n INTEGER)");
  const prepared: string[] = [];
  const prepare = sqlite.prepare.bind(sqlite);
  sqlite.prepare = ((query: string) => {
    prepared.push(query);
    return prepare(query);
  }) as typeof sqlite.prepare;
  const sql = new Sql(sqlite);
  const pages = () => (prepare(CACHE).get() as { cache_size: number }).cache_size;
  const close = () => {
    sql.finalize();
    // Throws where a statement is left.
    sqlite.close(true);
  };
  return { sql, prepared, pages, [Symbol.dispose]: close };
}

test("a statement is prepared once, for as long as it is used", () => {
  using it = open();
  for (let n = 0; n < 5; n++) {
    it.sql.run("INSERT INTO t VALUES (?)", n);
    it.sql.settle();
  }
  expect(it.sql.all("SELECT n FROM t")).toHaveLength(5);
  expect(it.prepared).toEqual(["INSERT INTO t VALUES (?)", "SELECT n FROM t"]);
});

test("one that is not used any more is freed, and made anew where need be", () => {
  using it = open();
  it.sql.get("SELECT 1");
  it.sql.get("SELECT 2");
  it.sql.settle();
  it.sql.get("SELECT 1");
  it.sql.settle();
  it.sql.get("SELECT 1");
  expect(it.sql.get<object>("SELECT 2 AS n")).toEqual({ n: 2 });
  it.sql.get("SELECT 2");
  expect(it.prepared).toEqual(["SELECT 1", "SELECT 2", "SELECT 2 AS n", "SELECT 2"]);
});

test("the file is kept at hand while there is work, and not while there is none", () => {
  using it = open();
  it.sql.widen();
  expect(it.pages()).toBe(500);
  it.sql.settle();
  it.sql.widen();
  it.sql.settle();
  expect(it.pages()).toBe(500);
  // To be asked is no work.
  it.sql.get("SELECT 1");
  it.sql.settle();
  expect(it.pages()).toBe(1);
  it.sql.widen();
  expect(it.pages()).toBe(500);
});
