/** What it means when the heartbeats end: nobody would send us anything, and nothing else would tell. */
import type { Emit } from "../bridge/events.ts";
import { explainUnauthorized } from "../bridge/presence/unauthorized.ts";
import { MoleculeError } from "../shared/errors.ts";
import { PlatformError } from "../platform/platform.ts";
import type { PushOptions, PushParts } from "./parts.ts";

export class Presence {
  readonly #options: Pick<PushOptions, "workspaceId">;
  readonly #parts: Pick<PushParts, "platform" | "token">;
  #why: { reason: string; hint: string | undefined } | undefined;

  constructor(
    options: Pick<PushOptions, "workspaceId">,
    parts: Pick<PushParts, "platform" | "token">,
  ) {
    this.#options = options;
    this.#parts = parts;
  }

  /** Hears why the heartbeats end. */
  watch(emit: Emit): Emit {
    return (event) => {
      if (event.type === "heartbeat-ended") this.#why = event;
      emit(event);
    };
  }

  /** The heartbeats have ended: rejects with what that means, or resolves where the bridge ends anyway. */
  async lost(signal: AbortSignal): Promise<void> {
    const why = this.#why;
    if (signal.aborted || why === undefined) return;
    const { platform, token } = this.#parts;
    try {
      await platform.state({ signal });
    } catch (error) {
      if (error instanceof PlatformError && error.verdict === "unauthorized") {
        throw await explainUnauthorized(error, platform, this.#options.workspaceId, token, signal);
      }
    }
    throw new MoleculeError(`heartbeats have ended: ${why.reason}`, { hint: why.hint });
  }
}
