import { describe, expect, test } from "bun:test";
import { helpWidth } from "../../../src/cli/help.ts";
import { runSample } from "./sample.ts";

test("the help of the root lists commands and global flags", async () => {
  const { out } = await runSample("--help");
  expect(out).toMatchInlineSnapshot(`
    "Usage: molecule <command> [flags]

    Connect agents to the platform.

    Commands:
      connect  Connect an agent to a workspace and answer its messages
      agent    Work with agents
      serve    Serve, and more of it
      help     show help for a command

    Global flags:
          --api-url <url>    Address of the platform (default http://localhost:8080,
                             $MOLECULE_API_URL)
      -o, --output <format>  Format of the data (table|json|yaml, default table,
                             $MOLECULE_OUTPUT)
      -v, --verbose          Tell more ($MOLECULE_VERBOSE)
      -h, --help             show help
          --version          show the version

    Run 'molecule <command> --help' for more about a command.
    "
  `);
});

test("the help of a group lists its commands", async () => {
  const { out } = await runSample("agent");
  expect(out).toMatchInlineSnapshot(`
    "Usage: molecule agent <command> [flags]

    Work with agents.

    Commands:
      list  List agents
      send  Send a message
      key   Keys of an agent

    Global flags: --api-url <url>, -o/--output table|json|yaml, -v/--verbose.
    'molecule --help' tells of them.

    Run 'molecule agent <command> --help' for more about a command.
    "
  `);
});

test("the help of a command tells all of its declaration", async () => {
  const { out } = await runSample("connect --help");
  expect(out).toMatchInlineSnapshot(`
    "Usage: molecule connect <workspace-id> [flags] [-- <words...>]

    Connect an agent to a workspace and answer its messages.

    Runs until it is stopped.

    Every message is answered once, in the order in which it came, by the backend
    that was chosen.

    Arguments:
      <workspace-id>  The workspace
      -- <words...>   Command line of the agent, for the exec backend

    Flags:
          --backend <name>           What answers the messages
                                     (mock|exec|claude-code, default mock)
          --backend-opt <key=value>  Option of the backend (repeatable)
      -t, --token <text>             Token of the workspace
                                     ($MOLECULE_WORKSPACE_TOKEN)
      -n, --count <n>                Tries (-10 to 100, default 5, $MOLECULE_COUNT)
          --grace <duration>         How long running work may take to finish (1s to
                                     10m, default 30s, $MOLECULE_GRACE)
          --dry-run                  Only say what would be done
          --[no-]sound               Ring the bell (default true)
          --agent-name <name>        Name on the canvas

    Global flags: --api-url <url>, -o/--output table|json|yaml, -v/--verbose.
    'molecule --help' tells of them.

    Examples:
      molecule connect 7c1f --backend exec -- ./agent.sh
    "
  `);
});

test("the help of a group that is a command tells of both", async () => {
  const { out } = await runSample("serve --help");
  expect(out).toMatchInlineSnapshot(`
    "Usage: molecule serve [flags]
           molecule serve <command> [flags]

    Serve, and more of it.

    It serves until it is stopped.

    Commands:
      stop  Stop serving

    Flags:
          --port <n>     Port (default 80)
          --quick        Hurry
          --pass <text>  Word to get in ($SAMPLE_PASS)

    Global flags: --api-url <url>, -o/--output table|json|yaml, -v/--verbose.
    'molecule --help' tells of them.

    Run 'molecule serve --help -v' for 1 more flag.

    Examples:
      molecule serve --port 0

    Run 'molecule serve <command> --help' for more about a command.
    "
  `);
});

describe("what few need", () => {
  test("is left out and counted, with the way to see it", async () => {
    const { out } = await runSample("serve --help");
    expect(out).toContain("\nRun 'molecule serve --help -v' for 1 more flag.\n");
    expect(out).not.toContain("--depth");
    expect(out).not.toContain("a thing of its own");
  });

  for (const argv of ["serve --help -v", "-v help serve", "serve -hv"]) {
    test(`is shown by '${argv}'`, async () => {
      const { out } = await runSample(argv);
      expect(out).toContain("--depth <n>");
      expect(out).toContain("\nDepth is a thing of its own.\n");
      expect(out).not.toContain("--help -v'");
    });
  }

  test("is not spoken of where there is none", async () => {
    expect((await runSample("connect --help")).out).not.toContain("--help -v'");
  });
});

test("global flags are named everywhere, and told of by the program, and where all is asked for", async () => {
  for (const argv of ["connect --help", "agent", "agent list -h"]) {
    const { out } = await runSample(argv);
    expect(out).toContain("\nGlobal flags: --api-url <url>, -o/--output table|json|yaml,");
    expect(out).toContain("'molecule --help' tells of them.");
    expect(out).not.toContain("Address of the platform");
  }
  for (const argv of ["--help", "connect --help -v"]) {
    expect((await runSample(argv)).out).toContain("--api-url <url>    Address of the platform");
  }
});

test("a command without flags has no section for them", async () => {
  const { out } = await runSample("agent list --help");
  expect(out).not.toContain("\nFlags:");
  expect(out).toContain("\nGlobal flags:");
});

test("hidden commands are left out, but have help of their own", async () => {
  expect((await runSample("help")).out).not.toContain("trap");
  expect((await runSample("help trap")).out).toStartWith("Usage: molecule trap");
});

describe("lines", () => {
  for (const columns of ["", "20", "80", "93", "100", "400", "wide"]) {
    test(`fit the width for COLUMNS=${columns}`, async () => {
      const env = { COLUMNS: columns };
      const width = helpWidth(env);
      expect(width).toBeWithin(80, 101);
      for (const argv of ["--help", "agent --help", "connect --help"]) {
        const { out } = await runSample(argv, env);
        for (const line of out.split("\n")) expect(line.length).toBeLessThanOrEqual(width);
        expect(out).not.toMatch(/ \n/);
      }
    });
  }

  test("use a wider terminal", async () => {
    const narrow = await runSample("connect --help", { COLUMNS: "80" });
    const wide = await runSample("connect --help", { COLUMNS: "100" });
    expect(wide.out.split("\n").length).toBeLessThan(narrow.out.split("\n").length);
  });

  test("hold no colour", async () => {
    expect((await runSample("connect --help", { FORCE_COLOR: "1" })).out).not.toContain("\u001b");
  });
});
