import { expect, test } from "bun:test";
import { TestBridge } from "../../harness/bridge.ts";
import { ManualClock } from "../../harness/clock.ts";
import { ScriptedPlatform } from "../../harness/scripted-platform.ts";

test("a run that the watchdog ends does not wait for the pause that it is in", async () => {
  await using platform = new ScriptedPlatform();
  const away = () => new Response("", { status: 503, headers: { "retry-after": "300" } });
  platform.on("activity", away).on("heartbeat", away);
  const clock = new ManualClock();
  await using bridge = new TestBridge(platform.url, { clock, options: { maxOfflineMs: 2_000 } });
  await clock.untilSleeping((ms) => ms >= 300_000);
  await clock.advance(3_000);
  await bridge.until("stopped");
  expect(await bridge.ended).toMatchObject({ exitCode: 4 });
});
