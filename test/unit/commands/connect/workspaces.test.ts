/** Which workspaces are answered, and with which settings. */
import { describe, expect, test } from "bun:test";
import { command, group } from "../../../../src/cli/command.ts";
import type { ConnectValues } from "../../../../src/commands/connect/connect.ts";
import { flags, lists } from "../../../../src/commands/connect/connect-flags.ts";
import { type Chosen, chooseWorkspaces } from "../../../../src/commands/connect/workspaces.ts";
import { GLOBALS } from "../../../../src/commands/globals.ts";
import { ConfigLab } from "../../cli/config-lab.ts";

const A = "0f8fad5b-d9cb-469f-a165-70867728950e";
const B = "7c9e6679-7425-40de-944b-e07fc1f90ae7";
const C = "c0ffee00-0000-4000-8000-000000000001";

let chosen: Chosen[] = [];

const PROGRAM = {
  globals: GLOBALS,
  secretVariables: ["MOLECULE_WORKSPACE_TOKEN"],
  root: group({
    name: "molecule",
    summary: "a program",
    commands: [
      command({
        name: "connect",
        summary: "answers",
        flags,
        lists,
        positionals: [{ name: "workspaceId", summary: "ids", many: true }],
        run: async (values, context) =>
          void (chosen = await chooseWorkspaces(values as ConnectValues, context)),
      }),
    ],
  }),
};

interface Given {
  /** The operator's file. */
  file?: string;
  /** The project's file, which nobody has trusted. */
  untrusted?: string;
  env?: Record<string, string>;
}

async function choose(words: string, { file, untrusted, env }: Given = {}) {
  using lab = new ConfigLab(PROGRAM);
  if (file !== undefined) lab.write(lab.user, file);
  if (untrusted !== undefined) lab.write(lab.project, untrusted);
  chosen = [];
  const { code, err, secrets } = await lab.run(`connect ${words}`.trim(), env);
  return { code, err, secrets, chosen };
}

const ids = () => chosen.map(({ id }) => id);

const LIST = `concurrency: 2
workspaces:
  - id: ${A.toUpperCase()}
    token_file: /a.token
    agent_name: Ada
    backend: mock
  - id: ${B}
    token_env: TOKEN_B
    concurrency: 5
`;
const ENV = { TOKEN_B: "tok-canary-of-b" };

describe("without an id", () => {
  test("all of the list are answered, each with its own settings", async () => {
    const { secrets } = await choose("", { file: LIST, env: ENV });
    expect(ids()).toEqual([A, B]);
    const [a, b] = chosen;
    expect(a?.flags).toMatchObject({ agentName: "Ada", backend: "mock", concurrency: 2 });
    expect(a).toMatchObject({ tokenEnv: undefined, hasToken: true });
    expect(a?.flags.tokenFile).toBe("/a.token");
    expect(b?.flags).toMatchObject({ backend: "claude-code", concurrency: 5 });
    expect(b).toMatchObject({ tokenEnv: "TOKEN_B", hasToken: true });
    expect(secrets.within("tok-canary-of-b")).toBe(true);
  });

  test("and without a list it is said how to name one", async () => {
    const { code, err } = await choose("");
    expect(code).toBe(2);
    expect(err).toContain("no workspace is named");
    expect(err).toContain("molecule connect <workspace-id>");
    expect(err).toContain("'workspaces:'");
  });

  test("an empty list is told of", async () => {
    const { code, err } = await choose("", { file: "workspaces: []" });
    expect(code).toBe(2);
    expect(err).toContain("the list at ~/.config/molecule.yaml:1 holds no workspace");
  });

  test("a project's list that nobody has trusted is refused", async () => {
    const { code, err } = await choose("", { untrusted: `workspaces:\n  - id: ${A}\n` });
    expect(code).toBe(2);
    expect(err).toContain("sets workspaces to a list of 1, and that file is not trusted");
  });
});

describe("with ids", () => {
  test("only those are answered, with what the list says of them", async () => {
    await choose(`${B} ${C}`, { file: LIST, env: ENV });
    expect(ids()).toEqual([B, C]);
    expect(chosen.map(({ flags: { concurrency } }) => concurrency)).toEqual([5, 2]);
    expect(chosen[1]).toMatchObject({ origin: undefined, hasToken: false });
  });

  test("a list that is not trusted counts only where it speaks of them", async () => {
    const untrusted = `workspaces:\n  - id: ${A}\n`;
    expect((await choose(C, { untrusted })).code).toBe(0);
    expect((await choose(A, { untrusted })).err).toContain("is not trusted");
  });

  test.each([
    ["twice the same", `${A} ${A.toUpperCase()}`, `${A} is named twice`],
    ["one that is none", `${A} ada`, '"ada" is not the id of a workspace'],
    ["one that climbs", `${A} ../x`, `"../x" can't be a workspace id`],
  ])("%s is refused", async (_, words, message) => {
    const { code, err } = await choose(words);
    expect(code).toBe(2);
    expect(err).toContain(message);
  });
});

describe("what counts for a workspace", () => {
  test.each([
    ["a flag", "--concurrency 9", { MOL_CONCURRENCY: "7" }, [9, 9]],
    ["its entry, before a variable", "", { MOL_CONCURRENCY: "7" }, [7, 5]],
    ["its entry, before the rest of the file", "", {}, [2, 5]],
  ] as const)("%s", async (_, words, env, expected) => {
    await choose(words, { file: LIST, env: { ...ENV, ...env } });
    expect(chosen.map(({ flags: { concurrency } }) => concurrency)).toEqual([...expected]);
  });

  test("a fault in one is told with its place", async () => {
    const file = `workspaces:\n  - id: ${A}\n  - id: ${B}\n    mode: push\n`;
    const { code, err } = await choose("", { file });
    expect(code).toBe(2);
    expect(err).toStartWith("error: ~/.config/molecule.yaml:3: --mode push needs --public-url");
  });
});

describe("a token that is given for the process", () => {
  test.each([
    ["--token tok-1234567", {}, "--token"],
    ["--token-file /x", {}, "--token-file"],
    ["", { MOLECULE_WORKSPACE_TOKEN: "tok-1234567" }, "MOLECULE_WORKSPACE_TOKEN"],
    ["", { MOLECULE_WORKSPACE_TOKEN_FILE: "/x" }, "MOLECULE_WORKSPACE_TOKEN_FILE"],
  ] as const)("is not for two workspaces: %#", async (words, env, origin) => {
    const { code, err } = await choose(`${A} ${B} ${words}`, { env });
    expect(code).toBe(2);
    expect(err).toContain(`the token of ${origin} is one workspace's, and 2 workspaces would`);
    expect(err).toContain("token_file or token_env");
    expect((await choose(`${A} ${words}`, { env })).code).toBe(0);
  });

  test("nor is one at the top of the file", async () => {
    const { code, err } = await choose(`${A} ${B}`, { file: "token_file: /x\n" });
    expect(code).toBe(2);
    expect(err).toContain("the token of ~/.config/molecule.yaml:1 is one workspace's");
  });

  test("is passed over by those that have one of their own", async () => {
    const env = { ...ENV, MOLECULE_WORKSPACE_TOKEN: "tok-1234567" };
    await choose("", { file: LIST, env });
    expect(chosen.map(({ flags: { token } }) => token)).toEqual([undefined, undefined]);
    // One that has none may take it.
    await choose(`${A} ${C}`, { file: LIST, env });
    expect(chosen.map(({ flags: { token } }) => token)).toEqual([undefined, "tok-1234567"]);
  });

  test("stands before the entry's where it is typed", async () => {
    const typed = await choose(`${B} --token tok-1234567`, { file: LIST, env: ENV });
    expect(typed.chosen[0]).toMatchObject({ tokenEnv: undefined, hasToken: false });
    expect(typed.chosen[0]?.flags.token).toBe("tok-1234567");
  });
});

describe("a token's variable", () => {
  test("has to be set, and is not named: it may be the token", async () => {
    const { code, err } = await choose(B, { file: LIST });
    expect(code).toBe(2);
    expect(err).toContain(
      "~/.config/molecule.yaml:8: the variable that token_env names is not set",
    );
    expect(err).not.toContain("TOKEN_B");
  });

  test("that is not set is the fault of its own workspace, and of no other", async () => {
    const { code } = await choose("", { file: LIST });
    expect(code).toBe(0);
    expect(ids()).toEqual([A, B]);
    expect(chosen[0]?.fault).toBeUndefined();
    expect(chosen[1]?.fault).toMatchObject({
      exitCode: 2,
      message: "~/.config/molecule.yaml:8: the variable that token_env names is not set",
    });
    await choose("", { file: LIST, env: ENV });
    expect(chosen[1]?.fault).toBeUndefined();
  });

  test("does not stand beside a file", async () => {
    const file = `workspaces:\n  - id: ${A}\n    token_file: /x\n    token_env: TOKEN_B\n`;
    const { code, err } = await choose("", { file, env: ENV });
    expect(code).toBe(2);
    expect(err).toContain("token_env and token_file are both set");
  });
});

describe("in push mode each has an address of its own", () => {
  const entry = (id: string, more: string) =>
    `  - id: ${id}\n    mode: push\n    ${more.replaceAll(" | ", "\n    ")}\n`;
  const of = (a: string, b: string) => ({ file: `workspaces:\n${entry(A, a)}${entry(B, b)}` });

  test("two with two addresses are fine, and so is one that is polled", async () => {
    const two = of(
      "public_url: https://a.example.com | listen: 127.0.0.1:8001",
      "public_url: https://b.example.com | listen: 127.0.0.1:8002",
    );
    expect((await choose("", two)).err).toBe("");
    expect(ids()).toEqual([A, B]);
    const mixed = `workspaces:\n  - id: ${C}\n${entry(A, "public_url: https://a.example.com")}`;
    expect((await choose("", { file: mixed })).code).toBe(0);
  });

  test("any free port is as good as two", async () => {
    const two = of(
      "public_url: https://a.example.com | listen: 127.0.0.1:0",
      "public_url: https://b.example.com | listen: 127.0.0.1:0",
    );
    expect((await choose("", two)).code).toBe(0);
  });

  test("two on one port, or behind one address, are refused", async () => {
    const port = await choose(
      "",
      of("public_url: https://a.example.com", "public_url: https://b.example.com"),
    );
    expect(port.code).toBe(2);
    expect(port.err).toContain(`${A} and ${B} can't both have the listen 127.0.0.1:8787`);
    const words = `${A} ${B} --mode push --public-url https://a.example.com --listen 127.0.0.1:0`;
    const address = await choose(words);
    expect(address.code).toBe(2);
    expect(address.err).toContain("can't both have the public_url https://a.example.com");
  });
});
