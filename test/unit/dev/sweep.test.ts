import { expect, test } from "bun:test";
import { DEFAULT_SWEEP_EVERY_MS } from "../../../src/dev/sweep.ts";
import { lab, type Lab } from "./lab.ts";
import { lookUntil } from "../../harness/wait.ts";

/** Moves the clock on and waits until the sweep, if it is due, has been and sleeps again. */
async function advance(at: Lab, ms: number): Promise<void> {
  await lookUntil(() => at.clock.sleepers === 1);
  at.clock.advance(ms);
  await lookUntil(() => at.clock.sleepers === 1);
}

test.each([
  ["r1", 90_000],
  ["r2", 180_000],
] as const)(
  "%s: silent for more than %i ms, it waits for its agent again (1.2, T14)",
  async (...[revision, staleAfterMs]) => {
    await using at = await lab({ revision });
    const { id, token } = await at.member("agent");
    const beat = () => at.post("/registry/heartbeat", { token, body: { workspace_id: id } });
    await beat();
    await advance(at, staleAfterMs);
    expect((await at.show({ id })).status).toBe("online");
    // Reading the feed is no sign of life.
    await at.feed({ id, token });
    await advance(at, DEFAULT_SWEEP_EVERY_MS);
    expect((await at.show({ id })).status).toBe("awaiting_agent");
    await beat();
    expect((await at.show({ id })).status).toBe("online");
  },
);

test("the times can be chosen, and no other status is touched", async () => {
  await using at = await lab({ staleAfterMs: 1_000, sweepEveryMs: 100 });
  const statuses = ["online", "degraded", "paused", "provisioning", "failed"] as const;
  const ids: string[] = [];
  for (const status of statuses) {
    const { id } = await at.member(status);
    at.platform.database.workspaces.change(id, { status, last_heartbeat_at: at.clock.time });
    ids.push(id);
  }
  await advance(at, 1_000);
  expect((await at.show({ id: ids[0] ?? "" })).status).toBe("online");
  await advance(at, 100);
  const after = [];
  for (const id of ids) after.push((await at.show({ id })).status);
  expect(after).toEqual(["awaiting_agent", "degraded", "paused", "provisioning", "failed"]);
});
