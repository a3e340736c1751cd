/** Every command of the program against the embedded platform, in each revision and form of output. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { BINARY } from "../../scripts/set-up.ts";
import { commandAt } from "../../src/cli/command.ts";
import { loadAll, walk } from "../../src/cli/tree.ts";
import { CLI } from "../../src/commands/cli.ts";
import { type Ended, type Run, runToEnd } from "../harness/binary.ts";
import { Dev } from "../harness/connect.ts";
import { bareEnv, onPosix } from "../harness/platform.ts";
import { TerminalRun } from "../harness/terminal.ts";
import { tmpFolder } from "../harness/tmp.ts";
import { lookUntil } from "../harness/wait.ts";

setDefaultTimeout(120_000);
await loadAll(CLI.root);

const NOWHERE = "http://127.0.0.1:9";
const UNKNOWN = "0f8fad5b-d9cb-469f-a165-70867728950e";

/** What a command line of the table may be about. */
interface Place {
  agent: string;
  ada: string;
  adaFile: string;
  /** A file that is not there. */
  file(): string;
  /** A workspace of its own. */
  fresh(): Promise<string>;
  /** The id of a live token of it. */
  tokenOf(id: string): Promise<string>;
}

interface Case {
  /** The words that name the command. */
  command: string;
  words?: (at: Place) => string[] | Promise<string[]>;
  code?: number;
  /** What is printed for people. */
  out: RegExp | { r1: RegExp; r2: RegExp };
  /** Why it fails, where it does. */
  err?: RegExp;
  /** What is wrong with a platform in between, for those that call it: exit codes. */
  refused?: { r1: number; r2: number };
  unreachable?: number;
  /** Nothing but text for people, or for shells, whatever is asked for. */
  plain?: true;
}

const API = { refused: { r1: 3, r2: 3 }, unreachable: 4 };
/** Refuses a wrong token before it asks for anything. */
const OWN = API;

const NONE_KEPT = /no bridge has kept anything of workspace/;

const NO_STORE = /no shared store is named/;

const CASES: Case[] = [
  { command: "workspace list", out: /^ID .*\n.* agent /, ...API },
  {
    command: "workspace create",
    words: (at) => ["made", "--save-to", at.file()],
    out: /awaiting_agent/,
    ...API,
  },
  // Open to all: see the contract, 2.8.
  {
    command: "workspace inspect",
    words: ({ agent }) => [agent],
    out: /name +agent/,
    unreachable: 4,
  },
  { command: "workspace logs", words: ({ ada }) => [ada], out: /note to ada/, ...API },
  {
    command: "workspace update",
    words: async (at) => [await at.fresh(), "--role", "scribe"],
    out: /^changed /,
    ...API,
  },
  // The owner of an external workspace restarts it; the platform has nothing to restart.
  {
    command: "workspace restart",
    words: async (at) => [await at.fresh()],
    code: 1,
    out: /^$/,
    err: /nothing was restarted/,
    ...API,
  },
  { command: "workspace pause", words: async (at) => [await at.fresh()], out: /paused/, ...API },
  {
    command: "workspace rotate-token",
    words: async (at) => [await at.fresh(), "--yes", "--save-to", at.file()],
    out: /^token file +\S+$/m,
    ...API,
  },
  {
    command: "workspace delete",
    words: async (at) => [await at.fresh(), "--yes"],
    out: /deleted/,
    ...API,
  },
  {
    command: "workspace delegate",
    words: ({ agent, ada }) => [ada, agent, "sum the figures"],
    out: /^delegated; /,
    ...API,
  },
  { command: "workspace delegations", words: ({ ada }) => [ada], out: /handed over/, ...API },
  { command: "workspace audit", out: /^warning +agent +no agent is connected/m, ...API },
  { command: "token list", words: ({ agent }) => [agent], out: /PREFIX/, ...API },
  {
    command: "token create",
    words: async (at) => [await at.fresh(), "--save-to", at.file()],
    out: /^token file +\S+$/m,
    ...API,
  },
  {
    command: "token revoke",
    words: async (at) => {
      const id = await at.fresh();
      return [id, await at.tokenOf(id), "--yes"];
    },
    out: /revoked/,
    ...API,
  },
  { command: "agent list", out: /agent .*awaiting_agent/, ...API },
  { command: "agent inspect", words: ({ agent }) => [agent], out: /name +agent/, unreachable: 4 },
  {
    command: "agent send",
    words: ({ agent, ada, adaFile }) => {
      return [agent, "hello", "--as", ada, "--token-file", adaFile, "--no-wait"];
    },
    out: /^sent; its message id is [0-9a-f-]{36}\n$/,
    unreachable: 4,
  },
  {
    command: "agent peers",
    words: ({ ada, adaFile }) => [ada, "--token-file", adaFile],
    // Revision 2 lists no siblings at the top.
    out: { r1: /^ID .*\n.* agent /, r2: /^$/ },
    unreachable: 4,
  },
  { command: "platform health", out: /api token +ok/, ...OWN },
  { command: "platform audit", out: /^warning +agent +no agent is connected/m, unreachable: 4 },
  { command: "doctor", words: () => ["--backend", "mock"], out: /ok +reachable/, ...OWN },
  { command: "status", out: /^$/, err: /^no bridge runs on this machine/ },
  { command: "backend list", out: /claude-code/ },
  { command: "config list", out: /api_url/ },
  { command: "config get", words: () => ["api_url"], out: /^http:\/\/127/ },
  { command: "config set", words: () => ["agent_name", "scribe"], out: /^set agent_name/ },
  { command: "config unset", words: () => ["agent_name"], out: /^removed agent_name/ },
  { command: "config view", out: /api_token_file/ },
  { command: "config path", out: /molecule\.yaml/ },
  { command: "config trust", words: () => [], code: 2, out: /^$/, err: /there is no file/ },
  {
    command: "dead-letter list",
    words: ({ agent }) => [agent],
    code: 1,
    out: /^$/,
    err: NONE_KEPT,
  },
  {
    command: "dead-letter show",
    words: ({ agent }) => [agent, "1"],
    code: 1,
    out: /^$/,
    err: NONE_KEPT,
  },
  {
    command: "dead-letter retry",
    words: ({ agent }) => [agent, "--all"],
    code: 1,
    out: /^$/,
    err: NONE_KEPT,
  },
  {
    command: "dead-letter drop",
    words: ({ agent }) => [agent, "--all"],
    code: 1,
    out: /^$/,
    err: NONE_KEPT,
  },
  // With a Postgres: shared-store.test.ts.
  { command: "store migrate", code: 2, out: /^$/, err: NO_STORE },
  { command: "store status", code: 2, out: /^$/, err: NO_STORE },
  {
    command: "dev send",
    words: () => ["--n", "3", "--no-wait"],
    out: /^sent +3$/m,
    unreachable: 4,
  },
  {
    command: "dev fault",
    words: () => ["delay", "--path", "/nowhere", "--delay", "1ms"],
    out: /^kind +delay$/m,
  },
  {
    command: "service print",
    words: ({ ada, adaFile }) => [ada, "--token-file", adaFile],
    out: /connect/,
  },
  {
    command: "service uninstall",
    words: ({ ada }) => [ada],
    code: 1,
    out: /^$/,
    err: /there is no service/,
  },
  { command: "completion", words: () => ["bash"], out: /complete /, plain: true },
];

/** Nothing that begins as a failure does. */
const NO_ERROR = /^(?!(?:[^]*\n)?error:)/;

/** Becomes the program, its output a pipe whose one reader has already ended. */
const UNREAD = `pipe=$(mktemp -u "$HOME/unread-XXXXXX") && mkfifo "$pipe" || exit 99
: <"$pipe" &
exec 3>"$pipe"
wait
exec "$@" >&3 3>&-`;

/** Those that a table of single runs can't hold, and where they are tried. */
const ELSEWHERE: Record<string, string> = {
  connect: "round-trip.test.ts and most others",
  dev: "dev.test.ts, dev-page.test.ts and dev-connect.test.ts, and in every run of this table",
  init: "config.test.ts",
  "config init": "config.test.ts",
  // The one changes the system, the other ends with 1 and data where nothing is installed.
  "service install": "service.test.ts",
  "service status": "service.test.ts",
  "workspace resume": "workspace.test.ts: what it does is another thing in each revision",
};

test("the table has every command of the program", () => {
  const commands = walk(CLI.root)
    .filter(({ node }) => commandAt(node) !== undefined)
    .map(({ path }) => path.slice(1).join(" "));
  const known = [...CASES.map(({ command }) => command), ...Object.keys(ELSEWHERE)];
  expect(known.sort()).toEqual(commands.sort());
});

describe.each(["r1", "r2"] as const)("on a platform of revision %s", (revision) => {
  const home = tmpFolder();
  let dev: Dev;
  let admin = "";
  let files = 0;

  const config = (text: string) => {
    mkdirSync(join(home.path, ".config"), { recursive: true });
    writeFileSync(join(home.path, ".config", "molecule.yaml"), text);
  };

  const call = async (path: string, body?: object): Promise<any> => {
    const response = await fetch(`${dev.url}${path}`, {
      method: body === undefined ? "GET" : "POST",
      headers: { authorization: `Bearer ${admin}` },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return response.json();
  };

  const place = (): Place => ({
    agent: dev.agent.id,
    ada: dev.ada.id,
    adaFile: dev.ada.tokenFile,
    file: () => join(home.path, `token-${++files}`),
    fresh: async () => {
      return (await call("/workspaces", { name: "spare", external: true, delivery_mode: "poll" }))
        .id;
    },
    tokenOf: async (id) => (await call(`/workspaces/${id}/tokens`)).tokens[0].id,
  });

  beforeAll(async () => {
    dev = await Dev.start(home.path, { ephemeral: true, port: 0, revision });
    admin = readFileSync(dev.adminTokenFile, "utf8").trim();
    config(`api_url: ${dev.url}\napi_token_file: ${JSON.stringify(dev.adminTokenFile)}\n`);
    // Something to see.
    const message = {
      role: "user",
      messageId: "m1",
      parts: [{ kind: "text", text: "note to ada" }],
    };
    await call(`/workspaces/${dev.ada.id}/delegate`, { target_id: dev.agent.id, task: "count" });
    await lookUntil(async () => {
      const [delegation] = await call(`/workspaces/${dev.ada.id}/delegations`);
      return delegation.status === "completed";
    });
    await call(`/workspaces/${dev.ada.id}/a2a`, {
      jsonrpc: "2.0",
      id: "1",
      method: "message/send",
      params: { message },
    });
  });

  afterAll(async () => {
    await dev[Symbol.asyncDispose]();
    home[Symbol.dispose]();
  });

  const run = async (
    { command, words }: Case,
    more: string[] = [],
    env: Record<string, string> = {},
    by: string[] = [],
  ): Promise<Run & Ended> => {
    const args = [...command.split(" "), ...((await words?.(place())) ?? []), ...more];
    return runToEnd(args, { home: home.path, env, by });
  };

  test.each(CASES)("$command prints what it is for", async (one) => {
    const { code, stdout, stderr } = await run(one);
    expect({ code, stderr }).toMatchObject({ code: one.code ?? 0 });
    expect(stderr).toMatch(one.err ?? NO_ERROR);
    expect(stdout).toMatch(one.out instanceof RegExp ? one.out : one.out[revision]);
    expect(stdout).not.toContain("\x1b");
    expect(stdout).not.toContain(admin);
    expect(stderr).not.toContain(admin);
  });

  test.each(CASES.filter(({ plain }) => plain !== true))("$command -o json", async (one) => {
    const { code, stdout, stderr } = await run(one, ["-o", "json"]);
    expect(code).toBe(one.code ?? 0);
    if (code === 0) expect(JSON.parse(stdout)).toBeInstanceOf(Object);
    else expect(JSON.parse(stderr).error).toMatchObject({ exit_code: code });
  });

  test.each(CASES.filter(({ plain }) => plain !== true))("$command -o yaml", async (one) => {
    const { code, stdout, stderr } = await run(one, ["-o", "yaml"]);
    expect(code).toBe(one.code ?? 0);
    if (code === 0) expect(Bun.YAML.parse(stdout)).toBeInstanceOf(Object);
    else expect(Bun.YAML.parse(stderr)).toMatchObject({ error: { exit_code: code } });
  });

  const refusing = CASES.filter(({ refused }) => refused !== undefined);
  test.each(refusing)("$command with a wrong token says so", async (one) => {
    const env = { MOLECULE_API_TOKEN: "wrong-token-of-nobody" };
    const { code, stderr } = await run(one, ["-o", "json"], env);
    expect({ code, stderr }).toMatchObject({ code: one.refused?.[revision] });
    expect(stderr).not.toContain("wrong-token-of-nobody");
  });

  const calling = CASES.filter(({ unreachable }) => unreachable !== undefined);
  test.each(calling)("$command without a platform says what does not answer", async (one) => {
    const { code, stdout, stderr } = await run(one, ["--api-url", NOWHERE]);
    expect(code).toBe(one.unreachable as number);
    expect(stdout + stderr).toContain("127.0.0.1:9");
  });

  const { test: posix } = onPosix("pipes of a shell, and terminals");
  posix.each(CASES)("$command into a pipe that nobody reads ends quietly", async (one) => {
    const { code, stderr } = await run(one, [], {}, ["sh", "-c", UNREAD, "sh"]);
    expect({ code, stderr }).toMatchObject({ code: one.code ?? 0 });
    expect(stderr).toMatch(one.err ?? NO_ERROR);
    expect(stderr).not.toMatch(/EPIPE|closed|internal/);
  });

  const lists = ["workspace list", "agent list", "token list", "workspace delegations"];
  const listing = CASES.filter(({ command }) => lists.includes(command));
  posix.each(listing)("$command fits a narrow terminal, in plain text if asked", async (one) => {
    const argv = [BINARY, ...one.command.split(" "), ...((await one.words?.(place())) ?? [])];
    const env = { ...bareEnv(home.path), NO_COLOR: "1" };
    await using terminal = new TerminalRun(argv, { env, cwd: home.path, columns: 44 });
    expect(await terminal.ended()).toBe(0);
    expect(terminal.sent).not.toMatch(/\x1b\[[0-9;]*m/);
    for (const row of terminal.rows) expect(Bun.stringWidth(row)).toBeLessThanOrEqual(44);
    // A title, a row, and what stands behind the last line.
    expect(terminal.rows.length).toBeGreaterThan(2);
    expect(terminal.rows[0]).toMatch(/^ID /);
  });

  test("a workspace that is not there", async () => {
    const { code, stderr } = await runToEnd(["workspace", "inspect", UNKNOWN], { home: home.path });
    expect(code).toBe(1);
    expect(stderr).toContain("hint:");
  });
});
