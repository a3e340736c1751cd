import { describe, expect, test } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { meant } from "../../../src/commands/token/revoke-run.ts";
import { operator, type Operator, REVISIONS } from "./operator.ts";

/** One more token, which a command line does not take for a flag. */
function minted(op: Operator, id: string): string {
  const token = op.lab.platform.database.tokens.mint(id, "api");
  return token.startsWith("-") ? minted(op, id) : token;
}

const listed = (op: Operator, ...whose: string[]) => op.json("token", "list", ...whose);

describe.each(REVISIONS)("the tokens of a workspace on %s", (revision) => {
  test("create writes one more to a file, and list shows its beginning", async () => {
    await using op = await operator({ revision });
    const reader = await op.lab.member("reader");
    const file = join(op.home, "laptop.token");
    const { code, out, err } = await op.run("token", "create", "reader", "--save-to", file);
    expect(code).toBe(0);
    const token = readFileSync(file, "utf8").trim();
    expect(await op.takes(reader.id, token)).toBe(true);
    // The older one lives on.
    expect(await op.takes(reader.id, reader.token)).toBe(true);
    expect(out + err).not.toContain(token);
    expect(err).toContain(`--token-file ${file}`);
    expect(await listed(op, reader.id)).toEqual([
      expect.objectContaining({ prefix: token.slice(0, 8) }),
      expect.objectContaining({ prefix: reader.token.slice(0, 8) }),
    ]);
  });

  test("list marks the one that is used for the call and the one that is kept", async () => {
    await using op = await operator({ revision });
    const { id } = await op.json("workspace", "create", "reader");
    const token = op.kept()[`${id}.token`] ?? "";
    const { code, out } = await op.runBy({ id, token }, "token", "list", id, "--no-headers");
    expect(code).toBe(0);
    expect(out).toContain("used for this call, kept here");
    expect(out).not.toContain(token);
  });

  test("revoke ends the one that is meant, by the beginning of its id or of itself", async () => {
    await using op = await operator({ revision });
    const reader = await op.lab.member("reader");
    const [{ id: own }] = await listed(op, reader.id);
    const token = minted(op, reader.id);
    const { code, out } = await op.run("token", "revoke", reader.id, token.slice(0, 8), "--yes");
    expect({ code, out }).toEqual({
      code: 0,
      out: expect.stringContaining(`revoked the token ${token.slice(0, 8)}… (`),
    });
    expect(await op.takes(reader.id, token)).toBe(false);
    expect(await op.takes(reader.id, reader.token)).toBe(true);
    await op.run("token", "revoke", reader.id, own.slice(0, 13), "--yes");
    expect(await op.takes(reader.id, reader.token)).toBe(false);
  });

  test("revoking the kept one warns, and removes its file", async () => {
    await using op = await operator({ revision });
    const { id } = await op.json("workspace", "create", "reader");
    const [{ id: tokenId }] = await listed(op, id);
    const { code, err } = await op.run("token", "revoke", id, tokenId, "--yes");
    expect(code).toBe(0);
    expect(err).toContain("kept here for connect");
    expect(op.kept()).toEqual({});
  });

  test("revoking the one that the call is made with warns", async () => {
    await using op = await operator({ revision });
    const reader = await op.lab.member("reader");
    const [{ id }] = await listed(op, reader.id);
    const { code, err } = await op.runBy(reader, "token", "revoke", reader.id, id, "--yes");
    expect(code).toBe(0);
    expect(err).toContain("the one that this command itself uses");
    expect(await op.takes(reader.id, reader.token)).toBe(false);
  });
});

test("the limit of tokens is told from the limit of calls", async () => {
  await using op = await operator();
  const reader = await op.lab.member("reader");
  for (let i = 1; i < 50; i++) op.lab.platform.database.tokens.mint(reader.id, "api");
  const { code, err } = await op.run("token", "create", reader.id, "--show-token");
  expect(code).toBe(1);
  expect(err).toContain("molecule token list shows them, and token revoke ends one");
});

test("more than a page of tokens is listed whole", async () => {
  await using op = await operator();
  const reader = await op.lab.member("reader");
  for (let i = 0; i < 250; i++) op.lab.platform.database.tokens.mint(reader.id, "api");
  expect(await listed(op, reader.id)).toHaveLength(251);
});

test("an unknown or unclear token is not revoked", async () => {
  await using op = await operator();
  const reader = await op.lab.member("reader");
  const unknown = await op.run("token", "revoke", reader.id, "nothing", "--yes");
  expect(unknown.err).toContain('there is no token "nothing"');
  const [{ id }] = await listed(op, reader.id);
  const short = await op.run("token", "revoke", reader.id, id.slice(0, 3), "--yes");
  expect(short.code).toBe(2);
  expect(short.err).toContain("at least the first 4 characters");
  expect(await listed(op, reader.id)).toHaveLength(1);
});

test("a token is meant by its id, or by four characters that begin no other", () => {
  const rows = [
    { id: "abcd-1", prefix: "wxyz1111" },
    { id: "abcd-2", prefix: "efgh2222" },
    { id: "3", prefix: "abce3333" },
    { prefix: "noid4444" },
  ];
  expect(meant(rows, "efgh")).toBe(rows[1]!);
  expect(meant(rows, "abcd-1")).toBe(rows[0]!);
  expect(meant(rows, "3")).toBe(rows[2]!);
  expect(() => meant(rows, "abcd")).toThrow('"abcd" is the beginning of 2 tokens');
  expect(() => meant(rows, "wxy")).toThrow("too short");
  expect(() => meant(rows, "")).toThrow("too short");
  expect(() => meant(rows, "noid4444")).toThrow("there is no token");
});

describe("--save puts the token in the place of the kept one", () => {
  test("and says how to connect with it", async () => {
    await using op = await operator();
    const { id } = await op.json("workspace", "create", "reader");
    const before = op.kept()[`${id}.token`];
    const { code } = await op.run("token", "create", id, "--save");
    expect(code).toBe(0);
    const after = op.kept()[`${id}.token`];
    expect(after).not.toBe(before);
    expect(await op.takes(id, after)).toBe(true);
  });
});

test("a token of the organisation is revoked by its name, too", async () => {
  await using op = await operator();
  const make = (name: string) => op.run("token", "create", "--org", "--name", name, "--show-token");
  for (const name of ["ci", "laptop"]) await make(name);
  const names = async () => (await listed(op, "--org")).map(({ name }: { name: string }) => name);
  const unknown = await op.run("token", "revoke", "nobody", "--org", "--yes");
  expect(unknown.err).toContain("molecule token list --org shows");
  expect((await op.run("token", "revoke", "ci", "--org", "--yes")).code).toBe(0);
  expect(await names()).toEqual(["laptop"]);
  await make("laptop");
  const unclear = await op.run("token", "revoke", "laptop", "--org", "--yes");
  expect(unclear.code).toBe(1);
  expect(unclear.err).toContain("Give the id of one");
  expect(await names()).toEqual(["laptop", "laptop"]);
});

describe("what can't be meant is refused before any call", () => {
  test.each([
    [["token", "create", "reader"], "the token would be lost"],
    [["token", "create", "--org", "--show-token"], "needs a name"],
    [
      ["token", "create", "--org", "--name", "ci", "--save"],
      "--save keeps the token of a workspace",
    ],
    [["token", "create", "reader", "--name", "ci", "--show-token"], "--name goes with --org"],
    [["token", "list"], "give a workspace or --org"],
    [["token", "list", "reader", "--org"], "not both"],
    [["token", "revoke", "reader", "--yes"], "it is not said which token"],
    [["token", "revoke", "reader", "x", "--org", "--yes"], "only the token is named"],
  ])("%j", async (argv, words) => {
    let calls = 0;
    await using op = await operator({ onRequest: () => void (calls += 1) });
    const { code, err } = await op.run(...argv);
    expect(code).toBe(2);
    expect(err).toContain(words);
    expect(calls).toBe(0);
  });
});

describe.each(REVISIONS)("the organisation's tokens on %s", (revision) => {
  test("are made, listed and revoked", async () => {
    await using op = await operator({ revision });
    const words = ["token", "create", "--org", "--name", "ci", "--show-token"];
    const { id, auth_token } = await op.json(...words);
    expect((await op.runAs({ MOLECULE_API_TOKEN: auth_token }, ["workspace", "list"])).code).toBe(
      0,
    );
    expect(await listed(op, "--org")).toEqual([expect.objectContaining({ id, name: "ci" })]);
    const { code } = await op.run("token", "revoke", id, "--org", "--yes");
    expect(code).toBe(0);
    expect((await op.runAs({ MOLECULE_API_TOKEN: auth_token }, ["workspace", "list"])).code).toBe(
      3,
    );
  });

  test("the eleventh in an hour is refused with what to do", async () => {
    await using op = await operator({ revision });
    for (let i = 0; i < 10; i++) op.lab.platform.database.orgTokens.mint("ci");
    const words = ["token", "create", "--org", "--name", "ci", "--show-token"];
    const { code, err } = await op.run(...words);
    expect(code).toBe(1);
    expect(err).toContain("try again later");
  });
});

test("a token file that is there already is not written over, and no token is made", async () => {
  await using op = await operator();
  const reader = await op.lab.member("reader");
  const file = join(op.home, "laptop.token");
  writeFileSync(file, "mine");
  const { code } = await op.run("token", "create", reader.id, "--save-to", file);
  expect(code).toBe(1);
  expect(readFileSync(file, "utf8")).toBe("mine");
  expect(await listed(op, reader.id)).toHaveLength(1);
});
