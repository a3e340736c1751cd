/**
 * Whether messages still find their way here. Where they don't, everything looks well from inside: the
 * heartbeats go on, and nobody asks for anything.
 */
import type { Naps } from "../bridge/naps.ts";
import { PlatformError, type Platform } from "../platform/platform.ts";
import { MoleculeError } from "../shared/errors.ts";
import type { PushOptions, PushParts } from "./parts.ts";
import type { Paths } from "./paths.ts";
import { look, type PublicAddress, type Sight } from "./probe.ts";
import { showPublicUrl } from "./public-url.ts";

const EVERY_MS = 5 * 60_000;
/** What is seen for the first time is looked at again, before it is told. */
const AGAIN_MS = 30_000;

export interface LookoutDeps {
  naps: Naps;
  paths: Paths;
  /** The secret end of the address that the platform was told. */
  segment: string;
  /** What the start has seen, and told. */
  seen: Sight;
}

/** Looks until the signal aborts. Rejects with a MoleculeError once the workspace is another's. */
export async function keepLookout(
  options: PublicAddress & Pick<PushOptions, "workspaceId">,
  { platform, emit }: Pick<PushParts, "platform" | "emit">,
  { naps, paths, segment, seen }: LookoutDeps,
  signal: AbortSignal,
): Promise<void> {
  const { publicUrl, workspaceId } = options;
  let known = seen.kind;
  while (!signal.aborted) {
    await naps.nap(EVERY_MS, signal);
    if (signal.aborted) return;
    await checkOwner(platform, { workspaceId, segment }, signal);
    let sight = await look(options, paths, signal);
    if (sight.kind !== known && sight.kind !== "here") {
      await naps.nap(AGAIN_MS, signal);
      sight = await look(options, paths, signal);
    }
    if (signal.aborted || sight.kind === known) continue;
    known = sight.kind;
    if (sight.kind === "here") emit({ type: "push-reached", address: showPublicUrl(publicUrl) });
    else emit({ type: "push-doubt", reason: sight.reason });
  }
}

/** Only one address is kept for a workspace: the last that was registered (contract 2.1, 2.8). */
async function checkOwner(
  platform: Platform,
  { workspaceId, segment }: { workspaceId: string; segment: string },
  signal: AbortSignal,
): Promise<void> {
  let url: string | undefined;
  try {
    url = (await platform.workspace({ signal })).url;
  } catch (error) {
    // What is wrong with the platform, or our token, is the heartbeats' to tell.
    if (error instanceof PlatformError) return;
    throw error;
  }
  if (url === undefined || url.endsWith(`/${segment}`)) return;
  throw new MoleculeError(
    `the platform does not bring the messages of workspace ${workspaceId} here any more: another bridge, or the operator, has registered it with another address`,
    {
      hint: "End that other bridge, or leave this one off: each start takes the workspace over.",
    },
  );
}
