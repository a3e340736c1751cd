/** A disk that fills in the middle of the work. */
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { rmSync } from "node:fs";
import { backendOf, TestBridge } from "../harness/bridge.ts";
import { sentTexts } from "../harness/peers.ts";
import { row, ScriptedPlatform } from "../harness/scripted-platform.ts";
import { canMount, fill, smallDisk } from "../harness/small-disk.ts";

setDefaultTimeout(60_000);

// Mounting takes root and Linux.
describe.skipIf(!canMount)("a disk that is full", () => {
  const long = "x".repeat(300_000);

  test("before messages are entered: they are taken once there is room, and heartbeats go on", async () => {
    using disk = smallDisk(4_096);
    await using platform = new ScriptedPlatform();
    platform.rows = [row(1)];
    const backend = backendOf(({ text }) => ({ kind: "answer", text: text.slice(0, 6) }));
    const options = { heartbeatMs: 20 };
    await using bridge = new TestBridge(platform.url, { stateDir: disk.path, backend, options });
    await bridge.until("answered");
    const filler = fill(disk.path);
    platform.rows.push(row(2, { text: `text 2${long}` }), row(3, { text: `text 3${long}` }));
    await bridge.until("save-failed");
    await platform.untilCalled("heartbeat", platform.calls("heartbeat").length + 5);
    // What is not in the journal is not run.
    expect(backend.requests).toHaveLength(1);
    rmSync(filler);
    await bridge.until("answered", 3);
    await bridge.until("save-recovered");
    expect(sentTexts(platform)).toEqual(["text 1", "text 2", "text 3"]);
    expect(backend.requests).toHaveLength(3);
    expect(await bridge.stop()).toBeUndefined();
    expect(await bridge.stateFile()).toMatchObject({ last_since_id: row(3).id });
  });

  test("before an answer is kept: it is not posted before it is, and its message not run again", async () => {
    using disk = smallDisk(4_096);
    await using platform = new ScriptedPlatform();
    let filler = "";
    const backend = backendOf(({ text }) => {
      if (text === "text 1") filler = fill(disk.path);
      return { kind: "answer", text: text === "text 1" ? long : "short" };
    });
    platform.rows = [row(1), row(2)];
    const options = { heartbeatMs: 20 };
    await using bridge = new TestBridge(platform.url, { stateDir: disk.path, backend, options });
    await bridge.until("save-failed");
    await platform.untilCalled("heartbeat", platform.calls("heartbeat").length + 5);
    expect(platform.calls("a2a")).toEqual([]);
    rmSync(filler);
    await bridge.until("answered", 2);
    expect(sentTexts(platform)).toEqual([long, "short"]);
    expect(backend.requests).toHaveLength(2);
    expect(await bridge.stop()).toBeUndefined();
  });

  test("to the end of the run: its end says so, and the next start loses nothing", async () => {
    using disk = smallDisk(4_096);
    await using platform = new ScriptedPlatform();
    platform.rows = [row(1)];
    const stateDir = disk.path;
    await using bridge = new TestBridge(platform.url, { stateDir, options: { graceMs: 0 } });
    await bridge.until("cursor-saved");
    const filler = fill(disk.path);
    platform.rows.push(row(2, { text: `text 2${long}` }));
    await bridge.until("save-failed");
    expect(await bridge.stop()).toMatchObject({ exitCode: 1, hint: expect.any(String) });
    rmSync(filler);
    await using next = new TestBridge(platform.url, { stateDir, options: { once: true } });
    expect(await next.ended).toBeUndefined();
    expect(sentTexts(platform).map((text) => text.slice(0, 12))).toEqual([
      "echo: text 1",
      "echo: text 2",
    ]);
  });
});
