/** Does what the first argument says with a terminal, for tests. */
import { confirm } from "../../../../src/cli/confirm.ts";
import { systemIo } from "../../../../src/cli/output.ts";
import { printData } from "../../../../src/cli/print.ts";
import { command, group } from "../../../../src/cli/command.ts";
import { flag } from "../../../../src/cli/flag.ts";
import { runCli } from "../../../../src/cli/run.ts";
import { standardError } from "../../../../src/cli/standard-error.ts";
import { columnsOf, isTerminal, wantsColor } from "../../../../src/cli/terminal.ts";
import { progress, waiting } from "../../../../src/cli/waiting.ts";
import { doLastActs } from "../../../../src/shared/last-acts.ts";
import { Secrets } from "../../../../src/shared/secrets.ts";

const { env } = process;
const io = systemIo(new Secrets());
const stage = { io, env, verbose: false };

/** Until SIGUSR2; each SIGUSR1 does `meanwhile`. */
function signalled(meanwhile: () => void): Promise<void> {
  process.on("SIGUSR1", meanwhile);
  return new Promise((resolve) => {
    process.on("SIGUSR2", () => {
      clearInterval(alive);
      resolve();
    });
    const alive = setInterval(() => {}, 60_000);
  });
}

let lines = 0;
const tell = () => io.err(`line ${++lines}`);

const ROWS = [
  {
    id: "0f8fad5b-d9cb-469f-a165-70867728950e",
    name: "a name that is rather long, so that something has to give way",
    status: "online",
    role: "reviewer of what the others have written",
  },
];

const does: Record<string, () => Promise<void>> = {
  wait: () => waiting("thinking", () => signalled(tell), stage),
  stubborn: async () => {
    process.on("SIGINT", tell);
    await waiting("thinking", () => signalled(tell), stage);
  },
  data: () => waiting("thinking", () => signalled(() => void io.out("data\n")), stage),
  fail: () =>
    waiting(
      "thinking",
      () => signalled(() => {}).then(() => Promise.reject(new Error("no"))),
      stage,
    ),
  end: () =>
    waiting(
      "thinking",
      () =>
        signalled(() => {
          doLastActs();
          process.exit(7);
        }),
      stage,
    ),
  async progress() {
    using bar = progress(4, "sending", stage);
    await signalled(() => bar.step());
  },
  async confirm() {
    await confirm("Remove it?", false, io);
    await io.out("removed\n");
  },
  async question() {
    process.on("SIGUSR1", tell);
    await confirm("Remove it?", false, io);
    await io.out("removed\n");
  },
  table: () =>
    printData(
      io,
      ROWS,
      {
        format: "table",
        width: isTerminal(1) ? columnsOf(1, env) : undefined,
        color: wantsColor(env, () => isTerminal(1)),
      },
      [
        { title: "id", of: (row) => row.id },
        { title: "name", of: (row) => row.name },
        { title: "status", of: (row) => row.status, tone: () => "good" },
        { title: "role", of: (row) => row.role, wide: true },
      ],
    ),
};

const commands = Object.entries(does).map(([name, run]) => command({ name, summary: name, run }));
const globals = {
  output: flag({
    type: "enum",
    summary: "",
    values: ["table", "json", "yaml"],
    default: "table",
    short: "o",
  }),
};
const root = group({ name: "screen", summary: "it", commands });
const code = await runCli({ root, globals, version: "1", argv: process.argv.slice(2), env, io });
await standardError.flush(500);
process.exit(code);
