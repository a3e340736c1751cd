/** argv in, exit code out: the one module with effects of its own. */
import { systemIo } from "./cli/output.ts";
import { runCli } from "./cli/run.ts";
import { standardError } from "./cli/standard-error.ts";
import { killAllGroups } from "./backends/process/group.ts";
import { GLOBALS } from "./commands/globals.ts";
import { ROOT } from "./commands/index.ts";
import { exemptLoopback } from "./shared/proxy.ts";
import { REPOSITORY, VERSION_LINE } from "./project.ts";
import { ExitCode, messageOf } from "./shared/errors.ts";
import { Secrets } from "./shared/secrets.ts";

/** How long the end waits for somebody to read what standard error still has to tell, in milliseconds. */
const LAST_WORDS_MS = 500;

let exitCode: ExitCode | undefined;
let crashed = false;

const io = systemIo(new Secrets());
// Children get the environment as the operator made it.
const env = { ...process.env };
exemptLoopback(process.env);

// No error is swallowed, and none leaves a child running.
for (const event of ["uncaughtException", "unhandledRejection"] as const) {
  process.on(event, (error: unknown) => {
    // What breaks after the first is its consequence.
    if (crashed) return;
    crashed = true;
    io.err(io.secrets.mask(`error: internal error: ${messageOf(error)}`));
    io.err(`hint: please report this at ${REPOSITORY}/issues`);
    void end(ExitCode.failed);
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
}).then(end);

/** Ends the program once its last words are out. A crash has the last say on the code. */
async function end(code: ExitCode): Promise<void> {
  killAllGroups();
  const ending = exitCode !== undefined;
  if (!ending || crashed) exitCode = crashed ? ExitCode.failed : code;
  if (ending) return;
  await standardError.flush(LAST_WORDS_MS);
  // The work went on in the meantime, and may have started another.
  killAllGroups();
  process.exit(exitCode);
}
