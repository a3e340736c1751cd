import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { runAlone } from "../harness/binary.ts";
import { blurting, Canary, expectUnseen } from "../harness/canary.ts";
import { connect, type Flags } from "../harness/connect.ts";
import { PEER, ScriptedPlatform, WORKSPACE } from "../harness/scripted-platform.ts";
import { tmpFolder } from "../harness/tmp.ts";
import { onPosix } from "../harness/platform.ts";

const withModes = onPosix("Windows has no modes of files").test;

setDefaultTimeout(60_000);

const token = new Canary("token");
const env = { MOLECULE_WORKSPACE_TOKEN: token.value };

test("a --dry-run shows no token, whether it goes well or not", async () => {
  using home = tmpFolder();
  for (const status of [200, 400, 401, 500]) {
    await using platform = blurting(token, "state", status, 280);
    await using run = connect(platform.url, home.path, {
      env,
      flags: { "dry-run": true, verbose: true, output: "json" },
    });
    await run.endsWith({ 200: 0, 400: 1, 401: 3, 500: 4 }[status] ?? -1);
    expectUnseen(token, run);
  }
});

describe("agent send", () => {
  const args = ["agent", "send", WORKSPACE, "hello", "-v", "-o", "json"];
  const CALLERS: [name: string, args: string[], env: Record<string, string>][] = [
    ["a peer", ["--as", PEER], { MOLECULE_WORKSPACE_TOKEN: token.value }],
    ["the canvas user", [], { MOLECULE_API_TOKEN: token.value }],
  ];

  test.each(CALLERS)("as %s shows no token, whether it goes well or not", async (_, who, env) => {
    for (const status of [200, 400, 401, 500]) {
      await using platform = blurting(token, "a2a", status, 280);
      const run = await runAlone([...args, ...who, "--api-url", platform.url], env);
      expect(platform.calls("a2a")).toHaveLength(1);
      expect(run.code).not.toBe(0);
      expect(run.stderr).toMatch(/^\{"error":/m);
      expectUnseen(token, run);
    }
  });

  test.each(CALLERS)("as %s shows no token in an answer", async (_, who, env) => {
    await using platform = new ScriptedPlatform();
    const result = {
      kind: "message",
      parts: [{ kind: "text", text: `it is ${token.value}, or ${btoa(token.value)}` }],
    };
    platform.on("a2a", () => Response.json({ jsonrpc: "2.0", id: "1", result }));
    for (const form of ["json", "yaml", "table"]) {
      const words = ["agent", "send", WORKSPACE, "hello", "-o", form, ...who];
      const run = await runAlone([...words, "--api-url", platform.url], env);
      expect(run.code).toBe(0);
      expect(run.stdout).toContain("it is ");
      expectUnseen(token, run);
    }
  });
});

describe("a wrong command line", () => {
  const T = token.value;
  const LINES: [name: string, args: string[]][] = [
    ["an unknown flag", ["connect", WORKSPACE, "--token", T, `--${T}`]],
    ["an unknown flag with it as its value", ["connect", WORKSPACE, "--tokn", T]],
    ["a flag that it follows without a name", ["connect", WORKSPACE, "--token", T, T]],
    ["the place of the id", ["connect", T]],
    ["the place of the command", [T]],
    ["two words", ["connect", WORKSPACE, "--token", `${T} ${T}`]],
    ["given twice", ["connect", WORKSPACE, "--token", T, "--token", T]],
    ["a number", ["connect", WORKSPACE, "--interval-ms", T]],
    ["an option of the backend", ["connect", WORKSPACE, "--backend-opt", `x=${T}`]],
    ["an option without a key", ["connect", WORKSPACE, "--backend-opt", T]],
    ["the backend", ["connect", WORKSPACE, "--backend", T]],
    ["a missing file", ["connect", WORKSPACE, "--backend", "mock", "--token-file", T]],
    ["an address", ["connect", WORKSPACE, "--api-url", `ftp://${T}`]],
    ["the id of a peer", ["agent", "send", WORKSPACE, "hello", "--as", T]],
    ["a database", ["dev", "--port", "0", "--db", `/nowhere/${T}/x.db`]],
  ];

  test.each(LINES)("with the token in %s does not show it", async (_, args) => {
    for (const more of [[], ["-v"]]) {
      const run = await runAlone([...args, ...more], {
        MOLECULE_WORKSPACE_TOKEN: args.includes("--token-file") ? "" : T,
        MOLECULE_API_TOKEN: T,
      });
      expect(run.code).toBeGreaterThan(0);
      expectUnseen(token, run);
    }
  });

  test("with a password in the address does not show it", async () => {
    const run = await runAlone(["connect", WORKSPACE, "--api-url", `http://me:opensesame@host`]);
    expect(run.code).toBe(2);
    expect(run.stderr).not.toContain("opensesame");
  });
});

withModes(
  "T36: --token warns that others can read it; a variable and a private file do not",
  async () => {
    using home = tmpFolder();
    await using platform = new ScriptedPlatform();
    const file = join(home.path, "token");
    const warnings = async (flags: Flags, more: Record<string, string> = {}) => {
      await using run = connect(platform.url, home.path, {
        env: { MOLECULE_WORKSPACE_TOKEN: "", ...more },
        flags: { "dry-run": true, "log-format": "text", ...flags },
      });
      await run.endsWith(0);
      expectUnseen(token, run);
      return run.stderr;
    };
    writeFileSync(file, token.value, { mode: 0o600 });
    expect(await warnings({ token: token.value })).toMatch(/warn: --token can be read by others/);
    expect(await warnings({ "token-file": file })).toBe("");
    expect(await warnings({}, env)).toBe("");
    writeFileSync(`${file}.open`, token.value, { mode: 0o644 });
    expect(await warnings({ "token-file": `${file}.open` })).toMatch(/warn: others .* chmod 600/);
  },
);
