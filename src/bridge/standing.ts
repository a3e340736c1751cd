/**
 * Whose a 401 on a reply is. It may be the peer's own, passed on: only a call that concerns nobody
 * else tells whether our token is meant.
 */
import { PlatformError } from "../platform/platform.ts";
import type { BridgeParts } from "./parts.ts";
import type { Renewal } from "./presence/renewal.ts";
import { explainUnauthorized } from "./presence/unauthorized.ts";

export class Standing {
  readonly #parts: Pick<BridgeParts, "platform" | "token">;
  readonly #workspaceId: string;
  readonly #renewal: Renewal;

  constructor(
    parts: Pick<BridgeParts, "platform" | "token">,
    workspaceId: string,
    renewal: Renewal,
  ) {
    this.#parts = parts;
    this.#workspaceId = workspaceId;
    this.#renewal = renewal;
  }

  /** Rejects when our token is meant, and there is no other. */
  async afterRefusal(
    refused: PlatformError,
    presented: string | undefined,
    signal: AbortSignal,
  ): Promise<"renewed" | "fine" | "unknown"> {
    const { platform, token } = this.#parts;
    if (token.value !== presented) return "renewed";
    try {
      await platform.state({ signal });
      return "fine";
    } catch (error) {
      if (!(error instanceof PlatformError) || error.verdict !== "unauthorized") return "unknown";
    }
    if (await this.#renewal.renew(presented, signal)) return "renewed";
    if (signal.aborted) return "unknown";
    throw await explainUnauthorized(refused, platform, this.#workspaceId, token, signal);
  }
}
