/** What a run cost, or counts as, entered into the day's sum. */
import type { Outcome } from "../../backends/backend.ts";
import type { Budget } from "./budget.ts";
import type { BridgeParts } from "../parts.ts";

/**
 * Enters what the run cost. One that was cut (by its time limit, or a stop) ends without a price, though
 * what it did until then was paid for: it counts as well (see {@link Budget.assumed}), or a budget would
 * not hold against messages that make the agent work for too long. On the disk when this resolves.
 */
export async function countCost(
  { backend, emit }: Pick<BridgeParts, "backend" | "emit">,
  budget: Pick<Budget, "add" | "assumed">,
  activityId: string,
  outcome: Outcome,
  allowedUsd: number | undefined,
): Promise<void> {
  const costUsd = "costUsd" in outcome ? outcome.costUsd : undefined;
  const wasCut = outcome.kind === "failed" || outcome.kind === "stopped";
  if (costUsd !== undefined || !backend.reportsCost || !wasCut) return budget.add(costUsd);
  const usd = await budget.assumed(allowedUsd);
  if (usd === undefined || usd <= 0) return;
  emit({ type: "cost-assumed", activityId, usd });
  await budget.add(usd);
}
