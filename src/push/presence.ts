/** What it means when the heartbeats end: nobody would send us anything, and nothing else would tell. */
import { explainUnauthorized } from "../bridge/presence/unauthorized.ts";
import { MoleculeError } from "../shared/errors.ts";
import { PlatformError } from "../platform/platform.ts";
import type { PushOptions, PushParts } from "./parts.ts";

/**
 * The end of the run that follows from the end of the heartbeats; undefined where the run ends anyway.
 * A bare word of the platform's may have its reason in the token, of which another call tells.
 */
export async function presenceLost(
  why: MoleculeError | undefined,
  { workspaceId }: Pick<PushOptions, "workspaceId">,
  { platform, token }: Pick<PushParts, "platform" | "token">,
  signal: AbortSignal,
): Promise<MoleculeError | undefined> {
  if (signal.aborted) return undefined;
  if (!(why instanceof PlatformError)) return why;
  try {
    await platform.state({ signal });
  } catch (error) {
    if (error instanceof PlatformError && error.verdict === "unauthorized") {
      return explainUnauthorized(error, platform, workspaceId, token, signal);
    }
  }
  const { exitCode, hint } = why;
  return new MoleculeError(`heartbeats have ended: ${why.message}`, { exitCode, hint, cause: why });
}
