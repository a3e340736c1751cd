/** `workspace audit` and `platform audit`, and how they spare the platform. */
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { auditAll } from "../../../src/commands/audit/gather.ts";
import { PlatformError, type RateLimit } from "../../../src/platform/platform.ts";
import { systemClock } from "../../../src/shared/clock.ts";
import type { JsonObject } from "../../../src/shared/json.ts";
import { jsonHere, runHere } from "../../harness/command.ts";
import { CARD, lab, type Lab, type Member } from "../dev/lab.ts";

setDefaultTimeout(60_000);

const envOf = ({ platform }: Lab, more: Record<string, string>) => ({
  MOLECULE_API_URL: platform.url,
  MOLECULE_STATE_DIR: "/nowhere",
  ...more,
});
const asAdmin = (at: Lab) => envOf(at, { MOLECULE_API_TOKEN: at.admin });

async function connect(at: Lab, { id, token }: Member): Promise<void> {
  const body = { id, agent_card: CARD, delivery_mode: "poll" };
  await at.post("/registry/register", { token, body });
}

const checksOf = (findings: { name: string; check: string }[]) =>
  findings.map(({ name, check }) => `${name}: ${check}`).sort();

describe.each(["r1", "r2"] as const)("workspace audit (%s)", (revision) => {
  test("finds what is wrong with each, and ends with 0", async () => {
    await using at = await lab({ revision, clock: systemClock });
    const boss = await at.member("boss");
    const one = await at.member("one", { parent_id: boss.id });
    await at.member("two");
    await connect(at, one);
    await at.post(`/workspaces/${boss.id}/pause`, { token: at.admin });
    // The pause of a parent is one of its children, too.
    await connect(at, one);
    const { code, data } = await jsonHere(["workspace", "audit"], asAdmin(at));
    expect(code).toBe(0);
    const expected = ["boss: paused", "one: paused-parent", "two: awaiting-agent"];
    // At revision 2 a paused workspace stays so when its agent registers.
    if (revision === "r2") expected.push("one: paused");
    expect(checksOf(data)).toEqual(expected.sort());
    const table = await runHere(["workspace", "audit"], asAdmin(at));
    expect(table.out).toContain("-> start its bridge: molecule connect");
  });

  test("ends with 1 where that was asked for", async () => {
    await using at = await lab({ revision });
    await at.member("one");
    const words = ["workspace", "audit", "--fail-on"];
    expect((await runHere([...words, "warning"], asAdmin(at))).code).toBe(1);
    expect((await runHere([...words, "error"], asAdmin(at))).code).toBe(0);
  });

  test("looks at one with its own token, as far as that shows", async () => {
    await using at = await lab({ revision });
    const boss = await at.member("boss");
    const one = await at.member("one", { parent_id: boss.id });
    await at.post(`/workspaces/${boss.id}/pause`, { token: at.admin });
    await at.post(`/workspaces/${one.id}/resume`, { token: at.admin });
    const env = envOf(at, { MOLECULE_WORKSPACE_TOKEN: one.token });
    const { code, data } = await jsonHere(["workspace", "audit", one.id], env);
    expect(code).toBe(0);
    expect(data.every(({ workspace }: { workspace: string }) => workspace === one.id)).toBe(true);
    expect(checksOf(data)).toContain("one: paused-parent");
    const all = await runHere(["workspace", "audit"], env);
    expect(all).toMatchObject({ code: 3, out: "" });
  });

  test("sees a spent budget with the workspace's own token, too", async () => {
    await using at = await lab({ revision });
    const one = await at.member("one", { budget_limit: 100 });
    const spent = { workspace_id: one.id, monthly_spend: 100, active_tasks: 0, error_rate: 0 };
    await at.post("/registry/heartbeat", { token: one.token, body: spent });
    const env = envOf(at, { MOLECULE_WORKSPACE_TOKEN: one.token });
    for (const who of [env, asAdmin(at)]) {
      const { data } = await jsonHere(["workspace", "audit", one.id], who);
      expect(checksOf(data)).toContain("one: over-budget");
    }
  });

  test("ends with 5 for one that was removed", async () => {
    await using at = await lab({ revision });
    const one = await at.member("one");
    await at.remove(one, "one");
    expect((await runHere(["workspace", "audit", one.id], asAdmin(at))).code).toBe(5);
  });
});

describe.each(["r1", "r2"] as const)("platform audit (%s)", (revision) => {
  test("reports on the server, its subsystems, the states and the findings", async () => {
    await using at = await lab({ revision, clock: systemClock });
    await at.member("one");
    await at.member("two");
    const { code, data } = await jsonHere(["platform", "audit"], asAdmin(at));
    expect(code).toBe(0);
    expect(data).toMatchObject({
      server: { ok: true },
      build: { ok: true, detail: "dev" },
      subsystems: { ok: true },
      workspaces: 2,
      statuses: { awaiting_agent: 2 },
      counts: { error: 0, warning: 2, info: 0 },
    });
    expect(checksOf(data.findings)).toEqual(["one: awaiting-agent", "two: awaiting-agent"]);
    const table = await runHere(["platform", "audit"], asAdmin(at));
    expect(table.out).toMatch(/^workspaces +2: 2 awaiting_agent$/m);
  });

  test("takes an admin token, and ends with 3 without", async () => {
    await using at = await lab({ revision });
    const { code, out, err } = await runHere(["platform", "audit"], envOf(at, {}));
    expect({ code, out }).toEqual({ code: 3, out: "" });
    expect(err).toContain("--api-token-file");
  });
});

describe("the platform is spared", () => {
  const rows: JsonObject[] = Array.from({ length: 20 }, (_, n) => ({ id: `w-${n}`, name: "w" }));
  const failing = (status: number, retryAfterMs?: number) =>
    new PlatformError(`listing: ${status}`, {
      verdict:
        status === 429 || status >= 500 ? "transient" : status === 403 ? "forbidden" : "permanent",
      status,
      retryAfterMs,
    });

  /** A platform whose lists come when `list` lets them, and a clock that never waits. */
  function bench(list: (id: string) => Promise<JsonObject[]>, rateLimit?: RateLimit) {
    const slept: number[] = [];
    const platform = {
      workspaces: async () => rows,
      workspace: async () => ({}),
      peers: async () => [],
      delegations: list,
      tokens: async () => [{ id: "t" }],
      rateLimit: () => rateLimit,
      serverNow: () => 0,
    };
    const clock = {
      ...systemClock,
      sleep: async (ms: number) => void slept.push(ms),
    };
    return { slept, run: () => auditAll(platform, rows, { rows, complete: true }, clock) };
  }

  test("by four calls at once at most", async () => {
    let open = 0;
    let most = 0;
    const { run, slept } = bench(async () => {
      most = Math.max(most, ++open);
      await Promise.resolve();
      await Promise.resolve();
      open -= 1;
      return [];
    });
    await run();
    expect(most).toBe(4);
    expect(slept).toEqual([]);
  });

  test("by going slowly where few calls are left", async () => {
    const { run, slept } = bench(async () => [], { limit: 600, remaining: 119 });
    await run();
    // Two lists of each.
    expect(slept).toEqual(Array(40).fill(1_000));
  });

  test("by waiting as long as it asks, and no audit ends over it", async () => {
    let calls = 0;
    const { run, slept } = bench(async () => {
      if (++calls === 1) throw failing(429, 7_000);
      return [];
    });
    expect(await run()).toEqual([]);
    expect(slept).toHaveLength(1);
    expect(slept[0]).toBeGreaterThanOrEqual(7_000);
  });

  test.each([403, 404])("and what it does not show is said (%d)", async (status) => {
    const { run } = bench(async (id) => {
      if (id === "w-3") throw failing(status);
      return [];
    });
    expect(await run()).toMatchObject([{ workspace: "w-3", check: "unseen-delegations" }]);
  });

  test.each([503, 429, 400])(
    "and where it fails with %d to the end, so does the audit",
    async (status) => {
      let calls = 0;
      const { run } = bench(async (id) => {
        if (id !== "w-3") return [];
        calls += 1;
        throw failing(status);
      });
      const error = await run().catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({ exitCode: status === 400 ? 1 : 4 });
      expect(calls).toBe(status === 400 ? 1 : 3);
    },
  );

  test("and where it is gone the audit ends", async () => {
    const { run } = bench(async () => {
      throw new PlatformError("no answer", { verdict: "transient" });
    });
    expect(run()).rejects.toThrow("no answer");
  });

  test("and one that is too slow to show all is not waited for: what is left out is said", async () => {
    let now = 0;
    const platform = {
      workspaces: async () => rows,
      workspace: async () => ({}),
      peers: async () => [],
      delegations: async () => ((now += 14_000), []),
      tokens: async () => ((now += 14_000), [{ id: "t" }]),
      rateLimit: () => undefined,
      serverNow: () => 0,
    };
    const clock = { ...systemClock, monotonic: () => now };
    const found = await auditAll(platform, rows, { rows, complete: true }, clock);
    expect(now).toBeLessThan(150_000);
    const left = found.filter(({ check }) => check === "unseen-tokens");
    expect(left.length).toBeGreaterThan(10);
    expect(left[0]?.finding).toContain("were left out: the platform is too slow");
  });
});
