/** argv in, exit code out: the one module with effects of its own. */
import { systemIo } from "./cli/output.ts";
import { runCli } from "./cli/run.ts";
import { killAllGroups } from "./backends/process-group.ts";
import { GLOBALS } from "./commands/globals.ts";
import { ROOT } from "./commands/index.ts";
import { exemptLoopback } from "./platform/proxy.ts";
import { REPOSITORY, VERSION_LINE } from "./project.ts";
import { ExitCode, messageOf } from "./shared/errors.ts";
import { Secrets } from "./shared/secrets.ts";

const io = systemIo(new Secrets());
// Children get the environment as the operator made it.
const env = { ...process.env };
exemptLoopback(process.env);

// No error is swallowed, and none leaves a child running.
for (const event of ["uncaughtException", "unhandledRejection"] as const) {
  process.on(event, (error: unknown) => {
    io.err(io.secrets.mask(`error: internal error: ${messageOf(error)}`));
    io.err(`hint: please report this at ${REPOSITORY}/issues`);
    killAllGroups();
    process.exit(ExitCode.failed);
  });
}

// Not awaited at the top: a promise that never settles would then spin instead of ending.
void runCli({
  root: ROOT,
  globals: GLOBALS,
  version: VERSION_LINE,
  argv: process.argv.slice(2),
  env,
  io,
}).then((code) => {
  killAllGroups();
  process.exit(code);
});
