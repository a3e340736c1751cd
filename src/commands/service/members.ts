/** The workspaces of a config file's list, as the service's connect will find them. */
import { parseOptions } from "../../backends/options.ts";
import { findBackend } from "../../backends/registry.ts";
import type { Context } from "../../cli/command.ts";
import type { Subject } from "../../service/spec.ts";
import { UsageError } from "../../shared/errors.ts";
import { type Chosen, chooseWorkspaces, within } from "../connect/workspaces.ts";
import type { ConnectLine } from "./connect-line.ts";
import type { ManagerName, Scope } from "./manager.ts";
import type { Place } from "./place.ts";
import { checkFile, isKept, type TokenFile } from "./token-source.ts";

/**
 * The workspaces that the list has for the service; none where it serves no list. Rejects with a UsageError
 * for what connect would refuse, and where the service would not find the list.
 */
export async function membersOf(
  line: ConnectLine,
  { kind }: Subject,
  scope: Scope,
  { configFile }: Context,
): Promise<Chosen[]> {
  if (kind !== "fleet") return [];
  const { list, values, context } = line;
  if (list?.refusal !== undefined) throw list.refusal;
  if (list === undefined || list.items.length === 0) {
    throw new UsageError(
      "no workspace was named, and no config file lists any",
      "Name one by its id, or a file with a list of workspaces by --config.",
    );
  }
  // The service stands in another folder, or has another home.
  if (configFile === undefined && (scope === "system" || list.kind === "project")) {
    throw new UsageError(
      `the service would not find the list of ${list.origin}`,
      "Name its file by --config.",
    );
  }
  // Whether the service has the variables of tokens, those of this command do not tell.
  const names = list.items.flatMap(({ values: own }) => own.get("token_env")?.texts ?? []);
  const env = { ...context.env, ...Object.fromEntries(names.map((name) => [name, "set"])) };
  const members = await chooseWorkspaces({ ...values, workspaceId: [] }, { ...context, env });
  for (const one of members) {
    const { backend, backendOpt } = one.flags;
    within(one, members, () => parseOptions(findBackend(backend), backendOpt));
  }
  return members;
}

/** What the service gets beside its command line. */
export interface MemberParts {
  readonly manager: ManagerName;
  readonly place: Place;
  /** The state folder that it finds; undefined where it begins with an empty one. */
  readonly kept: string | undefined;
  readonly hasEnvFile: boolean;
  /** Tokens may be kept in a shared store. */
  readonly hasStore: boolean;
}

/**
 * Of all token files together: no path, and their warnings. Rejects for a workspace whose token the service would
 * not have: it would never be answered. For another system no file is looked for.
 */
export async function checkMemberTokens(
  members: readonly Chosen[],
  { manager, place, kept, hasEnvFile, hasStore }: MemberParts,
): Promise<TokenFile> {
  const warnings: string[] = [];
  for (const { id, origin = id, tokenEnv, flags } of members) {
    if (tokenEnv !== undefined) {
      if (hasEnvFile) continue;
      const other = manager === "systemd" ? ", or give the service the variable by --env-file" : "";
      throw new UsageError(
        `${origin}: the service would not have the variable that token_env names`,
        `Put the token into a file of yours alone (chmod 600) and name that as token_file${other}.`,
      );
    }
    if (place.isElsewhere) continue;
    if (flags.tokenFile !== undefined) {
      warnings.push(...(await checkFile(place.absolute(flags.tokenFile), id)));
    } else if (!hasStore && !(await isKept(id, kept))) {
      throw new UsageError(
        `${origin}: the service has no token for ${id}`,
        `Name its file as token_file; to make one: molecule token create ${id} --save-to FILE`,
      );
    }
  }
  return { path: undefined, warnings };
}
