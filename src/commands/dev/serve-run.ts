/** `molecule dev`: the embedded platform, to try everything on one machine. */
import type { Context } from "../../cli/command.ts";
import { kebab } from "../../cli/flag.ts";
import type { Log } from "../../cli/log.ts";
import type { Seed } from "../../dev/seed.ts";
import { pageLink } from "../../page/link.ts";
import { whenAborted } from "../../shared/abortions.ts";
import { ExitCode, MoleculeError, UsageError } from "../../shared/errors.ts";
import { tellFailure } from "../connect/lifecycle-lines.ts";
import { type Stops, stopOnSignals, untilCut } from "../connect/stopping.ts";
import { logFor } from "../logging.ts";
import { forgetWorkspaces, rememberWorkspaces } from "../which/known-workspaces.ts";
import { announce } from "./announce.ts";
import type { PlannedBridge, ReadyBridge } from "./bridge-run.ts";
import { openPage } from "./open-page.ts";
import type { ServeValues } from "./serve.ts";
import { type Served, startServed } from "./served.ts";

/** Serves the platform until it is stopped. */
export async function run(values: ServeValues, context: Context): Promise<ExitCode> {
  refuse(values, context);
  const plan = values.connect
    ? await (await import("./bridge-run.ts")).planBridge(values, context)
    : undefined;
  const log = plan?.log ?? logFor(context);
  // Before anything is made that would be left behind.
  const stops = stopOnSignals(log);
  try {
    return await untilCut(begin(values, context, { plan, log, stops }), stops);
  } catch (error) {
    if (plan?.isJson !== true || !(error instanceof MoleculeError)) throw error;
    // Who reads JSON lines reads nothing else.
    tellFailure(log, error);
    return error.exitCode;
  }
}

async function begin(
  values: ServeValues,
  context: Context,
  parts: Omit<Parts, "served">,
): Promise<ExitCode> {
  // What was begun last ends first.
  await using ends = new AsyncDisposableStack();
  const served = await startServed(values, context, parts.log, ends);
  return await serve(values, context, { ...parts, served });
}

/** Refuses what can't be meant, before any I/O. */
function refuse({ ephemeral, db, connect }: ServeValues, { source }: Context): void {
  if (ephemeral && db !== undefined) {
    throw new UsageError(
      "--ephemeral keeps nothing, so it can't go with --db",
      "Give one of them.",
    );
  }
  const given = (["backend", "backendOpt"] as const).find((name) => source(name) === "flag");
  if (connect || given === undefined) return;
  throw new UsageError(
    `--${kebab(given)} has no meaning without --connect: nothing is answered by the platform itself`,
    "Add --connect to have that backend answer as the agent, or leave it out.",
  );
}

interface Parts {
  served: Served;
  plan: PlannedBridge | undefined;
  log: Log;
  stops: Stops;
}

async function serve(
  values: ServeValues,
  context: Context,
  { served, plan, log, stops }: Parts,
): Promise<ExitCode> {
  const seeded = await served.seed();
  const bridge = await bridgeOf(plan, served, seeded, stops);
  if (stops.drain.aborted) {
    await bridge?.close();
    return ExitCode.ok;
  }
  const { env } = context;
  const met = seeded.workspaces.map(({ id, name }) => ({ id, name }));
  try {
    await tell(values, context, log, served, seeded, bridge);
    await rememberWorkspaces(met, env);
  } catch (error) {
    await bridge?.close();
    throw error;
  }
  const code = await (bridge === undefined ? idle(log, stops) : answer(bridge, log, stops));
  const ids = met.map(({ id }) => id);
  if (values.ephemeral) await forgetWorkspaces(ids, env);
  return code;
}

/** The bridge, once its backend is found to work; undefined where none is wanted, or we are told to stop. */
async function bridgeOf(
  plan: PlannedBridge | undefined,
  { platform, folder }: Served,
  { workspaces }: Seed,
  { drain }: Stops,
): Promise<ReadyBridge | undefined> {
  const [agent] = workspaces;
  if (plan === undefined || agent === undefined) return undefined;
  const looked = plan.ready({ agent, url: platform.url, folder });
  const bridge = await Promise.race([looked, whenAborted(drain).then(() => undefined)]);
  if (bridge === undefined) void looked.then((late) => late.close()).catch(() => {});
  return bridge;
}

async function tell(
  { ephemeral, open }: ServeValues,
  context: Context,
  log: Log,
  { page, pageToken, at }: Served,
  seeded: Seed,
  bridge: ReadyBridge | undefined,
): Promise<void> {
  const { backend } = bridge ?? {};
  const pageUrl = pageLink(at.url, { token: pageToken });
  await announce({ ...at, ...seeded, pageUrl, pageToken, isKept: !ephemeral, backend }, context);
  if (!open) return;
  // Others on this machine see the command line of what opens it.
  openPage(pageLink(at.url, { ticket: page.ticket() }), context, (why) =>
    log.warn(`the page could not be opened in a browser: ${why}; open the printed link`),
  );
}

/** Only the platform is there to be stopped. */
async function idle(log: Log, { drain }: Stops): Promise<ExitCode> {
  await whenAborted(drain);
  log.info("stopping");
  return ExitCode.ok;
}

/** The platform outlives the bridge: what that has left undone is looked at there. */
async function answer(bridge: ReadyBridge, log: Log, stops: Stops): Promise<ExitCode> {
  const code = await bridge.run(stops);
  if (!stops.drain.aborted) {
    log.warn("the platform goes on, and nothing answers as its agent; Ctrl-C stops it");
    await whenAborted(stops.drain);
  }
  return code;
}
