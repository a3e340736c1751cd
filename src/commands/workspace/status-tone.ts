import type { Tone } from "../../cli/table.ts";
import { getString, type JsonObject } from "../../shared/json.ts";

const TONES: Readonly<Record<string, Tone>> = {
  online: "good",
  degraded: "warning",
  awaiting_agent: "warning",
  offline: "bad",
  failed: "bad",
  paused: "quiet",
  hibernated: "quiet",
};

/** How well a workspace is by its status (contract 1.2); undefined for one on its way to another. */
export function statusTone(row: JsonObject): Tone | undefined {
  const status = getString(row, "status") ?? "";
  return Object.hasOwn(TONES, status) ? TONES[status] : undefined;
}
