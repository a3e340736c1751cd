/** Two that answer each other by themselves must come to an end (contract T4). */
import { expect, setDefaultTimeout, test } from "bun:test";
import { runToEnd } from "../harness/binary.ts";
import { backendOf, TestBridge } from "../harness/bridge.ts";
import { ManualClock } from "../harness/clock.ts";
import { Dev, words } from "../harness/connect.ts";
import { sentTexts } from "../harness/peers.ts";
import { LOOK_MS, pump } from "../harness/pump.ts";
import { PEER, row, ScriptedPlatform } from "../harness/scripted-platform.ts";
import { program } from "../harness/program.ts";
import { tmpFolder } from "../harness/tmp.ts";

setDefaultTimeout(60_000);

test("two bridges pointed at each other: each message ends after one answer", async () => {
  using home = tmpFolder();
  await using dev = await Dev.start(home.path);
  const { agent, ada } = dev;
  await using ours = dev.connect(home.path);
  await using theirs = dev.connect(home.path, {
    id: ada.id,
    cmd: program(home.path, 'console.log("exec:", await Bun.stdin.text());'),
    env: { MOLECULE_WORKSPACE_TOKEN: ada.token },
  });
  await Promise.all([ours.untilEvent("connected"), theirs.untilEvent("connected")]);
  const say = async (from: typeof ada, to: typeof ada, text: string) => {
    const who = { "api-url": dev.url, as: from.id, "token-file": from.tokenFile };
    const args = ["agent", "send", to.id, text, "--no-wait", ...words(who)];
    expect((await runToEnd(args, { home: home.path })).code).toBe(0);
  };
  await Promise.all([say(ada, agent, "to the agent"), say(agent, ada, "to ada")]);
  // Each is shown the answer to its own message, and has nothing to say to it.
  await Promise.all([ours.untilEvent("noted"), theirs.untilEvent("noted")]);
  await Promise.all([ours.stop(), theirs.stop()]);

  const textsOf = async (token: string, id: string) => {
    const headers = { authorization: `Bearer ${token}` };
    const answer = await fetch(`${dev.url}/workspaces/${id}/activity`, { headers });
    const rows = (await answer.json()) as any[];
    return rows.map(({ request_body }) => request_body.params.message.parts[0].text).sort();
  };
  expect(await textsOf(agent.token, agent.id)).toEqual(["exec: to ada", "to the agent"]);
  expect(await textsOf(ada.token, ada.id)).toEqual(["echo: to the agent", "to ada"]);
  for (const run of [ours, theirs]) expect(run.of("answered")).toHaveLength(1);
});

test("a client that answers without a mark is stopped at the turn limit, told, and heard again after the hour", async () => {
  await using platform = new ScriptedPlatform();
  platform.rows = [row(0), row(1, { source_id: null })];
  platform.on("a2a", () => {
    platform.rows.push(row(platform.rows.length, { text: "and then?" }));
    return undefined;
  });
  const clock = new ManualClock();
  const backend = backendOf();
  await using bridge = new TestBridge(platform.url, {
    clock,
    backend,
    options: { turnLimit: 5, concurrency: 2, intervalMs: LOOK_MS, heartbeatMs: 3_600_000 },
  });
  const runs = () => backend.requests.filter(({ peerId }) => peerId === PEER).length;
  await pump(clock, () => bridge.of("turn-limit").length === 1);
  expect(runs()).toBe(5);
  expect(bridge.of("turn-limit")).toMatchObject([{ from: PEER, limit: 5 }]);
  const { inMs = 0 } = bridge.of("turn-limit")[0] ?? {};
  expect(inMs).toBeGreaterThan(3_590_000);
  expect(inMs).toBeLessThanOrEqual(3_600_000);

  // Only this peer waits.
  platform.rows.push(row(100, { source_id: null, text: "are you there?" }));
  await pump(clock, () => platform.calls("notify").length === 2);
  const told = clock.monotonic();
  await pump(clock, () => clock.monotonic() - told > inMs - 120_000, 60_000);
  expect(runs()).toBe(5);
  expect(sentTexts(platform)).toHaveLength(5);
  await pump(clock, () => runs() > 5, 60_000);
  expect(clock.monotonic() - told).toBeLessThanOrEqual(inMs + 120_000);
});
