import { expect, test } from "bun:test";
import { backendOf, TestBridge } from "../../../harness/bridge.ts";
import { row, ScriptedPlatform } from "../../../harness/scripted-platform.ts";

test("a row too large to be read is passed over, loudly, and the one behind it is answered", async () => {
  await using platform = new ScriptedPlatform();
  const huge = row(2);
  // As the platform writes a row: its keys in order, the bodies after the id.
  const { activity_type, created_at, id, ...rest } = huge;
  platform.rows = [row(1), { activity_type, created_at, id, ...rest }, row(3)];
  platform.rows[1]!.request_body = { blob: "x".repeat(41 * 1024 * 1024) };
  const backend = backendOf();
  await using bridge = new TestBridge(platform.url, { backend, options: { once: true } });
  expect(await bridge.ended).toBeUndefined();
  expect(backend.requests.map((r) => r.text)).toEqual(["text 1", "text 3"]);
  expect(bridge.of("row-unreadable")[0]?.reason).toContain(huge.id);
  expect(await bridge.stateFile()).toMatchObject({ last_since_id: row(3).id });
}, 60_000);
