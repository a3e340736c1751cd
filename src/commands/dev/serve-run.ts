/** `molecule dev`: the embedded platform, to try everything on one machine. */
import { dirname, resolve } from "node:path";
import type { Context } from "../../cli/command.ts";
import { seed } from "../../dev/seed.ts";
import { startDevPlatform } from "../../dev/server.ts";
import { ExitCode, messageOf, UsageError } from "../../shared/errors.ts";
import { oneLine } from "../../shared/text.ts";
import { makeFolder } from "../../store/atomic-file.ts";
import { forgetWorkspaces, type Met, rememberWorkspaces } from "../which/known-workspaces.ts";
import { logFor } from "../logging.ts";
import { onStopSignals } from "../signals.ts";
import { announce } from "./announce.ts";
import { defaultDatabase } from "./database-file.ts";
import type { ServeValues } from "./serve.ts";

/** With --late-commits: few enough to be overtaken, and enough to be seen. */
const LATE_SHARE = 1 / 3;

/** Serves the platform until it is stopped. */
export async function run(values: ServeValues, context: Context): Promise<ExitCode> {
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
    ...(values.tenantOrg === undefined ? {} : { tenantOrg: values.tenantOrg }),
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
  let met: Met[];
  try {
    const { workspaces, adminTokenFile } = await seed(platform);
    await announce(
      {
        url: platform.url,
        port: platform.port,
        tenantOrg: values.tenantOrg,
        workspaces,
        adminTokenFile,
        isKept: !values.ephemeral,
      },
      context,
    );
    met = workspaces.map(({ id, name }) => ({ id, name }));
  } catch (error) {
    await platform.stop();
    throw error;
  }
  await rememberWorkspaces(met, context.env);
  const code = await stopped.promise;
  if (values.ephemeral) {
    await forgetWorkspaces(
      met.map(({ id }) => id),
      context.env,
    );
  }
  return code;
}

async function databaseFile(given: string | undefined): Promise<string> {
  if (given !== undefined) return resolve(given);
  const file = defaultDatabase();
  await makeFolder(dirname(file));
  return file;
}
