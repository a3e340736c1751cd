/** `molecule connect` as a process, as far as it gets without a platform. */
import { expect, setDefaultTimeout, test } from "bun:test";
import { chmodSync, existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { bareEnv, onPosix } from "../../../harness/platform.ts";
import { TerminalRun } from "../../../harness/terminal.ts";
import { tmpFolder } from "../../../harness/tmp.ts";
import { lookUntil } from "../../../harness/wait.ts";

setDefaultTimeout(60_000);

const MAIN = join(import.meta.dir, "..", "..", "..", "..", "src", "main.ts");
const A = "0f8fad5b-d9cb-469f-a165-70867728950e";
const B = "7c9e6679-7425-40de-944b-e07fc1f90ae7";

/** Runs it in a home of its own, where `config` is the operator's file. */
async function connect(words: readonly string[], config?: string) {
  using home = tmpFolder();
  const file = join(home.path, "fleet.yaml");
  if (config !== undefined) writeFileSync(file, config);
  const named = config === undefined ? [] : ["--config", file];
  const child = Bun.spawn([process.execPath, MAIN, "connect", ...words, ...named], {
    cwd: home.path,
    env: { ...bareEnv(home.path), CI: "1" },
    stdout: "pipe",
    stderr: "pipe",
  });
  const [out, err] = await Promise.all([child.stdout.text(), child.stderr.text()]);
  return { code: await child.exited, out, err };
}

const BAD: [what: string, words: string[], config: string | undefined, why: string][] = [
  ["no workspace", [], undefined, "no workspace is named"],
  ["a mode without its address", [A, "--mode", "push"], undefined, "needs --public-url"],
  [
    "an option that the backend does not have",
    [A, "--backend", "mock", "--backend-opt", "rpely=x"],
    undefined,
    "did you mean reply?",
  ],
  [
    "a variable without a token",
    [],
    `workspaces:\n  - id: ${A}\n    token_env: NO_TOKEN\n`,
    "the variable that token_env names is not set",
  ],
];

test.each(BAD)("%s is a line of JSON in a log of JSON", async (_, words, config, why) => {
  const { code, out, err } = await connect([...words, "--log-format", "json"], config);
  expect({ code, out }).toEqual({ code: 2, out: "" });
  const [line, ...more] = err.trimEnd().split("\n");
  expect(more).toEqual([]);
  const told = JSON.parse(line ?? "");
  expect(told).toMatchObject({ level: "error", event: "failed", exit_code: 2 });
  expect(told.reason).toContain(why);
  const text = await connect(words, config);
  expect({ code: text.code, out: text.out }).toEqual({ code: 2, out: "" });
  expect(text.err).toMatch(/^error: /);
  expect(text.err).toContain(why);
});

/** Two workspaces, each with a variable of its own for its token, at a platform that is not there. */
const UNSET = `api_url: http://127.0.0.1:9
backend: mock
workspaces:
  - id: ${A}
    token_env: NO_TOKEN
  - id: ${B}
    token_env: NO_TOKEN_EITHER
`;

test("each workspace whose variable is not set is told of for itself", async () => {
  const { code, err } = await connect(["--log-format", "json"], UNSET);
  const lines = err
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
  const failed = lines.filter(({ event }) => event === "failed");
  expect({ code, of: failed.map((line) => line.workspace_id).toSorted() }).toEqual({
    code: 2,
    of: [A, B],
  });
  for (const line of failed) expect(line).toMatchObject({ exit_code: 2 });
  expect(failed.map(({ reason }) => reason).toSorted()).toEqual([
    expect.stringMatching(/fleet\.yaml:5: the variable that token_env names is not set$/),
    expect.stringMatching(/fleet\.yaml:7: the variable that token_env names is not set$/),
  ]);
  expect(lines.at(-1)).toMatchObject({ event: "ended", exit_code: 2 });
});

test("a dry run tells it of that one workspace", async () => {
  const { code, out } = await connect(["--dry-run", "-o", "json"], UNSET);
  expect(code).toBe(2);
  const problem = expect.stringContaining("the variable that token_env names is not set");
  expect(JSON.parse(out)).toMatchObject([
    { workspace_id: A, problem },
    { workspace_id: B, problem },
  ]);
});

test("what ends the one workspace is told with its reason, and its id", async () => {
  const backend = ["--backend", "exec", "--backend-opt", "cmd=wc", "--backend-opt", "cwd=./gone"];
  const { code, err } = await connect([A, ...backend, "--log-format", "json"]);
  const line = JSON.parse(err);
  expect(line).toMatchObject({ event: "failed", workspace_id: A, exit_code: code });
  expect(line.reason).toContain("gone");
  expect(line.msg).toStartWith(line.reason);
});

onPosix("Windows has no pseudo-terminal").test(
  "Ctrl-C while the backend is still looked for leaves nothing in the last row",
  async () => {
    using home = tmpFolder();
    const asked = join(home.path, "asked");
    const bin = join(home.path, "claude");
    // It ends with the folder, whatever becomes of who has started it.
    writeFileSync(bin, `#!/bin/sh\n: > '${asked}'\nwhile [ -e '${asked}' ]; do sleep 0.05; done\n`);
    chmodSync(bin, 0o755);
    const words = ["connect", A, "--backend", "claude-code", "--backend-opt", `bin=${bin}`];
    const env = { ...bareEnv(home.path), MOLECULE_WORKSPACE_TOKEN: "a-token-of-nobody" };
    await using run = new TerminalRun([process.execPath, MAIN, ...words], { cwd: home.path, env });
    await lookUntil(() => existsSync(asked));
    run.type("\x03");
    expect(await run.ended()).toBe("SIGINT");
    expect(run.sent).not.toContain("●");
  },
);
