import { type Context, command, group } from "../../../src/cli/command.ts";
import { flag } from "../../../src/cli/flag.ts";
import { runCli } from "../../../src/cli/run.ts";
import { Secrets } from "../../../src/shared/secrets.ts";

/** A small program with a flag of every kind, and what it does with a command line. */

export const globals = {
  apiUrl: flag({
    type: "string",
    summary: "Address of the platform",
    placeholder: "url",
    env: "MOLECULE_API_URL",
    default: "http://localhost:8080",
    check: (url) => (/^https?:/.test(url) ? undefined : "must be an http or https address"),
  }),
  output: flag({
    type: "enum",
    values: ["table", "json", "yaml"],
    summary: "Format of the data",
    placeholder: "format",
    short: "o",
    env: "MOLECULE_OUTPUT",
    default: "table",
  }),
  verbose: flag({
    type: "boolean",
    summary: "Tell more",
    short: "v",
    env: "MOLECULE_VERBOSE",
  }),
};

export type Ran = { name: string; values: Record<string, unknown>; context: Context };

/** The program; `work` is what its commands do. */
export function sample(work: (ran: Ran) => unknown) {
  const run = (name: string) => async (values: object, context: Context) =>
    (await work({ name, values: { ...values }, context })) as undefined;
  const connect = command({
    name: "connect",
    summary: "Connect an agent to a workspace and answer its messages",
    description: `
      Runs until it is stopped.

      Every message is answered once, in the order in which it came, by the backend that was chosen.
    `.replaceAll(/^ +/gm, ""),
    positionals: [{ name: "workspaceId", summary: "The workspace", required: true }],
    passthrough: "Command line of the agent, for the exec backend",
    flags: {
      backend: flag({
        type: "enum",
        values: ["mock", "exec", "claude-code"],
        summary: "What answers the messages",
        default: "mock",
      }),
      backendOpt: flag({
        type: "strings",
        summary: "Option of the backend",
        placeholder: "key=value",
      }),
      token: flag({
        type: "string",
        summary: "Token of the workspace",
        short: "t",
        env: "MOLECULE_WORKSPACE_TOKEN",
        secret: true,
        check: (token) => (token.includes(" ") ? "must not hold spaces" : undefined),
      }),
      count: flag({
        type: "integer",
        summary: "Tries",
        short: "n",
        env: "MOLECULE_COUNT",
        default: 5,
        min: -10,
        max: 100,
      }),
      grace: flag({
        type: "duration",
        summary: "How long running work may take to finish",
        env: "MOLECULE_GRACE",
        default: "30s",
        min: "1s",
        max: "10m",
      }),
      dryRun: flag({ type: "boolean", summary: "Only say what would be done" }),
      sound: flag({ type: "boolean", summary: "Ring the bell", default: true }),
      agentName: flag({ type: "string", summary: "Name on the canvas", placeholder: "name" }),
    },
    examples: ["molecule connect 7c1f --backend exec -- ./agent.sh"],
    run: run("connect"),
  });
  const list = command({ name: "list", summary: "List agents", run: run("list") });
  const send = command({
    name: "send",
    summary: "Send a message",
    positionals: [
      { name: "agentId", summary: "The agent", required: true },
      { name: "text", summary: "The message" },
    ],
    flags: { urgent: flag({ type: "boolean", summary: "Ring", short: "u" }) },
    run: run("send"),
  });
  const serve = command({
    name: "serve",
    summary: "Serve",
    description: "It serves until it is stopped.",
    more: "Depth is a thing of its own.",
    flags: {
      port: flag({ type: "integer", summary: "Port", default: 80 }),
      quick: flag({ type: "boolean", summary: "Hurry" }),
      depth: flag({ type: "integer", summary: "Depth", advanced: true }),
      pass: flag({ type: "string", summary: "Word to get in", env: "SAMPLE_PASS", secret: true }),
    },
    examples: ["molecule serve --port 0"],
    run: run("serve"),
  });
  const stop = command({
    name: "stop",
    summary: "Stop serving",
    flags: { quick: flag({ type: "boolean", summary: "Stop at once" }) },
    run: run("stop"),
  });
  const trap = command({ name: "trap", summary: "Hidden", hidden: true, run: run("trap") });
  return group({
    name: "molecule",
    summary: "Connect agents to the platform",
    commands: [
      connect,
      group({
        name: "agent",
        summary: "Work with agents",
        commands: [
          list,
          send,
          group({
            name: "key",
            summary: "Keys of an agent",
            commands: [command({ name: "show", summary: "Show a key", run: run("show") })],
          }),
        ],
      }),
      group({ name: "serve", summary: "Serve, and more of it", main: serve, commands: [stop] }),
      trap,
    ],
  });
}

/** Runs the sample with words parted by spaces, or as they are, and tells all that came of it. */
export async function runSample(
  argv: string | readonly string[],
  env: Record<string, string> = {},
  work: (ran: Ran) => unknown = () => undefined,
) {
  const ran: Ran[] = [];
  let out = "";
  let err = "";
  const secrets = new Secrets();
  const code = await runCli({
    root: sample((one) => {
      ran.push(one);
      return work(one);
    }),
    globals,
    secretVariables: ["MOLECULE_WORKSPACE_TOKEN", "SAMPLE_PASS"],
    version: "molecule 1.2.3",
    argv: typeof argv === "string" ? argv.split(" ").filter((word) => word !== "") : argv,
    env,
    io: {
      secrets,
      out: async (text) => void (out += text),
      err: (line) => void (err += `${line}\n`),
    },
  });
  return { code, out, err, secrets, ran: ran[0], runs: ran.length };
}
