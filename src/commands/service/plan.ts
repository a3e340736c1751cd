/** From flags, variables and config files to what a service is to be. */
import { posix } from "node:path";
import { isFolder } from "../../backends/process/folder.ts";
import { parseOptions } from "../../backends/options.ts";
import { findBackend } from "../../backends/registry.ts";
import type { Context } from "../../cli/command.ts";
import { REPOSITORY } from "../../project.ts";
import type { ServiceSpec, Subject } from "../../service/spec.ts";
import { systemState } from "../../service/systemd.ts";
import { UsageError } from "../../shared/errors.ts";
import { realPath } from "../../shared/real-path.ts";
import { stateFolder } from "../access/state-folder.ts";
import { accountElsewhere, accountFor } from "./account.ts";
import { type ConnectLine, connectLine } from "./connect-line.ts";
import { checkFence, checkPrivate } from "./fence.ts";
import type { SpecValues } from "./flags.ts";
import type { Machine } from "./machine.ts";
import type { Manager } from "./manager.ts";
import { checkMemberTokens, membersOf } from "./members.ts";
import { placeOf } from "./place.ts";
import { serviceEnv } from "./service-env.ts";
import { checkStoreFile, checkTokenFile, hasStore } from "./token-source.ts";

/** What the service is to be, and what is to be said of that. */
export interface Plan {
  readonly spec: ServiceSpec;
  /** Absolute path of the folder that it keeps its state in, where that is not the default one of who asks. */
  readonly state: string | undefined;
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
  const place = placeOf(machine, manager.name);
  const { isElsewhere, absolute } = place;
  const folder = absolute(values.folder ?? ".");
  if (values.folder !== undefined && !isElsewhere && !isFolder(folder)) {
    throw new UsageError(`--folder ${folder} is no folder that can be entered`);
  }
  const isFleet = subject.kind === "fleet";
  // systemd hands the token over, and gives the state a folder of the service's own.
  const isHandedOver = system && manager.name === "systemd";
  const file = context.source("tokenFile") === "flag" ? values.tokenFile : undefined;
  const ofToken = file === undefined ? [] : [`--token-file=${absolute(file)}`];
  const line = await connectLine([...ofToken, ...context.rest], context, {
    subject,
    manager: manager.name,
    place,
    readsUserFile: !system,
    without: isHandedOver ? [...(isFleet ? [] : ["tokenFile"]), "storeFile"] : [],
  });
  if (isHandedOver && !isElsewhere) checkPrivate([machine.self[0] ?? "", folder]);
  const members = await membersOf(line, subject, scope, context);
  const options = isFleet ? members.flatMap(({ flags }) => flags.backendOpt) : checkBackend(line);
  const account = await accountOf(values.runAs, machine, manager, isElsewhere);
  const given = textOf(line, "stateDir");
  const stateDir = given === undefined ? undefined : absolute(given);
  const ownState = isHandedOver && stateDir === undefined ? systemState(subject) : undefined;
  const home = account.runAs?.home || machine.home;
  if (isHandedOver) {
    const writable = { folder, home, stateDir };
    checkFence(account.runAs?.name ?? "", writable, isElsewhere ? posix.normalize : realPath);
  }
  const kept = ownState === undefined ? stateFolder(stateDir, home) : undefined;
  const hasEnvFile = values.envFile !== undefined;
  const parts = { manager: manager.name, place, kept, hasEnvFile, hasStore: hasStore(line) };
  const tokens = isFleet
    ? await checkMemberTokens(members, parts)
    : await checkTokenFile(line, subject, place, kept);
  const store = await checkStoreFile(line, place);
  const variables = serviceEnv(values, options, context, manager.name);
  const [program = "", ...before] = machine.self;
  // It ends with the last of them.
  const graces = (isFleet ? members.map(({ flags }) => flags) : [line.values]).map(
    ({ graceSecs }) => graceSecs,
  );
  const spec: ServiceSpec = {
    subject,
    scope,
    program,
    args: [...before, ...line.words, ...(ownState === undefined ? [] : ["--state-dir", ownState])],
    folder,
    env: { ...(isFleet && manager.name !== "windows" ? FLEET_ENV : {}), ...variables.env },
    envFile: hasEnvFile ? absolute(values.envFile) : undefined,
    runAs: account.runAs,
    credential: isHandedOver ? tokens.path : undefined,
    storeFile: isHandedOver ? store.path : undefined,
    stateDir,
    graceSecs: Math.max(...graces),
    documentation: REPOSITORY,
  };
  const ofFiles = [...tokens.warnings, ...store.warnings];
  const warnings = [...ofFiles, ...variables.warnings, ...account.warnings];
  const ofFolder = isElsewhere ? [PATHS_OF_HERE] : fleeting(folder);
  const state = ownState ?? kept;
  return {
    spec,
    state: state === stateFolder(undefined, machine.home) ? undefined : state,
    warnings: [...warnings, ...ofFolder],
  };
}

/**
 * Each workspace holds an event stream open, and Bun allows 256 requests at once unless it is told. Where a
 * manager gives no variables, those above that number look for their messages.
 */
const FLEET_ENV = { BUN_CONFIG_MAX_HTTP_REQUESTS: "4096" };

const PATHS_OF_HERE =
  "the paths in it are those of this machine; put in those of the one that it is for";

async function accountOf(
  runAs: string | undefined,
  machine: Machine,
  manager: Manager,
  isElsewhere: boolean,
): Promise<ReturnType<typeof accountElsewhere>> {
  if (isElsewhere) return accountElsewhere(runAs, manager);
  return manager.scope === "system"
    ? accountFor(runAs, machine)
    : { runAs: undefined, warnings: [] };
}

/** The options of the backend. Throws what connect would, before anything is installed. */
function checkBackend({ values: { backend, backendOpt } }: ConnectLine): readonly string[] {
  parseOptions(findBackend(backend), backendOpt);
  return backendOpt;
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
