/** From an operator's flags to the platform's client, with the token that the call needs. */
import type { Context } from "../../cli/command.ts";
import { Management } from "../../platform/management.ts";
import { PlatformError } from "../../platform/platform.ts";
import type { Token } from "../../platform/token.ts";
import { ExitCode, MoleculeError } from "../../shared/errors.ts";
import { tokenPath } from "../../store/token-file.ts";
import { advised } from "../../platform/advice.ts";
import { checkCredentials, operatorToken, resolveToken } from "./credentials.ts";
import { httpParts, traced } from "./http-parts.ts";
import { logFor } from "../logging.ts";
import { stateFolder } from "./state-folder.ts";

/** The values of `apiFlags`. */
export interface ApiValues {
  token: string | undefined;
  tokenFile: string | undefined;
  apiToken: string | undefined;
  apiTokenFile: string | undefined;
  orgId: string | undefined;
  stateDir: string | undefined;
}

/**
 * Whose token a call takes (contract 1.4): an administrator's; that of the workspace or an
 * administrator's; only the workspace's own; or whichever there is, as nobody looks.
 */
export type Needs = "admin" | "workspace" | "agent" | "nobody";

/**
 * Runs `work` with a client whose token fits what it needs. A refusal is explained by which token it
 * was and which one is wanted. `workspaceId`: whose routes are called, for tokens that were kept. `work`
 * also gets the token that the calls are made with.
 */
export async function withManagement<T>(
  values: ApiValues,
  context: Context,
  needs: Needs,
  workspaceId: string | undefined,
  work: (management: Management, token: Token) => Promise<T>,
): Promise<T> {
  const token = await chooseToken(values, context, needs, workspaceId);
  const parts = await httpParts(context, { token, orgId: values.orgId });
  const management = new Management(traced(parts, context));
  try {
    return await work(management, token);
  } catch (error) {
    throw error instanceof PlatformError ? explain(error, token, needs) : error;
  }
}

/** The operator's token by its sources, as {@link operatorToken} has them; undefined where none is given. */
export function apiToken(
  values: Pick<ApiValues, "apiToken" | "apiTokenFile">,
  context: Context,
): Promise<Token | undefined> {
  return operatorToken(values, context, logFor(context));
}

/** The workspace's token: one that is given, or one that was kept for it. */
export function workspaceToken(
  values: ApiValues,
  context: Context,
  workspaceId: string | undefined,
): Promise<Token> {
  checkCredentials(context);
  const folder = stateFolder(values.stateDir);
  const kept = workspaceId === undefined ? undefined : tokenPath(folder, workspaceId);
  return resolveToken(values, context, logFor(context), kept);
}

async function chooseToken(
  values: ApiValues,
  context: Context,
  needs: Needs,
  workspaceId: string | undefined,
): Promise<Token> {
  const first = needs === "agent" ? undefined : await apiToken(values, context);
  if (first !== undefined) return first;
  const own = await workspaceToken(values, context, workspaceId);
  if (own.value !== undefined || needs !== "agent") return own;
  return (await apiToken(values, context)) ?? own;
}

const WANTED: Record<Needs, string> = {
  admin:
    "This takes an admin or organisation token: --api-token-file or MOLECULE_API_TOKEN. `molecule dev` prints where its own lies.",
  workspace:
    "This takes the workspace's own token (--token-file) or an admin or organisation token (--api-token-file).",
  agent: "This takes the workspace's own token: --token-file or MOLECULE_WORKSPACE_TOKEN.",
  nobody: "The platform wants a token here: --api-token-file, or --token-file.",
};

function explain(error: PlatformError, token: Token, needs: Needs): MoleculeError {
  if (error.verdict !== "unauthorized") return advised(error);
  const used =
    token.value === undefined ? "no token was given" : `the token came from ${token.origin}`;
  return new MoleculeError(`the platform refused: ${error.message}; ${used}`, {
    exitCode: ExitCode.refused,
    hint: WANTED[needs],
    cause: error,
  });
}
