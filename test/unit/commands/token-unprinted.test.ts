/** A new token that can't be printed where it was asked for: it is told on standard error, lest it be lost. */
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Io, OutputClosed } from "../../../src/cli/output.ts";
import { runCli } from "../../../src/cli/run.ts";
import { CLI } from "../../../src/commands/cli.ts";
import { MoleculeError } from "../../../src/shared/errors.ts";
import { Secrets } from "../../../src/shared/secrets.ts";
import { bareEnv, onPosix } from "../../harness/platform.ts";
import { canMount, fill, smallDisk } from "../../harness/small-disk.ts";
import { tmpFolder } from "../../harness/tmp.ts";
import { lab, type Lab, type Member } from "../dev/lab.ts";
import { Operator } from "./operator.ts";

setDefaultTimeout(60_000);

const MAIN = join(import.meta.dir, "..", "..", "..", "src", "main.ts");
const COMMANDS = [
  ["token", "create", "--show-token"],
  ["workspace", "rotate-token", "--no-save", "--show-token", "--yes"],
];
const TOLD = /^the token, which is shown only this once: (\S+)$/m;

/** Runs a command on the workspace with a standard output that is as `io` says. */
async function runWith(at: Lab, words: readonly string[], io: Partial<Io>) {
  using home = tmpFolder();
  let err = "";
  const { config: _, ...cli } = CLI;
  const code = await runCli({
    ...cli,
    argv: [...words, "--api-url", at.platform.url],
    env: { HOME: home.path, USERPROFILE: home.path, MOLECULE_API_TOKEN: at.admin },
    io: {
      secrets: new Secrets(),
      out: async () => {},
      err: (line) => void (err += `${line}\n`),
      ...io,
    },
  });
  return { code, err };
}

async function takes(at: Lab, { id }: Pick<Member, "id">, err: string): Promise<boolean> {
  const token = TOLD.exec(err)?.[1];
  return (await at.get(`/workspaces/${id}/state`, { token })).status === 200;
}

describe.each(COMMANDS)("%s %s", (noun, verb, ...flags) => {
  test.each<[string, Partial<Io>]>([
    ["is closed", { out: () => Promise.reject(new OutputClosed("closed")) }],
    ["is full", { out: () => Promise.reject(new MoleculeError("no space left")) }],
    ["goes nowhere", { isDiscarded: () => true }],
  ])("tells the token on standard error where standard output %s, and fails", async (_, io) => {
    await using at = await lab();
    const reader = await at.member("reader");
    const words = [noun ?? "", verb ?? "", reader.id, ...flags];
    for (const format of ["table", "json", "yaml"]) {
      const { code, err } = await runWith(at, [...words, "-o", format], io);
      expect(code).toBe(1);
      expect(await takes(at, reader, err)).toBe(true);
    }
  });
});

test("a token that stands in a file needs no standard output", async () => {
  await using at = await lab();
  using home = tmpFolder();
  const reader = await at.member("reader");
  const words = ["token", "create", reader.id, "--save-to", join(home.path, "t"), "--show-token"];
  const closed = { out: () => Promise.reject(new OutputClosed("closed")) };
  const { code, err } = await runWith(at, words, closed);
  expect(code).toBe(0);
  expect(err).not.toMatch(TOLD);
});

onPosix("there is no sh to close a descriptor").test.each([">&-", ">/dev/null"])(
  "so it is of the program itself (%s)",
  async (to) => {
    await using at = await lab();
    using home = tmpFolder();
    const reader = await at.member("reader");
    const file = join(home.path, "admin.token");
    writeFileSync(file, at.admin, { mode: 0o600 });
    const run = `"$BUN" "$MAIN" token create ${reader.id} --show-token --api-url ${at.platform.url} --api-token-file "$FILE"`;
    const child = Bun.spawn(["sh", "-c", `{ ${run}; echo "ended with $?" >&2; } ${to}`], {
      env: { ...bareEnv(home.path), BUN: process.execPath, MAIN, FILE: file },
      stdout: "pipe",
      stderr: "pipe",
    });
    const err = await child.stderr.text();
    await child.exited;
    expect(err).toContain("ended with 1");
    expect(await takes(at, reader, err)).toBe(true);
  },
);

test("a platform that is slow to tell the name does not come between a token and its print", async () => {
  let printed: string | undefined;
  let before: boolean | undefined;
  await using at = await lab({
    onRequest: ({ method, path }) => {
      if (method === "GET" && path.startsWith("/workspaces/")) before ??= printed !== undefined;
    },
  });
  const words = ["workspace", "create", "reader", "--no-save", "--show-token"];
  await runWith(at, words, { out: async (text) => void (printed = text) });
  expect(printed).toMatch(/^token +\S+$/m);
  expect(before).toBe(true);
});

test.skipIf(!canMount)(
  "a state folder on a full disk is told before the old token dies",
  async () => {
    await using op = new Operator(await lab());
    using disk = smallDisk();
    const reader = await op.lab.member("reader");
    fill(disk.path);
    const names = readdirSync(disk.path);
    const words = ["workspace", "rotate-token", reader.id, "--yes", "--state-dir", disk.path];
    const { code, err } = await runWith(op.lab, words, {});
    expect(code).toBe(1);
    expect(err).toContain("can't be written to");
    expect(await op.takes(reader.id, reader.token)).toBe(true);
    expect(readdirSync(disk.path)).toEqual(names);
    expect(existsSync(op.state)).toBe(false);
  },
);
