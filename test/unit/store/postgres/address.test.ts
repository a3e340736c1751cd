import { describe, expect, test } from "bun:test";
import { parseStoreAddress } from "../../../../src/store/postgres/address.ts";

function parsed(text: string) {
  const address = parseStoreAddress(text);
  if (address === undefined) throw new Error(`no address: ${text}`);
  return { ...address, url: new URL(address.url) };
}

describe("the place of a store", () => {
  test.each([
    ["postgres://ada:secret@db.example.com:6543/molecule", "db.example.com:6543/molecule"],
    ["postgresql://db.example.com/molecule", "db.example.com/molecule"],
    ["POSTGRES://ada@db.example.com", "db.example.com"],
    ["postgres://ada:secret@db.example.com/", "db.example.com"],
    ["postgres://ada:secret@[::1]:5432/molecule", "[::1]:5432/molecule"],
    ["postgres://ada:secret@/molecule?host=db.example.com", "db.example.com/molecule"],
    ["postgres://ada:secret@/molecule?host=/var/run/postgresql", "/var/run/postgresql/molecule"],
    ["postgres://ada:secret@/molecule?path=/run/pg", "/run/pg/molecule"],
    ["postgres://ada:secret@/molecule?socket=/run/pg", "/run/pg/molecule"],
    [" postgres://db.example.com/molecule\n", "db.example.com/molecule"],
  ])("of %s is all that is shown of it", (text, place) => {
    expect(parsed(text).place).toBe(place);
  });
});

describe("the password of a store", () => {
  test.each([
    ["postgres://ada:p%40ss%2Fw%25rd@db/molecule", "p@ss/w%rd"],
    ["postgres://ada:p@ss@db/molecule", "p@ss"],
    ["postgres://ada:p:ss@db/molecule", "p:ss"],
    ["postgres://ada:%F0%9F%98%80@db/molecule", "\u{1f600}"],
    ["postgres://ada@db/molecule?password=p%26ss", "p&ss"],
    ["postgres://db/molecule?sslpassword=p%26ss", "p&ss"],
    ["postgres://db/molecule?user=ada@example.com&password=p@ss", "p@ss"],
  ])("in %s is a secret, as is the whole", (text, password) => {
    const { secrets, place, hasPassword, url } = parsed(text);
    expect(hasPassword).toBe(true);
    expect(secrets).toContain(password);
    expect(secrets).toContain(text);
    expect(secrets).toContain(url.href);
    expect(secrets).not.toContain("");
    expect(place).toBe("db/molecule");
  });

  test("need not be there", () => {
    const { hasPassword, secrets, url } = parsed("postgres://ada@db/molecule");
    expect(hasPassword).toBe(false);
    expect(secrets).toEqual(["postgres://ada@db/molecule", url.href]);
  });
});

describe("encryption", () => {
  test("is used where the server can, if nothing is said", () => {
    expect(parsed("postgres://db/molecule").url.searchParams.get("sslmode")).toBe("prefer");
  });

  test.each(["sslmode=verify-full", "ssl=true", "tls=true", "path=/run/pg", "socket=/run/pg"])(
    "is left as it is with ?%s",
    (query) => {
      expect(parsed(`postgres://db/molecule?${query}`).url.search).toBe(`?${query}`);
    },
  );
});

test.each([
  "",
  "molecule",
  "db.example.com:5432/molecule",
  "mysql://ada:secret@db/molecule",
  "https://db/molecule",
  "postgres:db",
  "postgres:///molecule",
  "postgres://",
  "postgres://ada:secret@/molecule",
  "postgres://ada:secret/word@db/molecule",
  "postgres://ada:100%@db/molecule",
  "postgres://ada:secret@db:99999/molecule",
  "postgres://one:5432,two:5432/molecule",
  "postgres://ada:sec ret@db/molecule",
  // A password whose beginning is read as a port, and whose rest is read as what would be shown.
  "postgres://ada:12/secret@127.0.0.1:5999/db",
  "postgres://ada:/secret@127.0.0.1:5999/db",
  "postgres://ada:12#secret@127.0.0.1:5999/db",
  "postgres://ada:12?secret@127.0.0.1:5999/db",
  "postgres://ada:12?secret@127.0.0.1:5999/db?sslmode=require",
  "postgres://ada:12/secret@/db?host=127.0.0.1",
  "postgres://ada@db/molecule#secret",
  "postgres://db/molecule postgres://db/other",
])("%j is no address of a store", (text) => {
  expect(parseStoreAddress(text)).toBeUndefined();
});
