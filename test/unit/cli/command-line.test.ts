import { describe, expect, test } from "bun:test";
import { runSample } from "./sample.ts";

/** What the program makes of words: each line is a gap that citty's own parser leaves. */

describe("a command line that is wrong ends with 2, says why on standard error, and runs nothing", () => {
  const wrong: [argv: string | string[], message: string, hint?: string][] = [
    // Unknown flags.
    ["connect w --nope", "unknown flag --nope"],
    ["connect w --bakend exec", "unknown flag --bakend", "Did you mean --backend?"],
    ["connect w --verbos", "unknown flag --verbos", "Did you mean --verbose?"],
    ["connect w --no-sond", "unknown flag --no-sond", "Did you mean --no-sound?"],
    ["connect w --hepl", "unknown flag --hepl", "Did you mean --help?"],
    ["connect w --backendOpt a=1", "unknown flag --backendOpt", "Did you mean --backend-opt?"],
    ["connect w -z", "unknown flag -z"],
    ["connect w -vz", "unknown flag -z"],
    ["connect w -backend exec", "unknown flag -b", "Did you mean --backend?"],
    ["connect w ---verbose", "unknown flag ---verbose", "Did you mean --verbose?"],
    [["connect", "w", "-\u{1f600}"], "unknown flag -\u{1f600}"],
    [["connect", "w", "--\u001b[31m"], "unknown flag --\\u001b[31m"],
    ["agent list -u", "unknown flag -u"],
    ["--nope", "unknown flag --nope"],
    [
      "--backend exec connect w",
      "unknown flag --backend",
      "--backend is a flag of 'molecule connect': put it after the command.",
    ],
    // A value that is missing, empty or doubled.
    ["connect w --api-url", "--api-url needs a value"],
    ["connect w -n", "--count needs a value"],
    [
      "connect w --api-url --verbose",
      "--api-url needs a value",
      "A value that begins with a dash is written --api-url=-value.",
    ],
    ["connect w --api-url -- x", "--api-url needs a value", "A value that begins with a dash"],
    ["connect w --api-url -v", "--api-url needs a value", "A value that begins with a dash"],
    ["connect w --agent-name -5", "--agent-name needs a value", "A value that begins with a dash"],
    ["connect w --agent-name --help", "--agent-name needs a value", "A value that begins"],
    ["connect w --agent-name -h", "--agent-name needs a value", "A value that begins"],
    ["connect w --agent-name --no-sound", "--agent-name needs a value", "A value that begins"],
    ["connect w --api-url=", "--api-url needs a value"],
    [["connect", "w", "--api-url", ""], "--api-url needs a value"],
    ["connect w --verbose=", "--verbose needs a value"],
    ["connect w --count 1 --count 2", "--count is given more than once"],
    ["connect w -n 1 --count 1", "--count is given more than once"],
    ["-o table connect w -o table", "--output is given more than once"],
    ["connect w -vv", "--verbose is given more than once"],
    ["connect w --sound --no-sound", "--sound is given more than once"],
    // Booleans and their negation.
    ["connect w --no-api-url", "--api-url takes a value, so there is no --no-api-url"],
    ["connect w --no-dry-run=true", "--no-dry-run takes no value"],
    ["connect w --help=yes", "--help takes no value"],
    ["connect w --verbose=maybe", '--verbose must be true or false, not "maybe"'],
    // Words that are too many, too few or empty.
    ["connect", "missing argument <workspace-id>"],
    ["connect w x", 'unexpected argument "x"'],
    ["connect w --verbose false", 'unexpected argument "false"'],
    ["agent send a b c d", 'unexpected argument "c"'],
    ["agent list -- x", 'unexpected argument "x"'],
    [["connect", ""], "argument <workspace-id> is empty"],
    ["connect -5", "unknown flag -5"],
    // A group that is a command as well.
    ["serve --nope", "unknown flag --nope"],
    ["serve --prt 1", "unknown flag --prt", "Did you mean --port?"],
    ["serve stp", 'unknown command "stp"', "Did you mean 'molecule serve stop'?"],
    ["serve 80", 'unknown command "80"'],
    ["serve -- 80", 'unknown command "80"'],
    [
      "serve --port 1 stop",
      "--port here is a flag of 'molecule serve' itself, not of 'molecule serve stop'",
      "Put the flags of 'molecule serve stop' after its name; its help names them.",
    ],
    [
      "serve --quick stop",
      "--quick here is a flag of 'molecule serve' itself, not of 'molecule serve stop'",
    ],
    ["serve stop --port 1", "unknown flag --port"],
    ["--port 1 serve", "unknown flag --port", "--port is a flag of 'molecule serve'"],
    ["serve --port many", "--port must be a whole number"],
    // Commands.
    ["conect w", 'unknown command "conect"', "Did you mean 'molecule connect'?"],
    ["agent lst", 'unknown command "lst"', "Did you mean 'molecule agent list'?"],
    ["help conect", 'unknown command "conect"'],
    ["tarp", 'unknown command "tarp"'],
    ["-", 'unknown command "-"'],
    [[""], 'unknown command ""'],
    ...["toString", "constructor", "__proto__", "valueOf", "hasOwnProperty"].flatMap(
      (name): [string, string][] => [
        [name, `unknown command "${name}"`],
        [`agent ${name}`, `unknown command "${name}"`],
        [`help ${name}`, `unknown command "${name}"`],
        [`connect w --${name}`, `unknown flag --${name}`],
        [`connect w --no-${name}`, `unknown flag --no-${name}`],
        [`connect w --backend ${name}`, "--backend must be one of mock, exec, claude-code"],
      ],
    ),
  ];

  for (const [argv, message, hint] of wrong) {
    test(JSON.stringify(argv), async () => {
      const { code, out, err, runs } = await runSample(argv);
      const lines = err.trimEnd().split("\n");
      expect(lines[0]).toStartWith(`error: ${message.replace("", "")}`);
      if (hint !== undefined) expect(lines[1]).toStartWith(`hint: ${hint}`);
      expect(lines.at(-1)).toMatch(/^Run 'molecule( [a-z]+)* --help' for usage\.$/);
      expect({ code, out, runs }).toEqual({ code: 2, out: "", runs: 0 });
    });
  }

  test("the usage that is pointed at is that of the command", async () => {
    const { err } = await runSample("agent send a --nope");
    expect(err).toEndWith("Run 'molecule agent send --help' for usage.\n");
  });

  test("hidden commands are not suggested", async () => {
    const { err } = await runSample("trapp");
    expect(err).not.toContain("hint:");
  });
});

describe("a command line that is right", () => {
  const right: [argv: string | string[], values: Record<string, unknown>, rest?: string[]][] = [
    ["connect w", { workspaceId: "w", backend: "mock", backendOpt: [], count: 5, grace: 30_000 }],
    ["connect w", { dryRun: false, sound: true, agentName: undefined, token: undefined }],
    // Repeated, and cut at the first equals sign only.
    ["connect w --backend-opt a=1 --backend-opt=b=2=3", { backendOpt: ["a=1", "b=2=3"] }],
    // Numbers in every spelling.
    ["connect w --count -5", { count: -5 }],
    ["connect w --count=-5", { count: -5 }],
    ["connect w -n -5", { count: -5 }],
    ["connect w -n-5", { count: -5 }],
    ["connect w -n5", { count: 5 }],
    ["connect w -n=5", { count: 5 }],
    ["connect w -vn 3", { count: 3 }],
    ["connect w -vn3", { count: 3 }],
    // Booleans.
    ["connect w --dry-run", { dryRun: true }],
    ["connect w --dry-run=true", { dryRun: true }],
    ["connect w --dry-run=false", { dryRun: false }],
    ["connect w --dry-run=1", { dryRun: true }],
    ["connect w --no-dry-run", { dryRun: false }],
    ["connect w --no-sound", { sound: false }],
    ["agent send a -u=false", { urgent: false }],
    // A dash where one is allowed.
    ["connect w --agent-name=--help", { agentName: "--help" }],
    ["connect w --agent-name -", { agentName: "-" }],
    ["agent send -", { agentId: "-" }],
    ["agent send -- -5 --help", { agentId: "-5", text: "--help" }],
    ["agent send a -- --", { agentId: "a", text: "--" }],
    ["-- agent send a", { agentId: "a" }],
    // Words that are handed on as they are.
    ["connect w -- ls --help -h --version -- x", { workspaceId: "w" }, wordsOf()],
    ["-- connect w -- ls --help -h --version -- x", { workspaceId: "w" }, wordsOf()],
    ["connect w --", { workspaceId: "w" }, []],
    [["connect", "w", "--", ""], { workspaceId: "w" }, [""]],
    // Positionals that look like something else.
    ["agent send help version", { agentId: "help", text: "version" }],
    ["agent send connect", { agentId: "connect", text: undefined }],
    // A group that is a command as well.
    ["serve", { port: 80, quick: false }],
    ["serve --port 1 --quick", { port: 1, quick: true }],
    ["-v serve --port=1 -o json", { port: 1 }],
    ["serve stop --quick", { quick: true }],
    ["serve -v stop", { quick: false }],
    // Flags before and after the words.
    ["connect --dry-run w --backend exec", { workspaceId: "w", dryRun: true, backend: "exec" }],
  ];

  for (const [argv, values, rest = []] of right) {
    test(JSON.stringify(argv), async () => {
      const { code, err, ran } = await runSample(argv);
      expect(err).toBe("");
      expect(ran?.values).toMatchObject(values);
      expect(ran?.context.rest).toEqual(rest);
      expect(code).toBe(0);
    });
  }

  function wordsOf(): string[] {
    return "ls --help -h --version -- x".split(" ");
  }

  test("only the command runs, once, with its own values", async () => {
    const { ran, runs } = await runSample("agent send a -v");
    expect(runs).toBe(1);
    expect(ran?.name).toBe("send");
    expect(ran?.values).toEqual({ agentId: "a", text: undefined, urgent: false });
    expect(ran?.context.path).toEqual(["molecule", "agent", "send"]);
  });
});

describe("help and version", () => {
  const help: [argv: string, usage: string][] = [
    ["", "molecule <command>"],
    ["--help", "molecule <command>"],
    ["-h", "molecule <command>"],
    ["-vh", "molecule <command>"],
    ["help", "molecule <command>"],
    ["help help", "molecule <command>"],
    ["-v", "molecule <command>"],
    ["--", "molecule <command>"],
    ["agent", "molecule agent <command>"],
    ["agent -v", "molecule agent <command>"],
    ["agent --help", "molecule agent <command>"],
    ["help agent", "molecule agent <command>"],
    ["agent key", "molecule agent key <command>"],
    ["help agent key show", "molecule agent key show"],
    ["agent help list", "molecule agent list"],
    ["connect --help", "molecule connect <workspace-id>"],
    ["--help connect", "molecule connect <workspace-id>"],
    ["connect -h w", "molecule connect <workspace-id>"],
    ["connect w x y --help", "molecule connect <workspace-id>"],
    ["connect --count=many --help", "molecule connect <workspace-id>"],
    ["connect w --help -- ls", "molecule connect <workspace-id>"],
    ["connect --version --help", "molecule connect <workspace-id>"],
    ["help trap", "molecule trap"],
    ["serve --help", "molecule serve [flags]\n       molecule serve <command>"],
    ["help serve", "molecule serve [flags]\n       molecule serve <command>"],
    ["help serve stop", "molecule serve stop"],
    ["serve stop -h", "molecule serve stop"],
  ];

  for (const [argv, usage] of help) {
    test(`'${argv}' prints help on standard output and ends with 0`, async () => {
      const { code, out, err, runs } = await runSample(argv, { MOLECULE_COUNT: "bad" });
      expect(out).toStartWith(`Usage: ${usage} `);
      expect({ code, err, runs }).toEqual({ code: 0, err: "", runs: 0 });
    });
  }

  for (const argv of [
    "--version",
    "connect --version",
    "agent --version",
    "agent list --version",
  ]) {
    test(`'${argv}' prints the version and ends with 0`, async () => {
      const { code, out, err, runs } = await runSample(argv);
      expect({ code, out, err, runs }).toEqual({
        code: 0,
        out: "molecule 1.2.3\n",
        err: "",
        runs: 0,
      });
    });
  }
});

test("the main command of a group has the group's words and its own values", async () => {
  const { ran } = await runSample("serve --port 1");
  expect(ran?.name).toBe("serve");
  expect(ran?.context.path).toEqual(["molecule", "serve"]);
  expect(ran?.context.source("port")).toBe("flag");
  expect((await runSample("serve stop")).ran?.values).toEqual({ quick: false });
});

describe("global flags", () => {
  const everywhere = [
    "-o json agent send a",
    "agent -o json send a",
    "agent send -o json a",
    "agent send a -o json",
    "--output=json agent send a",
    "agent send a --output json",
    "agent send a -ojson",
  ];

  for (const argv of everywhere) {
    test(`'${argv}' reaches the command`, async () => {
      const { ran } = await runSample(argv);
      expect(ran?.context.source("output")).toBe("flag");
      expect(ran?.values).toEqual({ agentId: "a", text: undefined, urgent: false });
    });
  }
});
