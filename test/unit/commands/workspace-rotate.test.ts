import { describe, expect, test } from "bun:test";
import { lstatSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { onPosix } from "../../harness/platform.ts";
import { type Operator, operator, REVISIONS } from "./operator.ts";

describe.each(REVISIONS)("workspace rotate-token on %s", (revision) => {
  test("the kept token gives way to the new one, and all older ones are dead", async () => {
    await using op = await operator({ revision });
    const { id } = await op.json("workspace", "create", "reader");
    const old = op.kept()[`${id}.token`];
    const { code, out, err } = await op.run("workspace", "rotate-token", "reader", "--yes");
    expect(code).toBe(0);
    const token = op.kept()[`${id}.token`] ?? "";
    expect(await op.takes(id, old)).toBe(false);
    expect(await op.takes(id, token)).toBe(true);
    expect(out + err).not.toContain(token);
    expect(err).toContain(
      `goes on with the new one; start any other again: molecule connect ${id}`,
    );
  });

  test("by the workspace's own token, whose file is named as outdated", async () => {
    await using op = await operator({ revision });
    const reader = await op.lab.member("reader");
    const file = join(op.home, "own.token");
    writeFileSync(file, reader.token, { mode: 0o600 });
    const words = ["workspace", "rotate-token", reader.id, "--token-file", file, "--yes"];
    const { code, err } = await op.runAs({}, words);
    expect(code).toBe(0);
    expect(err).toContain(`the token file ${file} holds a dead token now`);
  });
});

describe("--save-to", () => {
  test("replaces the token in a file that a bridge reads, and the kept one with it", async () => {
    await using op = await operator();
    const { id } = await op.json("workspace", "create", "reader");
    const file = join(op.home, "bridge.token");
    writeFileSync(file, `${op.kept()[`${id}.token`]}\n`);
    const words = ["workspace", "rotate-token", id, "--save-to", file, "--yes"];
    const { code, err } = await op.run(...words);
    expect(code).toBe(0);
    const token = readFileSync(file, "utf8").trim();
    expect(await op.takes(id, token)).toBe(true);
    expect(op.kept()).toEqual({ [`${id}.token`]: token });
    expect(err).toContain(`reads its token from ${file}`);
  });

  const names: [string, (op: Operator, id: string) => string][] = [
    ["its path", ({ state }, id) => join(state, `${id}.token`)],
    ["another way there", ({ home, state }, id) => `${home}/./${basename(state)}/${id}.token`],
    [
      "a link",
      ({ home, state }, id) => {
        const link = join(home, "link");
        symlinkSync(join(state, `${id}.token`), link);
        return link;
      },
    ],
  ];
  for (const [by, nameOf] of names) {
    const mayRun = by === "a link" ? onPosix("links need a right there").test : test;
    mayRun(`that names the kept file by ${by} writes it as that`, async () => {
      await using op = await operator();
      const { id } = await op.json("workspace", "create", "reader");
      const file = nameOf(op, id);
      const words = ["--no-save", "--save-to", file, "--token-file", file, "--yes"];
      const { code, err } = await op.run("workspace", "rotate-token", id, ...words);
      expect(code).toBe(0);
      const path = join(op.state, `${id}.token`);
      const [token, origin] = readFileSync(path, "utf8").split("\n");
      expect(origin).toBe(new URL(op.lab.platform.url).origin);
      expect(await op.takes(id, token)).toBe(true);
      expect(err).not.toContain("dead");
      expect(err).not.toContain("remove it");
    });
  }

  test("leaves a file alone that holds something else", async () => {
    await using op = await operator();
    const reader = await op.lab.member("reader");
    const file = join(op.home, "notes.txt");
    writeFileSync(file, "two words");
    const words = ["workspace", "rotate-token", reader.id, "--save-to", file, "--yes"];
    const { code, err } = await op.run(...words);
    expect(code).toBe(1);
    expect(err).toContain("holds something else than a token");
    expect(readFileSync(file, "utf8")).toBe("two words");
    expect(await op.takes(reader.id, reader.token)).toBe(true);
  });

  onPosix("links need a right there").test("a link stays one", async () => {
    await using op = await operator();
    const reader = await op.lab.member("reader");
    const [real, link] = [join(op.home, "real"), join(op.home, "link")];
    writeFileSync(real, reader.token);
    symlinkSync(real, link);
    await op.run("workspace", "rotate-token", reader.id, "--save-to", link, "--yes");
    expect(lstatSync(link).isSymbolicLink()).toBe(true);
    expect(await op.takes(reader.id, readFileSync(real, "utf8").trim())).toBe(true);
  });
});

test("--show-token prints it in the platform's own answer", async () => {
  await using op = await operator();
  const { id } = await op.lab.member("reader");
  const words = ["workspace", "rotate-token", id, "--no-save", "--show-token", "--yes"];
  const { connection } = await op.json(...words);
  expect(await op.takes(id, connection.auth_token)).toBe(true);
  expect(() => op.kept()).toThrow();
});
