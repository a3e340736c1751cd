/** `molecule dev --connect`: a bridge for the seeded agent, in the process of the platform. */
import type { Context } from "../../cli/command.ts";
import type { Log } from "../../cli/log.ts";
import type { SeededWorkspace } from "../../dev/seed.ts";
import { parseApiUrl } from "../../platform/api-url.ts";
import { type ExitCode, MoleculeError, UsageError } from "../../shared/errors.ts";
import { readLine } from "../connect/read-line.ts";
import { setUp, workspacesOf } from "../connect/set-up.ts";
import type { Stops } from "../connect/stopping.ts";
import { tend } from "../connect/tending.ts";
import { type Running, watch } from "../connect/watched.ts";
import type { Ready, WorkspaceRun } from "../connect/workspace-run.ts";
import { GLOBALS } from "../globals.ts";
import { logFor } from "../logging.ts";
import type { ServeValues } from "./serve.ts";
import { ANY_BACKEND } from "./whereabouts.ts";

/** Where the bridge works: known once the platform is there. */
export interface Post {
  agent: Pick<SeededWorkspace, "id" | "tokenFile">;
  url: string;
  /** Where its state lies. */
  folder: string;
}

/** A bridge whose settings make sense. */
export interface PlannedBridge {
  /** In the form that they ask for. */
  log: Log;
  /** That form is lines of JSON. */
  isJson: boolean;
  /** Looks for the backend. Rejects with a MoleculeError where that can't work. */
  ready(post: Post): Promise<ReadyBridge>;
}

/** A bridge that can be started. */
export interface ReadyBridge {
  /** The name of its backend. */
  backend: string;
  /** Runs it until it is stopped, or ends for good: with the exit code. Never rejects. */
  run(stops: Stops): Promise<ExitCode>;
  /** In place of `run`. */
  close(): Promise<void>;
}

/** Rejects with a UsageError for what can't be meant, before anything is started. */
export async function planBridge(values: ServeValues, context: Context): Promise<PlannedBridge> {
  const early = await settingsOf(values, context, NOWHERE);
  await setUp(early.values, early.context);
  const log = logFor(context, early.values.logFormat);
  return {
    log,
    isJson: early.values.logFormat === "json",
    async ready(post) {
      const settings = await settingsOf(values, context, post);
      const { workspaceId: _, ...flags } = settings.values;
      const setups = await setUp(settings.values, settings.context);
      const baseUrl = parseApiUrl(post.url);
      const { folder } = post;
      const workspaces = workspacesOf(setups, settings.context, {
        log,
        folder,
        baseUrl,
        // A platform to try things on is no matter of several machines.
        stores: undefined,
      });
      const running = await watch(workspaces, {
        // A real bridge of this machine may have that place, and the page shows more.
        flags: { ...flags, health: undefined },
        context: settings.context,
        log,
        folder,
      });
      return readied(running, workspaces);
    },
  };
}

/** Where there is no platform yet. */
const NOWHERE: Post = {
  agent: { id: "00000000-0000-4000-8000-000000000000", tokenFile: "none" },
  url: "http://127.0.0.1",
  folder: ".",
};

/**
 * What connect would make of it there: variables and config files hold for it as for any other bridge, but for
 * how the platform is reached, and as whom.
 */
function settingsOf(
  { backend, backendOpt, tenantOrg }: ServeValues,
  context: Context,
  { agent, url, folder }: Post,
): ReturnType<typeof readLine> {
  const isGiven = (name: string) => context.source(name) === "flag";
  return readLine(
    [
      agent.id,
      `--api-url=${url}`,
      `--token-file=${agent.tokenFile}`,
      `--state-dir=${folder}`,
      "--mode=poll",
      // A bridge that has the agent already may go on; this one takes over from it.
      "--wait-lock",
      ...(tenantOrg === undefined ? [] : [`--org-id=${tenantOrg}`]),
      ...(isGiven("backend") ? [`--backend=${backend}`] : []),
      ...(isGiven("backendOpt") ? backendOpt.map((option) => `--backend-opt=${option}`) : []),
      ...(context.get(GLOBALS.verbose) ? ["--verbose"] : []),
    ],
    context,
  );
}

async function readied(
  running: Running,
  [workspace]: readonly WorkspaceRun[],
): Promise<ReadyBridge> {
  if (workspace === undefined) throw new Error("there is no workspace to connect");
  const { observing } = running;
  let ready: Ready;
  try {
    ready = await workspace.ready();
  } catch (error) {
    throw namingAnother(error);
  }
  const close = async () => {
    await observing.close();
    await ready.backend.close?.();
  };
  try {
    await observing.ready();
  } catch (error) {
    await close();
    throw error;
  }
  return {
    backend: workspace.setup.type.name,
    close,
    run(stops) {
      observing.show();
      const looked = new Map([[workspace.id, ready]]);
      return tend(running, { spreadMs: 0, once: false }, stops, looked);
    },
  };
}

/** The same error, whose hint also names a backend that works: whoever tries things out may have none yet. */
function namingAnother(error: unknown): unknown {
  if (!(error instanceof MoleculeError) || error instanceof UsageError) return error;
  const { message, exitCode, hint } = error;
  const other = `A backend that is always there: ${ANY_BACKEND}`;
  return new MoleculeError(message, {
    exitCode,
    hint: hint === undefined ? other : `${hint}\n${other}`,
    cause: error,
  });
}
