/** The platform of `molecule dev` with its page before it, as the flags say. */
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import type { Context } from "../../cli/command.ts";
import type { Log } from "../../cli/log.ts";
import { seed, type Seed } from "../../dev/seed.ts";
import type { RequestLine } from "../../dev/handle.ts";
import { type DevPlatform, startDevPlatform } from "../../dev/server.ts";
import { savedPageToken, TokenFiles } from "../../dev/token-files.ts";
import { randomToken } from "../../dev/token-store.ts";
import { createPage, type Page } from "../../page/page.ts";
import { VERSION } from "../../project.ts";
import { systemClock } from "../../shared/clock.ts";
import { messageOf } from "../../shared/errors.ts";
import { oneLine } from "../../shared/text.ts";
import { makeFolder } from "../../store/atomic-file.ts";
import { tokenPath } from "../../store/token-file.ts";
import { stateFolder } from "../access/state-folder.ts";
import { bridgesIn } from "./bridges.ts";
import { defaultDatabase } from "./database-file.ts";
import type { ServeValues } from "./serve.ts";
import { connectLine, type Whereabouts } from "./whereabouts.ts";

/** With --late-commits: few enough to be overtaken, and enough to be seen. */
const LATE_SHARE = 1 / 3;

export interface Served {
  readonly platform: DevPlatform;
  readonly page: Page;
  readonly pageToken: string;
  /** Where the page looks for bridges, and the one of this process keeps its state. */
  readonly folder: string;
  readonly at: Whereabouts;
  /** Makes the workspaces and all token files. */
  seed(): Promise<Seed>;
}

/**
 * Starts them; what ends them is put on `ends`. Rejects with a MoleculeError where the port is taken, or
 * a file can't be used.
 */
export async function startServed(
  values: ServeValues,
  context: Context,
  log: Log,
  ends: AsyncDisposableStack,
): Promise<Served> {
  const db = values.ephemeral ? ":memory:" : await databaseFile(values.db);
  const pageToken = savedPageToken(db) ?? randomToken();
  context.io.secrets.add(pageToken);
  const { folder, isTold } = await foldersOf(values, context, ends);
  let lines: ReadonlyMap<string, string> = new Map();
  let at: Whereabouts | undefined;
  // 'molecule workspace create' has kept the token of others.
  const keptLine = (id: string) =>
    at !== undefined && existsSync(tokenPath(folder, id)) ? connectLine({ id }, at) : undefined;
  const page = createPage({
    token: pageToken,
    version: VERSION,
    clock: systemClock,
    bridges: bridgesIn(folder, context),
    connectLine: (id) => lines.get(id) ?? keptLine(id),
  });
  const platform = await startDevPlatform({
    ...optionsOf(values, log),
    db,
    front: page.front,
  });
  ends.defer(() => platform.stop());
  ends.defer(() => page.stop());
  const { url, port } = platform;
  const here = { url, port, tenantOrg: values.tenantOrg, stateDir: isTold ? folder : undefined };
  at = here;
  return {
    platform,
    page,
    pageToken,
    folder,
    at: here,
    async seed() {
      const seeded = await seed(platform);
      if (!values.ephemeral) await (await TokenFiles.of(db)).keepPage(pageToken);
      lines = new Map(seeded.workspaces.map((one) => [one.id, connectLine(one, here)]));
      return seeded;
    },
  };
}

function optionsOf({ port, rateLimit, revision, tenantOrg, lateCommits }: ServeValues, log: Log) {
  return {
    port,
    rateLimit,
    revision,
    ...(tenantOrg === undefined ? {} : { tenantOrg }),
    ...(lateCommits === undefined
      ? {}
      : { lateCommits: { share: LATE_SHARE, maxMs: lateCommits, random: Math.random } }),
    onRequest: ({ method, path, status, ms }: RequestLine) =>
      log.debug(`${method} ${oneLine(path)} ${status} in ${ms.toFixed(1)} ms`),
    onError: (error: unknown) => log.error(`internal error: ${messageOf(error)}`),
  };
}

async function databaseFile(given: string | undefined): Promise<string> {
  if (given !== undefined) return resolve(given);
  const file = defaultDatabase();
  await makeFolder(dirname(file));
  return file;
}

/** `isTold`: connect has to be told of it. */
async function foldersOf(
  { ephemeral, connect, stateDir }: ServeValues,
  context: Context,
  ends: AsyncDisposableStack,
): Promise<{ folder: string; isTold: boolean }> {
  const isGiven = context.source("stateDir") === "flag";
  // What a variable or file names is for bridges that are to last.
  if (!ephemeral || !connect || isGiven) return { folder: stateFolder(stateDir), isTold: isGiven };
  const folder = await mkdtemp(join(tmpdir(), "molecule-dev-state-"));
  ends.defer(() => rm(folder, { recursive: true, force: true }));
  return { folder, isTold: true };
}
