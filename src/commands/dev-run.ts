/** `molecule dev`: the embedded platform, to try everything on one machine. */
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import type { Context } from "../cli/command.ts";
import { printData } from "../cli/print.ts";
import { seed, type Seed } from "../dev/seed.ts";
import { startDevPlatform, type DevPlatform } from "../dev/server.ts";
import { ExitCode, messageOf, UsageError } from "../shared/errors.ts";
import { shellWord } from "../shared/shell-word.ts";
import { oneLine } from "../shared/text.ts";
import { makeFolder } from "../store/atomic-file.ts";
import type { DevValues } from "./dev.ts";
import { GLOBALS } from "./globals.ts";
import { logFor } from "./logging.ts";
import { onStopSignals } from "./signals.ts";

/** With --late-commits: few enough to be overtaken, and enough to be seen. */
const LATE_SHARE = 1 / 3;

/** Serves the platform until it is stopped. */
export async function run(values: DevValues, context: Context): Promise<ExitCode> {
  if (values.ephemeral && values.db !== undefined) {
    throw new UsageError(
      "--ephemeral keeps nothing, so it can't go with --db",
      "Give one of them.",
    );
  }
  const log = logFor(context);
  const platform = await startDevPlatform({
    port: values.port,
    db: values.ephemeral ? ":memory:" : await databaseFile(values.db),
    rateLimit: values.rateLimit,
    revision: values.revision,
    ...(values.lateCommits === undefined
      ? {}
      : {
          lateCommits: { share: LATE_SHARE, maxMs: values.lateCommits, random: Math.random },
        }),
    onRequest: ({ method, path, status, ms }) =>
      log.debug(`${method} ${oneLine(path)} ${status} in ${ms.toFixed(1)} ms`),
    onError: (error) => log.error(`internal error: ${messageOf(error)}`),
  });
  const stopped = Promise.withResolvers<ExitCode>();
  onStopSignals(
    () => {
      log.info("stopping");
      platform.stop().then(() => stopped.resolve(ExitCode.ok), stopped.reject);
    },
    () => stopped.resolve(ExitCode.interrupted),
  );
  try {
    await announce(platform, await seed(platform), context);
  } catch (error) {
    await platform.stop();
    throw error;
  }
  return stopped.promise;
}

async function databaseFile(given: string | undefined): Promise<string> {
  if (given !== undefined) return resolve(given);
  const folder = join(homedir(), ".config", "molecule", "dev");
  await makeFolder(folder);
  return join(folder, "platform.db");
}

/** The ready line: what a person pastes next, or what a script reads. */
async function announce(platform: DevPlatform, seeded: Seed, context: Context): Promise<void> {
  const { workspaces, adminTokenFile } = seeded;
  const format = context.get(GLOBALS.output);
  if (format !== "table") {
    const ready = {
      url: platform.url,
      workspaces: workspaces.map(({ id, name, tokenFile }) => ({
        id,
        name,
        token_file: tokenFile,
      })),
      admin_token_file: adminTokenFile,
    };
    // One line, so that a script can wait for it.
    if (format === "json") return context.io.out(`${JSON.stringify(ready)}\n`);
    return printData(context.io, ready, format);
  }
  const [agent, peer] = workspaces;
  if (agent === undefined || peer === undefined) throw new Error("nothing was seeded");
  const at = platform.port === 8080 ? "" : ` --api-url ${platform.url}`;
  const as = `--as ${peer.id} --token-file ${shellWord(peer.tokenFile)}`;
  await context.io.out(`The platform is ready at ${platform.url}

Connect a program as its agent, from a second terminal:
  molecule connect ${agent.id}${at} --token-file ${shellWord(agent.tokenFile)} --backend exec --backend-opt cmd='tr a-z A-Z'

Talk to it, from a third one, as the peer "${peer.name}" or as the person at the canvas:
  molecule agent send ${agent.id} 'hello there'${at} ${as} --wait
  molecule agent send ${agent.id} 'hello there'${at} --api-token-file ${shellWord(adminTokenFile)} --wait

Ctrl-C stops it.
`);
}
