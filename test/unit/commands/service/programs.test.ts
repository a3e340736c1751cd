import { expect, test } from "bun:test";
import type { Context } from "../../../../src/cli/command.ts";
import { mustRun, programs } from "../../../../src/commands/service/programs.ts";
import { Secrets } from "../../../../src/shared/secrets.ts";

const secrets = new Secrets();
secrets.add("a-token-of-nobody");
const context = {
  env: {
    ...process.env,
    MOLECULE_WORKSPACE_TOKEN: "a-token-of-nobody",
    HIDDEN: "a-token-of-nobody",
  },
  io: { secrets },
} as unknown as Context;
const run = programs(context);
const bun = (source: string) => [process.execPath, "-e", source];

test("a program's end and words are told", async () => {
  const ran = await run(bun("console.log('out'); console.error('err'); process.exit(3)"));
  expect({ ...ran, out: ran.out.trim() }).toEqual({ code: 3, out: "out", err: "err" });
  await expect(mustRun(run, bun("console.error('no bus'); process.exit(1)"))).rejects.toThrow(
    /failed: no bus$/,
  );
});

test("it gets no token", async () => {
  const { out } = await run(bun("console.log(JSON.stringify(process.env))"));
  expect(out).not.toContain("a-token-of-nobody");
  expect(JSON.parse(out)).toMatchObject({ LC_ALL: "C" });
});

test("one that does not end is ended at its deadline, and one that is not there is told", async () => {
  await expect(run(bun("setInterval(() => {}, 1000)"), 300)).rejects.toThrow("did not end within");
  await expect(run(["molecule-has-no-such-program"])).rejects.toThrow("was not found");
}, 20_000);
