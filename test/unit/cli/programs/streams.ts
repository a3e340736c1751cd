import { command, group } from "../../../../src/cli/command.ts";
import { flag } from "../../../../src/cli/flag.ts";
import { systemIo } from "../../../../src/cli/output.ts";
import { runCli } from "../../../../src/cli/run.ts";
import { standardError } from "../../../../src/cli/standard-error.ts";
import { isTerminal, wantsColor } from "../../../../src/cli/terminal.ts";
import { Secrets } from "../../../../src/shared/secrets.ts";

/** A real process on the real streams: writes as it is told and ends as `runCli` says. */

const root = group({
  name: "streams",
  summary: "Write",
  commands: [
    command({
      name: "big",
      summary: "Write a lot in one call",
      flags: { bytes: flag({ type: "integer", summary: "How much", default: 5_000_000 }) },
      run: ({ bytes }, { io }) => io.out("x".repeat(bytes)),
    }),
    command({
      name: "pieces",
      summary: "Write pieces of different size without waiting, some of them empty",
      async run(_, { io }) {
        const sizes = [1, 0, 2_000_000, 2, 0, 1_000_000, 3];
        await Promise.all(sizes.map((size, i) => io.out(String(i).repeat(size))));
      },
    }),
    command({
      name: "follow",
      summary: "Write for ever",
      async run(_, { io }) {
        for (let i = 0; ; i++) await io.out(`line ${i}\n`);
      },
    }),
    command({
      name: "both",
      summary: "Write to both streams, then fail",
      async run(_, { io }) {
        await io.out("data %s %%\n");
        io.err("told %s %%");
        throw new Error("and failed");
      },
    }),
    command({
      name: "terminals",
      summary: "Tell which streams are terminals",
      run: (_, { io, env }) =>
        io.out(`${[isTerminal(0), isTerminal(1), isTerminal(2), wantsColor(env)].join(" ")}\n`),
    }),
  ],
});

runCli({
  root,
  globals: {},
  version: "1",
  argv: process.argv.slice(2),
  env: process.env,
  io: systemIo(new Secrets()),
}).then(async (code) => {
  await standardError.flush(20_000);
  process.exit(code);
});
