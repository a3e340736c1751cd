/** Announces the workspace: once at the start, with a bounded number of tries. */
import { nextDelay } from "../../shared/backoff.ts";
import { ExitCode, messageOf, MoleculeError } from "../../shared/errors.ts";
import { isUuid } from "../../shared/ids.ts";
import { isIssuedToken } from "../../shared/issued-token.ts";
import { PlatformError } from "../../platform/platform.ts";
import type { Naps } from "../naps.ts";
import type { BridgeOptions, BridgeParts } from "../parts.ts";
import { explainUnauthorized, removedError, unknownError } from "./unauthorized.ts";

/** About half a minute of full jitter in all, as long as the Go tool tried. */
const ATTEMPTS = 8;

/** Resolves when registered, or when `stop` aborts. Rejects with why it can't be. */
export async function register(
  parts: BridgeParts,
  options: Pick<BridgeOptions, "workspaceId" | "card" | "maxOfflineMs">,
  naps: Naps,
  stop: AbortSignal,
): Promise<void> {
  const { platform, token, emit, clock } = parts;
  await refuseUnknown(parts, options.workspaceId, stop);
  const began = clock.monotonic();
  for (let attempt = 1; !stop.aborted;) {
    const presented = token.value;
    try {
      const { authToken } = await platform.register(options.card, { signal: stop });
      if (authToken !== undefined) await takeToken(parts, options, authToken, presented, stop);
      return;
    } catch (error) {
      if (stop.aborted) return;
      if (!(error instanceof PlatformError)) throw error;
      if (error.verdict === "unauthorized") {
        if (await token.renew(presented, clock, false, stop)) {
          emit({ type: "token-changed", origin: token.origin });
          continue;
        }
        throw await explainUnauthorized(error, platform, options.workspaceId, token, stop);
      }
      if (error.verdict !== "transient") throw error;
      if (error.failure.status === 500 && !isUuid(options.workspaceId)) throw notAUuid(error);
      const inMs = nextDelay(attempt, parts.random, error.failure.retryAfterMs);
      const spent = clock.monotonic() - began + inMs;
      if (attempt === ATTEMPTS || spent > (options.maxOfflineMs ?? spent)) {
        throw unreachable(error, attempt);
      }
      emit({ type: "register-retry", attempt, of: ATTEMPTS, reason: error.message, inMs });
      await naps.nap(inMs, stop);
      attempt += 1;
    }
  }
}

/**
 * Who registers an id that the platform does not know makes a workspace of it (contract 2.1). Who has a
 * token has a workspace already, and has misspelt its id.
 */
async function refuseUnknown(
  { platform, token }: Pick<BridgeParts, "platform" | "token">,
  workspaceId: string,
  signal: AbortSignal,
): Promise<void> {
  if (token.value === undefined) return;
  try {
    await platform.workspace({ signal });
  } catch (error) {
    // Whatever else it says, the registration says better.
    if (!(error instanceof PlatformError) || signal.aborted) return;
    if (error.verdict === "gone") throw removedError(workspaceId);
    if (error.verdict === "permanent" && error.failure.status === 404) {
      throw unknownError(workspaceId, error);
    }
  }
}

/**
 * A token in the answer means that the workspace had none. To one who presented a token this is
 * odd: a removed workspace answers so (T10), with a token that opens nothing.
 */
async function takeToken(
  { platform, store, token, emit }: BridgeParts,
  { workspaceId }: Pick<BridgeOptions, "workspaceId">,
  issued: string,
  presented: string | undefined,
  signal: AbortSignal,
): Promise<void> {
  if (!isIssuedToken(issued)) {
    const reason = "it is not a word of at least 8 printable characters";
    return emit({ type: "token-issued", kept: false, reason });
  }
  if (presented !== undefined) {
    try {
      await platform.workspace({ signal });
    } catch (error) {
      if (error instanceof PlatformError && error.verdict === "gone")
        throw removedError(workspaceId);
      // Not the time to judge: the feed will say whether the token works.
    }
  } else {
    token.adopt(issued, "the registration");
  }
  // It is shown only once, so it is kept also where another one is in use.
  try {
    await store.saveToken(issued);
    emit({ type: "token-issued", kept: true, reason: undefined });
  } catch (error) {
    emit({ type: "token-issued", kept: false, reason: messageOf(error) });
  }
}

/** T23: looks transient, is permanent. */
function notAUuid(error: PlatformError): MoleculeError {
  return new MoleculeError(`the platform can't register this workspace id (${error.message})`, {
    hint: "Workspace ids are UUIDs, such as 0f8fad5b-d9cb-469f-a165-70867728950e.",
    cause: error,
  });
}

function unreachable(error: PlatformError, tries: number): MoleculeError {
  return new MoleculeError(
    `gave up after ${tries === 1 ? "one try" : `${tries} tries`}: ${error.message}`,
    {
      exitCode: ExitCode.unreachable,
      hint: error.hint ?? "Check --api-url and the network, then start again.",
      cause: error,
    },
  );
}
