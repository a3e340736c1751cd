/** argv in, exit code out: the one module with effects of its own. */
import { systemIo } from "./cli/output.ts";
import { runCli, type TellCrash } from "./cli/run.ts";
import { standardError } from "./cli/standard-error.ts";
import { CLI } from "./commands/cli.ts";
import { exemptLoopback } from "./shared/proxy.ts";
import { REPOSITORY } from "./project.ts";
import { ExitCode, messageOf } from "./shared/errors.ts";
import { doLastActs } from "./shared/last-acts.ts";
import { Secrets } from "./shared/secrets.ts";

/** How long the end waits for somebody to read what standard error still has to tell, in milliseconds. */
const LAST_WORDS_MS = 500;

let exitCode: ExitCode | undefined;
let crashed = false;
/** Until the command line is there to say in which form. */
let tellCrash: TellCrash = (error, hint) => {
  io.err(io.secrets.mask(`error: internal error: ${messageOf(error)}`));
  io.err(`hint: ${hint}`);
};

const io = systemIo(new Secrets());
// Children get the environment as the operator made it.
const env = { ...process.env };
exemptLoopback(process.env);

// No error is swallowed, and none leaves a child running.
for (const event of ["uncaughtException", "unhandledRejection"] as const) process.on(event, crash);
// Nothing is left to wait for, so the command would never end, and the program would with 0.
process.on("beforeExit", () => {
  if (exitCode === undefined) crash("the command stopped halfway, with nothing left to wait for");
});

const onStart = (tell: TellCrash) => void (tellCrash = tell);
// Not awaited at the top: a promise that never settles would then spin instead of ending.
void runCli({ ...CLI, argv: process.argv.slice(2), env, io, onStart }).then(end);

/** Tells of it and ends. What breaks after the first is its consequence. */
function crash(error: unknown): void {
  if (crashed) return;
  crashed = true;
  tellCrash(error, `please report this at ${REPOSITORY}/issues`);
  void end(ExitCode.failed);
}

/** Ends the program once its last words are out. A crash has the last say on the code. */
async function end(code: ExitCode): Promise<void> {
  doLastActs();
  const ending = exitCode !== undefined;
  if (!ending || crashed) exitCode = crashed ? ExitCode.failed : code;
  if (ending) return;
  await standardError.flush(LAST_WORDS_MS);
  // The work went on in the meantime, and may have started another.
  doLastActs();
  process.exit(exitCode);
}
