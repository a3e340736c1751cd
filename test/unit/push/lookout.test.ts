/** What a bridge in push mode notices of its own address while it runs. */
import { expect, test } from "bun:test";
import { MoleculeError } from "../../../src/shared/errors.ts";
import { ManualClock } from "../../harness/clock.ts";
import { ScriptedPlatform } from "../../harness/scripted-platform.ts";
import { calm } from "./held.ts";
import { TestPush, withSecret } from "./support.ts";

/** One look, and the second one where there is `another`. */
async function looks(clock: ManualClock, another = false): Promise<void> {
  for (const pauseMs of [300_000, ...(another ? [30_000] : [])]) {
    await clock.untilSleeping((ms) => ms === pauseMs);
    await clock.advance(pauseMs);
  }
  // It was looked at when it sleeps again.
  await clock.untilSleeping((ms) => ms === 300_000 || ms === 30_000);
}

test.each([
  ["another address", "https://other.example.com/agent/secret"],
  ["none any more", ""],
])("a workspace for which the platform has %s ends the run, with what to do", async (_, url) => {
  const clock = new ManualClock();
  await using platform = withSecret(new ScriptedPlatform());
  await using bridge = await TestPush.start(platform, { clock, options: calm });
  const ours = bridge.url;
  const before = platform.calls("workspace").length;
  platform.on("workspace", () => Response.json({ name: "agent", url: ours }));
  await looks(clock);
  await looks(clock);
  expect(platform.calls("workspace")).toHaveLength(before + 2);
  expect(bridge.of("stopped")).toEqual([]);
  platform.on("workspace", () => Response.json({ name: "agent", url }));
  await clock.advance(300_000);
  await clock.advanceUntil(() => bridge.of("stopped").length > 0);
  const end = (await bridge.ended) as MoleculeError;
  expect(end).toBeInstanceOf(MoleculeError);
  expect(end.exitCode).toBe(1);
  expect(end.message).toContain("has registered it with another address");
  expect(end.message).not.toContain("secret");
  expect(end.hint).toContain("each start takes the workspace over");
});

test("a platform that tells no address, or can't be asked, is no reason to end", async () => {
  const clock = new ManualClock();
  await using platform = withSecret(new ScriptedPlatform());
  await using bridge = await TestPush.start(platform, { clock, options: calm });
  const before = platform.calls("workspace").length;
  const answers = [
    () => Response.json({ name: "agent" }),
    () => Response.json({ url: null }),
    () => Response.json({ error: "down" }, { status: 500 }),
    () => Response.json({ error: "removed" }, { status: 410 }),
  ];
  for (const answer of answers) {
    platform.on("workspace", answer);
    await looks(clock);
  }
  expect(platform.calls("workspace")).toHaveLength(before + 4);
  expect(bridge.of("stopped")).toEqual([]);
  expect(bridge.of("push-doubt")).toEqual([]);
});

test("a public address that leads here no more is told once, and once when it does again", async () => {
  const clock = new ManualClock();
  await using platform = withSecret(new ScriptedPlatform());
  let fails = 0;
  let asked = 0;
  let to = "";
  using proxy = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch: (request) => {
      asked += 1;
      fails -= 1;
      if (fails >= 0) return new Response("bad gateway", { status: 502 });
      return fetch(`${to}${new URL(request.url).pathname}`);
    },
  });
  await using bridge = new TestPush(platform, {
    clock,
    options: { ...calm, publicUrl: new URL(`http://127.0.0.1:${proxy.port}`) },
  });
  to = `http://127.0.0.1:${bridge.port}`;
  await bridge.until("connected");
  // One failure may be by chance.
  fails = 1;
  await looks(clock, true);
  expect(asked).toBe(3);
  expect(bridge.of("push-doubt")).toEqual([]);
  fails = Infinity;
  await looks(clock, true);
  await looks(clock);
  await looks(clock);
  expect(bridge.of("push-doubt")).toMatchObject([
    { reason: expect.stringContaining("answers 502") },
  ]);
  fails = 0;
  await looks(clock);
  await looks(clock);
  expect(bridge.of("push-reached")).toEqual([
    { type: "push-reached", address: `http://127.0.0.1:${proxy.port}` },
  ]);
  expect(bridge.of("push-doubt")).toHaveLength(1);
});
