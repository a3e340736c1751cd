/** What is said where a store can't be used: which one, why, and what to do; and never its password. */
import { SQL } from "bun";
import { expect } from "bun:test";
import { chmodSync, chownSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { StoreAway } from "../../../../src/store/postgres/postgres-error.ts";
import { Authority } from "../../../harness/certificates.ts";
import { SERVER_USER } from "../../../harness/postgres-user.ts";
import { onPostgres, startPostgres } from "../../../harness/postgres.ts";
import { freePort } from "../../../harness/port.ts";
import { storesAt } from "../../../harness/stores.ts";
import { tmpFolder } from "../../../harness/tmp.ts";
import { failure } from "../support.ts";
import { AGES_MS, SharedLab } from "./lab.ts";

const { test } = onPostgres;

const PASSWORD = "wr%ng-s3cret";

/** What is said to one who comes with that change to the address. */
async function refusal(lab: SharedLab, change: (url: URL) => void) {
  const url = new URL(lab.url);
  change(url);
  const error = await failure(lab.process(AGES_MS, url.href));
  const all = Bun.inspect(error) + error.message + error.hint + String(error.cause);
  for (const secret of [new URL(lab.url).password, PASSWORD, encodeURIComponent(PASSWORD)]) {
    expect(all).not.toContain(secret);
  }
  expect(error.message).toContain(`${url.host}${url.pathname}`);
  return { error, message: error.message, hint: error.hint };
}

test("a wrong password", async () => {
  await using lab = await SharedLab.start();
  const { error, message, hint } = await refusal(lab, (url) => {
    url.password = encodeURIComponent(PASSWORD);
  });
  expect(error).not.toBeInstanceOf(StoreAway);
  expect(message).toContain("password authentication failed");
  expect(hint).toContain("Check the user and the password");
});

test("a user that there is not", async () => {
  await using lab = await SharedLab.start();
  const { hint } = await refusal(lab, (url) => {
    url.username = "nobody";
  });
  expect(hint).toContain("Check the user and the password");
});

test("a database that there is not", async () => {
  await using lab = await SharedLab.start();
  const { error, message, hint } = await refusal(lab, (url) => {
    url.pathname = "/missing";
  });
  expect(error).not.toBeInstanceOf(StoreAway);
  expect(message).toContain('database "missing" does not exist');
  expect(hint).toContain("createdb");
});

test("a server that there is not", async () => {
  await using lab = await SharedLab.start();
  const { error, hint } = await refusal(lab, (url) => {
    url.port = String(freePort());
  });
  expect(error).toBeInstanceOf(StoreAway);
  expect(hint).toContain("See that Postgres runs");
});

test("an encryption that the server does not offer", async () => {
  await using lab = await SharedLab.start();
  const { error } = await refusal(lab, (url) => {
    url.searchParams.set("sslmode", "require");
  });
  expect(error).not.toBeInstanceOf(StoreAway);
});

test("a certificate that is not to be trusted", async () => {
  using folder = tmpFolder();
  // The server has another user where the tests are root's.
  chmodSync(folder.path, 0o755);
  const file = (name: string, text: string) => {
    const path = join(folder.path, name);
    writeFileSync(path, text, { mode: 0o644 });
    return path;
  };
  const authority = new Authority();
  const { cert, key } = authority.certify({ names: ["db.example.com"] });
  const keyFile = file("key", key);
  chmodSync(keyFile, 0o600);
  if (SERVER_USER !== undefined) chownSync(keyFile, SERVER_USER.uid, SERVER_USER.gid);
  const own = file("own", cert);
  await using server = await startPostgres([
    "ssl=on",
    `ssl_cert_file=${own}`,
    `ssl_key_file=${keyFile}`,
  ]);
  const byFile = (path: string) => `&sslrootcert=${encodeURIComponent(path)}`;
  const root = byFile(file("root", authority.cert));
  for (const good of ["require", `verify-ca${root}`]) {
    await (await storesAt(`${server.url()}?sslmode=${good}`)).close();
  }
  for (const [bad, code, hint] of [
    ["verify-ca", "UNABLE_TO_VERIFY_LEAF_SIGNATURE", "Name the file of the authority"],
    [`verify-full${root}`, "ERR_TLS_CERT_ALTNAME_INVALID", "Name the host"],
    [
      `verify-ca${byFile(file("other", new Authority("Other").cert))}`,
      "UNABLE_TO_",
      "Name the file",
    ],
    [
      `verify-ca${byFile(join(folder.path, "missing"))}`,
      "ERR_INVALID_ARG_TYPE",
      "?sslrootcert=FILE",
    ],
    [`verify-ca${byFile(file("empty", "nothing"))}`, "ERR_BORINGSSL", "?sslrootcert=FILE"],
  ] as const) {
    const error = await failure(storesAt(`${server.url()}?sslmode=${bad}`));
    // No waiting helps.
    expect(error).not.toBeInstanceOf(StoreAway);
    expect(error.message).toContain(`127.0.0.1:${server.port}/postgres can't be trusted: `);
    expect(error.message).toContain(code);
    expect(error.hint).toContain(hint);
  }
});

test("a user that may make no schema, and one that may not use ours", async () => {
  await using lab = await SharedLab.start("own");
  const role = `guest_${crypto.randomUUID().slice(0, 8)}`;
  await lab.sql.unsafe(`CREATE ROLE ${role} LOGIN PASSWORD '${PASSWORD}'`);
  try {
    const asGuest = (url: URL) => {
      url.username = role;
      url.password = encodeURIComponent(PASSWORD);
    };
    for (const isMade of [false, true]) {
      if (isMade) await lab.process(AGES_MS);
      const { error, message, hint } = await refusal(lab, asGuest);
      expect(error).not.toBeInstanceOf(StoreAway);
      expect(message).toContain("permission denied");
      expect(hint).toContain("The user may not do this");
    }
  } finally {
    await lab.sql.unsafe(`DROP ROLE ${role}`);
  }
});

test("a key of the address that means nothing", async () => {
  await using lab = await SharedLab.start();
  const { message, hint } = await refusal(lab, (url) => url.searchParams.set("sslmode", "banana"));
  expect(message).toContain("the address of the store");
  expect(hint).toContain("keys behind its question mark");
});

test("a database whose letters are not all that people write with", async () => {
  await using lab = await SharedLab.start();
  await using sql = new SQL(lab.url, { max: 1 });
  const name = `latin_${crypto.randomUUID().replaceAll("-", "")}`;
  await sql.unsafe(
    `CREATE DATABASE ${name} ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0`,
  );
  const { message, hint } = await refusal(lab, (url) => (url.pathname = `/${name}`));
  expect(message).toContain("is in LATIN1, not in UTF-8");
  expect(hint).toContain("createdb -E UTF8");
});
