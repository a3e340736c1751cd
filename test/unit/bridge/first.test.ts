import { expect, test } from "bun:test";
import { TestBridge } from "../../harness/bridge.ts";
import { row, ScriptedPlatform } from "../../harness/scripted-platform.ts";

test("a message from a peer is answered and the cursor saved", async () => {
  await using platform = new ScriptedPlatform();
  platform.rows = [row(1, { created_at: new Date().toISOString() })];
  await using bridge = new TestBridge(platform.url);
  await bridge.until("answered");
  expect(platform.calls("a2a")[0]?.body.params.message.parts[0].text).toBe("echo: text 1");
  expect(await bridge.stop()).toBeUndefined();
  expect(bridge.events).toMatchInlineSnapshot(`
    [
      {
        "from": "2026-11-21T04:10:05.000000000Z",
        "start": "window",
        "type": "connected",
        "workspaceId": "11111111-1111-4111-8111-111111111111",
      },
      {
        "activityId": "aaaaaaaa-0000-4000-8000-000000000001",
        "bytes": 6,
        "from": "22222222-2222-4222-8222-222222222222",
        "isReply": false,
        "type": "taken",
      },
      {
        "activityId": "aaaaaaaa-0000-4000-8000-000000000001",
        "ms": 0.9093069999999983,
        "note": undefined,
        "to": "22222222-2222-4222-8222-222222222222",
        "type": "answered",
      },
      {
        "graceMs": 5000,
        "running": 0,
        "type": "draining",
      },
      {
        "openReplies": 0,
        "settled": 1,
        "type": "stopped",
        "unsettled": 0,
      },
    ]
  `);
  expect(await bridge.stateFile()).toMatchObject({ last_since_id: row(1).id });
});
