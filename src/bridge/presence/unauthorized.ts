/** What a refused token means: the platform's one open call tells (contract 2.8). */
import { ExitCode, MoleculeError } from "../../shared/errors.ts";
import { PlatformError, type Platform } from "../../platform/platform.ts";

/** What an operator must know of the token to mend it. */
export interface TokenInfo {
  readonly value: string | undefined;
  readonly origin: string;
}

/** The workspace was removed: there is nothing left to connect to. Exit 5. */
export function removedError(workspaceId: string): MoleculeError {
  return new MoleculeError(`workspace ${workspaceId} was removed from the platform`, {
    exitCode: ExitCode.removed,
    hint: "Create a new external workspace and connect with its id and token.",
  });
}

/** There is no such workspace. Exit 3. */
export function unknownError(workspaceId: string, cause: PlatformError): MoleculeError {
  return new MoleculeError(`the platform knows no workspace ${workspaceId} (${cause.message})`, {
    exitCode: ExitCode.refused,
    hint: "Check the workspace id, and that --api-url is the platform where it lives.",
    cause,
  });
}

/**
 * Turns a 401 into its reason: the workspace was removed (exit 5), does not exist, or the token is
 * revoked, rotated or another workspace's (exit 3).
 */
export async function explainUnauthorized(
  refused: PlatformError,
  platform: Pick<Platform, "workspace">,
  workspaceId: string,
  token: TokenInfo,
  signal?: AbortSignal,
): Promise<MoleculeError> {
  const refusal = (message: string, hint: string) =>
    new MoleculeError(message, { exitCode: ExitCode.refused, hint, cause: refused });
  if (token.value === undefined) {
    return refusal(
      `the platform asks for a token (${refused.message})`,
      "Give the workspace's token with --token-file or MOLECULE_WORKSPACE_TOKEN.",
    );
  }
  try {
    await platform.workspace({ signal });
  } catch (error) {
    const verdict = error instanceof PlatformError ? error.verdict : undefined;
    if (verdict === "gone") return removedError(workspaceId);
    if (verdict === "permanent") return unknownError(workspaceId, error as PlatformError);
    return refusal(
      `the platform refused the token from ${token.origin} (${refused.message})`,
      "Check the token and the workspace id.",
    );
  }
  return refusal(
    `the platform refused the token from ${token.origin}: the workspace exists, so the token was ` +
      `revoked or rotated, or it belongs to another workspace (${refused.message})`,
    "Get a new token for this workspace, from its page on the canvas or by rotating it.",
  );
}
