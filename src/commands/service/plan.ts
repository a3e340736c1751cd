/** From flags, variables and config files to what a service is to be. */
import { resolve } from "node:path";
import { isFolder } from "../../backends/process/folder.ts";
import { parseOptions } from "../../backends/options.ts";
import { findBackend } from "../../backends/registry.ts";
import type { Context } from "../../cli/command.ts";
import { REPOSITORY } from "../../project.ts";
import type { ServiceSpec, Subject } from "../../service/spec.ts";
import { SYSTEM_STATE } from "../../service/systemd.ts";
import { UsageError } from "../../shared/errors.ts";
import { accountFor } from "./account.ts";
import { type ConnectLine, connectLine } from "./connect-line.ts";
import type { SpecValues } from "./flags.ts";
import type { Machine } from "./machine.ts";
import type { Manager } from "./manager.ts";
import { checkTokenFile } from "./token-source.ts";
import { serviceEnv } from "./service-env.ts";

/** What the service is to be, and what is to be said of that. */
export interface Plan {
  readonly spec: ServiceSpec;
  /** A clause each. */
  readonly warnings: readonly string[];
}

/**
 * Rejects with a UsageError for what can't be meant, and with a MoleculeError where a file is missing that the
 * service can't be without.
 */
export async function planService(
  values: SpecValues,
  subject: Subject,
  context: Context,
  machine: Machine,
  manager: Manager,
): Promise<Plan> {
  const { scope } = manager;
  const system = scope === "system";
  if (!system && values.runAs !== undefined) {
    throw new UsageError("--run-as is for a service of the system", "Add --system.");
  }
  const folder = resolve(machine.folder, values.folder ?? ".");
  if (values.folder !== undefined && !isFolder(folder)) {
    throw new UsageError(`--folder ${folder} is no folder that can be entered`);
  }
  // systemd hands the token over, and gives the state a folder of the service's own.
  const isHandedOver = system && manager.name === "systemd";
  const file = context.source("tokenFile") === "flag" ? values.tokenFile : undefined;
  const given = file === undefined ? [] : [`--token-file=${resolve(machine.folder, file)}`];
  const line = await connectLine([...given, ...context.rest], context, {
    subject,
    folder: machine.folder,
    readsUserFile: !system,
    without: isHandedOver ? ["tokenFile"] : [],
  });
  if (isHandedOver) checkPrivate([machine.self[0] ?? "", folder]);
  checkBackend(line, subject);
  checkList(line, subject, system, context);
  const tokens = await checkTokenFile(line, subject, machine, isHandedOver);
  const ownState = textOf(line, "stateDir");
  const isOwnState = isHandedOver && line.setting("stateDir")?.source === "unset";
  const variables = serviceEnv(values, line, context, manager.name);
  const account = system ? await accountFor(values.runAs, machine) : undefined;
  const [program = "", ...before] = machine.self;
  const spec: ServiceSpec = {
    subject,
    scope,
    program,
    args: [...before, ...line.words, ...(isOwnState ? ["--state-dir", SYSTEM_STATE] : [])],
    folder,
    env: { ...(subject.kind === "fleet" ? FLEET_ENV : {}), ...variables.env },
    envFile: values.envFile === undefined ? undefined : resolve(machine.folder, values.envFile),
    runAs: account?.runAs,
    credential: isHandedOver ? tokens.path : undefined,
    stateDir: ownState === undefined ? undefined : resolve(machine.folder, ownState),
    graceSecs: Number(line.setting("graceSecs")?.value),
    documentation: REPOSITORY,
  };
  const warnings = [...tokens.warnings, ...variables.warnings, ...(account?.warnings ?? [])];
  return { spec, warnings: [...warnings, ...fleeting(folder)] };
}

/** Each workspace holds an event stream open, and Bun allows 256 requests at once unless it is told. */
const FLEET_ENV = { BUN_CONFIG_MAX_HTTP_REQUESTS: "4096" };

/** As connect would refuse it, and before anything is installed. */
function checkBackend(line: ConnectLine, { kind }: Subject): void {
  // The list may say otherwise for each workspace.
  if (kind === "fleet") return;
  const options = line.setting("backendOpt")?.value as string[];
  parseOptions(findBackend(String(line.setting("backend")?.value)), options);
}

function checkList(
  { list }: ConnectLine,
  { kind }: Subject,
  system: boolean,
  { configFile }: Context,
): void {
  if (kind !== "fleet") return;
  if (list?.refusal !== undefined) throw list.refusal;
  if (list === undefined || list.items.length === 0) {
    throw new UsageError(
      "no workspace was named, and no config file lists any",
      "Name one by its id, or a file with a list of workspaces by --config.",
    );
  }
  // The service stands in another folder, or has another home.
  if (configFile === undefined && (system || list.kind === "project")) {
    throw new UsageError(
      `the service would not find the list of ${list.origin}`,
      "Name its file by --config.",
    );
  }
}

/** A service of systemd's own has a /tmp of its own, too, where nothing of this one is. */
function checkPrivate(paths: readonly string[]): void {
  const path = paths.find((one) => /^\/(?:var\/)?tmp(?:\/|$)/.test(one));
  if (path === undefined) return;
  throw new UsageError(
    `a service of the system would not find ${path}: it has a /tmp of its own`,
    "Put it elsewhere; --folder names the folder that it works in.",
  );
}

/** What is emptied at start-up. */
function fleeting(folder: string): string[] {
  if (!/^\/(?:tmp|dev\/shm|run)(?:\/|$)/.test(folder)) return [];
  return [`the folder ${folder} is emptied at start-up; --folder names another`];
}

function textOf(line: ConnectLine, name: string): string | undefined {
  const value = line.setting(name)?.value;
  return typeof value === "string" ? value : undefined;
}
