/** Ids that peers choose themselves: reused, shared with others, borrowed. */
import { expect, test } from "bun:test";
import { systemClock } from "../../src/shared/clock.ts";
import { backendOf, TestBridge } from "../harness/bridge.ts";
import { peerId, saying, sentTexts } from "../harness/peers.ts";
import { PEER, row, ScriptedPlatform, WORKSPACE } from "../harness/scripted-platform.ts";
import { TimedFeed } from "../harness/timed-feed.ts";
import { tmpFolder } from "../harness/tmp.ts";
import { CARD, lab, messageSend } from "../unit/dev/lab.ts";

const DAY_MS = 86_400_000;

test("a peer that gives all its requests one message id has each of them answered", async () => {
  await using platform = new ScriptedPlatform();
  platform.rows = ["one", "two", "three"].map((text, n) =>
    row(n, saying({ messageId: "always" }, text)),
  );
  await using bridge = new TestBridge(platform.url, { options: { once: true } });
  expect(await bridge.ended).toBeUndefined();
  expect(sentTexts(platform)).toEqual(["echo: one", "echo: two", "echo: three"]);
  expect(bridge.of("id-reused").map(({ activityId }) => activityId)).toEqual([
    row(1).id,
    row(2).id,
  ]);
});

test("the same request under the same id is answered once within seven days, and told", async () => {
  using folder = tmpFolder();
  await using platform = new ScriptedPlatform();
  const feed = new TimedFeed(platform);
  const again = saying({ messageId: "always" }, "do it");
  const runAt = async (aheadMs: number) => {
    const clock = { ...systemClock, now: () => Date.now() + aheadMs };
    const setup = { stateDir: folder.path, clock, options: { once: true } };
    await using bridge = new TestBridge(platform.url, setup);
    expect(await bridge.ended).toBeUndefined();
    return bridge.of("skipped").map(({ reason }) => reason);
  };
  feed.add(row(1, again), row(2, again));
  expect(await runAt(0)).toEqual([`its sender sent ${row(1).id} again`]);
  feed.add(row(3, again));
  expect(await runAt(6.9 * DAY_MS)).toEqual([`its sender sent ${row(1).id} again`]);
  expect(sentTexts(platform)).toEqual(["echo: do it"]);
  // A repeat does not make the first one younger.
  feed.add(row(4, again));
  expect(await runAt(7.1 * DAY_MS)).toEqual([]);
  expect(sentTexts(platform)).toEqual(["echo: do it", "echo: do it"]);
});

test("two peers that use the same message id each get their own answer", async () => {
  await using town = await lab({ revision: "r1", clock: systemClock });
  const body = { id: WORKSPACE, agent_card: CARD, delivery_mode: "poll" };
  const token = (await town.post("/registry/register", { body })).body.auth_token;
  const peers = [await town.member("ada"), await town.member("ben")];
  for (const { id, token } of peers) {
    const sent = { token, body: messageSend(`from ${id}`, "id-1") };
    expect((await town.post(`/workspaces/${WORKSPACE}/a2a`, sent)).status).toBe(200);
  }
  await using bridge = new TestBridge(town.platform.url, { token, options: { once: true } });
  expect(await bridge.ended).toBeUndefined();
  for (const peer of peers) {
    const texts = (await town.feed(peer)).map(
      ({ request_body }) => request_body.params.message.parts[0].text,
    );
    expect(texts).toEqual([`echo: from ${peer.id}`]);
  }
  expect(bridge.of("id-reused")).toEqual([]);
});

test("a peer that names another's conversation gets its answer itself, and is told apart by the backend", async () => {
  await using platform = new ScriptedPlatform();
  const thief = peerId(7);
  const talk = saying({ contextId: "c-1", taskId: "t-1" });
  platform.rows = [row(1, talk), row(2, { ...talk, source_id: thief })];
  const backend = backendOf();
  await using bridge = new TestBridge(platform.url, { backend, options: { once: true } });
  expect(await bridge.ended).toBeUndefined();
  expect(sentTexts(platform, PEER)).toEqual(["echo: hello"]);
  expect(sentTexts(platform, thief)).toEqual(["echo: hello"]);
  expect(backend.requests).toMatchObject([
    { peerId: PEER, contextId: "c-1", taskId: "t-1" },
    { peerId: thief, contextId: "c-1", taskId: "t-1" },
  ]);
});
