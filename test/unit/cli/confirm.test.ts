import { describe, expect, test } from "bun:test";
import { type Asked, confirm } from "../../../src/cli/confirm.ts";
import type { Io } from "../../../src/cli/output.ts";
import { ExitCode, MoleculeError, UsageError } from "../../../src/shared/errors.ts";
import { Secrets } from "../../../src/shared/secrets.ts";

/** Asks somebody who gives this answer; `undefined` for Ctrl-D, nobody for null. */
async function ask(answer: string | undefined | null, yes = false, question = "Remove it?") {
  const told: string[] = [];
  const io: Io = {
    secrets: new Secrets(),
    out: () => expect.unreachable(),
    err: (line) => void told.push(line),
    live: { show: (text) => void told.push(`shown: ${text}`), leave: () => void told.push("left") },
  };
  const asked: Asked = {
    present: () => answer !== null,
    line: async () => answer ?? undefined,
  };
  const error = await confirm(question, yes, io, asked).catch((thrown: unknown) => thrown);
  return { error, told };
}

for (const answer of ["y", "Y", "yes", "YES", "  yes\t"]) {
  test(`${JSON.stringify(answer)} is a yes`, async () => {
    const { error, told } = await ask(answer);
    expect(error).toBeUndefined();
    expect(told).toEqual(["shown: Remove it? [y/N] ", "left"]);
  });
}

for (const answer of ["", "n", "no", "yep", "y n", "ja", undefined]) {
  test(`${JSON.stringify(answer)} is a no, and a failure that says that nothing was done`, async () => {
    const { error } = await ask(answer);
    expect(error).toBeInstanceOf(MoleculeError);
    expect(error).toMatchObject({
      message: "not confirmed: nothing was changed",
      exitCode: ExitCode.failed,
    });
  });
}

test("an input that ends leaves the question as a line of its own", async () => {
  const { told } = await ask(undefined);
  expect(told).toEqual(["shown: Remove it? [y/N] ", "shown: ", "Remove it? [y/N]"]);
});

describe("--yes", () => {
  test("asks nobody", async () => {
    expect(await ask(null, true)).toEqual({ error: undefined, told: [] });
    expect(await ask("n", true)).toEqual({ error: undefined, told: [] });
  });

  test("is named where nobody can be asked, with what it would allow", async () => {
    const { error, told } = await ask(null);
    expect(error).toBeInstanceOf(UsageError);
    expect((error as UsageError).message).toContain("Remove it?");
    expect((error as UsageError).hint).toContain("--yes");
    expect(told).toEqual([]);
  });
});

test("a question can't forge a line or colours", async () => {
  const { told } = await ask("n", false, "Remove \u001b[31m\nmolecule: it is safe?");
  expect(told[0]).toBe("shown: Remove \\u001b[31m molecule: it is safe? [y/N] ");
});
