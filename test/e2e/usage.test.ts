import { expect, setDefaultTimeout, test } from "bun:test";
import { readdirSync } from "node:fs";
import { Run, runAlone } from "../harness/binary.ts";
import { ScriptedPlatform, TOKEN, WORKSPACE } from "../harness/scripted-platform.ts";
import { tmpFolder } from "../harness/tmp.ts";

setDefaultTimeout(60_000);

const id = WORKSPACE;
const mock = ["--backend", "mock"];

const WRONG: [what: string, args: string[], told: string][] = [
  ["no number", ["connect", id, ...mock, "--interval-ms", "soon"], "--interval-ms"],
  ["a number out of range", ["connect", id, ...mock, "--since-secs=-1"], "--since-secs"],
  ["no duration", ["connect", id, ...mock, "--max-offline", "10"], "--max-offline"],
  ["no attempts", ["connect", id, ...mock, "--max-attempts", "0"], "--max-attempts"],
  ["an unknown word of a choice", ["connect", id, ...mock, "--log-format", "xml"], "text"],
  ["an unknown output", ["connect", id, ...mock, "-o", "jsn"], "json"],
  ["an unknown flag", ["connect", id, ...mock, "--intervall-ms", "1"], "--interval-ms?"],
  ["an unknown command", ["conect", id], "'molecule connect'?"],
  ["an unknown backend", ["connect", id, "--backend", "exce"], "did you mean exec?"],
  ["the exec backend without its command", ["connect", id, "--backend", "exec"], "cmd"],
  [
    "an empty command",
    ["connect", id, "--backend", "exec", "--backend-opt", "cmd="],
    "cmd of the exec backend has no value",
  ],
  [
    "an unknown option of the backend",
    ["connect", id, ...mock, "--backend-opt", "replay=x"],
    "did you mean reply?",
  ],
  [
    "a bad option of the backend",
    ["connect", id, "--backend=exec", "--backend-opt=cmd=cat", "--backend-opt=timeout=-1s"],
    "timeout",
  ],
  ["an option without a value", ["connect", id, ...mock, "--backend-opt", "reply"], "KEY=VALUE"],
  ["a workspace id that climbs", ["connect", "../../etc/passwd", ...mock], "workspace id"],
  ["a workspace id that hides", ["connect", ".ssh", ...mock], "workspace id"],
  ["no workspace id", ["connect", ...mock], "<workspace-id>"],
  ["a word too many", ["connect", id, "and", ...mock], '"and"'],
  ["push mode", ["connect", id, ...mock, "--mode", "push"], "--mode push"],
  ["an address that is none", ["connect", id, ...mock, "--api-url", "ftp://x"], "--api-url"],
  ["an address with a password", ["connect", id, "--api-url", "http://u:p@x"], "--api-url"],
  ["an id of a peer that climbs", ["agent", "send", "..", "hello"], "workspace id"],
  ["a peer to speak as that climbs", ["agent", "send", id, "hello", "--as", "../x"], "--as"],
  ["two kinds of database", ["dev", "--ephemeral", "--db", "x"], "--ephemeral"],
  ["a port that is none", ["dev", "--port", "65536"], "--port"],
];

test.each(WRONG)("%s is told before anything is done", async (_, args, told) => {
  using home = tmpFolder();
  await using platform = new ScriptedPlatform();
  // The right address: what is wrong must be noticed before it is used.
  const env = { MOLECULE_API_URL: platform.url, MOLECULE_WORKSPACE_TOKEN: TOKEN };
  await using run = new Run(args, { home: home.path, env });
  await run.endsWith(2);
  expect(run.stdout).toBe("");
  expect(run.stderr).toMatch(/^error: /);
  expect(run.stderr).toContain(told);
  expect(run.stderr).toMatch(/Run 'molecule[a-z ]* --help' for usage/);
  expect(platform.seen).toEqual([]);
  expect(readdirSync(home.path)).toEqual([]);
});

test("--token and --token-file together are refused before the file is read", async () => {
  const args = ["connect", id, ...mock, "--token", TOKEN, "--token-file", "/does/not/exist"];
  const run = await runAlone(args);
  expect(run.code).toBe(2);
  expect(run.stderr).toContain("--token and --token-file were both given");
});

test("a variable is checked like its flag, and named", async () => {
  const run = await runAlone(["connect", id, ...mock], { MOLECULE_API_URL: "not a url" });
  expect(run.code).toBe(2);
  expect(run.stderr).toContain("MOLECULE_API_URL");
});
